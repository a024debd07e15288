"""Whether the columns that a component names can bear what is asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.claims.hypothesis import Limits
from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from analytics.claims.hypothesis import Component, Scalar

YES_NO, NUMBER, TEXT = "yes or no", "numbers", "text"
_OUTCOMES = {
    "risk_difference": YES_NO,
    "share": YES_NO,
    "odds_ratio": YES_NO,
    "firth_odds_ratio": YES_NO,
    "product_of_odds": YES_NO,
    "discrimination": YES_NO,
    "mean_difference": NUMBER,
}
_READINGS = {"paired_difference": YES_NO, "paired_mean_difference": NUMBER}
_BY_UNITS = ("odds_ratio", "firth_odds_ratio", "ordered_odds_ratio")


def check_columns(frame: pl.DataFrame, part: Component) -> None:
    """Refuse a column that the rows do not have, or that holds something else than its use asks for.

    Parameters
    ----------
    frame
        Rows of the component.
    part
        The component.

    Raises
    ------
    SpecificationError
        Names the column.
    """
    single = (part.exposure, part.outcome, part.first, part.second, part.modifier)
    for name in (*(column for column, _ in part.where), *single, *part.adjust, *part.strata):
        if name and name not in frame.columns:
            raise _refuse(part, f"{part.rows} have no column '{name}'", "Use a column of docs/claims.md.")
    for name, wanted in _wanted(part):
        found = _holds(frame.schema[name]) if name else ""
        if found and found != wanted:
            raise _refuse(part, f"'{name}' holds {found}, not {wanted}", "Compare with docs/claims.md.")


def _wanted(part: Component) -> list[tuple[str, str]]:
    """List every column with what its use asks it to hold."""
    wanted = [(name, kind) for name, values in part.where for kind in _kinds(values)]
    if part.kind == "discrimination":
        wanted.append((part.exposure, NUMBER))
    else:
        wanted += [(part.exposure, kind) for kind in _kinds((*part.exposed, *part.comparator))]
    wanted += [(part.modifier, kind) for kind in _kinds(part.modified_by)]
    if part.kind in _BY_UNITS and not part.exposed:
        wanted.append((part.exposure, NUMBER))
    if part.kind in _OUTCOMES:
        wanted.append((part.outcome, _OUTCOMES[part.kind]))
    if part.kind in _READINGS:
        wanted += [(name, _READINGS[part.kind]) for name in (part.first, part.second)]
    return wanted


def _kinds(values: tuple[Scalar, ...] | Limits) -> list[str]:
    """Say what a column must hold to be compared with these values."""
    if isinstance(values, Limits):
        return [NUMBER]
    return [YES_NO if isinstance(one, bool) else TEXT if isinstance(one, str) else NUMBER for one in values]


def _holds(dtype: pl.DataType) -> str:
    """Say what a column holds; nothing of one that is empty in every row."""
    if dtype == pl.Null:
        return ""
    if dtype == pl.Boolean:
        return YES_NO
    return NUMBER if dtype.is_numeric() else TEXT


def _refuse(part: Component, what: str, fix: str) -> SpecificationError:
    """Build the refusal of a component."""
    return SpecificationError(where=f"component {part.key}", what=what, fix=fix)
