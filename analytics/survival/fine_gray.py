"""Proportional hazards of the subdistribution of one cause (Fine and Gray): fit, variance, tests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.cox_description import Evidence, ScoreSpread, Size, describe_fit, refuse_size
from analytics.survival.cox_design import design_names
from analytics.survival.cox_maximum import Maximum, find_maximum
from analytics.survival.day_sums import cross_product
from analytics.survival.fine_gray_design import MODEL, collect_competing_rows
from analytics.survival.fine_gray_kernel import FineGrayKernel
from analytics.survival.fine_gray_variance import score_influence
from analytics.survival.hazard_influence import sum_by_cluster
from analytics.survival.results import NotEstimable
from analytics.survival.results_competing import FineGrayFit

if TYPE_CHECKING:
    from analytics.survival.cox_likelihood import Likelihood, Steps
    from analytics.survival.fine_gray_design import CompetingRows, FineGraySpec
    from analytics.survival.results import Basis, CoxFit

MAX_EARLY_STEPS = 20


def fit_fine_gray(frame: pl.DataFrame, spec: FineGraySpec) -> FineGrayFit | NotEstimable:
    """Fit a proportional hazards model of the subdistribution of one cause [1]_.

    Parameters
    ----------
    frame
        One row per patient with the columns that the specification names. Rows with a missing value
        are left out and counted in the warnings.
    spec
        The model: time, cause, terms, censoring groups, weights, clusters, conventions.

    Returns
    -------
    FineGrayFit or NotEstimable
        Coefficients from risk sets in which patients stay after a competing event, weighted by the
        chance of not being censored since. Variance of [1]_, by cluster as in [2]_, or the plain sandwich.
        NotEstimable with code ``no_patients``, ``no_events`` (of the cause of interest), ``too_few_events``,
        ``singular``, ``separation`` or ``not_converged``.

    Raises
    ------
    SpecificationError
        For a specification that the frame or the method cannot carry.

    References
    ----------
    .. [1] Fine & Gray (1999), J Am Stat Assoc 94:496-509. doi:10.1080/01621459.1999.10474144
    .. [2] Zhou, Fine, Latouche & Labopin (2012), Biostatistics 13:371-383. doi:10.1093/biostatistics/kxr032
    """
    spec, competing = collect_competing_rows(frame, spec)
    rows = competing.rows
    names = design_names(spec.terms)
    refusal = refuse_size(len(rows.event), int(rows.event.sum()), len(names))
    if refusal is not None:
        return replace(refusal, group=MODEL)
    kernel = FineGrayKernel(competing, spec)
    null = kernel.evaluate(np.zeros(len(names)))
    maximum = find_maximum(kernel, names, null)
    if isinstance(maximum, NotEstimable):
        return replace(maximum, group=MODEL)
    if spec.stop_at is not None:
        maximum = _stop_early(kernel, null, maximum, spec.stop_at)
    return _describe(kernel, spec, null, maximum)


def _stop_early(kernel: FineGrayKernel, null: Likelihood, maximum: Maximum, stop_at: float) -> Maximum:
    """Repeat the search from zero up to the first point whose relative gradient is small enough."""
    beta, at = np.zeros_like(maximum.beta), null
    for _ in range(MAX_EARLY_STEPS):
        gradient = np.abs(at.score * kernel.scale) * np.maximum(np.abs(kernel.unscale(beta)), 1.0)
        if gradient.max() < stop_at * max(abs(at.value), 1.0):
            return Maximum(beta, at, converged=True)
        beta = beta + np.linalg.solve(at.information, at.score)
        at = kernel.evaluate(beta)
    return maximum


def _describe(kernel: FineGrayKernel, spec: FineGraySpec, null: Likelihood, maximum: Maximum) -> FineGrayFit:
    """Put variance, tests, baseline and basis around the estimate."""
    rows, steps = kernel.rows, kernel.steps(maximum.beta)
    influence = sum_by_cluster(score_influence(kernel, steps, spec), rows.cluster)
    evidence = Evidence(
        null=null,
        maximum=maximum,
        spread=ScoreSpread(influence.sum(axis=0), cross_product(influence.T, influence.T)),
        null_spread=None,
        scale=kernel.scale,
        baseline=_baseline(kernel, steps, maximum),
        size=Size(
            n=len(rows.event),
            n_events=int(rows.event.sum()),
            person_time=rows.person_time,
            n_clusters=len(influence),
            warnings=(*rows.warnings, *_competing_warnings(kernel.competing)),
        ),
    )
    return _as_fine_gray(describe_fit(spec.for_rows(), evidence), spec)


def _competing_warnings(competing: CompetingRows) -> tuple[str, ...]:
    """Say that the model is Cox's where nothing competes."""
    if competing.is_competing.any():
        return ()
    return ("nobody had a competing event: the model is Cox's",)


def _baseline(kernel: FineGrayKernel, steps: Steps, maximum: Maximum) -> pl.DataFrame:
    """Tabulate the baseline hazard of the subdistribution at covariates zero, by stratum if any."""
    rows, stratum = kernel.rows, kernel.sets.stratum
    first = np.unique(rows.stratum, return_index=True)[1]
    zero = -(kernel.center / kernel.scale) @ maximum.beta
    shift = steps.predictor[first] - kernel.x[first] @ maximum.beta
    with np.errstate(over="ignore"):
        hazard = kernel.per_set(steps.hazard) * np.exp(zero + shift)[stratum]
    columns = {
        "time_days": kernel.sets.time,
        "hazard": hazard,
        "cumulative_hazard": kernel.cumulate(hazard),
    }
    if len(rows.strata) == 1:
        return pl.DataFrame(columns)
    return pl.DataFrame({"stratum": [rows.strata[number] for number in stratum], **columns})


def _as_fine_gray(fit: CoxFit, spec: FineGraySpec) -> FineGrayFit:
    """Name the parts of a described fit by what they are in this model."""
    return FineGrayFit(
        terms=fit.terms,
        table=fit.table,
        covariance=fit.covariance,
        model_covariance=fit.model_covariance,
        log_likelihood=fit.log_likelihood,
        log_likelihood_null=fit.log_likelihood_null,
        baseline=fit.baseline,
        tests={
            "wald": fit.tests["wald"],
            "pseudo_likelihood_ratio": fit.tests["likelihood_ratio"],
        },
        basis=_rename(fit.basis, spec),
        spec=spec,
    )


def _rename(basis: Basis, spec: FineGraySpec) -> Basis:
    """Name the method and the variance."""
    method = f"Fine-Gray, {spec.ties} ties, censoring ties {spec.censoring_ties.replace('_', ' ')}"
    if spec.censoring_groups:
        method += f", censoring by {', '.join(spec.censoring_groups)}"
    if spec.strata:
        method += f", stratified by {', '.join(spec.strata)}"
    if spec.entry:
        method += ", delayed entry"
    kind = "sandwich" if spec.variance == "sandwich" else "sandwich with estimated censoring"
    return replace(basis, method=method, variance=f"{kind} by {spec.cluster or 'row'}")
