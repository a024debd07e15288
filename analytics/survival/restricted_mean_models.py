"""Restricted event-free time compared between groups, adjusted for covariates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.stats import norm

from analytics.survival.intervals import describe, normal_quantile
from analytics.survival.restricted_mean_rows import (
    MeanData,
    RestrictedMeanSpec,
    count_by_day,
    read_mean_data,
    refuse_mean_data,
)
from analytics.survival.results import Basis, NotEstimable
from analytics.survival.results_restricted import RestrictedMeanFit

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_STEPS = 50


def fit_restricted_mean(
    frame: pl.DataFrame, spec: RestrictedMeanSpec, *, horizon_days: float, confidence: float = 0.95
) -> RestrictedMeanFit | NotEstimable:
    """Regress event-free days up to a horizon on group and covariates.

    Patients censored before the horizon are stood for by those of their group who were not: the weights are
    one over the Kaplan-Meier probability, group by group, of being uncensored [1]_.

    Parameters
    ----------
    frame
        One row per patient; rows with a null in a column of the model are left out, with a warning.
    spec
        The comparison.
    horizon_days
        Day up to which time counts, > 0; fixed before looking at the curves.
    confidence
        Level of the intervals.

    Returns
    -------
    RestrictedMeanFit or NotEstimable
        Standard errors carry the error of the estimated weights. Refused: ``no_patients``, ``one_group``,
        ``competing_events``, ``follow_up_too_short`` where nobody of a group is under observation at the
        horizon and its last patient was censored, ``singular`` where a column says nothing new or lost days
        are all zero, ``not_converged``.

    Raises
    ------
    ValueError
        When a covariate is not numeric, or times are negative.

    References
    ----------
    .. [1] Tian, Zhao & Wei (2014), Biostatistics 15:222-233, https://doi.org/10.1093/biostatistics/kxt050.
    """
    data = read_mean_data(frame, spec, horizon_days)
    refusal = refuse_mean_data(data, spec, horizon_days)
    if refusal is not None:
        return refusal
    link_is_log = spec.contrast != "difference"
    outcome = data.days if spec.contrast != "ratio_of_lost_days" else horizon_days - data.days
    weight = _inverse_censoring(data)
    if np.linalg.matrix_rank(data.design) < data.design.shape[1] or not np.any(weight * outcome > 0):
        return NotEstimable(
            spec.group, "A column of the model says nothing new, or no days differ.", "singular"
        )
    beta = _solve(data.design, outcome, weight, link_is_log=link_is_log)
    if beta is None:
        return NotEstimable(spec.group, "The fit did not settle. Use fewer covariates.", "not_converged")
    covariance = _covariance(data, outcome, weight, beta=beta, link_is_log=link_is_log)
    table = _describe(data.terms, beta, covariance, link_is_log=link_is_log, confidence=confidence)
    return RestrictedMeanFit(
        spec.reference,
        horizon_days,
        spec.contrast,
        table,
        tuple(tuple(float(value) for value in row) for row in covariance),
        _basis(data, spec, confidence),
    )


def _inverse_censoring(data: MeanData) -> NDArray[np.float64]:
    """Weigh those whose days are known by one over the chance that they would be, in their group."""
    weight = np.zeros(len(data.days))
    for code in np.unique(data.group):
        own = np.flatnonzero(data.group == code)
        _, position, at_risk, censored = count_by_day(data, own)
        uncensored = np.cumprod(1.0 - censored / at_risk)[position]
        weight[own] = np.where(data.known[own], 1.0 / np.where(uncensored > 0, uncensored, 1.0), 0.0)
    return weight


def _solve(
    design: NDArray[np.float64],
    outcome: NDArray[np.float64],
    weight: NDArray[np.float64],
    *,
    link_is_log: bool,
) -> NDArray[np.float64] | None:
    """Solve the weighted estimating equations; None where Newton's steps do not settle."""
    weighted = design * weight[:, None]
    if not link_is_log:
        return np.linalg.solve(weighted.T @ design, weighted.T @ outcome).astype(np.float64)
    beta: NDArray[np.float64] = np.zeros(design.shape[1])
    beta[0] = np.log((weight @ outcome) / weight.sum())
    for _ in range(MAX_STEPS):
        mean = np.exp(np.clip(design @ beta, -500.0, 500.0))
        information = (weighted * mean[:, None]).T @ design
        if not np.all(np.isfinite(information)) or np.linalg.cond(information) > 1e15:
            return None
        step = np.linalg.solve(information, weighted.T @ (outcome - mean))
        beta = (beta + step).astype(np.float64)
        if np.max(np.abs(step)) < 1e-12 * max(1.0, float(np.max(np.abs(beta)))):
            return beta
    return None


def _covariance(
    data: MeanData,
    outcome: NDArray[np.float64],
    weight: NDArray[np.float64],
    *,
    beta: NDArray[np.float64],
    link_is_log: bool,
) -> NDArray[np.float64]:
    """Sandwich of the scores, each less what its group's censoring curve explains."""
    linear = data.design @ beta
    mean = np.exp(linear) if link_is_log else linear
    slope = mean if link_is_log else np.ones(len(mean))
    score = data.design * (weight * (outcome - mean))[:, None]
    for code in np.unique(data.group):
        own = np.flatnonzero(data.group == code)
        score[own] += _censoring_terms(data, own, score[own])
    bread = np.linalg.inv((data.design * slope[:, None]).T @ data.design)
    result: NDArray[np.float64] = bread @ (score.T @ score) @ bread
    return result


def _censoring_terms(
    data: MeanData, own: NDArray[np.int64], score: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Martingale of each patient's censoring against the mean score of those still under observation."""
    days, position, at_risk, censored = count_by_day(data, own)
    total = np.zeros((len(days), score.shape[1]))
    np.add.at(total, position, score)
    ahead = np.cumsum(total[::-1], axis=0)[::-1] / at_risk[:, None]
    compensator = np.cumsum(ahead * (censored / at_risk)[:, None], axis=0)
    result: NDArray[np.float64] = (
        ahead[position] * (~data.known[own]).astype(np.float64)[:, None] - compensator[position]
    )
    return result


def _describe(
    terms: tuple[str, ...],
    beta: NDArray[np.float64],
    covariance: NDArray[np.float64],
    *,
    link_is_log: bool,
    confidence: float,
) -> pl.DataFrame:
    """Lay out the coefficients."""
    std_error = np.sqrt(np.diag(covariance))
    reach = normal_quantile(confidence) * std_error
    scale = np.exp if link_is_log else np.asarray
    statistic = beta / np.where(std_error > 0, std_error, np.nan)
    return pl.DataFrame(
        {
            "term": terms,
            "coefficient": beta,
            "std_error": std_error,
            "statistic": statistic,
            "p_value": 2 * norm.sf(np.abs(statistic)),
            "estimate": scale(beta),
            "lower": scale(beta - reach),
            "upper": scale(beta + reach),
        }
    ).with_columns(pl.col("statistic", "p_value").fill_nan(None))


def _basis(data: MeanData, spec: RestrictedMeanSpec, confidence: float) -> Basis:
    """Say what the fit rests on."""
    left_out = data.n_left_out
    happened = (data.cause == 1) & data.known
    return Basis(
        method=f"restricted mean regression, {spec.contrast.replace('_', ' ')}",
        variance="sandwich with estimated censoring weights",
        interval=describe("Wald", confidence),
        n=len(data.days),
        n_events=int(happened.sum()),
        person_days=data.last_days,
        warnings=(f"{left_out} rows with an absent value are left out.",) if left_out else (),
    )
