"""One right-hand side of a mapping file: an inline table to an `Expression`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from schemas.mapping.model import ConvertKind, ElseKind, Expression, MatchKind, ValueMap
from schemas.mapping.read_format import date_formats, missing_codes, normalised
from schemas.mapping.texts import normalise_text
from schemas.mapping.toml_section import TomlSection

if TYPE_CHECKING:
    from collections.abc import Mapping

_MATCHES = ("exact", "prefix", "contains")
_ELSES = ("reject", "null", "keep")
_CONVERSIONS = ("date", "datetime_key", "precision")


def parse_expression(value: Any, *, where: str, maps: Mapping[str, Mapping[str, str]]) -> Expression:  # noqa: ANN401
    """Return an expression.

    Parameters
    ----------
    value
        The inline table as parsed.
    where
        File and place, for messages.
    maps
        The named maps of the file.

    Raises
    ------
    SchemaFileError
        If it is no table, holds an unknown key, or its keys do not go together.
    """
    if not isinstance(value, dict):
        value = {} if value is None else {"": value}
    section = TomlSection(value, where=where)
    if "" in value:
        raise section.error(what="a table is needed", fix='Write { from = "HEADER" } or { const = ... }')
    missing, reasons = missing_codes(section)
    expression = Expression(
        place=where,
        sources=section.text_or_texts("from"),
        const=section.scalar("const"),
        template=section.text("fmt"),
        value_map=_value_map(section, maps),
        regex=_pattern(section),
        soft=section.flag("soft"),
        dates=date_formats(section, "dates"),
        missing=missing,
        reasons=reasons,
        unit=section.text("unit"),
        pseudonym=section.flag("pseudonym"),
        keeps_text=section.raw("pseudonym") is False,
        is_optional=section.flag("optional"),
        then=section.scalar("then"),
        default=section.scalar("default"),
        convert=_conversion(section),
        only_if=section.pairs("only_if"),
        at={header: normalised(values) for header, values in section.conditions("at").items()},
        on=section.text_or_texts("on"),
    )
    section.close()
    _check_kind(section, expression)
    return expression


def _check_kind(section: TomlSection, expression: Expression) -> None:
    """Raise unless there is exactly one origin and every other key has something to work on."""
    origins = [bool(expression.sources), expression.const is not None, expression.template is not None]
    if sum(origins) != 1:
        raise section.error(
            what="exactly one of from, const and fmt is needed", fix="Keep the one that is meant"
        )
    treated = [key for key in section.names() if key not in {"from", "const", "fmt", "only_if", "default"}]
    if not expression.sources and treated:
        raise section.error(what=f"'{treated[0]}' needs 'from'", fix="Give the header that it applies to")
    if bool(expression.at) != bool(expression.on):
        raise section.error(
            what="'at' and 'on' belong together", fix="Say which row is meant and which headers tie it"
        )
    if expression.soft and expression.regex is None:
        raise section.error(what="'soft' needs 'regex'", fix="Remove soft, or add the pattern")
    conversions = [expression.value_map, expression.unit, expression.dates or expression.convert]
    if sum(item is not None for item in conversions) > 1:
        raise section.error(what="map, unit and dates exclude one another", fix="Keep the one that is meant")


def _conversion(section: TomlSection) -> ConvertKind | None:
    """Return the canonical form asked for by ``as``."""
    value = section.choice("as", allowed=_CONVERSIONS, default="")
    return cast("ConvertKind", value) if value else None


def _pattern(section: TomlSection) -> str | None:
    """Return a pattern with one group that polars can run."""
    pattern = section.text("regex")
    if pattern is None:
        return None
    try:
        has_group = re.compile(pattern).groups > 0
        pl.Series(["x"]).str.extract(pattern, 1)
    except (re.error, pl.exceptions.ComputeError) as error:
        raise section.error(
            what="the pattern is not valid", fix="Correct it; look-around is not known", key="regex"
        ) from error
    if not has_group:
        raise section.error(
            what="the pattern has no group", fix="Put ( ) around the part that is wanted", key="regex"
        )
    return pattern


def _value_map(section: TomlSection, maps: Mapping[str, Mapping[str, str]]) -> ValueMap | None:
    """Return the map, inline or named, with its way of matching."""
    given = section.raw("map")
    match = section.choice("match", allowed=_MATCHES, default="exact")
    otherwise = section.choice("else", allowed=_ELSES, default="reject")
    if given is None:
        if {"match", "else"} & set(section.names()):
            raise section.error(what="'match' and 'else' need 'map'", fix="Add the map, or remove them")
        return None
    if isinstance(given, str):
        if given not in maps:
            fix = f"Add [map.{given}], or use one of {', '.join(maps) or 'none so far'}"
            raise section.error(what=f"no map named '{given}'", fix=fix, key="map")
        pairs = dict(maps[given])
    else:
        pairs = section.pairs("map")
    if not pairs:
        raise section.error(what="the map is empty", fix="Add at least one pair", key="map")
    keys = tuple(normalise_text(key) for key in pairs)
    return ValueMap(keys, tuple(pairs.values()), cast("MatchKind", match), cast("ElseKind", otherwise))
