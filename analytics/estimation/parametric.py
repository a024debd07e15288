"""Parametric models of a specification: accelerated failure time, Royston-Parmar, piecewise exponential."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

import polars as pl

from analytics.estimation.cautions import caution_weights
from analytics.estimation.model_predictions import (
    COMPETES,
    ProfileRisk,
    grid_days,
    name_profiles,
    profile_frame,
)
from analytics.estimation.model_terms import model_terms
from analytics.estimation.models import ENTRY, EVENT, UNKNOWN_DAYS, too_many_inexact
from analytics.estimation.results import ALL, Part, Results
from analytics.survival.accelerated_failure_time import fit_accelerated_failure_time
from analytics.survival.event_counts import CAUSE, TIME
from analytics.survival.parametric_predictions import predict_parametric_hazard, predict_parametric_survival
from analytics.survival.parametric_rows import ParametricSpec
from analytics.survival.piecewise_exponential import fit_piecewise_exponential
from analytics.survival.piecewise_exponential_predictions import (
    predict_piecewise_hazard,
    predict_piecewise_survival,
)
from analytics.survival.results import NotEstimable
from analytics.survival.results_parametric import (
    AcceleratedFailureTimeFit,
    HazardCurve,
    PiecewiseExponentialFit,
    RoystonParmarFit,
)
from analytics.survival.royston_parmar import fit_royston_parmar

if TYPE_CHECKING:
    from analytics.estimation.specification import Specification
    from analytics.survival.results_parametric import Distribution, ParametricPrediction, Scale

Fit: TypeAlias = AcceleratedFailureTimeFit | RoystonParmarFit | PiecewiseExponentialFit


def run_accelerated_failure_time(
    frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]
) -> Results:
    """Fit an accelerated failure time model."""
    if too_many_inexact(frame):
        return _unknown_days()
    data, model = _prepare(frame, spec)
    fit = fit_accelerated_failure_time(
        data, model, distribution=cast("Distribution", spec.model.distribution)
    )
    return _describe(fit, spec, causes, caution_weights(frame, spec.model.weights))


def run_royston_parmar(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Fit a flexible parametric model."""
    if too_many_inexact(frame):
        return _unknown_days()
    data, model = _prepare(frame, spec)
    fit = fit_royston_parmar(data, model, scale=cast("Scale", spec.model.scale), n_knots=spec.model.n_knots)
    return _describe(fit, spec, causes, caution_weights(frame, spec.model.weights))


def run_piecewise_exponential(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Fit a hazard that is constant between days."""
    if too_many_inexact(frame):
        return _unknown_days()
    data, model = _prepare(frame, spec)
    fit = fit_piecewise_exponential(data, model, cuts=spec.model.cut_days)
    return _describe(fit, spec, causes, caution_weights(frame, spec.model.weights))


def _unknown_days() -> Results:
    """Refuse a model of days that nobody knows."""
    return Results(parts=(Part("model", (NotEstimable("model", UNKNOWN_DAYS, "event_times_unknown"),)),))


def _prepare(frame: pl.DataFrame, spec: Specification) -> tuple[pl.DataFrame, ParametricSpec]:
    """Mark the endpoint, and turn the model part into what the fits take."""
    data = frame.with_columns((pl.col(CAUSE) == 1).alias(EVENT))
    model = spec.model
    return data, ParametricSpec(
        time=TIME,
        event=EVENT,
        terms=model_terms(data, spec),
        entry=ENTRY if ENTRY in frame.columns else None,
        weights=model.weights,
        cluster=model.cluster,
        robust=model.robust,
        confidence=spec.confidence,
    )


def _describe(
    fit: Fit | NotEstimable, spec: Specification, causes: tuple[str, ...], notes: tuple[str, ...]
) -> Results:
    """Put hazards and risks of the profiles beside a model."""
    parts = [Part("model", (fit,))]
    if isinstance(fit, NotEstimable) or (fit.spec.terms and not spec.model.profiles):
        return Results(parts=tuple(parts), notes=notes)
    parts.append(Part("hazards", _hazards(fit, spec)))
    if len(causes) > 1:
        refusal = NotEstimable("profiles", COMPETES, "competing_events")
        return Results(parts=(*parts, Part("absolute_risk", (refusal,))), notes=notes)
    risk = ProfileRisk(
        _risks(fit, spec, [float(day) for day in spec.horizons_days], causes[0]),
        _risks(fit, spec, grid_days(spec), causes[0]),
        fit.basis,
    )
    return Results(parts=(*parts, Part("absolute_risk", (risk,))), notes=notes)


def _profiles(spec: Specification) -> pl.DataFrame:
    """Profiles of a specification; a model without terms has one, everybody."""
    return profile_frame(spec) if spec.model.profiles else pl.DataFrame({"everybody": [1.0]})


def _named(table: pl.DataFrame, spec: Specification) -> pl.DataFrame:
    """Name the profiles of a prediction."""
    if spec.model.profiles:
        return name_profiles(table, spec)
    return table.with_columns(pl.lit(ALL).alias("profile"))


def _risks(fit: Fit, spec: Specification, days: list[float], cause: str) -> pl.DataFrame:
    """Predict risks by some days; beyond the last event they rest on the shape of the model alone."""
    found = _survival(fit, _profiles(spec), days)
    return _named(found.table, spec).select(
        pl.lit(cause).alias("cause"),
        "profile",
        pl.lit("").alias("stratum"),
        "time_days",
        "std_error",
        is_beyond_follow_up="is_extrapolated",
        risk=1 - pl.col("survival"),
        lower=1 - pl.col("upper"),
        upper=1 - pl.col("lower"),
    )


def _survival(fit: Fit, profiles: pl.DataFrame, days: list[float]) -> ParametricPrediction:
    """Predict survival by the kind of model."""
    if isinstance(fit, PiecewiseExponentialFit):
        return predict_piecewise_survival(fit, profiles, times=days)
    return predict_parametric_survival(fit, profiles, times=days)


def _hazards(fit: Fit, spec: Specification) -> tuple[HazardCurve, ...]:
    """Predict the hazard of every profile over time."""
    profiles, days = _profiles(spec), grid_days(spec)
    if isinstance(fit, PiecewiseExponentialFit):
        found = predict_piecewise_hazard(fit, profiles, times=days)
    else:
        found = predict_parametric_hazard(fit, profiles, times=days)
    named = _named(found.table, spec)
    return tuple(
        HazardCurve(str(name), own.drop("profile"), fit.basis)
        for (name,), own in named.group_by("profile", maintain_order=True)
    )
