"""Outcomes by procedure -> a Cox model of calcification and device. Pure: no widget, no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.labels import label_group, label_term, order_severities, order_strategies
from analytics.outcomes.blocks import MIN_GROUP, UNGRADED
from analytics.outcomes.status import refuse_unknown_days
from analytics.report.content import CoxBlock
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec, Factor, Interaction
from analytics.survival.event_counts import EventCounts
from analytics.survival.proportionality import test_proportionality as check_proportionality
from analytics.survival.results import CoxFit, NotEstimable

if TYPE_CHECKING:
    from analytics.cohort.endpoints import Endpoint

NAMES = {"severity": "calcification", "strategy": "device strategy"}
NOBODY_KNOWN = NotEstimable(
    "all",
    "Nobody here has both a known grade of calcification and a known device strategy.",
    "no_patients",
)
TERM_NAMES = {
    "severity": "Calcification",
    "strategy": "Device strategy",
    "severity x strategy": "Calcification \u00d7 device strategy",
}
"""Words for whole terms, in tests that have one row a term."""
CROSSED = ("none_mild", "moderate", "severe")
MIN_EVENTS = 5
"""Fewest events of a device in each grade, for a product of the two."""


def fit_hazards(rows: pl.DataFrame, *, endpoint: Endpoint, interaction: bool = False) -> CoxBlock:
    """Fit calcification and device together.

    Parameters
    ----------
    rows
        One row per procedure: ``patient_id``, ``time_days``, ``cause``, ``severity``, ``strategy``,
        ``age_years``, and perhaps ``time_is_exact``.
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
    refusal = _refuse_by_visit(known) if known.height else NOBODY_KNOWN
    if refusal is not None:
        return CoxBlock(f"{endpoint.name}_hazards", f"Hazard of {endpoint.label}", "", refusal)
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


def _refuse_by_visit(rows: pl.DataFrame) -> NotEstimable | None:
    """Refuse a model of times that are only known to lie before a visit."""
    if "time_is_exact" not in rows.columns:
        return None
    counted = rows.group_by("time_days", "cause").agg(n=pl.len(), n_inexact=(~pl.col("time_is_exact")).sum())
    events = EventCounts.from_counts(counted.with_columns(group=pl.lit("all")))
    return refuse_unknown_days(events, "all", highest_cause=2)


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
