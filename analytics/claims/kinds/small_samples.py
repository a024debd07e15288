"""Odds ratios where cases are few: Firth's penalised likelihood, and no test below fifty rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

from analytics.claims.kinds.odds import select_exposure
from analytics.claims.results import Estimate, Findings
from analytics.claims.selection import EXPOSED
from analytics.refusals import NotEstimable
from analytics.regression.design import build_design
from analytics.regression.firth_logistic import fit_firth_logistic

if TYPE_CHECKING:
    from analytics.claims.frames import ClaimFrames
    from analytics.claims.hypothesis import Component

FEWEST_ROWS = 50
"""Rows of both groups together below which they are described and not tested."""


def run_firth_odds_ratio(part: Component, frames: ClaimFrames) -> Findings:
    """Estimate the odds ratio of an exposure by penalised likelihood.

    Returns
    -------
    Findings
        Shares by group, and the odds ratio with profile limits; rows are taken as independent. Refused below
        fifty rows.
    """
    rows, left_out, groups, refusal = select_exposure(part, frames)
    if refusal is None and rows.height < FEWEST_ROWS:
        reason = f"Only {rows.height} {part.rows}: fewer than {FEWEST_ROWS} are described, not tested."
        refusal = NotEstimable(part.label, reason, "no_patients")
    if refusal is not None:
        return Findings(groups, refusal, n_left_out=left_out)
    crude = _fit(rows, part, ())
    adjusted = _fit(rows, part, (*part.adjust, *part.strata)) if part.adjust else None
    return Findings(groups, crude, adjusted, n_left_out=left_out)


def _fit(rows: pl.DataFrame, part: Component, adjust: tuple[str, ...]) -> Estimate | NotEstimable:
    """Odds ratio of the exposure with some covariates held."""
    known = rows.drop_nulls(list(adjust))
    fit = fit_firth_logistic(build_design(known, (EXPOSED, *adjust)), known[part.outcome])
    if isinstance(fit, NotEstimable):
        return NotEstimable(part.label, fit.reason.replace(EXPOSED, part.exposure), fit.code)
    row = fit.table.row(by_predicate=pl.col("term") == EXPOSED, named=True)
    held = f", adjusted for {', '.join(adjust)}" if adjust else ""
    upper = row["ratio_upper"] if math.isfinite(row["ratio_upper"]) else None
    return Estimate(
        "odds_ratio", row["ratio"], row["ratio_lower"], upper,
        f"logistic regression with Firth's penalty, profile limits{held}", fit.basis.n, fit.basis.n_events,
        row["p_value"], row["std_error"],
    )  # fmt: skip
