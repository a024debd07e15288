"""Faults of a value map that can be seen without data: keys that no cell can ever meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.mapping.problems import MappingProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.mapping.model import Expression, ReadOptions, ValueMap


def map_problems(expression: Expression, read: ReadOptions) -> Iterator[MappingProblem]:
    """Yield keys of an expression's map that are never reached, each with the reason.

    Parameters
    ----------
    expression
        The expression; without a map nothing is found.
    read
        Section ``[read]``, whose missing codes are taken out before a map is looked at.
    """
    value_map = expression.value_map
    if value_map is None:
        return
    codes = read.missing if expression.missing is None else expression.missing
    if value_map.match == "exact" and expression.regex is None and not expression.sources[0].startswith("@"):
        yield from _missing_keys(expression, value_map, codes)
    yield from _repeated_keys(expression, value_map)
    if value_map.match != "exact":
        yield from _shadowed_keys(expression, value_map)


def _missing_keys(
    expression: Expression, value_map: ValueMap, codes: tuple[str, ...]
) -> Iterator[MappingProblem]:
    """Yield keys that are missing codes, so that their cells are empty before the map sees them."""
    for key in value_map.keys:
        if key in codes or not key:
            fix = "Use default for missing values, or give the column a list 'missing' without this code"
            what = f"map key '{key}' is never reached, because it is a code for a missing value"
            yield MappingProblem(expression.place, what, fix)


def _repeated_keys(expression: Expression, value_map: ValueMap) -> Iterator[MappingProblem]:
    """Yield keys that are the same once width and outer blanks are made equal, but have other values."""
    first: dict[str, str] = {}
    for key, value in zip(value_map.keys, value_map.values, strict=True):
        if first.setdefault(key, value) != value:
            what = f"map key '{key}' stands twice with different values, as width and blanks do not count"
            yield MappingProblem(expression.place, what, "Keep the one that is meant")


def _shadowed_keys(expression: Expression, value_map: ValueMap) -> Iterator[MappingProblem]:
    """Yield keys behind a shorter key that is part of them, so that they are never reached."""
    for place, key in enumerate(value_map.keys):
        for earlier, value in zip(value_map.keys[:place], value_map.values[:place], strict=True):
            hit = key.startswith(earlier) if value_map.match == "prefix" else earlier in key
            if hit and key != earlier and value != value_map.values[place]:
                what = f"map key '{key}' is never reached, because '{earlier}' before it fits the same cells"
                yield MappingProblem(expression.place, what, "Put the longer key first")
