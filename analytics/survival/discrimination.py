"""Discrimination of a prediction: concordance and the time-dependent area under the ROC curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from analytics.survival.cox_concordance import sum_below
from analytics.survival.discrimination_data import (
    GROUP,
    censoring_influence,
    censoring_survival,
    normal_limits,
    weighted_outcome,
)
from analytics.survival.results import NotEstimable
from analytics.survival.results_prediction import ConcordanceIndex, HorizonAuc

if TYPE_CHECKING:
    from analytics.survival.cox_rows import Ints
    from analytics.survival.discrimination_data import Bools, Floats, Predictions

PairWeights: TypeAlias = Literal["harrell", "uno"]
AucConvention: TypeAlias = Literal["inclusive", "strict"]
JACKKNIFE = "infinitesimal jackknife, weights as known"
INFLUENCE = "influence function with estimated censoring weights"


def estimate_concordance_index(
    data: Predictions,
    *,
    weights: PairWeights = "harrell",
    horizon: float | None = None,
    confidence: float = 0.95,
) -> ConcordanceIndex | NotEstimable:
    """Estimate how well a score orders the patients by the time of their event.

    Parameters
    ----------
    data
        Outcomes with a marker.
    weights
        ``harrell`` [1]_ counts every comparable pair once, so the index depends on the censoring; ``uno``
        [2]_ weighs the pairs of an event at time t by 1 / G(t-)^2, G being the reverse Kaplan-Meier curve.
    horizon
        Last day whose events count; None takes all. Uno's weights grow large late: give a horizon.
    confidence
        Level of the interval.

    Returns
    -------
    ConcordanceIndex or NotEstimable
        A pair is comparable when one patient had the event while the other was under observation and stayed
        so, or was censored at that time. Codes ``no_patients``, ``no_events`` (also: no comparable pair).

    References
    ----------
    .. [1] Harrell, Califf, Pryor, Lee & Rosati (1982), JAMA 247:2543-2546.
       doi:10.1001/jama.1982.03320430047030
    .. [2] Uno, Cai, Pencina, D'Agostino & Wei (2011), Stat Med 30:1105-1117. doi:10.1002/sim.4154
    """
    refusal = data.refusal()
    if refusal is not None:
        return refusal
    counted = data.event & (data.time <= (np.inf if horizon is None else horizon))
    weight = np.zeros(len(data.time))
    weight[counted] = 1.0
    if weights == "uno":
        weight[counted] = censoring_survival(data, data.time[counted], just_before=True) ** -2.0
    below, equal, above = _pairs(data, weight)
    concordant, tied, discordant = (float(part[counted].sum()) for part in (below[0], equal[0], above[0]))
    total = concordant + tied + discordant
    if not total > 0:
        return NotEstimable(GROUP, "no event with a patient to compare", "no_events")
    index = (concordant + tied / 2) / total
    # A patient takes part in pairs as the event and as the one who outlived it.
    agreeing = below.sum(axis=0) + equal.sum(axis=0) / 2
    influence = (agreeing - index * (below + equal + above).sum(axis=0)) / total
    error = float(np.sqrt(influence @ influence))
    tied_time, tied_both = _tied_events(data, weight)
    name = {"harrell": "Harrell's concordance", "uno": "Uno's concordance"}[weights]
    until = "" if horizon is None else f" of events by day {horizon:g}"
    return ConcordanceIndex(
        index,
        error,
        *normal_limits(index, error, confidence),
        concordant=concordant,
        discordant=discordant,
        tied_score=tied,
        tied_time=tied_time,
        tied_both=tied_both,
        basis=data.basis(name + until, JACKKNIFE, f"plain, {100 * confidence:g} %"),
    )


def _pairs(data: Predictions, weight: Floats) -> Floats:
    """Sum weights of concordant, tied and discordant pairs per patient: as the event, as the other."""
    time_rank = np.unique(data.time, return_inverse=True)[1]
    rank: Ints = np.unique(data.score(), return_inverse=True)[1]
    # A censoring comes after the events of its time.
    place = 2 * time_rank + ~data.event
    n, ones, top = len(place), np.ones(len(place)), np.full(len(place), int(rank.max()) + 1)
    everywhere = np.full(n, int(place.max()) + 1)
    sums = np.zeros((3, 2, n))
    bounds = (np.zeros(n, dtype=np.int64), rank, rank + 1, top)
    as_event = [
        sum_below(place, rank, ones, (everywhere, bound)) - sum_below(place, rank, ones, (place + 1, bound))
        for bound in bounds
    ]
    as_other = [sum_below(place, rank, weight, (place, bound)) for bound in bounds]
    for kind in range(3):
        sums[kind, 0] = weight * (as_event[kind + 1] - as_event[kind])
        # The one who outlived agrees where the event has the higher score.
        sums[kind, 1] = as_other[3 - kind] - as_other[2 - kind]
    return sums


def _tied_events(data: Predictions, weight: Floats) -> tuple[float, float]:
    """Sum weights of pairs of events at one time, with different and with equal scores."""
    both = np.column_stack((data.time, data.score()))[data.event]
    weights = weight[data.event]
    equal = _pairs_of_equals(np.unique(both, axis=0, return_inverse=True)[1].ravel(), weights)
    return _pairs_of_equals(np.unique(both[:, 0], return_inverse=True)[1], weights) - equal, equal


def _pairs_of_equals(group: Ints, weight: Floats) -> float:
    """Sum the weight of pairs inside groups; the weight is the same within each."""
    size = np.bincount(group)
    return float(np.bincount(group, weight) @ (size - 1)) / 2


def estimate_auc(
    data: Predictions,
    *,
    horizon: float,
    by: Literal["risk", "marker"] = "risk",
    convention: AucConvention = "inclusive",
    confidence: float = 0.95,
) -> HorizonAuc | NotEstimable:
    """Estimate the area under the cumulative/dynamic ROC curve at a horizon [1]_ [2]_.

    Parameters
    ----------
    data
        Outcomes with a marker or with risks by the horizon.
    horizon
        Days.
    by
        Order patients by the ``risk`` predicted for the horizon, or by the ``marker``.
    convention
        ``inclusive``: an event on the horizon makes a case (as riskRegression). ``strict``: it makes neither
        case nor control, and the variance breaks censoring ties in the order of the rows (as timeROC).
    confidence
        Level of the interval.

    Returns
    -------
    HorizonAuc or NotEstimable
        Cases weigh 1 / G(T-), G being the reverse Kaplan-Meier curve of all patients: censoring must not
        depend on the score. Codes ``no_patients``, ``no_events``, ``follow_up_too_short`` (no control).

    References
    ----------
    .. [1] Uno, Cai, Tian & Wei (2007), J Am Stat Assoc 102:527-537. doi:10.1198/016214507000000149
    .. [2] Blanche, Dartigues & Jacqmin-Gadda (2013), Stat Med 32:5381-5397. doi:10.1002/sim.5958
    """
    refusal = data.refusal()
    if refusal is not None:
        return refusal
    case, control, weight = weighted_outcome(data, horizon)
    if convention == "strict":
        case = case & (data.time < horizon)
    refusal = refuse_horizon(case, control, horizon)
    if refusal is not None:
        return refusal
    score = data.risk(horizon) if by == "risk" else data.score()
    case_weight = np.where(case, weight, 0.0)
    auc, parts, through_weights = _area(score, case_weight, control)
    ties: Literal["together", "in_row_order"] = "together" if convention == "inclusive" else "in_row_order"
    influence = parts + censoring_influence(data, through_weights, np.minimum(data.time, horizon), ties)
    error = mean_std_error(influence)
    return HorizonAuc(
        horizon,
        auc,
        error,
        *normal_limits(auc, error, confidence),
        n_cases=int(case.sum()),
        n_controls=int(control.sum()),
        basis=data.basis("cumulative/dynamic AUC", INFLUENCE, f"plain, {100 * confidence:g} %"),
    )


def _area(score: Floats, case_weight: Floats, control: Bools) -> tuple[float, Floats, Floats]:
    """Give the area, its influence with known weights, and the part that the weights of cases carry."""
    n = len(score)
    controls = np.sort(score[control])
    higher = (np.searchsorted(controls, score, "left") + np.searchsorted(controls, score, "right")) / (2 * n)
    order = np.argsort(score, kind="stable")
    below = np.concatenate(([0.0], np.cumsum(case_weight[order])))
    left, right = (np.searchsorted(score[order], score, side) for side in ("left", "right"))
    lower = (below[-1] - (below[left] + below[right]) / 2) / n
    share_cases, share_controls = case_weight.sum() / n, control.sum() / n
    scale = share_cases * share_controls
    auc = float(case_weight @ higher) / n / scale
    through_weights = case_weight * (higher / scale - auc / share_cases)
    return auc, through_weights + control * (lower / scale - auc / share_controls), through_weights


def refuse_horizon(case: Bools, control: Bools, horizon: float) -> NotEstimable | None:
    """Say why a horizon has no cases or no controls; None where it has both."""
    if not case.any():
        return NotEstimable(GROUP, f"no event was observed by day {horizon:g}", "no_events")
    if not control.any():
        reason = f"nobody was followed beyond day {horizon:g} without the event"
        return NotEstimable(GROUP, reason, "follow_up_too_short")
    return None


def mean_std_error(influence: Floats) -> float:
    """Give the standard error of a mean of influences."""
    return float(np.std(influence, ddof=1) / np.sqrt(len(influence))) if len(influence) > 1 else float("nan")
