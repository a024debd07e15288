"""Risk ratios with variances by cluster: modified Poisson regression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from analytics.refusals import NotEstimable
from analytics.regression.clusters import cluster_warnings, code_clusters, sandwich
from analytics.regression.contrasts import wald_test
from analytics.regression.design import rotate
from analytics.regression.logistic import (
    FEWEST_EVENTS,
    collinear,
    event_warnings,
    ratio_table,
    refuse_outcome,
)
from analytics.regression.results import RegressionBasis, RegressionFit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import polars as pl

    from analytics.regression.arrays import Codes, Floats
    from analytics.regression.design import Design

MODEL = "modified Poisson regression"
MOST_STEPS = 60
EMPTY = -25.0
"""Log of a predicted risk so small that a category has no event."""


def fit_relative_risk(
    design: Design,
    outcome: npt.ArrayLike,
    *,
    clusters: Sequence[object] | pl.Series | None = None,
    confidence: float = 0.95,
    fewest_events: float = FEWEST_EVENTS,
) -> RegressionFit | NotEstimable:
    """Fit log risks by Poisson's equations, with a variance that does not believe in Poisson [1]_ [2]_.

    Parameters
    ----------
    design
        Covariates with an intercept.
    outcome
        True or 1 where the event occurred; none missing.
    clusters
        Patient or site of each row; each row is its own where none is named. The variance is the sandwich
        either way.
    confidence
        Level of the limits.
    fewest_events
        Events (or non-events, the fewer) per coefficient below which the fit is refused.

    Returns
    -------
    RegressionFit or NotEstimable
        ``ratio`` is a risk ratio. NotEstimable with code ``no_patients``, ``no_events``,
        ``too_few_events``, ``singular``, ``separation`` or ``not_converged``.

    References
    ----------
    .. [1] Zou (2004), Am J Epidemiol 159:702-706. doi:10.1093/aje/kwh090
    .. [2] Zou & Donner (2013), Stat Methods Med Res 22:661-670. doi:10.1177/0962280211427759
    """
    y = np.asarray(outcome, dtype=float)
    refused = refuse_outcome(y, len(design.slopes), fewest_events=fewest_events)
    if refused is not None:
        return NotEstimable(MODEL, refused.reason, refused.code)
    rotation = rotate(design.matrix)
    if rotation.collinear:
        return collinear(design, rotation.collinear)
    gamma = _maximise(rotation.q, y)
    if gamma is None:
        reason = "The search did not settle: a category may have no event."
        return NotEstimable(MODEL, reason, "not_converged")
    risk = np.exp(rotation.q @ gamma)
    inverse = linalg.inv((rotation.q * risk[:, None]).T @ rotation.q)
    codes = code_clusters(clusters, len(y))
    covariance = rotation.back @ sandwich(inverse, rotation.q * (y - risk)[:, None], codes) @ rotation.back.T
    beta, slopes = rotation.back @ gamma, list(design.slopes)
    return RegressionFit(
        names=design.names,
        columns=design.columns,
        table=ratio_table(design.names, beta, covariance, confidence=confidence),
        covariance=covariance,
        model_covariance=rotation.back @ inverse @ rotation.back.T,
        log_likelihood=float(np.sum(y * np.log(risk) - risk)),
        log_likelihood_null=float(y.sum() * (np.log(y.mean()) - 1)),
        test=wald_test(beta[slopes], covariance[np.ix_(slopes, slopes)]) if slopes else None,
        basis=RegressionBasis(
            method=MODEL,
            variance="sandwich by cluster, factor G/(G-1)",
            interval=f"Wald on the log risk, {100 * confidence:g} %",
            n=len(y),
            n_events=int(y.sum()),
            n_clusters=None if clusters is None else int(codes.max()) + 1,
            warnings=_collect_warnings(y, codes, risk, len(slopes)),
        ),
    )


def _maximise(q: Floats, y: Floats) -> Floats | None:
    """Solve sum (y - exp(x'b)) x = 0 by Newton's steps; None if it runs away."""
    gamma: Floats = np.zeros(q.shape[1])
    for _ in range(MOST_STEPS):
        risk = np.exp(q @ gamma)
        step = np.linalg.pinv((q * risk[:, None]).T @ q, hermitian=True) @ (q.T @ (y - risk))
        gamma = _halve(q, y, gamma, step)
        if float(step @ step) < 1e-16 * (1 + float(gamma @ gamma)):
            return None if (q @ gamma).min() < EMPTY else gamma
    return None


def _halve(q: Floats, y: Floats, gamma: Floats, step: Floats) -> Floats:
    """Take the step, or as much of it as does not lower Poisson's likelihood."""
    value = float(y @ (q @ gamma) - np.exp(q @ gamma).sum())
    for halving in range(30):
        found: Floats = gamma + step / 2**halving
        predictor = q @ found
        if predictor.max() < 50 and float(y @ predictor - np.exp(predictor).sum()) >= value - 1e-10:
            return found
    return gamma


def _collect_warnings(y: Floats, codes: Codes, risk: Floats, n_slopes: int) -> tuple[str, ...]:
    """Warn of few events, few clusters and predicted risks above one."""
    excess = "Some predicted risks are above one: ratios hold on average only."
    above = () if (risk <= 1).all() else (excess,)
    return (*event_warnings(y, n_slopes), *cluster_warnings(codes, len(y)), *above)
