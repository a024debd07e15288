"""The rows of a standardised comparison: who takes part, who does not and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import SpecificationError
from analytics.refusals import NotEstimable
from analytics.regression.clusters import code_clusters

if TYPE_CHECKING:
    from analytics.comparison.results import StandardisationPlan
    from analytics.regression.arrays import Codes, Floats


NOT_RECORDED = "not recorded"
"""The category of those without an entry."""
FEW_BLANKS = 0.05
"""Share without an entry below which they take the commonest category rather than a coefficient."""
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
    few_blanks
        Covariates in which the few without an entry took the commonest category.
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
    few_blanks: tuple[str, ...]
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
    grouped, no_group = _leave_out(_select_columns(rows, plan), _group_needs(plan))
    filled, few_blanks = _fill_categories(grouped, plan)
    kept, incomplete = _leave_out(filled, {name: pl.col(name).is_not_null() for name in plan.covariates})
    is_binary = outcome.dtype == pl.Boolean or set(outcome.drop_nulls().unique().to_list()) <= {0, 1}
    left_out = {**no_group, **{f"{name} not recorded": n for name, n in incomplete.items()}}
    return _keep_levels(kept, plan, is_binary=is_binary, told=(left_out, few_blanks))


def _select_columns(rows: pl.DataFrame, plan: StandardisationPlan) -> pl.DataFrame:
    """Select the columns of the plan, groups as text; what is not a number counts as missing."""
    names = [plan.outcome, plan.exposure, *plan.covariates, *([plan.clusters] if plan.clusters else [])]
    chosen = rows.select(list(dict.fromkeys(names))).with_columns(pl.col(plan.exposure).cast(pl.String))
    numbers = [name for name, kind in chosen.schema.items() if kind.is_float()]
    return chosen.with_columns(
        pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in numbers
    )


def _fill_categories(rows: pl.DataFrame, plan: StandardisationPlan) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Place those without an entry, where the plan wants it; name the covariates in which they were few."""
    if plan.missing == "complete":
        return rows, ()
    blank = [
        name for name in plan.covariates if rows[name].null_count() and not rows[name].dtype.is_numeric()
    ]
    few = tuple(name for name in blank if rows[name].null_count() < FEW_BLANKS * rows.height)
    filled = [_fill_commonest(rows[name]) if name in few else _fill_apart(rows[name]) for name in blank]
    return rows.with_columns(filled), few


def _fill_commonest(values: pl.Series) -> pl.Series:
    """Give the missing entries the commonest category, the first by name of several."""
    counts = values.drop_nulls().value_counts(name="n").sort("n", values.name, descending=[True, False])
    return values.fill_null(counts[values.name][0])


def _fill_apart(values: pl.Series) -> pl.Series:
    """Make the missing entries a category of their own; an Enum keeps its order, with the new one last."""
    if values.dtype == pl.Boolean:
        words = values.cast(pl.String).replace({"true": "yes", "false": "no"})
        return words.cast(pl.Enum(["no", "yes", NOT_RECORDED])).fill_null(NOT_RECORDED)
    if isinstance(values.dtype, pl.Enum):
        categories = pl.Enum([*values.dtype.categories.to_list(), NOT_RECORDED])
        return values.cast(pl.String).fill_null(NOT_RECORDED).cast(categories)
    return values.cast(pl.String).fill_null(NOT_RECORDED)


def _group_needs(plan: StandardisationPlan) -> dict[str, pl.Expr]:
    """Say what a row needs before its covariates are looked at."""
    needs = {
        "group not recorded": pl.col(plan.exposure).is_not_null(),
        "another group": pl.col(plan.exposure).is_in(plan.levels),
        "outcome not recorded": pl.col(plan.outcome).is_not_null(),
    }
    return {**needs, "cluster not recorded": pl.col(plan.clusters).is_not_null()} if plan.clusters else needs


def _leave_out(rows: pl.DataFrame, needs: dict[str, pl.Expr]) -> tuple[pl.DataFrame, dict[str, int]]:
    """Drop rows without what is needed, need by need, and count them."""
    left_out = {}
    for name, need in needs.items():
        kept = rows.filter(need)
        if kept.height < rows.height:
            left_out[name] = rows.height - kept.height
        rows = kept
    return rows, left_out


def _keep_levels(
    rows: pl.DataFrame,
    plan: StandardisationPlan,
    *,
    is_binary: bool,
    told: tuple[dict[str, int], tuple[str, ...]],
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
        # Without covariates the frame still has to know how many rows there are.
        frame=kept.select(plan.covariates or (plan.outcome,)),
        outcome=kept[plan.outcome].cast(pl.Float64).to_numpy(),
        level=kept[plan.exposure].cast(pl.Enum(levels)).to_physical().cast(pl.Int64).to_numpy(),
        cluster=code_clusters(kept[plan.clusters] if plan.clusters else None, kept.height),
        levels=levels,
        is_binary=is_binary,
        left_out=told[0],
        few_blanks=told[1],
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
