"""Proportional hazards models: fit, variance, tests and warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics.survival.cox_baseline import estimate_baseline
from analytics.survival.cox_description import Evidence, ScoreSpread, Size, describe_fit, refuse_size
from analytics.survival.cox_design import check_specification, design_names, resolve_terms
from analytics.survival.cox_likelihood import CoxKernel
from analytics.survival.cox_maximum import climb_until, find_maximum
from analytics.survival.cox_residuals import clustered_score
from analytics.survival.cox_rows import collect_rows
from analytics.survival.day_sums_fit import fit_cox_by_day, suits_day_sums
from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    import polars as pl

    from analytics.survival.cox_design import CoxSpec, Floats
    from analytics.survival.cox_likelihood import Likelihood
    from analytics.survival.cox_maximum import Maximum
    from analytics.survival.results import CoxFit


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
    if suits_day_sums(frame, spec):
        return fit_cox_by_day(frame, spec)
    spec = resolve_terms(frame, spec)
    rows = collect_rows(frame, spec)
    names = design_names(spec.terms)
    refusal = refuse_size(len(rows.event), int(rows.event.sum()), len(names))
    if refusal is not None:
        return refusal
    kernel = CoxKernel(rows, spec.ties)
    null = kernel.evaluate(np.zeros(len(names)))
    maximum = find_maximum(kernel, names, null)
    if isinstance(maximum, NotEstimable):
        return maximum
    if spec.stop_at is not None:
        early = climb_until(kernel, null, spec.stop_at)
        maximum = early if early.converged else maximum
    return _describe(kernel, spec, null, maximum)


def _describe(kernel: CoxKernel, spec: CoxSpec, null: Likelihood, maximum: Maximum) -> CoxFit:
    """Put variance, tests, baseline and basis around the maximum."""
    rows = kernel.rows
    steps = kernel.steps(maximum.beta)
    n_clusters = len(np.unique(rows.cluster)) if spec.cluster is not None else len(rows.event)
    evidence = Evidence(
        null=null,
        maximum=maximum,
        spread=_spread(kernel, maximum.beta) if spec.is_robust else None,
        null_spread=_spread(kernel, np.zeros_like(maximum.beta)) if spec.is_robust else None,
        scale=kernel.scale,
        baseline=estimate_baseline(kernel, steps, kernel.unscale(maximum.beta)),
        size=Size(len(rows.event), int(rows.event.sum()), rows.person_time, n_clusters, rows.warnings),
    )
    return describe_fit(spec, evidence)


def _spread(kernel: CoxKernel, beta: Floats) -> ScoreSpread:
    """Add up the clusters' score residuals."""
    clustered = clustered_score(kernel, kernel.steps(beta))
    return ScoreSpread(clustered.sum(axis=0), clustered.T @ clustered)
