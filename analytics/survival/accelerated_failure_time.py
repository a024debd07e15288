"""Accelerated failure time models: by what factor a covariate stretches the time to the event."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from analytics.errors import SpecificationError
from analytics.survival.parametric_likelihood import TransformationLikelihood, maximise
from analytics.survival.parametric_rows import (
    after_time_zero,
    collect_parametric_rows,
    describe_basis,
    refuse_rows,
)
from analytics.survival.parametric_table import coefficient_table
from analytics.survival.results import NotEstimable, WaldTest
from analytics.survival.results_parametric import AcceleratedFailureTimeFit, Transformation

if TYPE_CHECKING:
    import polars as pl

    from analytics.survival.cox_design import Floats
    from analytics.survival.parametric_likelihood import Fitted
    from analytics.survival.parametric_rows import ParametricRows, ParametricSpec
    from analytics.survival.results_parametric import Distribution, Scale

MODEL = "Accelerated failure time model"
SCALES: dict[Distribution, Scale] = {
    "weibull": "hazard",
    "exponential": "hazard",
    "lognormal": "normal",
    "loglogistic": "odds",
}


def fit_accelerated_failure_time(
    frame: pl.DataFrame, spec: ParametricSpec, *, distribution: Distribution = "weibull"
) -> AcceleratedFailureTimeFit | NotEstimable:
    """Fit log T = x b + scale * error by maximum likelihood [1]_.

    Parameters
    ----------
    frame
        One row per patient, or per start-stop interval, with the columns that the specification names.
        Rows with a missing value are left out and counted in the warnings.
    spec
        The model: time, event, terms, delayed entry, weights, clusters, variance.
    distribution
        ``weibull``, ``exponential`` (scale held at 1), ``lognormal`` or ``loglogistic``.

    Returns
    -------
    AcceleratedFailureTimeFit or NotEstimable
        NotEstimable with code ``no_patients``, ``no_events``, ``too_few_events`` (fewer than
        coefficients), ``zero_times`` (events on day 0), ``singular``, ``separation`` or ``not_converged``.

    Raises
    ------
    SpecificationError
        For a specification that the frame cannot carry, or an unknown distribution.

    References
    ----------
    .. [1] Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, chapter 3.
       doi:10.1002/9781118032985
    """
    if distribution not in SCALES:
        fix = "Use weibull, exponential, lognormal or loglogistic."
        raise SpecificationError(where=MODEL, what="unknown distribution", fix=fix)
    rows = collect_parametric_rows(frame, spec, model=MODEL)
    n_coefficients = len(rows.names) + 1 + (distribution != "exponential")
    refusal = refuse_rows(rows, n_coefficients)
    if refusal is not None:
        return refusal
    kept = after_time_zero(rows)
    if isinstance(kept, NotEstimable):
        return kept
    fitted, null = _fit(kept, distribution), _fit(_without_terms(kept), distribution)
    if isinstance(fitted, NotEstimable):
        return fitted
    value = null.log_likelihood if not isinstance(null, NotEstimable) else float("nan")
    return _describe(kept, distribution, fitted, value)


def _fit(rows: ParametricRows, distribution: Distribution) -> Fitted | NotEstimable:
    """Maximise the likelihood of one distribution."""
    knots = None if distribution == "exponential" else ()
    return maximise(TransformationLikelihood(rows, SCALES[distribution], knots))


def _without_terms(rows: ParametricRows) -> ParametricRows:
    """Keep the rows and drop their covariates."""
    return replace(rows, design=rows.design[:, :0], names=())


def _describe(
    rows: ParametricRows, distribution: Distribution, fitted: Fitted, null: float
) -> AcceleratedFailureTimeFit:
    """Turn the transformation into coefficients of log time, with tests and basis around them."""
    knots = None if distribution == "exponential" else ()
    coefficients, scale, covariance = _as_log_time(fitted, has_scale=knots is not None)
    names = ("(Intercept)", *rows.names)
    ratio, count = 2 * (fitted.log_likelihood - null), len(rows.names)
    test = WaldTest(ratio, count, float(stats.chi2.sf(ratio, count))) if count else None
    last_event = float(rows.stop[rows.event].max())
    return AcceleratedFailureTimeFit(
        distribution=distribution,
        terms=names,
        table=coefficient_table(names, coefficients, covariance, rows.spec.confidence, ratio="time_ratio"),
        scale=scale,
        covariance=covariance,
        log_likelihood=fitted.log_likelihood,
        log_likelihood_null=null,
        aic=2 * (len(covariance) - fitted.log_likelihood),
        test=test,
        model=Transformation(SCALES[distribution], knots, fitted.coefficients, fitted.covariance, last_event),
        basis=describe_basis(
            rows, method=f"Accelerated failure time, {distribution}", n_coefficients=len(covariance)
        ),
        spec=rows.spec,
    )


def _as_log_time(fitted: Fitted, *, has_scale: bool) -> tuple[Floats, float, Floats]:
    """Go from z = c + log(t)/scale - x b/scale to b, the scale, and the covariance of b and its logarithm."""
    given = fitted.coefficients
    if not has_scale:
        return -given, 1.0, fitted.covariance
    slope = given[1]
    coefficients = -np.delete(given, 1) / slope
    jacobian = np.zeros((len(given), len(given)))
    jacobian[np.arange(len(coefficients)), np.delete(np.arange(len(given)), 1)] = -1 / slope
    jacobian[:-1, 1] = -coefficients / slope
    jacobian[-1, 1] = -1 / slope
    return coefficients, float(1 / slope), jacobian @ fitted.covariance @ jacobian.T


def hazard_ratios(fit: AcceleratedFailureTimeFit) -> pl.DataFrame | NotEstimable:
    """Read a Weibull or exponential model as one of proportional hazards: exp(-b / scale).

    Parameters
    ----------
    fit
        The model.

    Returns
    -------
    pl.DataFrame or NotEstimable
        One row per covariate: ``term``, ``coefficient`` (log hazard ratio), ``std_error`` (delta method),
        ``statistic``, ``p_value``, ``hazard_ratio``, ``lower``, ``upper``. NotEstimable with code
        ``not_proportional`` for the log-normal and log-logistic models, whose hazards are not proportional.
    """
    if fit.model.scale != "hazard":
        reason = f"the hazards of a {fit.distribution} model are not proportional: read its time ratios"
        return NotEstimable(MODEL, reason, "not_proportional")
    first = len(fit.model.coefficients) - len(fit.terms) + 1
    return coefficient_table(
        fit.terms[1:],
        fit.model.coefficients[first:],
        fit.model.covariance[first:, first:],
        fit.spec.confidence,
        ratio="hazard_ratio",
    )
