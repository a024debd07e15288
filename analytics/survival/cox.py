"""Proportional hazards models: fit, variance, tests and warnings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from analytics.survival.cox_baseline import estimate_baseline, is_in_range
from analytics.survival.cox_design import MODEL, check_specification, design_names, resolve_terms
from analytics.survival.cox_likelihood import CoxKernel
from analytics.survival.cox_maximum import find_maximum
from analytics.survival.cox_residuals import clustered_score, sandwich
from analytics.survival.cox_rows import collect_rows
from analytics.survival.results import Basis, CoxFit, NotEstimable, WaldTest

if TYPE_CHECKING:
    from analytics.survival.cox_design import CoxSpec, Floats
    from analytics.survival.cox_likelihood import Likelihood
    from analytics.survival.cox_maximum import Maximum
    from analytics.survival.cox_rows import CoxRows

# Peduzzi and others (1995): below about ten events per coefficient they are biased.
EVENTS_PER_COEFFICIENT = 10
FAR_FROM_ZERO = "covariates zero lie too far from the data for a baseline hazard: centre the covariates"


def fit_cox(frame: pl.DataFrame, spec: CoxSpec) -> CoxFit | NotEstimable:
    """Fit Cox's proportional hazards model [1]_.

    Parameters
    ----------
    frame
        One row per patient, or per start-stop interval, with the columns that the specification
        names. Rows with a missing value are left out and counted in the warnings.
    spec
        The model: time, event, terms, delayed entry, strata, weights, clusters, tie rule, variance.

    Returns
    -------
    CoxFit or NotEstimable
        Coefficients with Efron [2]_, Breslow [3]_ or exact handling of ties, and either the
        inverse information or the sandwich variance [4]_ by row or cluster, weights taken as
        known. NotEstimable with code ``no_patients``, ``no_events``, ``too_few_events`` (fewer
        than coefficients), ``singular``, ``separation`` or ``not_converged``. Proportionality is
        not tested here: see `test_proportionality`.

    Raises
    ------
    SpecificationError
        For a specification that the frame or the method cannot carry.

    References
    ----------
    .. [1] Cox (1972), J R Stat Soc B 34:187-220. doi:10.1111/j.2517-6161.1972.tb00899.x
    .. [2] Efron (1977), J Am Stat Assoc 72:557-565. doi:10.1080/01621459.1977.10480613
    .. [3] Breslow (1974), Biometrics 30:89-99. doi:10.2307/2529620
    .. [4] Lin & Wei (1989), J Am Stat Assoc 84:1074-1078. doi:10.1080/01621459.1989.10478874
    """
    check_specification(frame, spec)
    spec = resolve_terms(frame, spec)
    rows = collect_rows(frame, spec)
    names = design_names(spec.terms)
    refusal = _refuse(rows, len(names))
    if refusal is not None:
        return refusal
    kernel = CoxKernel(rows, spec.ties)
    null = kernel.evaluate(np.zeros(len(names)))
    maximum = find_maximum(kernel, names, null)
    if isinstance(maximum, NotEstimable):
        return maximum
    return _describe(kernel, spec, null, maximum)


def _refuse(rows: CoxRows, n_coefficients: int) -> NotEstimable | None:
    """Say why data cannot carry any model of this size."""
    n_events = int(rows.event.sum())
    if not rows.event.size:
        return NotEstimable(MODEL, "no complete row", "no_patients")
    if not n_events:
        return NotEstimable(MODEL, "no event among the complete rows", "no_events")
    if n_events < n_coefficients:
        reason = f"{n_events} events cannot carry {n_coefficients} coefficients"
        return NotEstimable(MODEL, reason, "too_few_events")
    return None


def _describe(kernel: CoxKernel, spec: CoxSpec, null: Likelihood, maximum: Maximum) -> CoxFit:
    """Put variance, tests, baseline and basis around the maximum."""
    beta = kernel.unscale(maximum.beta)
    steps = kernel.steps(maximum.beta)
    inverse = np.linalg.inv(maximum.at.information)
    robust = sandwich(inverse, clustered_score(kernel, steps)) if spec.is_robust else inverse
    covariance = kernel.unscale_covariance(robust)
    names = design_names(spec.terms)
    baseline = estimate_baseline(kernel, steps, beta)
    basis = _basis(kernel.rows, spec, len(names))
    if not is_in_range(baseline):
        basis = replace(basis, warnings=(*basis.warnings, FAR_FROM_ZERO))
    return CoxFit(
        terms=names,
        table=_coefficient_table(names, beta, covariance, spec.confidence),
        covariance=_nested(covariance),
        model_covariance=_nested(kernel.unscale_covariance(inverse)),
        log_likelihood=maximum.at.value,
        log_likelihood_null=null.value,
        baseline=baseline,
        tests=_tests(kernel, spec, null, maximum, robust),
        ties=spec.ties,
        basis=basis,
        spec=spec,
    )


def _nested(matrix: Floats) -> tuple[tuple[float, ...], ...]:
    """Turn a matrix into tuples of rows."""
    return tuple(tuple(row) for row in matrix.tolist())


def _coefficient_table(
    names: tuple[str, ...], beta: Floats, covariance: Floats, confidence: float
) -> pl.DataFrame:
    """Tabulate coefficients with Wald tests and intervals."""
    error = np.sqrt(np.diag(covariance))
    reach = stats.norm.ppf((1 + confidence) / 2) * error
    # Per unit of a covariate of tiny range, a hazard ratio may be too large for a number: infinite then.
    with np.errstate(over="ignore"):
        ratios = {"hazard_ratio": np.exp(beta), "lower": np.exp(beta - reach), "upper": np.exp(beta + reach)}
    return pl.DataFrame(
        {
            "term": names,
            "coefficient": beta,
            "std_error": error,
            "statistic": beta / error,
            "p_value": stats.chi2.sf((beta / error) ** 2, 1),
            **ratios,
        }
    )


def _tests(
    kernel: CoxKernel, spec: CoxSpec, null: Likelihood, maximum: Maximum, covariance: Floats
) -> dict[str, WaldTest]:
    """Test that all coefficients are zero, in three ways, or four with a robust variance."""
    beta = maximum.beta
    statistics = {
        "likelihood_ratio": 2 * (maximum.at.value - null.value),
        "wald": _quadratic(beta, covariance),
        "score": _quadratic(null.score, null.information),
    }
    if spec.is_robust:
        clustered = clustered_score(kernel, kernel.steps(np.zeros_like(beta)))
        statistics["robust_score"] = _quadratic(clustered.sum(axis=0), clustered.T @ clustered)
    return {
        name: WaldTest(float(value), len(beta), float(stats.chi2.sf(value, len(beta))))
        for name, value in statistics.items()
    }


def _quadratic(vector: Floats, matrix: Floats) -> float:
    """Measure a vector by its inverse covariance; not a number where too few clusters give one."""
    if np.linalg.matrix_rank(matrix) < len(vector):
        return float("nan")
    return float(vector @ np.linalg.solve(matrix, vector))


def _basis(rows: CoxRows, spec: CoxSpec, n_coefficients: int) -> Basis:
    """Say what the model rests on."""
    n_events = int(rows.event.sum())
    notes = list(rows.warnings)
    if n_events < EVENTS_PER_COEFFICIENT * n_coefficients:
        each = n_events / n_coefficients
        notes.append(f"only {each:.1f} events per coefficient (fewer than {EVENTS_PER_COEFFICIENT})")
    if spec.cluster is not None:
        n_clusters = len(np.unique(rows.cluster))
        if n_clusters <= n_coefficients:
            notes.append(
                f"{n_clusters} clusters cannot carry a robust variance of {n_coefficients} coefficients"
            )
    variance = "inverse information"
    if spec.is_robust:
        variance = f"sandwich by {spec.cluster}" if spec.cluster else "sandwich by row"
    return Basis(
        method=f"Cox, {spec.ties} ties"
        + (f", stratified by {', '.join(spec.strata)}" if spec.strata else ""),
        variance=variance,
        interval=f"Wald, {100 * spec.confidence:g} %",
        n=len(rows.event),
        n_events=n_events,
        person_days=rows.person_time,
        warnings=tuple(notes),
    )
