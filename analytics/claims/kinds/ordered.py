"""Odds ratios of a higher grade of calcification."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.claims.kinds.odds import select_exposure
from analytics.claims.results import Estimate, Findings
from analytics.claims.selection import CLUSTER, EXPOSED
from analytics.errors import SpecificationError
from analytics.refusals import NotEstimable
from analytics.regression.design import build_design
from analytics.regression.ordered import fit_ordered
from analytics.regression.proportionality import check_proportionality

if TYPE_CHECKING:
    from analytics.claims.frames import ClaimFrames
    from analytics.claims.hypothesis import Component

GRADES = ("none_mild", "moderate", "severe")
_CODE = "grade"


def run_ordered_odds_ratio(part: Component, frames: ClaimFrames) -> Findings:
    """Estimate the ratio of the odds of a higher grade, crude and adjusted, by proportional odds.

    Returns
    -------
    Findings
        The ratio with a variance by patient, and a check that it is the same at every cut.

    Raises
    ------
    SpecificationError
        If the outcome is not ``severity_group``.
    """
    if part.outcome != "severity_group":
        raise SpecificationError(
            where=f"component {part.key}",
            what=f"'{part.outcome}' has no order",
            fix='Write outcome = "severity_group".',
        )
    rows, left_out, groups, refusal = select_exposure(part, frames)
    if refusal is not None:
        return Findings(groups, refusal, n_left_out=left_out)
    order = {grade: place for place, grade in enumerate(GRADES)}
    graded = rows.with_columns(pl.col(part.outcome).replace_strict(order, return_dtype=pl.Int64).alias(_CODE))
    crude = _fit(graded, part, ())
    adjusted = _fit(graded, part, (*part.adjust, *part.strata)) if part.adjust else None
    return Findings(groups, crude, adjusted, remarks=_check(graded), n_left_out=left_out)


def _fit(rows: pl.DataFrame, part: Component, adjust: tuple[str, ...]) -> Estimate | NotEstimable:
    """Ratio of the exposure with some covariates held."""
    known = rows.drop_nulls(list(adjust))
    design = build_design(known, (EXPOSED, *adjust))
    fit = fit_ordered(design, known[_CODE], clusters=known[CLUSTER])
    if isinstance(fit, NotEstimable):
        return NotEstimable(part.label, fit.reason.replace(EXPOSED, part.exposure), fit.code)
    row = fit.slopes.table.row(by_predicate=pl.col("term") == EXPOSED, named=True)
    held = f", adjusted for {', '.join(adjust)}" if adjust else ""
    return Estimate(
        "ordered_odds_ratio", row["ratio"], row["ratio_lower"], row["ratio_upper"],
        f"proportional odds{held}; variance by patient", known.height, None, row["p_value"], row["std_error"],
    )  # fmt: skip


def _check(rows: pl.DataFrame) -> tuple[str, ...]:
    """Say whether the ratio is the same at every cut."""
    found = check_proportionality(build_design(rows, (EXPOSED,)), rows[_CODE], clusters=rows[CLUSTER])
    if isinstance(found, NotEstimable):
        return ()
    way = (
        "it differs, so that one number is an average"
        if found.test.p_value < 0.05
        else "no sign of a difference"
    )
    return (f"Same ratio at every cut (Brant): p = {found.test.p_value:.2g}; {way}.",)
