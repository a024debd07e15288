"""Complications compared: between groups, over grades, over calendar quarters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from analytics.complications.comparison_results import GroupContrast, QuarterlyRates, SeverityTrend
from analytics.complications.plan import (
    FEWEST,
    ORDERED_GRADES,
    PRIMARY_COMPLICATIONS,
    PRIMARY_CONTRAST,
    SEVERITY_GROUPS,
)
from analytics.complications.rates import ALL, estimate_rate
from analytics.proportions.effective import EffectiveCount, compare_effective
from analytics.proportions.multiplicity import benjamini_hochberg, holm
from analytics.proportions.results import CountTest
from analytics.proportions.tests import cochran_armitage
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.complications.comparison_results import AdjustedDifference
    from analytics.complications.results import ComplicationRate

SEVERITY_GROUP = "severity_group"


def add_severity_group(flags: pl.DataFrame, severity: str) -> pl.DataFrame:
    """Add ``severity_group``: none or mild, moderate, severe; null where a grade could be several."""
    groups = pl.col(severity).replace_strict(SEVERITY_GROUPS, default=None, return_dtype=pl.String)
    return flags.with_columns(groups.alias(SEVERITY_GROUP))


def contrast_rates(
    first: ComplicationRate,
    second: ComplicationRate,
    *,
    by: str,
    standardised: AdjustedDifference | NotEstimable,
    confidence: float = 0.95,
) -> GroupContrast:
    """Compare one complication between two groups.

    Parameters
    ----------
    first, second
        Rates of disjoint groups, of one complication and unit; the second is the reference.
    by
        ``strategy`` or ``severity``.
    standardised
        What stands beside the crude numbers.
    confidence
        Level of the intervals.

    Returns
    -------
    GroupContrast
        Newcombe's difference, Koopman's ratio and the mid-P test; where patients count more than once, of the
        effective counts. Nothing is compared where a group has no rate (a structural zero is no safe device)
        or fewer than `analytics.complications.plan.FEWEST` units, and no ratio where a group has no event.
    """
    refusal = _refuse(first, second)
    if refusal is not None:
        return GroupContrast(by, first, second, refusal, refusal, refusal, refusal)
    counts = [EffectiveCount(rate.n_events, rate.n_total, rate.n_effective) for rate in (first, second)]
    difference, ratio, test = compare_effective(*counts, confidence=confidence)
    return GroupContrast(by, first, second, difference, ratio, test, standardised)


def _refuse(first: ComplicationRate, second: ComplicationRate) -> NotEstimable | None:
    """Say why two groups cannot be compared."""
    label = f"{first.complication}: {first.strategy} {first.severity}"
    if "structural_zero" in {first.status, second.status}:
        reason = "In one of the groups no device was used that can cause it: there is nothing to compare."
        return NotEstimable(label, reason, "one_group")
    if min(first.n_total, second.n_total) < FEWEST:
        reason = f"One of the groups counts fewer than {FEWEST}: too few to compare."
        return NotEstimable(label, reason, "no_patients")
    return None


def adjust_contrasts(contrasts: Sequence[GroupContrast]) -> tuple[GroupContrast, ...]:
    """Adjust p values: Holm within the family declared beforehand, false discovery control outside it.

    Parameters
    ----------
    contrasts
        Everything that is looked at together; the family of `analytics.complications.plan` is found in it.
    """
    p_values = [one.test.p_value if isinstance(one.test, CountTest) else None for one in contrasts]
    is_primary = [is_of_family(one) for one in contrasts]
    inside = holm([p if primary else None for p, primary in zip(p_values, is_primary, strict=True)])
    outside = benjamini_hochberg(
        [None if primary else p for p, primary in zip(p_values, is_primary, strict=True)]
    )
    return tuple(
        replace(one, p_adjusted=held if primary else found, adjustment="Holm" if primary else "FDR")
        for one, held, found, primary in zip(contrasts, inside, outside, is_primary, strict=True)
    )


def is_of_family(contrast: GroupContrast) -> bool:
    """Whether a comparison belongs to the family declared beforehand."""
    groups = (contrast.by, contrast.first.severity, contrast.second.severity)
    return contrast.first.complication in PRIMARY_COMPLICATIONS and groups == PRIMARY_CONTRAST


def estimate_severity_trends(
    flags: pl.DataFrame, complication: str, *, strategies: Sequence[str], strategy: str = "strategy_intended"
) -> tuple[SeverityTrend, ...]:
    """Test whether a complication rises with calcification, over all devices and within each.

    Parameters
    ----------
    flags
        Flags with ``severity_group`` (`add_severity_group`).
    complication
        Key of the complication.
    strategies
        Device strategies to look into.
    strategy
        Column that names them.

    Returns
    -------
    tuple of SeverityTrend
        Over all devices first. p values are adjusted for how many trends there are (false discovery).
    """
    known = flags.filter(pl.col(SEVERITY_GROUP).is_not_null())
    found = [_trend(known, complication, ALL)]
    for name in strategies:
        rows = known.filter(pl.col(strategy) == name)
        if rows.height:
            found.append(_trend(rows, complication, name))
    adjusted = benjamini_hochberg(
        [one.test.p_value if isinstance(one.test, CountTest) else None for one in found]
    )
    return tuple(replace(one, p_adjusted=p) for one, p in zip(found, adjusted, strict=True))


def _trend(rows: pl.DataFrame, complication: str, strategy: str) -> SeverityTrend:
    """Trend among some rows."""
    rates = tuple(
        estimate_rate(
            rows.filter(pl.col(SEVERITY_GROUP) == grade), complication, strategy=strategy, severity=grade
        )
        for grade in ORDERED_GRADES
    )
    return SeverityTrend(strategy, rates, assess_trend(rates))


def assess_trend(rates: Sequence[ComplicationRate]) -> CountTest | NotEstimable:
    """Test a trend over rates in their order; clustered counts are divided by their design effect."""
    counts = [EffectiveCount(rate.n_events, rate.n_total, rate.n_effective).whole for rate in rates]
    return cochran_armitage([events for events, _ in counts], [total for _, total in counts])


def estimate_quarterly_rates(flags: pl.DataFrame, complication: str) -> QuarterlyRates:
    """Estimate a complication by calendar quarter, and test its trend.

    Parameters
    ----------
    flags
        Flags with ``procedure_date``; rows without one are counted and in no quarter.
    complication
        Key of the complication.
    """
    day = pl.col("procedure_date")
    dated = flags.filter(day.is_not_null()).with_columns(
        quarter=pl.format("{} Q{}", day.dt.year(), day.dt.quarter())
    )
    quarters = tuple(sorted(dated["quarter"].unique()))
    rates = tuple(estimate_rate(dated.filter(pl.col("quarter") == name), complication) for name in quarters)
    return QuarterlyRates(quarters, rates, assess_trend(rates), flags.height - dated.height)
