"""Section ``[read]`` of a mapping file."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Literal, cast

from schemas.mapping.dates import EXCEL_FORMATS, DateFormatError, check_date_format
from schemas.mapping.model import ReadOptions
from schemas.mapping.texts import normalise_header, normalise_text

if TYPE_CHECKING:
    from schemas.mapping.toml_section import TomlSection

_DECIMALS = (".", ",")
MISSING_REASONS = ("unknown", "not_done", "not_applicable")
"""Why a value is missing, as a code may say: not measured and not recorded differ when gaps are filled."""
_THOUSANDS = ("", ".", ",", " ", "'")
_DATE_FIX = (
    "Use %Y or %y, %m or %b, %d (or no %d, or %Y alone, for partial dates), and %H %M %S for times, or "
    + " or ".join(EXCEL_FORMATS)
)


def parse_read(section: TomlSection) -> ReadOptions:
    """Return section ``[read]``; what it leaves out is UTF-8, comma, point and ISO dates.

    Raises
    ------
    SchemaFileError
        If a value cannot be used.
    """
    defaults = ReadOptions()
    missing, reasons = missing_codes(section)
    names = _names(section)
    decimal = section.choice("decimal", allowed=_DECIMALS, default=defaults.decimal)
    read = ReadOptions(
        encoding=_encoding(section, defaults.encoding),
        delimiter=_delimiter(section, defaults.delimiter),
        decimal=decimal,
        thousands=section.choice(
            "thousands", allowed=tuple(t for t in _THOUSANDS if t != decimal), default=""
        ),
        headers=_comparison(section, names),
        names=names,
        header_row=section.integer("header_row", default=1, lowest=1),
        sheet=section.text("sheet"),
        missing=defaults.missing if missing is None else missing,
        reasons=reasons,
        dates=date_formats(section, "dates") or defaults.dates,
    )
    section.close()
    return read


def normalised(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return texts in the form that cells are compared in."""
    return tuple(normalise_text(text) for text in texts)


def missing_codes(section: TomlSection) -> tuple[tuple[str, ...] | None, dict[str, str]]:
    """Return the key ``missing``: its codes (None if absent), and the reason that each code gives.

    A list of codes gives no reason; ``{ code = reason }`` does.
    """
    if not isinstance(section.raw("missing"), dict):
        codes = section.texts("missing")
        return (None if codes is None else normalised(codes)), {}
    pairs = section.pairs("missing")
    if set(pairs.values()) - set(MISSING_REASONS):
        fix = f"Use one of {', '.join(MISSING_REASONS)}"
        raise section.error(what="a reason is not known", fix=fix, key="missing")
    return normalised(tuple(pairs)), {normalise_text(code): reason for code, reason in pairs.items()}


def _names(section: TomlSection) -> tuple[str, ...]:
    """Return the headers that the mapping gives to a file without any; empty if the file has its own."""
    if not isinstance(section.raw("headers"), list):
        return ()
    names = section.text_or_texts("headers")
    if not names or len({normalise_header(name, loose=True) for name in names}) < len(names):
        raise section.error(
            what="a list of different names is needed", fix="Name each column once, in order", key="headers"
        )
    if section.raw("header_row") is not None:
        raise section.error(
            what="a file whose headers are given has no row of headers",
            fix="Remove header_row, or the list of headers",
            key="header_row",
        )
    return names


def _comparison(section: TomlSection, names: tuple[str, ...]) -> Literal["loose", "exact"]:
    """Return how headers are compared."""
    if names:
        return "loose"
    value = section.choice("headers", allowed=("loose", "exact"), default="loose")
    return cast("Literal['loose', 'exact']", value)


def date_formats(section: TomlSection, key: str) -> tuple[str, ...] | None:
    """Return a list of date formats that can be used, None if absent."""
    formats = section.texts(key)
    for fmt in formats or ():
        try:
            check_date_format(fmt)
        except DateFormatError as error:
            raise section.error(what="a date format is not understood", fix=_DATE_FIX, key=key) from error
    return None if formats is None else normalised(formats)


def _encoding(section: TomlSection, default: str) -> str:
    """Return the name of a text codec that Python has."""
    name = section.text("encoding") or default
    try:
        is_text = codecs.lookup(name)._is_text_encoding  # noqa: SLF001 -- the only mark of rot13, zip and the like
    except LookupError:
        is_text = False
    if not is_text:
        raise section.error(
            what="unknown encoding", fix="Use utf-8, gb18030, cp1252, cp932, utf-16 ...", key="encoding"
        )
    return name


def _delimiter(section: TomlSection, default: str) -> str:
    """Return the one character between cells."""
    delimiter = section.text("delimiter")
    if delimiter is None:
        return default
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise section.error(what="one character is needed", fix=r'Use ",", ";", "|" or "\t"', key="delimiter")
    return delimiter
