"""What the columns of an unknown file might mean, from their headers and the shape of their cells."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from schemas.mapping.dates import parse_moments
from schemas.mapping.synonyms import bracketed, load_synonyms, plain_header
from schemas.mapping.texts import normalise_cells, position_name
from schemas.registry import TABLES
from schemas.units import conversion_factor, known_units

if TYPE_CHECKING:
    from schemas.mapping.raw import RawFile
    from schemas.registry import Column

TODO = "TODO"
_MOST_SHOWN = 12  # distinct values beyond which a column is no list of codes
_LONGEST_SHOWN = 24  # characters beyond which a value is free text
_NUMBER = r"^[<>]?=?-?[0-9]+([.,][0-9]+)?$"
_WITH_NUMBER = r"[0-9]"
_DATES = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y年%m月%d日",
    "%Y%m%d",
    "%d.%m.%Y",
    "%d %b %Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "excel1900",
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
_DAY_FIRST = {"%d/%m/%Y": "%m/%d/%Y", "%d-%m-%Y": "%m-%d-%Y"}


@dataclass(frozen=True)
class ColumnDraft:
    """A proposed line of a mapping.

    Parameters
    ----------
    table, column
        Canonical target.
    header
        Header that it would be read from.
    expression
        Right-hand side as TOML.
    todo
        What a person has to settle, None if nothing.
    """

    table: str
    column: str
    header: str
    expression: str
    todo: str | None = None


def toml_text(value: str | list[str]) -> str:
    """Return a text, or a list of them, as TOML."""
    # TOML's texts are JSON's, but for the character DEL, which it wants written out.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def draft_columns(raw: RawFile, passed_over: set[str]) -> list[ColumnDraft]:
    """Return a proposal for each header that the list of synonyms knows, the first header of each target.

    Parameters
    ----------
    raw
        The file.
    passed_over
        Positions of columns that must not be looked at: identifiers.
    """
    found: dict[tuple[str, str], ColumnDraft] = {}
    for place, header in enumerate(raw.headers):
        name = position_name(place)
        target = load_synonyms().headers.get(plain_header(header))
        if target is None or name in passed_over or target in found:
            continue
        cells = normalise_cells(raw.frame.get_column(name)).drop_nulls()
        found[target] = _draft(target, header, cells)
    return list(found.values())


def date_formats(raw: RawFile, drafts: list[ColumnDraft]) -> tuple[list[str], str | None]:
    """Return the date formats that the file's dates fit, and what has to be settled about their order."""
    places = {header: position_name(place) for place, header in enumerate(raw.headers)}
    cells = [
        normalise_cells(raw.frame.get_column(places[draft.header]))
        for draft in drafts
        if _column(draft.table, draft.column).kind == "date"
    ]
    dates = pl.concat([pl.Series(dtype=pl.String), *cells]).drop_nulls().unique()
    kept = [date + clock for date in _DATES for clock in _CLOCKS if _reads(dates, date + clock)]
    kept = [fmt for fmt in kept if "excel1900" not in fmt or fmt == "excel1900"]
    todos = []
    for first, second in _DAY_FIRST.items():
        for clock in _CLOCKS:
            pair = [fmt for fmt in (first + clock, second + clock) if fmt in kept]
            if len(pair) == 2:
                day, month = (len(dates) - parse_moments(dates, (fmt,)).null_count() for fmt in pair)
                worse = pair[1] if day >= month else pair[0]
                kept.remove(worse)
                if day == month:
                    todos.append(f"no day above 12 was seen: {worse} fits as well")
    if any("%d" in fmt and not fmt.startswith("%Y") for fmt in kept) and not todos:
        todos.append("confirm the order of day and month")
    return kept or ["%Y-%m-%d"], "; ".join(todos) or None


def _reads(dates: pl.Series, fmt: str) -> bool:
    """Return whether any date has a format."""
    try:
        return parse_moments(dates, (fmt,)).null_count() < len(dates)
    except ValueError:
        return False


def _column(table: str, column: str) -> Column:
    """Return a canonical column."""
    return TABLES[table].by_name[column]


def _draft(target: tuple[str, str], header: str, cells: pl.Series) -> ColumnDraft:
    """Return the proposal for one column."""
    column = _column(*target)
    source = f"from = {toml_text(header)}"
    if column.kind in {"int", "float"}:
        expression, todo = _number(column, source, header, cells)
    elif column.kind in {"enum", "bool"}:
        expression, todo = _coded(column, source, cells)
    else:
        expression, todo = f"{{ {source} }}", None
    return ColumnDraft(*target, header, expression, todo)


def _number(column: Column, source: str, header: str, cells: pl.Series) -> tuple[str, str | None]:
    """Return how a number is read; a unit is proposed only where the header names it."""
    parts, todo = [source], None
    is_plain = cells.str.contains(_NUMBER)
    if len(cells) and cells.filter(~is_plain).str.contains(_WITH_NUMBER).any():
        parts.append(r"regex = '([0-9]+(?:[.,][0-9]+)?)'")
        todo = "some cells hold more than a number"
    unit = bracketed(header)
    units = known_units(column=column.name, schema_unit=column.unit)
    if unit and conversion_factor(unit, column=column.name, schema_unit=column.unit) is not None:
        parts.append(f"unit = {toml_text(unit)}")
    elif len(units) > 1:
        todo = "; ".join(filter(None, [todo, f"state the unit, one of {', '.join(units)}"]))
    return f"{{ {', '.join(parts)} }}", todo


def _coded(column: Column, source: str, cells: pl.Series) -> tuple[str, str | None]:
    """Return how a code is read: by words inside the cell, or by a list of the few values that occur."""
    words = load_synonyms().words.get(column.name)
    if words is not None:
        return f'{{ {source}, match = "contains", map = "{column.name}" }}', "check the words of the map"
    distinct = sorted(cells.unique().to_list())
    if len(distinct) > _MOST_SHOWN or any(len(text) > _LONGEST_SHOWN for text in distinct):
        return f'{{ {source}, map = {{ "{TODO}" = "{TODO}" }} }}', "too many values to list: write the map"
    known = load_synonyms().values.get("bool" if column.kind == "bool" else column.name, {})
    pairs = [(text, known.get(text.casefold(), text if text in column.codes else TODO)) for text in distinct]
    if not pairs:
        return f"{{ {source} }}", "the column is empty"
    listed = ", ".join(f"{toml_text(text)} = {_value(value)}" for text, value in pairs)
    n = sum(value == TODO for _, value in pairs)
    codes = ", ".join(column.codes) or "true, false"
    todo = f"{n} of {len(pairs)} values to be settled; codes: {codes}" if n else "confirm the values"
    return f"{{ {source}, map = {{ {listed} }} }}", todo


def _value(text: str) -> str:
    """Return a canonical value as TOML."""
    return text if text in {"true", "false"} else toml_text(text)
