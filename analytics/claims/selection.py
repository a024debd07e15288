"""The rows of a component: its population, its two groups, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.labels import label_group
from analytics.claims.column_checks import check_columns
from analytics.claims.hypothesis import Limits
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from analytics.claims.hypothesis import Component, Scalar

EXPOSED = "exposed"
"""Column that is True for the group that a claim is about, False for the one it is compared with."""
CLUSTER = "patient_id"
_WORDS = {
    "none_mild": "None or mild",
    "intravascular_lithotripsy": "Lithotripsy",
    "gt90": "Above 90 degrees",
    "lt45": "Below 45 degrees",
}
_YES_AND_NO = {
    "imaging_guided": ("Imaging", "Angiography alone"),
    "is_uncrossable": ("No balloon crosses", "A balloon crosses"),
    "has_wide_arc": ("270 degrees or more", "Smaller arc"),
    "current_smoker": ("Smoking now", "Not smoking now"),
    "ckd": ("Kidney disease", "No kidney disease"),
}


@dataclass(frozen=True)
class Selection:
    """Rows with both groups marked.

    Parameters
    ----------
    frame
        Rows of both groups with a Boolean column `EXPOSED`; an outcome, where named, is never null.
    n_left_out
        Rows of the population without exposure or outcome.
    """

    frame: pl.DataFrame
    n_left_out: int

    def size(self, *, exposed: bool) -> int:
        """Count the rows of one group."""
        return self.frame.filter(pl.col(EXPOSED) == exposed).height


def select_population(frame: pl.DataFrame, part: Component) -> pl.DataFrame:
    """Keep the rows that a component is about.

    Raises
    ------
    SpecificationError
        If it names a column that the rows do not have, or that holds something else.
    """
    check_columns(frame, part)
    conditions = [_condition(name, values) for name, values in part.where]
    return frame.filter(conditions) if conditions else frame


def select_groups(frame: pl.DataFrame, part: Component) -> Selection:
    """Mark the two groups of a component and drop rows without exposure or outcome."""
    population = select_population(frame, part)
    column = pl.col(part.exposure)
    in_first, in_second = (_is_one_of(column, values) for values in (part.exposed, part.comparator))
    marked = population.with_columns(
        pl.when(in_first).then(statement=True).when(in_second).then(statement=False).alias(EXPOSED)
    )
    other = column.is_not_null() & pl.col(EXPOSED).is_null()
    candidates = marked.filter(~other)
    required = [EXPOSED, *([part.outcome] if part.outcome else [])]
    known = candidates.drop_nulls(required)
    return Selection(known, candidates.height - known.height)


def refuse_small(part: Component, selection: Selection) -> NotEstimable | None:
    """Refuse a comparison of groups that are too small."""
    for exposed in (True, False):
        if selection.size(exposed=exposed) < part.minimum:
            label = describe_group(part, exposed=exposed)
            return NotEstimable(
                part.label,
                f"Fewer than {part.minimum} {part.rows.replace('_', ' ')} in the group \u2018{label}\u2019.",
                "no_patients",
            )
    return None


def describe_group(part: Component, *, exposed: bool) -> str:
    """Words for one of the two groups."""
    values = part.exposed if exposed else part.comparator
    if not any(isinstance(value, str | bool) for value in values):
        words = part.exposure.replace("_", " ").replace("oct ", "OCT ")
        return f"{words} {', '.join(f'{value:g}' for value in values)}"
    first, *others = (_word(value, part.exposure) for value in values)
    return ", ".join([first, *(name[:1].lower() + name[1:] for name in others)])


def label_column(name: str) -> str:
    """Words for a column that is itself a group, such as one of two readings."""
    words = name.replace("_", " ").replace("oct ", "OCT ").replace("ivus ", "IVUS ").removesuffix(" deg")
    return words[:1].upper() + words[1:]


def _word(value: Scalar, column: str) -> str:
    """Words for one value of an exposure."""
    if isinstance(value, bool):
        if column in _YES_AND_NO:
            return _YES_AND_NO[column][0 if value else 1]
        words = column.removeprefix("is_").removeprefix("has_").removeprefix("used_").replace("_", " ")
        return words[:1].upper() + words[1:] if value else f"No {words}"
    text = str(value)
    words = _WORDS.get(text) or label_group(text).replace("_", " ")
    return words[:1].upper() + words[1:]


def _condition(name: str, values: tuple[Scalar, ...] | Limits) -> pl.Expr:
    """One condition on a row; a missing value never meets it."""
    column = pl.col(name)
    if not isinstance(values, Limits):
        return _is_one_of(column, values)
    low = pl.lit(value=True) if values.low is None else column >= values.low
    high = pl.lit(value=True) if values.high is None else column <= values.high
    return (low & high).fill_null(value=False)


def _is_one_of(column: pl.Expr, values: tuple[Scalar, ...]) -> pl.Expr:
    """Whether a column holds one of some values; missing does not."""
    return pl.any_horizontal([(column == value) for value in values]).fill_null(value=False)
