"""Pool proportions and ratios of several studies by random effects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypedDict

import numpy as np
from scipy.special import expit
from scipy.stats import norm, t

from analytics.errors import SpecificationError
from analytics.evidence.binomial_model import fit_binomial
from analytics.evidence.normal_model import DL, REML, NormalFit, describe_heterogeneity, fit_normal
from analytics.evidence.pooled_results import LeftOut, Pooled
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

GLMM: Final = "glmm"
METHODS: dict[str, str] = {
    GLMM: "binomial-normal model (maximum likelihood)",
    REML: "inverse variance of logits, REML, Hartung-Knapp",
    DL: "inverse variance of logits, DerSimonian-Laird, Hartung-Knapp",
}
"""Ways of pooling proportions, and their names beside a number."""

RATIO_METHODS: dict[str, str] = {
    REML: "inverse variance of logs, REML, Hartung-Knapp",
    DL: "inverse variance of logs, DerSimonian-Laird, Hartung-Knapp",
}
"""Ways of pooling ratios, and their names beside a number."""

PREDICTION_RULES: dict[str, str] = {
    "t_k1": "Student's t with k - 1 degrees of freedom",
    "t_k2": "Student's t with k - 2 degrees of freedom",
    "normal": "normal quantile",
}
"""Quantiles of the prediction interval."""

_Z95 = float(norm.ppf(0.975))


def pool_proportions(
    events: Sequence[int],
    totals: Sequence[int],
    *,
    method: str = GLMM,
    confidence: float = 0.95,
    prediction: str = "t_k1",
) -> Pooled | NotEstimable:
    """Pool the proportions of studies that measure the same thing.

    Parameters
    ----------
    events, totals
        Counts, one of each per study.
    method
        Key of `METHODS`. ``glmm`` takes studies without events as they are [1]_; the others work on log odds
        and add a half to events and non-events of those studies only in which one of them is 0.
    confidence
        Level of all intervals, between 0 and 1.
    prediction
        Key of `PREDICTION_RULES`: ``t_k1`` as metafor does beside Hartung and Knapp, ``t_k2`` after [2]_.

    Returns
    -------
    Pooled or NotEstimable
        The back-transformed mean log odds: the proportion of a typical study, not the mean of proportions.
        Refused for fewer than two studies, and where no study has an event or none has a non-event.

    Raises
    ------
    SpecificationError
        Where a method or rule is unknown, or counts are no proportions.

    References
    ----------
    .. [1] Stijnen, Hamza & Ozdemir (2010), Stat Med 29:3046-3067, doi:10.1002/sim.4040.
    .. [2] Higgins, Thompson & Spiegelhalter (2009), J R Stat Soc A 172:137-159,
       doi:10.1111/j.1467-985X.2008.00552.x.
    """
    _demand(method, METHODS, "method")
    _demand(prediction, PREDICTION_RULES, "prediction rule")
    x, n = _counts(events, totals)
    refusal = _refuse_counts(x, n)
    if refusal is not None:
        return refusal
    is_extreme = (x == 0) | (x == n)
    values, variances = _log_odds(x, n, is_extreme)
    fit = _fit(method, (x, n), (values, variances), confidence)
    if fit is None:
        return NotEstimable(
            "studies", "The search for the pooled share did not come to an end.", "not_converged"
        )
    return Pooled(
        kind="proportion",
        n_studies=len(x),
        n_events=int(x.sum()),
        n_total=int(n.sum()),
        method=METHODS[method],
        **_on_own_scale(fit, len(x), prediction, confidence, turn=_share),
        prediction_rule=PREDICTION_RULES[prediction],
        heterogeneity=describe_heterogeneity(values, variances, fit.tau2, confidence=confidence),
        confidence=confidence,
        n_corrected=0 if method == GLMM else int(is_extreme.sum()),
    )


def pool_ratios(
    ratios: Sequence[tuple[float, float, float]],
    *,
    measure: str,
    method: str = REML,
    confidence: float = 0.95,
    prediction: str = "t_k1",
) -> Pooled | NotEstimable:
    """Pool hazard, odds or risk ratios of studies that compare the same groups.

    Parameters
    ----------
    ratios
        Estimate and its 95 % limits, one triple per study; the error is the width of the interval on the log
        scale over twice 1.96.
    measure
        ``HR``, ``OR`` or ``RR``; only named, never mixed here.
    method
        Key of `RATIO_METHODS`.
    confidence, prediction
        As for `pool_proportions`.

    Returns
    -------
    Pooled or NotEstimable
        Refused for fewer than two studies.

    Raises
    ------
    SpecificationError
        Where a method or rule is unknown, or a ratio or its limits are not above 0.
    """
    _demand(method, RATIO_METHODS, "method")
    _demand(prediction, PREDICTION_RULES, "prediction rule")
    table = np.array(ratios, dtype=np.float64).reshape(-1, 3)
    if not (np.isfinite(table).all() and (table > 0).all() and (table[:, 1] < table[:, 2]).all()):
        raise _unfit(what="a ratio or its interval is not above 0, or has no width")
    if len(table) < 2:
        return _too_few(len(table))
    values = np.log(table[:, 0])
    variances = ((np.log(table[:, 2]) - np.log(table[:, 1])) / (2 * _Z95)) ** 2
    fit = fit_normal(values, variances, estimator=method, confidence=confidence)
    return Pooled(
        kind=measure,
        n_studies=len(table),
        n_events=None,
        n_total=None,
        method=RATIO_METHODS[method],
        **_on_own_scale(fit, len(table), prediction, confidence, turn=_ratio),
        prediction_rule=PREDICTION_RULES[prediction],
        heterogeneity=describe_heterogeneity(values, variances, fit.tau2, confidence=confidence),
        confidence=confidence,
    )


def leave_one_out(
    labels: Sequence[str], pool_without: Callable[[int], Pooled | NotEstimable]
) -> tuple[LeftOut, ...]:
    """Pool again without each study in turn.

    Parameters
    ----------
    labels
        Names of the studies, in order.
    pool_without
        Pools all studies but the one at the given place.

    Returns
    -------
    tuple of LeftOut
        In the order of `labels`; a study without which nothing can be pooled is left away.
    """
    again = [(label, pool_without(place)) for place, label in enumerate(labels)]
    return tuple(
        LeftOut(label, found.estimate, found.lower, found.upper, found.heterogeneity.tau2)
        for label, found in again
        if isinstance(found, Pooled)
    )


def _counts(events: Sequence[int], totals: Sequence[int]) -> tuple[Numbers, Numbers]:
    """Check counts and turn them into arrays."""
    x, n = np.array(events, dtype=np.float64), np.array(totals, dtype=np.float64)
    if x.shape != n.shape:
        raise _unfit(what="there are not as many totals as events")
    if x.size and ((x < 0) | (x > n) | (n < 1)).any():
        raise _unfit(what="events do not fit in their total")
    return x, n


def _refuse_counts(x: Numbers, n: Numbers) -> NotEstimable | None:
    """Say why counts cannot be pooled, if they cannot."""
    if len(x) < 2:
        return _too_few(len(x))
    if x.sum() == 0:
        reason = f"No event in {len(x)} studies: give the upper limit of each instead."
        return NotEstimable("studies", reason, "no_events")
    if (n - x).sum() == 0:
        reason = f"Only events in {len(x)} studies: there is no share to estimate."
        return NotEstimable("studies", reason, "no_events")
    return None


def _too_few(n_studies: int) -> NotEstimable:
    """Refuse to pool one study or none."""
    words = "Only one study is" if n_studies else "No study is"
    reason = f"{words} compatible and has counts: pooling needs at least two."
    return NotEstimable("studies", reason, "one_group")


def _log_odds(x: Numbers, n: Numbers, is_extreme: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """Give log odds and their variances, with a half added where a count is 0."""
    half = np.where(is_extreme, 0.5, 0.0)
    events, others = x + half, n - x + half
    return np.log(events / others), 1 / events + 1 / others


def _fit(
    method: str, counts: tuple[Numbers, Numbers], logits: tuple[Numbers, Numbers], confidence: float
) -> NormalFit | None:
    """Fit the model asked for on the log-odds scale."""
    if method != GLMM:
        return fit_normal(*logits, estimator=method, confidence=confidence)
    fit = fit_binomial(*counts)
    if fit is None:
        return None
    return NormalFit(fit.centre, fit.standard_error, fit.tau2, float(norm.ppf(0.5 + confidence / 2)))


class _Scaled(TypedDict):
    """Mean and intervals of a fit, turned back from the scale of the model."""

    estimate: float
    lower: float
    upper: float
    prediction_lower: float | None
    prediction_upper: float | None
    centre: float
    standard_error: float


def _on_own_scale(
    fit: NormalFit, n_studies: int, rule: str, confidence: float, *, turn: Callable[[float], float]
) -> _Scaled:
    """Turn a fit back to the scale of shares or ratios; no prediction without a degree of freedom."""
    level = 0.5 + confidence / 2
    freedom = {"t_k1": n_studies - 1, "t_k2": n_studies - 2}.get(rule)
    quantile = math.nan if freedom == 0 else norm.ppf(level) if freedom is None else t.ppf(level, freedom)
    half = fit.quantile * fit.standard_error
    wide = float(quantile) * math.sqrt(fit.tau2 + fit.standard_error**2)
    return {
        "estimate": turn(fit.centre),
        "lower": turn(fit.centre - half),
        "upper": turn(fit.centre + half),
        "prediction_lower": None if freedom == 0 else turn(fit.centre - wide),
        "prediction_upper": None if freedom == 0 else turn(fit.centre + wide),
        "centre": fit.centre,
        "standard_error": fit.standard_error,
    }


def _ratio(log_ratio: float) -> float:
    """Turn a log ratio into a ratio; two contrary studies may ask for one beyond any number."""
    return math.exp(min(log_ratio, 700.0))


def _share(log_odds: float) -> float:
    """Turn log odds into a share."""
    return float(expit(log_odds))


def _demand(given: str, known: dict[str, str], what: str) -> None:
    """Refuse a name that is not on the list."""
    if given not in known:
        raise SpecificationError(
            where="pooling", what=f"unknown {what}", fix=f"Choose from {', '.join(known)}."
        )


def _unfit(*, what: str) -> SpecificationError:
    """Refuse numbers that are no studies."""
    return SpecificationError(where="pooling", what=what, fix="Correct the numbers of that study.")
