"""Differences standardised over covariates: what both groups would show with the same patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.claims.evalue import estimate_e_value, say_e_value
from analytics.claims.results import Estimate
from analytics.claims.selection import CLUSTER, EXPOSED, describe_group
from analytics.comparison.standardisation import standardise
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from analytics.claims.hypothesis import Component

LEVELS = ("comparator", "exposed")


def standardised_estimate(
    rows: pl.DataFrame, part: Component, *, crude: bool = False
) -> tuple[Estimate | NotEstimable, tuple[str, ...]]:
    """Standardise the difference of a risk or mean.

    Parameters
    ----------
    rows
        Rows of both groups with the column `EXPOSED` and the component's outcome and covariates.
    part
        Names outcome, covariates and strata; strata are covariates of the model too.
    crude
        Whether no covariate is held; the interval still counts by patient.

    Returns
    -------
    tuple
        The difference, exposed minus comparator, and sentences that belong beside it.
    """
    groups = pl.when(EXPOSED).then(pl.lit(LEVELS[1])).otherwise(pl.lit(LEVELS[0])).alias("group")
    wanted = () if crude else (*part.adjust, *part.strata)
    found = standardise(
        rows.with_columns(groups),
        outcome=part.outcome,
        exposure="group",
        levels=LEVELS,
        covariates=wanted,
        clusters=CLUSTER,
        missing="complete",
    )
    if isinstance(found, NotEstimable):
        return NotEstimable(part.label, _reason(found, part), found.code), ()
    row = found.contrasts.filter(pl.col("measure") == "difference").row(0, named=True)
    basis = found.basis
    measure = "mean_difference" if basis.n_events is None else "risk_difference"
    held = f", adjusted for {', '.join(basis.adjusted_for)}" if basis.adjusted_for else ""
    words = f"{basis.method}{held}; variance by patient"
    estimate = Estimate(
        measure, row["estimate"], row["lower"], row["upper"], words, basis.n, basis.n_events, row["p_value"],
        row["std_error"],
    )  # fmt: skip
    if crude:
        return estimate, ()
    return estimate, (*basis.warnings, *(_e_value_words(found.contrasts) if part.e_value else ()))


def _reason(found: NotEstimable, part: Component) -> str:
    """Say why there is no adjusted number, in the words of the groups."""
    if found.code != "no_events":
        return found.reason
    name = describe_group(part, exposed=found.reason.startswith(LEVELS[1]))
    return f"No event, or nothing but events, in the group \u2018{name}\u2019: no model can hold covariates."


def _e_value_words(contrasts: pl.DataFrame) -> tuple[str, ...]:
    """Say how strong an unmeasured confounder would have to be, from the standardised risk ratio."""
    ratios = contrasts.filter(pl.col("measure") == "ratio")
    if not ratios.height:
        return ()
    row = ratios.row(0, named=True)
    return (say_e_value(estimate_e_value(row["estimate"], row["lower"], row["upper"])),)
