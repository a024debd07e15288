"""Odds ratios of a feature: of groups, of a step of a number, and of products of two features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.claims.results import Estimate, Findings, Group
from analytics.claims.selection import (
    CLUSTER,
    EXPOSED,
    describe_group,
    refuse_small,
    select_groups,
    select_population,
)
from analytics.proportions.intervals import wilson_interval, zero_event_upper_limit
from analytics.refusals import NotEstimable
from analytics.regression.contrasts import wald_test
from analytics.regression.design import build_design
from analytics.regression.logistic import fit_logistic

if TYPE_CHECKING:
    from analytics.claims.frames import ClaimFrames
    from analytics.claims.hypothesis import Component

PRODUCT = "product"
_KNOTS = 4


def run_odds_ratio(part: Component, frames: ClaimFrames) -> Findings:
    """Estimate the odds ratio of an exposure, crude and adjusted, by logistic regression.

    Returns
    -------
    Findings
        Odds ratio of the exposed group, or of `per` units of a number, with a variance by patient. With
        `spline`, a sentence tells whether a number departs from a straight line (Wald test of the bends of a
        natural cubic spline with four knots).
    """
    rows, left_out, groups, refusal = select_exposure(part, frames)
    if refusal is not None:
        return Findings(groups, refusal, n_left_out=left_out)
    crude = _fit(rows, part, ())
    adjusted = _fit(rows, part, (*part.adjust, *part.strata)) if part.adjust else None
    return Findings(
        groups, crude, adjusted, remarks=_bend_words(rows, part, adjust=part.adjust), n_left_out=left_out
    )


def run_product_of_odds(part: Component, frames: ClaimFrames) -> Findings:
    """Estimate by what factor a second feature changes the odds ratio of the exposure.

    Returns
    -------
    Findings
        Ratio of two odds ratios: that of the exposure where the modifier has one of `modified_by`, over that
        elsewhere.
    """
    selection = select_groups(frames.rows(part.rows), part)
    rows = selection.frame.drop_nulls(part.modifier)
    groups = tuple(_group(rows, part, exposed=exposed) for exposed in (True, False))
    refusal = refuse_small(part, selection)
    if refusal is not None:
        return Findings(groups, refusal, n_left_out=selection.n_left_out)
    modified = pl.col(part.modifier).is_in(list(part.modified_by))
    marked = rows.with_columns(modified.alias("modified"), (modified & pl.col(EXPOSED)).alias(PRODUCT))
    crude = _estimate(marked, part, (EXPOSED, "modified", PRODUCT), measure="ratio_of_odds_ratios")
    terms = (EXPOSED, "modified", PRODUCT, *part.adjust, *part.strata)
    adjusted = _estimate(marked, part, terms, measure="ratio_of_odds_ratios") if part.adjust else None
    return Findings(groups, crude, adjusted, n_left_out=selection.n_left_out)


def select_exposure(
    part: Component, frames: ClaimFrames
) -> tuple[pl.DataFrame, int, tuple[Group, ...], NotEstimable | None]:
    """Return rows with the exposure as `EXPOSED`, those left out, groups, and why there is no comparison."""
    if part.exposed:
        selection = select_groups(frames.rows(part.rows), part)
        groups = tuple(_group(selection.frame, part, exposed=exposed) for exposed in (True, False))
        return selection.frame, selection.n_left_out, groups, refuse_small(part, selection)
    population = select_population(frames.rows(part.rows), part)
    step = (pl.col(part.exposure) / part.per).alias(EXPOSED)
    rows = population.with_columns(step).drop_nulls([EXPOSED, part.outcome])
    refusal = None
    if rows.height < 2 * part.minimum:
        reason = f"Fewer than {2 * part.minimum} {part.rows} with a known {part.exposure} and outcome."
        refusal = NotEstimable(part.label, reason, "no_patients")
    return rows, population.height - rows.height, (), refusal


def _group(rows: pl.DataFrame, part: Component, *, exposed: bool) -> Group:
    """Share with the outcome in one group; nothing for an ordered outcome."""
    own, label = rows.filter(pl.col(EXPOSED) == exposed), describe_group(part, exposed=exposed)
    if own[part.outcome].dtype != pl.Boolean or not own.height:
        return Group(label, own.height, None)
    events = int(own[part.outcome].sum())
    lower, upper = wilson_interval(events, own.height)
    upper = upper if events else zero_event_upper_limit(own.height)
    return Group(label, own.height, events, events / own.height, lower, upper)


def _fit(rows: pl.DataFrame, part: Component, adjust: tuple[str, ...]) -> Estimate | NotEstimable:
    """Odds ratio of the exposure with some covariates held."""
    return _estimate(rows, part, (EXPOSED, *adjust), measure="odds_ratio")


def _estimate(
    rows: pl.DataFrame, part: Component, terms: tuple[str, ...], *, measure: str
) -> Estimate | NotEstimable:
    """Fit a logistic model of the complete rows and read one ratio off it."""
    known = rows.drop_nulls(list(terms))
    fit = fit_logistic(build_design(known, terms), known[part.outcome], clusters=known[CLUSTER])
    if isinstance(fit, NotEstimable):
        return NotEstimable(part.label, fit.reason.replace(EXPOSED, part.exposure), fit.code)
    wanted = PRODUCT if measure == "ratio_of_odds_ratios" else EXPOSED
    row = fit.table.row(by_predicate=pl.col("term") == wanted, named=True)
    held = [name for name in terms if name not in {EXPOSED, "modified", PRODUCT}]
    adjusted = f", adjusted for {', '.join(held)}" if held else ""
    words = f"logistic regression{adjusted}; variance by patient"
    return Estimate(
        measure, row["ratio"], row["ratio_lower"], row["ratio_upper"], words, fit.basis.n, fit.basis.n_events,
        row["p_value"], row["std_error"],
    )  # fmt: skip


def _bend_words(rows: pl.DataFrame, part: Component, *, adjust: tuple[str, ...]) -> tuple[str, ...]:
    """Say whether a number departs from a straight line on the log odds."""
    if not part.spline or part.exposed:
        return ()
    known = rows.drop_nulls([EXPOSED, *adjust])
    design = build_design(known, (EXPOSED, *adjust), splines={EXPOSED: _KNOTS})
    fit = fit_logistic(design, known[part.outcome], clusters=known[CLUSTER])
    if isinstance(fit, NotEstimable):
        return (f"A curve was not fitted: {fit.reason.replace(EXPOSED, part.exposure)}",)
    bends = [i for i, name in enumerate(fit.names) if name.startswith(EXPOSED + "'")]
    test = wald_test(fit.coefficients[bends], fit.covariance[bends][:, bends])
    way = "it does" if test.p_value < 0.05 else "no sign of it"
    return (f"Departure from a straight line (natural cubic spline): p = {test.p_value:.2g}; {way}.",)
