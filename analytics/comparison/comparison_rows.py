"""The rows of a standardised comparison: who takes part, who does not and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.errors import SpecificationError
from analytics.refusals import NotEstimable
from analytics.regression.clusters import code_clusters

if TYPE_CHECKING:
    import numpy.typing as npt

    from analytics.comparison.results import StandardisationPlan

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]

NOT_RECORDED = "not recorded"
"""The category of those without an entry."""
FEWEST_ROWS = 2


@dataclass(frozen=True, eq=False)
class ComparisonRows:
    """Complete rows of the levels that can be estimated.

    Parameters
    ----------
    frame
        Covariates, none missing.
    outcome
        0 or 1, or a number.
    level
        Position of each row's level in ``levels``.
    cluster
        Cluster of each row, 0 to G - 1.
    levels
        The levels, the reference first.
    is_binary
        Whether the outcome is a risk.
    left_out
        Reason to number of rows.
    refused
        Levels that cannot be estimated.
    """

    frame: pl.DataFrame
    outcome: Floats
    level: Codes
    cluster: Codes
    levels: tuple[str, ...]
    is_binary: bool
    left_out: dict[str, int]
    refused: tuple[NotEstimable, ...]


def collect_rows(rows: pl.DataFrame, plan: StandardisationPlan) -> ComparisonRows | NotEstimable:
    """Keep the rows that a plan can use and say how many fell to each reason.

    Parameters
    ----------
    rows
        The rows of the plan's columns.
    plan
        The question.

    Raises
    ------
    SpecificationError
        Where the outcome is no number.
    """
    plan.check(rows.columns)
    outcome = rows[plan.outcome]
    if not (outcome.dtype.is_numeric() or outcome.dtype == pl.Boolean):
        what = f"the outcome '{plan.outcome}' is neither a number nor yes or no"
        raise SpecificationError(where="standardised comparison", what=what, fix="Name another column.")
    filled = _fill_categories(rows, plan)
    kept, left_out = _leave_out(filled, plan)
    is_binary = outcome.dtype == pl.Boolean or set(outcome.drop_nulls().unique().to_list()) <= {0, 1}
    return _keep_levels(kept, plan, is_binary=is_binary, left_out=left_out)


def _fill_categories(rows: pl.DataFrame, plan: StandardisationPlan) -> pl.DataFrame:
    """Put those without an entry into a category of their own, where the plan wants it."""
    names = [plan.outcome, plan.exposure, *plan.covariates, *([plan.clusters] if plan.clusters else [])]
    chosen = rows.select(list(dict.fromkeys(names))).with_columns(pl.col(plan.exposure).cast(pl.String))
    if plan.missing == "complete":
        return chosen
    return chosen.with_columns(
        [_fill(chosen[name]) for name in plan.covariates if _lacks_entries(chosen[name])],
    )


def _lacks_entries(values: pl.Series) -> bool:
    """Tell whether a category, or a yes or no, is missing somewhere."""
    return values.null_count() > 0 and not values.dtype.is_numeric()


def _fill(values: pl.Series) -> pl.Series:
    """Give the missing entries a name; an Enum keeps its order, with the new one last."""
    if values.dtype == pl.Boolean:
        words = pl.Enum(["no", "yes", NOT_RECORDED])
        named = pl.when(values).then(pl.lit("yes")).when(values.not_()).then(pl.lit("no"))
        return (
            values.to_frame()
            .select(named.otherwise(pl.lit(NOT_RECORDED)).cast(words).alias(values.name))
            .to_series()
        )
    if isinstance(values.dtype, pl.Enum):
        categories = pl.Enum([*values.dtype.categories.to_list(), NOT_RECORDED])
        return values.cast(pl.String).fill_null(NOT_RECORDED).cast(categories)
    return values.cast(pl.String).fill_null(NOT_RECORDED)


def _leave_out(rows: pl.DataFrame, plan: StandardisationPlan) -> tuple[pl.DataFrame, dict[str, int]]:
    """Drop rows without what is needed, reason by reason."""
    needs = {
        "group not recorded": pl.col(plan.exposure).is_not_null(),
        "another group": pl.col(plan.exposure).is_in(plan.levels),
        "outcome not recorded": pl.col(plan.outcome).is_not_null(),
        **{f"{name} not recorded": pl.col(name).is_not_null() for name in plan.covariates},
    }
    if plan.clusters:
        needs["cluster not recorded"] = pl.col(plan.clusters).is_not_null()
    left_out = {}
    for reason, need in needs.items():
        kept = rows.filter(need)
        if kept.height < rows.height:
            left_out[reason] = rows.height - kept.height
        rows = kept
    return rows, left_out


def _keep_levels(
    rows: pl.DataFrame, plan: StandardisationPlan, *, is_binary: bool, left_out: dict[str, int]
) -> ComparisonRows | NotEstimable:
    """Set aside the levels in which a model has nothing to learn."""
    refused = tuple(
        refusal for level in plan.levels if (refusal := _refuse_level(rows, plan, level, is_binary=is_binary))
    )
    levels = tuple(level for level in plan.levels if level not in {refusal.group for refusal in refused})
    if plan.levels[0] not in levels or len(levels) < 2:
        first = refused[0]
        return NotEstimable(
            plan.exposure, f"{first.group}: {first.reason} Nothing is left to compare.", first.code
        )
    kept = rows.filter(pl.col(plan.exposure).is_in(levels))
    return ComparisonRows(
        frame=kept.select(plan.covariates),
        outcome=kept[plan.outcome].cast(pl.Float64).to_numpy(),
        level=kept[plan.exposure].cast(pl.Enum(levels)).to_physical().cast(pl.Int64).to_numpy(),
        cluster=code_clusters(kept[plan.clusters] if plan.clusters else None, kept.height),
        levels=levels,
        is_binary=is_binary,
        left_out=left_out,
        refused=refused,
    )


def _refuse_level(
    rows: pl.DataFrame, plan: StandardisationPlan, level: str, *, is_binary: bool
) -> NotEstimable | None:
    """Say why one level cannot be estimated."""
    outcome = rows.filter(pl.col(plan.exposure) == level)[plan.outcome]
    if outcome.len() < FEWEST_ROWS:
        return NotEstimable(
            level, "Nobody, or only one, is in this group with a complete row.", "no_patients"
        )
    if not is_binary:
        return None
    n_events = int(outcome.cast(pl.Int64).sum())
    if n_events in {0, outcome.len()}:
        word = "No" if n_events == 0 else "Every row has an"
        reason = (
            f"{word} event in this group: a model would only say so without a limit. Show the crude interval."
        )
        return NotEstimable(level, reason, "no_events")
    return None
