"""Hazard ratios of a dated endpoint, with the risks by group beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.claims.evalue import estimate_e_value, risk_ratio_scale, say_e_value
from analytics.claims.results import Estimate, Findings, Group
from analytics.claims.selection import (
    EXPOSED,
    Selection,
    describe_group,
    refuse_small,
    select_groups,
    select_population,
)
from analytics.cohort.endpoints import bundled_endpoints
from analytics.estimation.running import end_follow_up
from analytics.outcomes.status import refuse_unknown_days
from analytics.refusals import NotEstimable
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec, Factor
from analytics.survival.cumulative_incidence import estimate_cumulative_incidence
from analytics.survival.event_counts import EventCounts, count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.group_trends import TrendTest, compare_trend
from analytics.survival.horizons import estimate_horizon_risk
from analytics.survival.landmark import restrict_to_landmark
from analytics.survival.proportionality import test_proportionality as check_proportionality
from analytics.survival.restricted_means import compare_restricted_means, estimate_restricted_mean
from analytics.survival.results import CoxFit

if TYPE_CHECKING:
    from analytics.claims.frames import ClaimFrames
    from analytics.claims.hypothesis import Component
    from analytics.cohort.endpoints import Endpoint

_GRADES = {"none_mild": 0.0, "moderate": 1.0, "severe": 2.0}
_COMMON = 0.15
"""Share with the event above which a hazard ratio is first brought to the scale of risks."""


def run_hazard_ratio(part: Component, frames: ClaimFrames) -> Findings:
    """Compare the hazard of an endpoint between two groups of index procedures.

    Parameters
    ----------
    part
        Names endpoint, groups, strata, covariates, the landmark (``after_day``) and the last day.
    frames
        The rows.

    Returns
    -------
    Findings
        Risk by group at each of ``risk_days`` (Kaplan-Meier, or Aalen-Johansen where death competes), the
        hazard ratio as it is and adjusted (Cox, Efron ties, stratified), the log-rank trend where the groups
        are grades, the test of proportional hazards, and the difference of event-free time where nothing
        competes.
    """
    endpoint = bundled_endpoints()[part.endpoint]
    whole = frames.events(part.endpoint)
    rows = _restrict(whole, part)
    selection = select_groups(rows, part)
    groups = _risks(selection, part, endpoint)
    refusal = refuse_small(part, selection) or _refuse_inexact(whole, part)
    if refusal is not None:
        return Findings(groups, refusal, n_left_out=selection.n_left_out)
    crude, remarks = _fit(selection.frame, part, ())
    adjusted = _fit(selection.frame, part, part.adjust)[0] if part.adjust else None
    words = (
        *_trend_words(rows, part),
        *remarks,
        *_event_free_words(selection, part, endpoint),
        *_e_value_words(part, adjusted or crude),
    )
    return Findings(groups, crude, adjusted, remarks=words, n_left_out=selection.n_left_out)


def _restrict(rows: pl.DataFrame, part: Component) -> pl.DataFrame:
    """Keep the stretch of follow-up; the clock starts at the landmark."""
    if part.after_day is not None:
        rows = restrict_to_landmark(rows, part.after_day)
    if part.until_day is None:
        return rows
    return end_follow_up(rows, part.until_day - (part.after_day or 0))


def _refuse_inexact(rows: pl.DataFrame, part: Component) -> NotEstimable | None:
    """Refuse times that are only known to lie before a visit; asked of the whole follow-up."""
    counts = count_events(rows.with_columns(group=pl.lit("all")), strata=("group",))
    refusal = refuse_unknown_days(counts, "all", highest_cause=2)
    reason = "For too many patients only the day of a visit is known, not that of the event."
    return None if refusal is None else NotEstimable(part.label, reason, refusal.code)


def _risks(selection: Selection, part: Component, endpoint: Endpoint) -> tuple[Group, ...]:
    """Risk of both groups at the days asked for, the exposed first; the days count from time zero."""
    counts = _counts(selection)
    return tuple(
        _risk(counts, part, endpoint, exposed=exposed, day=day)
        for day in part.risk_days
        for exposed in (True, False)
    )


def _counts(selection: Selection) -> EventCounts:
    """Count the events of both groups; they are called ``true`` and ``false``."""
    named = pl.col(EXPOSED).cast(pl.String).alias("group")
    return count_events(selection.frame.with_columns(named), strata=("group",))


def _risk(counts: EventCounts, part: Component, endpoint: Endpoint, *, exposed: bool, day: int) -> Group:
    """Risk of one group by one day."""
    label, words = describe_group(part, exposed=exposed), f"risk by day {day}"
    own = counts.of_group(str(exposed).lower()).frame
    n = int(own["n"].sum()) if own.height else 0
    if n < part.minimum:
        return Group(label, n, None, what=words)
    name = str(exposed).lower()
    curve = (
        estimate_cumulative_incidence(counts, group=name, causes=(endpoint.name, "death"))
        if endpoint.competing
        else estimate_event_curve(counts, group=name)
    )
    horizon = day - (part.after_day or 0)
    found = curve if isinstance(curve, NotEstimable) else estimate_horizon_risk(curve, horizon)
    if isinstance(found, NotEstimable):
        return Group(label, n, None, what=words)
    return Group(label, n, found.n_event, found.risk, found.lower, found.upper, words)


def _event_free_words(selection: Selection, part: Component, endpoint: Endpoint) -> tuple[str, ...]:
    """Give the difference of mean event-free time up to the last day; needs no constant ratio."""
    if endpoint.competing or not part.risk_days:
        return ()
    counts, day = _counts(selection), max(part.risk_days) - (part.after_day or 0)
    means = []
    for exposed in (True, False):
        curve = estimate_event_curve(counts, group=str(exposed).lower())
        mean = curve if isinstance(curve, NotEstimable) else estimate_restricted_mean(curve, day)
        if isinstance(mean, NotEstimable):
            return ()
        means.append(mean)
    row = compare_restricted_means(*means).table.row(0, named=True)
    start = f"from day {part.after_day} " if part.after_day else ""
    difference = f"{row['estimate']:.0f} ({row['lower']:.0f} to {row['upper']:.0f})"
    return (
        f"Mean event-free days {start}to day {max(part.risk_days)}: {means[0].mean_days:.0f} against "
        f"{means[1].mean_days:.0f}, difference {difference}.",
    )


def _fit(
    rows: pl.DataFrame, part: Component, adjust: tuple[str, ...]
) -> tuple[Estimate | NotEstimable, tuple[str, ...]]:
    """Fit one Cox model and read the ratio of the exposed off it."""
    data = rows.with_columns(event=pl.col("cause") == 1)
    terms = tuple(Factor(name) if data.schema[name] == pl.String else name for name in adjust)
    spec = CoxSpec("time_days", "event", (EXPOSED, *terms), strata=part.strata)
    fit = fit_cox(data, spec)
    if not isinstance(fit, CoxFit):
        return NotEstimable(part.label, fit.reason, fit.code), ()
    row = fit.table.row(0, named=True)
    words = f"Cox model{_held(adjust, part.strata)}"
    found = Estimate(
        "hazard_ratio", row["hazard_ratio"], row["lower"], row["upper"], words, fit.basis.n,
        fit.basis.n_events, row["p_value"], row["std_error"],
    )  # fmt: skip
    return found, _proportionality_words(fit, data) if not adjust else ()


def _held(adjust: tuple[str, ...], strata: tuple[str, ...]) -> str:
    """Words for what a model holds: strata, then covariates."""
    within = f" within {', '.join(strata)}" if strata else ""
    return within + (f", adjusted for {', '.join(adjust)}" if adjust else "")


def _proportionality_words(fit: CoxFit, data: pl.DataFrame) -> tuple[str, ...]:
    """Say whether the ratio is constant over time."""
    test = check_proportionality(fit, data, transform="km")
    if isinstance(test, NotEstimable):
        return ()
    p_value = test.table.row(-1, named=True)["p_value"]
    doubt = (
        "it changes over time, so that one number is an average" if p_value < 0.05 else "no sign of change"
    )
    return (f"Test of a constant ratio over time (Grambsch and Therneau): p = {p_value:.2g}; {doubt}.",)


def _trend_words(rows: pl.DataFrame, part: Component) -> tuple[str, ...]:
    """Give the log-rank trend over the grades, where grades are compared."""
    if part.exposure != "severity_group":
        return ()
    graded = select_population(rows, part).drop_nulls("severity_group")
    counts = count_events(graded, strata=("severity_group", *part.strata))
    test = compare_trend(counts, group="severity_group", scores=_GRADES, strata=part.strata)
    if not isinstance(test, TrendTest):
        return (f"Log-rank trend over the grades: {test.reason}",)
    way = "rising" if test.z > 0 else "falling"
    return (f"Log-rank trend over none or mild, moderate and severe: {way}, p = {test.p_value:.2g}.",)


def _e_value_words(part: Component, found: Estimate | NotEstimable) -> tuple[str, ...]:
    """Say how strong an unmeasured confounder would have to be."""
    if not part.e_value or isinstance(found, NotEstimable) or found.upper is None:
        return ()
    share = (found.n_events or 0) / max(found.n, 1)
    numbers = [found.value, found.lower, found.upper]
    if share > _COMMON:
        numbers = [risk_ratio_scale(number, measure="hazard_ratio") for number in numbers]
    return (say_e_value(estimate_e_value(*numbers)),)
