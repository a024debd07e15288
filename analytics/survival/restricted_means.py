"""Restricted mean event-free time, and its comparison between two groups."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

import polars as pl
from scipy.stats import norm

from analytics.survival.curve_reading import restricted_mean
from analytics.survival.intervals import describe, normal_quantile
from analytics.survival.results import Basis, EventCurve, NotEstimable


@dataclass(frozen=True)
class RestrictedMean:
    """Mean days free of the event up to a horizon.

    Parameters
    ----------
    group
        Label of the group.
    horizon_days
        Day up to which event-free time counts.
    mean_days
        Mean event-free days, 0 to ``horizon_days``; the days lost are the rest.
    std_error
        Standard error of both.
    lower, upper
        Limits of ``mean_days``.
    basis
        What the curve rests on, with the interval of the mean.
    """

    group: str
    horizon_days: float
    mean_days: float
    std_error: float
    lower: float
    upper: float
    basis: Basis

    @property
    def lost_days(self) -> float:
        """Mean days lost to the event up to the horizon."""
        return self.horizon_days - self.mean_days


@dataclass(frozen=True, eq=False)
class RestrictedMeanContrast:
    """Two groups set against each other.

    Parameters
    ----------
    group, reference
        Labels; differences are group minus reference, ratios group over reference.
    horizon_days
        Day up to which event-free time counts.
    table
        Rows ``difference``, ``ratio`` and ``ratio_of_lost_days``: ``contrast``, ``estimate``, ``lower``,
        ``upper``, ``p_value``; ratios have limits and tests on the log scale and are null where a mean is
        zero.
    """

    group: str
    reference: str
    horizon_days: float
    table: pl.DataFrame


def estimate_restricted_mean(
    curve: EventCurve, horizon_days: float, *, confidence: float = 0.95
) -> RestrictedMean | NotEstimable:
    """Estimate mean event-free days up to a horizon.

    Parameters
    ----------
    curve
        A Kaplan-Meier curve from unweighted counts.
    horizon_days
        Day up to which event-free time counts, > 0; fixed before looking at the curves.
    confidence
        Level of the interval.

    Returns
    -------
    RestrictedMean or NotEstimable
        Refused: ``follow_up_too_short`` where nobody is under observation at the horizon and the curve has
        not come down to zero.

    Raises
    ------
    ValueError
        With a weighted curve; see
        :func:`analytics.survival.restricted_mean_weighted.estimate_weighted_restricted_mean`.

    References
    ----------
    .. [1] Irwin (1949), J Hyg 47:188-189; Royston & Parmar (2013), BMC Med Res Methodol 13:152.
    """
    if "weighted_n_risk" in curve.table.columns:
        msg = "curve: weighted. Estimate the mean from the rows, with estimate_weighted_restricted_mean."
        raise ValueError(msg)
    last = curve.table.row(-1, named=True)
    if last["time_days"] < horizon_days and last["survival"] > 0:
        reason = f"Nobody is under observation on day {horizon_days:g}. Ask for an earlier horizon."
        return NotEstimable(curve.group, reason, "follow_up_too_short")
    mean, std_error = restricted_mean(curve, horizon_days)
    reach = normal_quantile(confidence) * std_error
    basis = Basis(
        method="restricted mean of the Kaplan-Meier curve",
        variance="Greenwood",
        interval=describe("plain", confidence),
        n=curve.basis.n,
        n_events=curve.basis.n_events,
        person_days=curve.basis.person_days,
        warnings=curve.basis.warnings,
    )
    return RestrictedMean(curve.group, horizon_days, mean, std_error, mean - reach, mean + reach, basis)


def compare_restricted_means(
    first: RestrictedMean, second: RestrictedMean, *, confidence: float = 0.95
) -> RestrictedMeanContrast:
    """Compare event-free time of two independent groups up to one horizon.

    Parameters
    ----------
    first, second
        Means of the group and of its reference.
    confidence
        Level of the intervals.

    Raises
    ------
    ValueError
        When the horizons differ.

    References
    ----------
    .. [1] Royston & Parmar (2013), BMC Med Res Methodol 13:152; Uno et al. (2014), J Clin Oncol 32:2380-2385.
    """
    if first.horizon_days != second.horizon_days:
        msg = "horizon: the two means have different horizons. Estimate both to the same day."
        raise ValueError(msg)
    spread = sqrt(first.std_error**2 + second.std_error**2)
    rows = [
        _row("difference", first.mean_days - second.mean_days, spread, confidence=confidence),
        _ratio("ratio", (first.mean_days, first.std_error), (second.mean_days, second.std_error), confidence),
        _ratio(
            "ratio_of_lost_days",
            (first.lost_days, first.std_error),
            (second.lost_days, second.std_error),
            confidence,
        ),
    ]
    schema = {"contrast": pl.String} | dict.fromkeys(("estimate", "lower", "upper", "p_value"), pl.Float64)
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return RestrictedMeanContrast(first.group, second.group, first.horizon_days, table)


def _row(
    name: str, estimate: float, std_error: float, *, confidence: float
) -> tuple[str | float | None, ...]:
    """Lay out an estimate with a symmetric interval and its two-sided test against zero."""
    reach = normal_quantile(confidence) * std_error
    p_value = None if std_error == 0 else float(2 * norm.sf(abs(estimate) / std_error))
    return (name, estimate, estimate - reach, estimate + reach, p_value)


def _ratio(
    name: str, first: tuple[float, float], second: tuple[float, float], confidence: float
) -> tuple[str | float | None, ...]:
    """Lay out a ratio with interval and test on the log scale; nulls where a mean is zero."""
    if first[0] <= 0 or second[0] <= 0:
        return (name, None, None, None, None)
    spread = sqrt((first[1] / first[0]) ** 2 + (second[1] / second[0]) ** 2)
    _, middle, lower, upper, p_value = _row(name, log(first[0] / second[0]), spread, confidence=confidence)
    return (name, exp(float(middle or 0)), exp(float(lower or 0)), exp(float(upper or 0)), p_value)
