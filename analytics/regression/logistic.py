"""Logistic regression with variances by cluster, and its refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import linalg, stats

from analytics.refusals import NotEstimable
from analytics.regression.clusters import cluster_warnings, code_clusters, sandwich
from analytics.regression.contrasts import wald_test
from analytics.regression.design import INTERCEPT, Rotation, rotate
from analytics.regression.logistic_kernel import LogisticMaximum, find_separation, maximise_logistic
from analytics.regression.results import ModelTest, RegressionBasis, RegressionFit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from analytics.regression.arrays import Codes, Floats
    from analytics.regression.design import Design

MODEL = "logistic regression"
FEWEST_EVENTS = 5.0
"""Events per coefficient below which a fit is refused; see `docs/methods/logistic.md`."""
COMFORTABLE_EVENTS = 10.0
"""Events per coefficient below which a fit carries a warning."""


def fit_logistic(
    design: Design,
    outcome: npt.ArrayLike,
    *,
    clusters: Sequence[object] | pl.Series | None = None,
    weights: npt.ArrayLike | None = None,
    confidence: float = 0.95,
    fewest_events: float = FEWEST_EVENTS,
) -> RegressionFit | NotEstimable:
    """Fit a logistic regression by maximum likelihood [1]_.

    Parameters
    ----------
    design
        Covariates with an intercept: `analytics.regression.design.build_design`.
    outcome
        True or 1 where the event occurred; none missing.
    clusters
        Patient or site of each row: the variance then sums scores within clusters [2]_. None for the
        variance of the model.
    weights
        Sampling weights, > 0; with weights the variance is the sandwich.
    confidence
        Level of the limits.
    fewest_events
        Events (or non-events, the fewer) per coefficient below which the fit is refused.

    Returns
    -------
    RegressionFit or NotEstimable
        ``ratio`` is an odds ratio. NotEstimable with code ``no_patients``, ``no_events``,
        ``too_few_events``, ``singular``, ``separation`` or ``not_converged``.

    References
    ----------
    .. [1] McCullagh & Nelder (1989), Generalized Linear Models, 2nd ed. doi:10.1007/978-1-4899-3242-6
    .. [2] Liang & Zeger (1986), Biometrika 73:13-22. doi:10.1093/biomet/73.1.13
    """
    y = np.asarray(outcome, dtype=float)
    refused = refuse_outcome(y, len(design.slopes), fewest_events=fewest_events)
    if refused is not None:
        return refused
    rotation = rotate(design.matrix)
    if rotation.collinear:
        return collinear(design, rotation.collinear)
    w = None if weights is None else np.asarray(weights, dtype=float)
    maximum = maximise_logistic(rotation.q, y, w)
    refused = refuse_maximum(design, y, maximum)
    if refused is not None:
        return refused
    codes = None if clusters is None and w is None else code_clusters(clusters, len(y))
    return _describe(design, y, (rotation, maximum), (codes, w), confidence=confidence)


def refuse_outcome(y: Floats, n_slopes: int, *, fewest_events: float) -> NotEstimable | None:
    """Say why an outcome cannot carry a model of so many coefficients; None where it can."""
    if not y.size:
        return NotEstimable(MODEL, "There is no complete row.", "no_patients")
    rarer = int(min(y.sum(), y.size - y.sum()))
    if rarer == 0:
        return NotEstimable(MODEL, "The outcome is the same in every row.", "no_events")
    if rarer < fewest_events * n_slopes:
        reason = f"{scarce(fewest_events, n_slopes)}."
        return NotEstimable(MODEL, reason, "too_few_events")
    return None


def collinear(design: Design, positions: tuple[int, ...]) -> NotEstimable:
    """Refuse a design in which some columns are determined by the others."""
    words = ", ".join(_name_covariates(design, positions))
    reason = f"{words}: constant, or determined by the other covariates."
    return NotEstimable(MODEL, reason, "singular")


def refuse_maximum(design: Design, y: Floats, maximum: LogisticMaximum) -> NotEstimable | None:
    """Say why a maximum is none; None where it is one."""
    parting = separating_covariates(design, y, maximum)
    if parting:
        reason = f"{', '.join(parting)}: tells the outcomes apart, so that odds have no limit."
        return NotEstimable(MODEL, reason, "separation")
    if not maximum.converged:
        return NotEstimable(MODEL, "The search for the maximum did not settle.", "not_converged")
    return None


def separating_covariates(design: Design, y: Floats, maximum: LogisticMaximum) -> tuple[str, ...]:
    """Name the covariates that tell the outcomes apart, wholly or in part; empty where none does."""
    # Only a fit at the edge can be separated: the linear programme is spared in every other case.
    edge = bool(np.minimum(maximum.risk, 1 - maximum.risk).min() < 1e-6)
    parted = find_separation(design.matrix, y) if edge or not maximum.converged else ()
    names = _name_covariates(design, parted)
    return tuple(name for name in names if name != INTERCEPT) or names


def _name_covariates(design: Design, positions: tuple[int, ...]) -> tuple[str, ...]:
    """Name the covariates of some columns, each once, without their categories."""
    return tuple(dict.fromkeys(design.columns[i] for i in positions))


def _describe(
    design: Design,
    y: Floats,
    fitted: tuple[Rotation, LogisticMaximum],
    sampling: tuple[Codes | None, Floats | None],
    *,
    confidence: float,
) -> RegressionFit:
    """Put covariance, limits, tests and basis around the maximum."""
    (rotation, maximum), (codes, w) = fitted, sampling
    inverse: Floats = linalg.inv(maximum.information)
    model = rotation.back @ inverse @ rotation.back.T
    covariance = model
    if codes is not None:
        residual = (y - maximum.risk) * (1.0 if w is None else w)
        meat = sandwich(inverse, rotation.q * residual[:, None], codes)
        covariance = rotation.back @ meat @ rotation.back.T
    null = maximise_logistic(np.ones((len(y), 1)), y, w).log_likelihood if INTERCEPT in design.names else None
    return RegressionFit(
        names=design.names,
        columns=design.columns,
        table=ratio_table(design.names, rotation.back @ maximum.beta, covariance, confidence=confidence),
        covariance=covariance,
        model_covariance=model,
        log_likelihood=maximum.log_likelihood,
        log_likelihood_null=null,
        test=_overall_test(design, rotation.back @ maximum.beta, covariance),
        basis=_basis(y, codes, design, confidence=confidence),
    )


def ratio_table(
    names: tuple[str, ...], coefficients: Floats, covariance: Floats, *, confidence: float
) -> pl.DataFrame:
    """Tabulate coefficients on the log scale with Wald limits, z, p and the exponentials."""
    error = np.sqrt(np.diag(covariance))
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    lower, upper = coefficients - z * error, coefficients + z * error
    with np.errstate(over="ignore"):
        ratios = np.exp(np.column_stack((coefficients, lower, upper)))
    return pl.DataFrame(
        {
            "term": names,
            "coefficient": coefficients,
            "std_error": error,
            "lower": lower,
            "upper": upper,
            "statistic": coefficients / error,
            "p_value": 2 * stats.norm.sf(np.abs(coefficients / error)),
            "ratio": ratios[:, 0],
            "ratio_lower": ratios[:, 1],
            "ratio_upper": ratios[:, 2],
        }
    )


def _overall_test(design: Design, coefficients: Floats, covariance: Floats) -> ModelTest | None:
    """Test every coefficient but the intercept."""
    slopes = list(design.slopes)
    return wald_test(coefficients[slopes], covariance[np.ix_(slopes, slopes)]) if slopes else None


def _basis(y: Floats, codes: Codes | None, design: Design, *, confidence: float) -> RegressionBasis:
    """Say what the model rests on."""
    variance = "inverse information" if codes is None else "sandwich by cluster, factor G/(G-1)"
    warnings = event_warnings(y, len(design.slopes))
    if codes is not None:
        warnings += cluster_warnings(codes, len(y))
    return RegressionBasis(
        method=MODEL,
        variance=variance,
        interval=f"Wald on the log odds, {100 * confidence:g} %",
        n=len(y),
        n_events=int(y.sum()),
        n_clusters=None if codes is None else int(codes.max()) + 1,
        warnings=warnings,
    )


def event_warnings(y: Floats, n_slopes: int) -> tuple[str, ...]:
    """Warn of few events for the number of coefficients."""
    rarer = int(min(y.sum(), y.size - y.sum()))
    if rarer >= COMFORTABLE_EVENTS * n_slopes:
        return ()
    return (f"{scarce(COMFORTABLE_EVENTS, n_slopes)}: limits may be too narrow.",)


def scarce(limit: float, n_slopes: int) -> str:
    """Say that events are few, without their number."""
    return f"Fewer than {limit:g} events (or non-events) for each of {n_slopes} coefficients"
