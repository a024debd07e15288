"""Cumulative incidence that a Fine-Gray model predicts for covariate profiles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.cox_design import build_design, specification_error
from analytics.survival.fine_gray_design import collect_competing_rows
from analytics.survival.fine_gray_kernel import FineGrayKernel
from analytics.survival.fine_gray_variance import hazard_censoring_influence, score_influence
from analytics.survival.hazard_influence import influence_hazard, relative_risk, risk_limits, sum_by_cluster
from analytics.survival.results_competing import PredictedIncidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_likelihood import Steps
    from analytics.survival.results_competing import FineGrayFit


def predict_incidence(
    fit: FineGrayFit, frame: pl.DataFrame, profiles: pl.DataFrame, *, times: Sequence[float]
) -> PredictedIncidence:
    """Predict the cumulative incidence of the cause of interest [1]_.

    Parameters
    ----------
    fit
        The model.
    frame
        The data that it was fitted to.
    profiles
        One row per profile, with the covariate columns of the model.
    times
        Times (days) at which the incidence is wanted.

    Returns
    -------
    PredictedIncidence
        1 - exp(-H(t) exp(x b)), with the infinitesimal jackknife of coefficients, baseline and (unless
        the variance of the fit is ``sandwich``) the censoring curve, by row or cluster; limits on the scale
        log(-log(1 - incidence)). A profile unlike any patient gets arithmetic only.

    Raises
    ------
    SpecificationError
        For profiles without a column, a frame that is not the one of the fit, or a stratified model.

    References
    ----------
    .. [1] Fine & Gray (1999), J Am Stat Assoc 94:496-509. doi:10.1080/01621459.1999.10474144
    """
    if fit.spec.strata:
        what = "a stratified model has a baseline per stratum, for which nothing is predicted"
        raise specification_error(what=what, fix="Read the baseline, or fit without strata.")
    absent = [
        name for name in fit.spec.for_rows().columns if name not in (*frame.columns, "__event_of_interest")
    ]
    if absent:
        raise specification_error(what=f"no column {', '.join(absent)}", fix="Give the data of the fit.")
    model = _Model.of(fit, frame)
    design = (build_design(profiles, fit.spec.terms) - model.kernel.center[0]) / model.kernel.scale
    last = float(model.kernel.rows.stop.max())
    parts = [_predict(model, fit, design, float(time)) for time in times]
    table = pl.concat(parts).with_columns(
        cause=pl.lit(str(fit.spec.cause_of_interest)),
        is_beyond_follow_up=pl.col("time_days") > last,
    )
    order = [
        "cause",
        "profile",
        "time_days",
        "incidence",
        "std_error",
        "lower",
        "upper",
        "is_beyond_follow_up",
    ]
    interval = f"log(-log(1 - incidence)), {100 * fit.spec.confidence:g} %"
    return PredictedIncidence(
        table.select(order).sort("profile", maintain_order=True), replace(fit.basis, interval=interval)
    )


@dataclass(frozen=True, eq=False)
class _Model:
    """The sums behind a fit, with every row's influence on the coefficients (kernel's scale)."""

    kernel: FineGrayKernel
    beta: Floats
    steps: Steps
    influence: Floats

    @classmethod
    def of(cls, fit: FineGrayFit, frame: pl.DataFrame) -> _Model:
        """Collect the rows of a fit once more."""
        _, competing = collect_competing_rows(frame, fit.spec)
        if len(competing.rows.event) != fit.basis.n:
            raise specification_error(what="the data are not those of the fit", fix="Give the same frame.")
        kernel = FineGrayKernel(competing, fit.spec)
        beta = fit.coefficients * kernel.scale
        steps = kernel.steps(beta)
        score = score_influence(kernel, steps, fit.spec)
        return cls(kernel, beta, steps, score @ np.linalg.inv(kernel.information(steps)))


def _predict(model: _Model, fit: FineGrayFit, design: Floats, time: float) -> pl.DataFrame:
    """Predict all profiles at one time."""
    kernel, steps = model.kernel, model.steps
    reached = (kernel.sets.time <= time).astype(np.float64)
    baseline = influence_hazard(kernel, steps, reached)
    of_baseline = baseline.influence + hazard_censoring_influence(kernel, steps, fit.spec, time)
    risk, error = np.zeros(len(design)), np.zeros(len(design))
    for number, profile in enumerate(design):
        relative = relative_risk(kernel, steps, model.beta, profile)
        moved = of_baseline + model.influence @ (baseline.total * profile - baseline.drift)
        spread = sum_by_cluster(moved, kernel.rows.cluster)
        free = np.exp(-baseline.total * relative)
        risk[number] = 1.0 - free
        error[number] = free * relative * np.sqrt(spread @ spread)
    lower, upper = risk_limits(risk, error, scale="cloglog", confidence=fit.spec.confidence)
    return pl.DataFrame(
        {
            "profile": np.arange(len(design)),
            "time_days": np.full(len(design), time),
            "incidence": risk,
            "std_error": error,
            "lower": lower,
            "upper": upper,
        }
    )
