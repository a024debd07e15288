"""Dates as sites write them, by declared formats only.

An order of day and month is never guessed, and an impossible day never rolls over into the next month.
"""

from __future__ import annotations

import re
from functools import lru_cache

import polars as pl

EXCEL_FORMATS: dict[str, tuple[int, int, int]] = {
    # Excel counts from here because it believes in 29 February 1900; old Macs counted from 1904.
    "excel1900": (1899, 12, 30),
    "excel1904": (1904, 1, 1),
}
_DIGITS = {"%Y": 4, "%y": 2, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DIRECTIVE = re.compile(r"(%.)")
_LAST_YEAR_OF_THIS_CENTURY = 68  # POSIX: 00-68 are 2000-2068, 69-99 are 1969-1999


class DateFormatError(ValueError):
    """A date format that the mapping format does not know."""


@lru_cache(maxsize=256)
def date_pattern(fmt: str) -> str:
    """Return the anchored pattern of a strftime-like format, with groups ``Y y m d b H M S``.

    Raises
    ------
    DateFormatError
        If a directive is unknown or given twice, or the parts make neither a day, a month nor a year.
    """
    parts = [part for part in _DIRECTIVE.split(fmt) if part]
    directives = [part for part in parts if part.startswith("%") and len(part) == 2]
    # Two spellings of one part in one format would contradict each other.
    plain = [{"%y": "%Y", "%b": "%m"}.get(directive, directive) for directive in directives]
    days = [directive for directive in ("%Y", "%m", "%d") if directive in plain]
    is_partial = days in (["%Y", "%m"], ["%Y"]) and "%y" not in directives and len(plain) == len(days)
    if len(plain) != len(set(plain)) or not (is_partial or len(days) == 3):
        raise DateFormatError(fmt)
    pieces = [_piece(part, glued=_is_glued(parts, place)) for place, part in enumerate(parts)]
    return "^" + "".join(pieces) + "$"


def _is_glued(parts: list[str], place: int) -> bool:
    """Return whether a directive touches another one, so that its digits must be counted."""
    beside = parts[max(place - 1, 0) : place] + parts[place + 1 : place + 2]
    return any(part.startswith("%") for part in beside)


def _piece(part: str, *, glued: bool) -> str:
    """Return the pattern of one directive or literal."""
    if not part.startswith("%"):
        return re.escape(part)
    if part == "%b":
        return "(?P<b>[A-Za-z]{3})"
    if part not in _DIGITS:
        raise DateFormatError(part)
    digits = _DIGITS[part]
    loose = digits == 2 and part != "%y" and not glued
    return rf"(?P<{part[1]}>[0-9]{{{'1,2' if loose else digits}}})"


def check_date_format(fmt: str) -> None:
    """Raise `DateFormatError` if a format cannot be used."""
    if fmt not in EXCEL_FORMATS:
        date_pattern(fmt)


def date_precision(fmt: str) -> str:
    """Return how much of a date a format gives: ``day``, ``month`` or ``year``."""
    if fmt in EXCEL_FORMATS or "%d" in fmt:
        return "day"
    return "month" if "%m" in fmt or "%b" in fmt else "year"


def whole_formats(formats: tuple[str, ...]) -> tuple[str, ...]:
    """Return the formats that give a day."""
    return tuple(fmt for fmt in formats if date_precision(fmt) == "day")


def parse_precisions(texts: pl.Series, formats: tuple[str, ...]) -> pl.Series:
    """Return the precision of the first format that fits each text, null if none does.

    Parameters
    ----------
    texts
        Normalised cells.
    formats
        Declared formats in order of trial.
    """
    fits = [pl.when(_moment(fmt).is_not_null()).then(pl.lit(date_precision(fmt))) for fmt in formats]
    if not fits:
        return pl.repeat(None, len(texts), dtype=pl.String, eager=True)
    return texts.alias("text").to_frame().select(pl.coalesce(fits)).to_series()


def parse_moments(texts: pl.Series, formats: tuple[str, ...]) -> pl.Series:
    """Return the moment that each text means under the first format that fits, null if none does.

    Parameters
    ----------
    texts
        Normalised cells.
    formats
        Declared formats in order of trial. A partial date becomes the first day of its month or year.
    """
    if not formats:
        return pl.repeat(None, len(texts), dtype=pl.Datetime("ms"), eager=True)
    frame = texts.alias("text").to_frame()
    return frame.select(pl.coalesce(_moment(fmt) for fmt in formats)).to_series()


def _moment(fmt: str) -> pl.Expr:
    """Return the expression that reads one format off the column ``text``."""
    if fmt in EXCEL_FORMATS:
        return _excel_moment(fmt)
    pattern = date_pattern(fmt)
    groups = pl.col("text").str.extract_groups(pattern)
    has = {name: f"(?P<{name}>" in pattern for name in "YybmdHMS"}

    def two(name: str) -> pl.Expr:
        return groups.struct.field(name).str.zfill(2) if has[name] else pl.lit("01" if name in "md" else "00")

    year = groups.struct.field("Y") if has["Y"] else _full_year(groups.struct.field("y"))
    month = _month_number(groups.struct.field("b")) if has["b"] else two("m")
    day = pl.concat_str(year, pl.lit("-"), month, pl.lit("-"), two("d"))
    clock = pl.concat_str(two("H"), pl.lit(":"), two("M"), pl.lit(":"), two("S"))
    iso = pl.concat_str(day, pl.lit(" "), clock)
    return iso.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="ms")


def _full_year(year: pl.Expr) -> pl.Expr:
    """Return a two-digit year with its century."""
    is_recent = year.cast(pl.Int32, strict=False) <= _LAST_YEAR_OF_THIS_CENTURY
    return pl.when(is_recent).then(pl.lit("20") + year).otherwise(pl.lit("19") + year)


def _month_number(name: pl.Expr) -> pl.Expr:
    """Return an English three-letter month as two digits."""
    numbers = [f"{number:02d}" for number in range(1, 13)]
    return name.str.to_lowercase().replace_strict(
        list(_MONTHS), numbers, default=None, return_dtype=pl.String
    )


def _excel_moment(fmt: str) -> pl.Expr:
    """Return the moment of a serial day; only five digits before the point are taken for one."""
    serial = pl.col("text").str.extract(r"^([0-9]{5}(?:\.[0-9]+)?)$", 1).cast(pl.Float64, strict=False)
    seconds = (serial * 86_400).round().cast(pl.Int64)
    base = pl.datetime(*EXCEL_FORMATS[fmt], time_unit="ms")
    return base + pl.duration(seconds=seconds, time_unit="ms")


def order_of_day_and_month(formats: tuple[str, ...]) -> set[str]:
    """Return the orders (``day first``, ``month first``) of the formats whose year does not come first."""
    orders = set()
    for fmt in formats:
        day, month, year = (_place(fmt, names) for names in (("%d",), ("%m",), ("%Y", "%y")))
        if min(day, month, year) >= 0 and year > min(day, month):
            orders.add("day first" if day < month else "month first")
    return orders


def _place(fmt: str, names: tuple[str, ...]) -> int:
    """Return where the first of some directives stands in a format, -1 if none does."""
    places = [fmt.find(name) for name in names if name in fmt]
    return min(places, default=-1)
