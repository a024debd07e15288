"""Models of location and scale: parametric models whose scale differs by stratum, and of time itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from analytics.errors import SpecificationError
from analytics.survival.cox_design import design_names
from analytics.survival.intervals import normal_quantile
from analytics.survival.location_scale_likelihood import (
    ErrorShape,
    LocationScaleRows,
    maximise_location_scale,
)
from analytics.survival.parametric_likelihood import TransformationLikelihood, maximise
from analytics.survival.parametric_rows import (
    after_time_zero,
    collect_parametric_rows,
    describe_basis,
    refuse_rows,
)
from analytics.survival.parametric_table import coefficient_table
from analytics.survival.results import NotEstimable, WaldTest
from analytics.survival.results_location_scale import LocationScaleFit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.cox_design import Floats
    from analytics.survival.location_scale_likelihood import LocationScaleMaximum
    from analytics.survival.parametric_rows import ParametricRows, ParametricSpec
    from analytics.survival.results_location_scale import ErrorDistribution

MODEL = "Location-scale model"
# Events without which a stratum says nothing about a scale of its own.
LEAST_EVENTS = 2


SHAPES: dict[ErrorDistribution, ErrorShape] = {
    "weibull": ErrorShape("hazard", is_log=True),
    "exponential": ErrorShape("hazard", is_log=True, fixed=1.0),
    "rayleigh": ErrorShape("hazard", is_log=True, fixed=0.5),
    "lognormal": ErrorShape("normal", is_log=True),
    "loglogistic": ErrorShape("odds", is_log=True),
    "gaussian": ErrorShape("normal", is_log=False),
    "logistic": ErrorShape("odds", is_log=False),
}


def fit_location_scale(
    frame: pl.DataFrame,
    spec: ParametricSpec,
    *,
    distribution: ErrorDistribution = "weibull",
    strata: Sequence[str] = (),
) -> LocationScaleFit | NotEstimable:
    """Fit y = x b + scale * error by maximum likelihood, with a scale for each stratum [1]_.

    Parameters
    ----------
    frame
        One row per patient, or per start-stop interval, with the columns that the specification names.
        Rows with a missing value are left out and counted in the warnings.
    spec
        The model: time, event, terms, delayed entry, weights, clusters, variance.
    distribution
        Of the time: ``weibull``, ``exponential``, ``rayleigh`` (Weibull with its scale held at 1/2),
        ``lognormal``, ``loglogistic`` (y is log days); ``gaussian``, ``logistic`` (y is days, of any sign).
    strata
        Columns whose combinations have scales of their own; they do not shift y. Add them to the terms for
        that.

    Returns
    -------
    LocationScaleFit or NotEstimable
        NotEstimable with code ``no_patients``, ``no_events``, ``too_few_events`` (fewer than coefficients and
        scales, or than two in a stratum), ``zero_times`` (events on day 0, where y is log days),
        ``singular``, ``separation`` or ``not_converged``.

    Raises
    ------
    SpecificationError
        For a specification that the frame cannot carry, an unknown distribution, strata of a scale that is
        held, or delayed entry where y is days.

    References
    ----------
    .. [1] Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, chapter 3.
       doi:10.1002/9781118032985
    """
    _check(frame, spec, distribution, strata)
    shape = SHAPES[distribution]
    rows = _collect(frame, spec, strata, shape)
    if isinstance(rows, NotEstimable):
        return rows
    data = _standard(rows, shape)
    fitted, null = _fit(data), _fit(replace(data, rows=_without_terms(rows)))
    if isinstance(fitted, NotEstimable):
        return fitted
    value = null.log_likelihood if not isinstance(null, NotEstimable) else float("nan")
    return _describe(data, distribution, tuple(strata), fitted, value)


def _check(
    frame: pl.DataFrame, spec: ParametricSpec, distribution: ErrorDistribution, strata: Sequence[str]
) -> None:
    """Refuse options that mean nothing."""
    if distribution not in SHAPES:
        fix = f"Use {', '.join(SHAPES)}."
        raise SpecificationError(where=MODEL, what="unknown distribution", fix=fix)
    shape = SHAPES[distribution]
    if strata and shape.fixed is not None:
        what = f"the scale of the {distribution} model is held, so no stratum has its own"
        raise SpecificationError(where=MODEL, what=what, fix="Use weibull, or leave the strata out.")
    if spec.entry is not None and not shape.is_log:
        fix = "Use a distribution of log time, such as lognormal."
        raise SpecificationError(where=MODEL, what="delayed entry in a model of days", fix=fix)
    absent = [name for name in strata if name not in frame.columns]
    if absent:
        what = f"no column {', '.join(absent)}"
        raise SpecificationError(where=MODEL, what=what, fix="Name columns of the data.")


def _collect(
    frame: pl.DataFrame, spec: ParametricSpec, strata: Sequence[str], shape: ErrorShape
) -> ParametricRows | NotEstimable:
    """Take the rows that enter the model, or say why they cannot carry it."""
    rows = collect_parametric_rows(frame, spec, model=MODEL, strata=strata)
    n_scales = 0 if shape.fixed is not None else len(rows.strata)
    refusal = refuse_rows(rows, len(rows.names) + 1 + n_scales)
    if refusal is not None:
        return refusal
    kept = after_time_zero(rows) if shape.is_log else rows
    if isinstance(kept, NotEstimable):
        return kept
    fewest = int(np.bincount(kept.stratum[kept.event], minlength=len(kept.strata)).min())
    if n_scales > 1 and fewest < LEAST_EVENTS:
        reason = "a stratum has fewer than two events, which say nothing about a scale of its own"
        return NotEstimable(MODEL, reason, "too_few_events")
    return kept


def _standard(rows: ParametricRows, shape: ErrorShape) -> LocationScaleRows:
    """Say what the model is linear in."""
    if not shape.is_log:
        never, zero = np.full(len(rows.stop), -np.inf), np.zeros(len(rows.stop))
        return LocationScaleRows(rows, rows.stop, never, zero, shape)
    with np.errstate(divide="ignore"):
        y, entry = np.log(rows.stop), np.log(rows.start)
    return LocationScaleRows(rows, y, entry, -y, shape)


def _without_terms(rows: ParametricRows) -> ParametricRows:
    """Keep the rows and drop their covariates."""
    return replace(rows, design=rows.design[:, :0], names=())


def _fit(data: LocationScaleRows) -> LocationScaleMaximum | NotEstimable:
    """Maximise from the model with one scale, which says where there is no maximum."""
    pilot = _pilot(data)
    return pilot if isinstance(pilot, NotEstimable) else maximise_location_scale(data, pilot)


def _pilot(data: LocationScaleRows) -> Floats | NotEstimable:
    """Fit one scale for everybody: on exp(y), whose logarithm the transformation models are linear in.

    Where y is days, exp of its place between the shortest and the longest time stands for the time.
    """
    factor, shift = data.shape.fixed or 1.0, 0.0
    if data.shape.is_log:
        stop, start = data.rows.stop ** (1 / factor), data.rows.start ** (1 / factor)
    else:
        shift, reach = float(data.y.min()), float(np.ptp(data.y))
        factor = reach if reach > 0 else 1.0
        stop, start = np.exp((data.y - shift) / factor), np.zeros(len(data.y))
    rows = replace(data.rows, stop=stop, start=start)
    held = data.shape.fixed is not None
    fitted = maximise(TransformationLikelihood(rows, data.shape.family, None if held else ()))
    if isinstance(fitted, NotEstimable):
        return fitted
    slope = 1.0 if held else fitted.coefficients[1]
    location = -(fitted.coefficients if held else np.delete(fitted.coefficients, 1)) / slope * factor
    location[0] += shift
    return np.concatenate((location, np.full(data.n_scales, np.log(factor / slope))))


def _describe(
    data: LocationScaleRows,
    distribution: ErrorDistribution,
    strata: tuple[str, ...],
    fitted: LocationScaleMaximum,
    null: float,
) -> LocationScaleFit:
    """Put tables, test and basis around the maximum."""
    rows, count = data.rows, len(data.rows.names)
    ratio = 2 * (fitted.log_likelihood - null)
    by = f", scale by {', '.join(strata)}" if strata else ""
    method = f"Location-scale model, {distribution}{by}"
    return LocationScaleFit(
        distribution=distribution,
        terms=("(Intercept)", *rows.names),
        table=_coefficients(rows, fitted, is_log=SHAPES[distribution].is_log),
        scales=_scales(data, fitted),
        covariance=fitted.covariance,
        log_likelihood=fitted.log_likelihood,
        log_likelihood_null=null,
        aic=2 * (len(fitted.parameters) - fitted.log_likelihood),
        test=WaldTest(ratio, count, float(stats.chi2.sf(ratio, count))) if count else None,
        strata=strata,
        last_event=float(rows.stop[rows.event].max()),
        basis=describe_basis(rows, method=method, n_coefficients=len(fitted.parameters)),
        spec=rows.spec,
    )


def _coefficients(rows: ParametricRows, fitted: LocationScaleMaximum, *, is_log: bool) -> pl.DataFrame:
    """Tabulate coefficients; of days there is no ratio, and the limits are in days."""
    names = ("(Intercept)", *design_names(rows.spec.terms))
    own = fitted.parameters[: len(names)]
    table = coefficient_table(names, own, fitted.covariance, rows.spec.confidence, ratio="time_ratio")
    if is_log:
        return table
    reach = normal_quantile(rows.spec.confidence) * pl.col("std_error")
    return table.with_columns(
        time_ratio=pl.lit(None, pl.Float64),
        lower=pl.col("coefficient") - reach,
        upper=pl.col("coefficient") + reach,
    )


def _scales(data: LocationScaleRows, fitted: LocationScaleMaximum) -> pl.DataFrame:
    """Tabulate the strata with their scales."""
    size, own = len(data.rows.strata), len(data.rows.names) + 1
    logs = fitted.parameters[own:] if data.n_scales else np.full(size, np.log(data.shape.fixed or 1.0))
    error = np.sqrt(np.diag(fitted.covariance)[own:]) if data.n_scales else np.zeros(size)
    reach = normal_quantile(data.rows.spec.confidence) * error
    return pl.DataFrame(
        {
            "stratum": list(data.rows.strata),
            "n": np.bincount(data.rows.stratum, minlength=size),
            "n_events": np.bincount(data.rows.stratum[data.rows.event], minlength=size),
            "scale": np.exp(logs),
            "log_std_error": error,
            "lower": np.exp(logs - reach),
            "upper": np.exp(logs + reach),
        }
    )
