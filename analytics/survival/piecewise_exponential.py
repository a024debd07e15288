"""Piecewise exponential models: a constant hazard in each interval of follow-up, times covariates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from analytics.errors import SpecificationError
from analytics.survival.cox_design import Factor
from analytics.survival.intervals import normal_quantile
from analytics.survival.parametric_rows import collect_parametric_rows, describe_basis, refuse_rows
from analytics.survival.parametric_table import coefficient_table
from analytics.survival.piecewise_exponential_counts import (
    check_cuts,
    count_pieces,
    interval_labels,
    piece_scores,
    pool_pieces,
)
from analytics.survival.piecewise_exponential_likelihood import maximise_poisson
from analytics.survival.results import NotEstimable
from analytics.survival.results_parametric import IntervalRates, PiecewiseExponentialFit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.cox_design import Floats
    from analytics.survival.parametric_rows import ParametricRows, ParametricSpec
    from analytics.survival.piecewise_exponential_counts import Pieces
    from analytics.survival.piecewise_exponential_likelihood import PoissonMaximum

MODEL = "Piecewise exponential model"


def fit_piecewise_exponential(
    frame: pl.DataFrame, spec: ParametricSpec, *, cuts: Sequence[float]
) -> PiecewiseExponentialFit | NotEstimable:
    """Fit a hazard that is constant within intervals and multiplied by covariates [1]_.

    Follow-up is cut at fixed days; events are Poisson counts with the person-time of their piece as offset,
    which gives the same likelihood. Rows with equal covariates are added up before anything is fitted.

    Parameters
    ----------
    frame
        One row per patient, or per start-stop interval, with the columns that the specification names.
        Rows with a missing value are left out and counted in the warnings. An event on day 0 counts in the
        first interval, with no person-time.
    spec
        The model: time, event, terms, delayed entry, weights, clusters, variance.
    cuts
        Ascending inner limits of the intervals, days > 0; an event on a limit belongs to the earlier
        interval. None of them: one constant hazard.

    Returns
    -------
    PiecewiseExponentialFit or NotEstimable
        NotEstimable with code ``no_patients``, ``no_events``, ``too_few_events`` (fewer than
        coefficients), ``separation`` (an interval without events, or a coefficient without bound),
        ``singular`` or ``not_converged``.

    Raises
    ------
    SpecificationError
        For a specification that the frame cannot carry, or cuts that do not ascend.

    References
    ----------
    .. [1] Holford (1980), Biometrics 36:299-305. doi:10.2307/2529982
    """
    limits = check_cuts(cuts, where=MODEL)
    rows = collect_parametric_rows(frame, spec, model=MODEL)
    refusal = refuse_rows(rows, len(rows.names) + len(limits) + 1)
    if refusal is not None:
        return refusal
    pieces = count_pieces(rows, limits)
    empty = [
        label
        for label, events in zip(interval_labels(limits), pieces.n_event.sum(axis=0), strict=True)
        if events == 0
    ]
    if empty:
        reason = f"no event in {empty[0]}: join it with its neighbour"
        return NotEstimable(MODEL, reason, "separation")
    pooled = pool_pieces(pieces, rows.design)
    names = (*interval_labels(limits), *rows.names)
    maximum = maximise_poisson(pooled, names, model=MODEL)
    return maximum if isinstance(maximum, NotEstimable) else _describe(rows, pieces, maximum)


def _describe(rows: ParametricRows, pieces: Pieces, maximum: PoissonMaximum) -> PiecewiseExponentialFit:
    """Put variance, rates, deviance and basis around the maximum."""
    covariance = maximum.covariance
    if rows.spec.is_robust:
        change = piece_scores(pieces, rows, maximum.coefficients) @ covariance
        covariance = change.T @ change
    names = (*interval_labels(pieces.cuts), *rows.names)
    first = len(names) - len(rows.names)
    weighted_events = float(np.sum(rows.weight * rows.event))
    log_exposure = float(np.sum(pieces.log_exposure))
    method = f"Piecewise exponential, {first} {'interval' if first == 1 else 'intervals'}"
    basis = describe_basis(rows, method=method, n_coefficients=len(names))
    n_zero = int(np.sum(rows.event & (rows.stop <= 0)))
    if n_zero:
        note = f"{n_zero} events on day 0 count in the first interval without person-time"
        basis = replace(basis, warnings=(*basis.warnings, note))
    return PiecewiseExponentialFit(
        cuts=pieces.cuts,
        intervals=_interval_table(pieces, maximum.coefficients, covariance, rows.spec),
        table=coefficient_table(
            rows.names,
            maximum.coefficients[first:],
            covariance[first:, first:],
            rows.spec.confidence,
            ratio="rate_ratio",
        ),
        terms=names,
        coefficients=maximum.coefficients,
        covariance=covariance,
        log_likelihood=maximum.log_likelihood,
        deviance=-2 * (maximum.log_likelihood + log_exposure + weighted_events),
        last_event=float(rows.stop[rows.event].max()),
        basis=basis,
        spec=rows.spec,
    )


def _interval_table(
    pieces: Pieces, coefficients: Floats, covariance: Floats, spec: ParametricSpec
) -> pl.DataFrame:
    """Tabulate events, person-time and the modelled rate of each interval."""
    count = pieces.n_event.shape[1]
    log_rate, error = coefficients[:count], np.sqrt(np.diag(covariance)[:count])
    reach = normal_quantile(spec.confidence) * error
    with np.errstate(over="ignore"):
        rate, lower, upper = (np.exp(log_rate + shift) for shift in (0.0, -reach, reach))
    return _counts(pieces, pieces.n_event.sum(axis=0), pieces.person_days.sum(axis=0)).with_columns(
        rate=rate, std_error=rate * error, lower=lower, upper=upper
    )


def _counts(pieces: Pieces, events: Floats, person_days: Floats) -> pl.DataFrame:
    """Name the intervals and set their sums beside them."""
    return pl.DataFrame(
        {
            "interval": interval_labels(pieces.cuts),
            "start_days": [0.0, *pieces.cuts],
            "stop_days": [*pieces.cuts, None],
            "n_event": events,
            "person_days": person_days,
        },
        schema_overrides={"stop_days": pl.Float64},
    )


def estimate_interval_rates(
    frame: pl.DataFrame, spec: ParametricSpec, *, cuts: Sequence[float], group: str | None = None
) -> IntervalRates | NotEstimable:
    """Estimate event rates in intervals of follow-up, by group, from counts alone.

    Parameters
    ----------
    frame
        One row per patient or start-stop interval.
    spec
        Time, event, delayed entry, level of the intervals; without terms, weights or clusters.
    cuts
        Ascending inner limits of the intervals, days > 0.
    group
        Column with the groups; None takes everybody together as ``all``.

    Returns
    -------
    IntervalRates or NotEstimable
        Events per person-day with exact Poisson limits [1]_, which hold for 0 events too. NotEstimable with
        code ``no_patients``.

    Raises
    ------
    SpecificationError
        For a specification that the frame cannot carry, or weights, whose counts are not Poisson.

    References
    ----------
    .. [1] Garwood (1936), Biometrika 28:437-442. doi:10.1093/biomet/28.3-4.437
    """
    if spec.weights is not None or spec.cluster is not None:
        what = "crude rates know neither weights nor clusters"
        raise SpecificationError(where=MODEL, what=what, fix="Fit the piecewise exponential model.")
    limits = check_cuts(cuts, where=MODEL)
    crude = replace(spec, terms=(Factor(group),) if group else ())
    rows = collect_parametric_rows(frame, crude, model=MODEL)
    if not rows.event.size:
        return NotEstimable(MODEL, "no complete row", "no_patients")
    pieces = count_pieces(rows, limits)
    parts = [
        _counts(pieces, pieces.n_event[own].sum(axis=0), pieces.person_days[own].sum(axis=0)).select(
            pl.lit(label).alias("group"), pl.all()
        )
        for label, own in _groups(rows)
    ]
    table = _with_poisson_limits(pl.concat(parts), spec.confidence)
    basis = describe_basis(rows, method="Events per person-time", n_coefficients=1)
    interval = f"Poisson, {100 * spec.confidence:g} %"
    return IntervalRates(table, replace(basis, variance="Poisson", interval=interval))


def _groups(rows: ParametricRows) -> list[tuple[str, Floats]]:
    """Give each group's label and rows."""
    factor = rows.spec.terms[0] if rows.spec.terms else None
    if not isinstance(factor, Factor):
        return [("all", np.ones(len(rows.event), dtype=bool))]
    levels = factor.levels
    others = rows.design > 0
    return [(levels[0], ~others.any(axis=1)), *zip(levels[1:], others.T, strict=True)]


def _with_poisson_limits(table: pl.DataFrame, confidence: float) -> pl.DataFrame:
    """Add the rate and its exact limits; null without person-time."""
    events, time = table["n_event"].to_numpy(), table["person_days"].to_numpy()
    tail = (1 - confidence) / 2
    lower = np.where(events > 0, stats.chi2.ppf(tail, 2 * np.maximum(events, 0.5)) / 2, 0.0)
    upper = stats.chi2.isf(tail, 2 * events + 2) / 2
    safe = np.where(time > 0, time, np.nan)
    return table.with_columns(rate=events / safe, lower=lower / safe, upper=upper / safe).with_columns(
        pl.col("rate", "lower", "upper").fill_nan(None), pl.col("n_event").cast(pl.Int64)
    )
