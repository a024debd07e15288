"""Event counts -> what the survival page and the report show. Pure: no widget, no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.labels import label_group, label_term, order_severities, order_strategies
from analytics.cohort.endpoints import Endpoint, bundled_endpoints
from analytics.report.content import CoxBlock, SurvivalBlock
from analytics.survival.comparisons import compare_event_curves
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec, Factor, Interaction
from analytics.survival.cumulative_incidence import estimate_cumulative_incidence
from analytics.survival.event_counts import EventCounts
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.horizons import estimate_horizon_risk
from analytics.survival.landmark import Window, restrict_to_window
from analytics.survival.proportionality import test_proportionality as check_proportionality
from analytics.survival.results import CoxFit, NotEstimable

if TYPE_CHECKING:
    from analytics.survival.results import CumulativeIncidence, EventCurve, HorizonRisk

WINDOWS = {
    "all": Window("From the procedure, 3 years", None, 1095),
    "early": Window("Early: to day 30", None, 30),
    "late": Window("Late: day 31 to 1 year", 30, 365),
    "very-late": Window("Very late: 1 to 3 years", 365, 1095),
}
"""Stretches of follow-up by their key in an address."""

HORIZONS = (30, 365, 1095)
GROUPINGS = {"severity": "calcification severity", "strategy": "device strategy"}
NAMES = {"severity": "calcification", "strategy": "device strategy"}
TERM_NAMES = {
    "severity": "Calcification",
    "strategy": "Device strategy",
    "severity x strategy": "Calcification \u00d7 device strategy",
}
"""Words for whole terms, in tests that have one row a term."""
HEADLINE_ENDPOINT = "mace_d"
"""Composite that is shown first."""
UNGRADED = ("unknown",)
CROSSED = ("none_mild", "moderate", "severe")
MIN_EVENTS = 5
"""Fewest events of a device in each grade, for a product of the two."""
MIN_GROUP = 10
"""No curve is drawn for fewer patients."""


def endpoint_of(name: str) -> Endpoint:
    """Return a bundled endpoint; a name from a browser that does not exist gives the first."""
    endpoints = bundled_endpoints()
    return endpoints.get(name) or next(iter(endpoints.values()))


def build_block(counts: pl.DataFrame, *, endpoint: Endpoint, by: str, window: Window) -> SurvivalBlock:
    """Estimate one endpoint by group.

    Parameters
    ----------
    counts
        ``severity`` or ``strategy``, ``time_days``, ``cause``, ``n``, ``n_inexact``.
    endpoint
        The endpoint; it decides between Kaplan-Meier and Aalen-Johansen.
    by
        ``severity`` or ``strategy``: the column of the groups.
    window
        The stretch of follow-up.
    """
    graded = counts.filter(pl.col(by).is_not_null() & ~pl.col(by).is_in(UNGRADED))
    # Everybody kept has reached the landmark, so a column of entry days would only split the groups.
    kept = restrict_to_window(graded, window).select(by, "time_days", "cause", "n", "n_inexact")
    events = EventCounts.from_counts(kept)
    groups = order_severities(kept[by]) if by == "severity" else order_strategies(kept[by])
    curves = tuple(_estimate(events, group, endpoint) for group in groups)
    risks = tuple(_risks(curves, window))
    drawn = tuple(curve.group for curve in curves if not isinstance(curve, NotEstimable))
    test = compare_event_curves(events, group=by, order=drawn) if drawn else _nothing_to_compare(by)
    first = window.after_day or 0
    return SurvivalBlock(
        key=f"{endpoint.name}_by_{by}{_key_of(window)}",
        title=f"{endpoint.label} by {GROUPINGS[by]}{_title_of(window)}",
        endpoint_label=endpoint.label,
        composition=endpoint.composition,
        curves=curves,
        risks=risks,
        tests=(test,),
        horizon_days=window.to_day,
        first_day=first,
        note=f"Only patients without the event and still followed after day {first}." if first else "",
    )


def _key_of(window: Window) -> str:
    """Suffix that tells stretches of one endpoint apart; none for the whole follow-up."""
    return "" if window == WINDOWS["all"] else f"_day_{(window.after_day or -1) + 1}_to_{window.to_day}"


def _title_of(window: Window) -> str:
    """Words for a stretch in a title; none for the whole follow-up."""
    return "" if window == WINDOWS["all"] else f", {window.name[:1].lower()}{window.name[1:]}"


def _nothing_to_compare(by: str) -> NotEstimable:
    """Refuse a test where no group has a curve."""
    return NotEstimable(by, "No group is large enough to compare.", "no_patients")


def _estimate(
    events: EventCounts, group: str, endpoint: Endpoint
) -> EventCurve | CumulativeIncidence | NotEstimable:
    """One curve, by the method that the endpoint asks for."""
    n = int(events.of_group(group).frame["n"].sum())
    if n < MIN_GROUP:
        return NotEstimable(group, f"Only {n} patients: too few for a curve.", "no_patients")
    if endpoint.competing:
        return estimate_cumulative_incidence(events, group=group, causes=(endpoint.name, "death"))
    return estimate_event_curve(events, group=group)


def _risks(
    curves: tuple[EventCurve | CumulativeIncidence | NotEstimable, ...], window: Window
) -> list[HorizonRisk | NotEstimable]:
    """Risks at the horizons inside the window, group by group."""
    days = [day for day in HORIZONS if (window.after_day or 0) < day <= window.to_day]
    risks: list[HorizonRisk | NotEstimable] = []
    for curve in curves:
        if isinstance(curve, NotEstimable):
            risks.append(curve)
        else:
            risks.extend(estimate_horizon_risk(curve, day) for day in days)
    return risks


def overall_risk(counts: pl.DataFrame, *, endpoint: Endpoint, day: int) -> HorizonRisk | NotEstimable:
    """Return the risk of an endpoint by one day over everybody.

    Parameters
    ----------
    counts
        ``time_days``, ``cause``, ``n``.
    endpoint
        The endpoint.
    day
        Days since the procedure.
    """
    if counts.is_empty():
        return NotEstimable("all", "No patient matches.", "no_patients")
    events = EventCounts.from_counts(counts.with_columns(group=pl.lit("all")))
    curve = _estimate(events, "all", endpoint)
    return curve if isinstance(curve, NotEstimable) else estimate_horizon_risk(curve, day)


def fit_hazards(rows: pl.DataFrame, *, endpoint: Endpoint, interaction: bool = False) -> CoxBlock:
    """Fit calcification and device together.

    Parameters
    ----------
    rows
        One row per procedure: ``patient_id``, ``time_days``, ``cause``, ``severity``, ``strategy``,
        ``age_years``.
    endpoint
        The endpoint; a competing death is censored, so ratios are cause-specific.
    interaction
        Whether the ratio of a device may depend on the grade. Then ``none`` and ``mild`` are one grade, and
        only devices with at least five events in every grade take part.

    Returns
    -------
    CoxBlock
        With the test of proportional hazards, or why there is no model.
    """
    known = rows.filter(
        pl.col("severity").is_not_null(),
        ~pl.col("severity").is_in(UNGRADED),
        pl.col("strategy").is_not_null(),
        ~pl.col("strategy").is_in(UNGRADED),
    ).with_columns(is_event=pl.col("cause") == 1, age_per_10_years=pl.col("age_years") / 10)
    known = _crossed(known) if interaction else known
    severity, strategy = _factor(known, "severity"), _factor(known, "strategy")
    known = known.filter(pl.col("severity").is_in(severity.levels), pl.col("strategy").is_in(strategy.levels))
    factors = tuple(factor for factor in (severity, strategy) if len(factor.levels) > 1)
    products = (Interaction(severity, strategy),) if interaction and len(factors) == 2 else ()
    spec = CoxSpec("time_days", "is_event", (*factors, *products, "age_per_10_years"), cluster="patient_id")
    fit = fit_cox(known, spec)
    labels = {} if isinstance(fit, NotEstimable) else {term: _words(term) for term in fit.terms}
    return CoxBlock(
        key=f"{endpoint.name}_hazards",
        title=f"Hazard of {endpoint.label}",
        subtitle=_say_model(endpoint, factors, has_products=bool(products)),
        fit=fit,
        labels={**labels, **TERM_NAMES},
        proportionality=check_proportionality(fit, known, transform="km")
        if isinstance(fit, CoxFit)
        else None,
    )


def _crossed(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep grades that can be crossed with devices, and devices with enough events in each of them."""
    grades = {"none": "none_mild", "mild": "none_mild", "none_mild": "none_mild"}
    pooled = rows.with_columns(pl.col("severity").replace(grades)).filter(pl.col("severity").is_in(CROSSED))
    events = pooled.filter("is_event").group_by("strategy", "severity").len()
    enough = events.filter(pl.col("len") >= MIN_EVENTS).group_by("strategy").len()
    devices = enough.filter(pl.col("len") == len(CROSSED))["strategy"]
    return pooled.filter(pl.col("strategy").is_in(devices.to_list()))


def _say_model(endpoint: Endpoint, factors: tuple[Factor, ...], *, has_products: bool) -> str:
    """Say what the ratios are, what they are adjusted for, and what they are compared with."""
    kind = "Cause-specific hazard ratios" if endpoint.competing else "Hazard ratios"
    against = "; ".join(
        f"{NAMES[factor.column]}: {label_group(factor.reference or '').lower()}" for factor in factors
    )
    products = (
        " A ratio of a product above 1 says that the hazard of that device rises more with calcification "
        "than that of the device compared with. Devices with fewer than five events in a grade are left out."
    )
    adjusted = f"{kind}, adjusted for one another and for age. Compared with {against}."
    return adjusted + (products if has_products else "")


def _words(term: str) -> str:
    """Words of a model term."""
    return "Age, per 10 years" if term == "age_per_10_years" else label_term(term)


def _factor(rows: pl.DataFrame, column: str) -> Factor:
    """Levels with enough patients, in order; the reference is the largest group."""
    sizes = (
        rows.group_by(column).len().filter(pl.col("len") >= MIN_GROUP).sort("len", column, descending=True)
    )
    found = sizes[column].to_list()
    levels = order_severities(found) if column == "severity" else order_strategies(found)
    reference = levels[0] if column == "severity" and levels else found[0] if found else None
    return Factor(column, tuple(levels), reference)
