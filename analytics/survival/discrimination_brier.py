"""Overall error of predicted risks: Brier score, index of prediction accuracy, integrated Brier score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics.survival.discrimination import INFLUENCE, mean_std_error, refuse_horizon
from analytics.survival.discrimination_data import censoring_influence, normal_limits, weighted_outcome
from analytics.survival.results import NotEstimable
from analytics.survival.results_prediction import BrierScore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.discrimination_data import Bools, Floats, Predictions


def estimate_brier_score(
    data: Predictions, *, horizon: float, confidence: float = 0.95
) -> BrierScore | NotEstimable:
    """Estimate the Brier score of the risks predicted for a horizon [1]_ [2]_.

    Parameters
    ----------
    data
        Outcomes with risks by the horizon.
    horizon
        Days.
    confidence
        Level of the intervals.

    Returns
    -------
    BrierScore or NotEstimable
        Weighted by the inverse probability of censoring, whose estimation is in the standard error; the
        index of prediction accuracy [3]_ compares it with one risk for everybody. Codes ``no_patients``,
        ``no_events``, ``follow_up_too_short``.

    References
    ----------
    .. [1] Graf, Schmoor, Sauerbrei & Schumacher (1999), Stat Med 18:2529-2545.
    .. [2] Gerds & Schumacher (2006), Biom J 48:1029-1040. doi:10.1002/bimj.200610301
    .. [3] Kattan & Gerds (2018), Diagn Progn Res 2:7. doi:10.1186/s41512-018-0029-2
    """
    refusal = data.refusal()
    if refusal is not None:
        return refusal
    case, control, weight = weighted_outcome(data, horizon)
    refusal = refuse_horizon(case, control, horizon)
    if refusal is not None:
        return refusal
    score, error = _score(data, case, weight, horizon, data.risk(horizon))
    everybody = np.full(len(weight), float(np.mean(weight * case)))
    null, null_error = _score(data, case, weight, horizon, everybody)
    limits = normal_limits(score, error, confidence)
    null_limits = normal_limits(null, null_error, confidence)
    basis = data.basis("Brier score", INFLUENCE, f"plain, {100 * confidence:g} %")
    ipa = 1 - score / null if null > 0 else float("nan")
    return BrierScore(horizon, score, error, *limits, null, null_error, *null_limits, ipa, basis)


def _score(
    data: Predictions, case: Bools, weight: Floats, horizon: float, risk: Floats
) -> tuple[float, float]:
    """Give the weighted mean squared error and its standard error."""
    terms = weight * (case - risk) ** 2
    score = float(terms.mean())
    through_weights = censoring_influence(data, terms, np.minimum(data.time, horizon))
    return score, mean_std_error(terms - score + through_weights)


def integrate_scores(horizons: Sequence[float], scores: Sequence[float]) -> tuple[float, ...]:
    """Average scores over time up to each horizon, each score holding until the next horizon.

    Parameters
    ----------
    horizons
        Ascending days.
    scores
        The score at each.

    Returns
    -------
    tuple of float
        The integral divided by the horizon; 0 at the first, before which nothing is known.
    """
    days, values = np.asarray(horizons, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    integral = np.concatenate(([0.0], np.cumsum(values[:-1] * np.diff(days))))
    return tuple((integral / days).tolist())
