"""Flexible parametric models: the log cumulative hazard, odds or probit as a spline of log time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.errors import SpecificationError
from analytics.regression.spline_basis import natural_spline, quantile_knots
from analytics.survival.parametric_likelihood import TransformationLikelihood, maximise
from analytics.survival.parametric_rows import (
    after_time_zero,
    collect_parametric_rows,
    describe_basis,
    refuse_rows,
)
from analytics.survival.parametric_table import coefficient_table
from analytics.survival.results import NotEstimable
from analytics.survival.results_parametric import RoystonParmarFit, Transformation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.parametric_likelihood import Fitted
    from analytics.survival.parametric_rows import ParametricRows, ParametricSpec
    from analytics.survival.results import Basis
    from analytics.survival.results_parametric import Scale

MODEL = "Flexible parametric model"
NOT_MONOTONE = "between sparse events the spline falls: the model has no hazard there, use fewer knots"


def fit_royston_parmar(
    frame: pl.DataFrame,
    spec: ParametricSpec,
    *,
    scale: Scale = "hazard",
    n_knots: int = 2,
    knots: Sequence[float] | None = None,
) -> RoystonParmarFit | NotEstimable:
    """Fit a natural cubic spline of log time plus covariates by maximum likelihood [1]_.

    Parameters
    ----------
    frame
        One row per patient, or per start-stop interval, with the columns that the specification names.
        Rows with a missing value are left out and counted in the warnings.
    spec
        The model: time, event, terms, delayed entry, weights, clusters, variance.
    scale
        What the spline describes: ``hazard`` the log cumulative hazard (proportional hazards), ``odds`` the
        log odds of the event (proportional odds), ``normal`` the normal quantile of its probability.
    n_knots
        Number of internal knots, >= 0, at even quantiles of the log event times; without any the models
        are Weibull, log-logistic and log-normal.
    knots
        All knots in days, the outer ones included; takes the place of `n_knots`.

    Returns
    -------
    RoystonParmarFit or NotEstimable
        NotEstimable with code ``no_patients``, ``no_events``, ``too_few_events`` (fewer than
        coefficients, or than distinct knots need), ``zero_times`` (events on day 0), ``singular``,
        ``separation`` or ``not_converged``.

    Raises
    ------
    SpecificationError
        For a specification that the frame cannot carry, an unknown scale, or knots that do not ascend.

    References
    ----------
    .. [1] Royston & Parmar (2002), Stat Med 21:2175-2197. doi:10.1002/sim.1203
    """
    _check(scale, n_knots, knots)
    rows = collect_parametric_rows(frame, spec, model=MODEL)
    internal = n_knots if knots is None else len(knots) - 2
    refusal = refuse_rows(rows, len(rows.names) + 2 + internal)
    if refusal is not None:
        return refusal
    kept = after_time_zero(rows)
    if isinstance(kept, NotEstimable):
        return kept
    places = _knots(kept, internal, knots)
    if isinstance(places, NotEstimable):
        return places
    fitted = maximise(TransformationLikelihood(kept, scale, places))
    return fitted if isinstance(fitted, NotEstimable) else _describe(kept, scale, places, fitted)


def _check(scale: str, n_knots: int, knots: Sequence[float] | None) -> None:
    """Refuse options that mean nothing."""
    if scale not in {"hazard", "odds", "normal"}:
        raise SpecificationError(where=MODEL, what="unknown scale", fix="Use hazard, odds or normal.")
    if n_knots < 0:
        raise SpecificationError(where=MODEL, what="fewer than 0 knots", fix="Use 0 to 5 internal knots.")
    if knots is None:
        return
    if len(knots) < 2 or knots[0] <= 0 or np.any(np.diff(knots) <= 0):
        fix = "Give at least two ascending days above 0."
        raise SpecificationError(where=MODEL, what="the knots do not ascend from above 0", fix=fix)


def _knots(
    rows: ParametricRows, internal: int, knots: Sequence[float] | None
) -> tuple[float, ...] | NotEstimable:
    """Place the knots in log time."""
    if knots is not None:
        return tuple(np.log(np.asarray(knots, dtype=np.float64)).tolist())
    places = quantile_knots(np.log(rows.stop[rows.event]), internal)
    if np.any(np.diff(places) <= 0) and internal:
        reason = f"the events fall on too few days for {internal} internal knots"
        return NotEstimable(MODEL, reason, "too_few_events")
    return places


def _describe(
    rows: ParametricRows, scale: Scale, knots: tuple[float, ...], fitted: Fitted
) -> RoystonParmarFit:
    """Put table, warnings and basis around the maximum."""
    n_spline = len(fitted.coefficients) - len(rows.names)
    names = (*(f"gamma{number}" for number in range(n_spline)), *rows.names)
    table = coefficient_table(
        names, fitted.coefficients, fitted.covariance, rows.spec.confidence, ratio="ratio"
    )
    # A spline coefficient alone has no meaning as a factor, nor has a shift of a probit.
    is_factor = pl.int_range(pl.len()) >= (len(names) if scale == "normal" else n_spline)
    table = table.with_columns(pl.when(is_factor).then(pl.col("ratio", "lower", "upper")))
    return RoystonParmarFit(
        scale=scale,
        knots=knots,
        terms=names,
        table=table,
        covariance=fitted.covariance,
        log_likelihood=fitted.log_likelihood,
        aic=2 * (len(names) - fitted.log_likelihood),
        model=Transformation(
            scale, knots, fitted.coefficients, fitted.covariance, float(rows.stop[rows.event].max())
        ),
        basis=_basis(rows, scale, knots, fitted),
        spec=rows.spec,
    )


def _basis(rows: ParametricRows, scale: Scale, knots: tuple[float, ...], fitted: Fitted) -> Basis:
    """Say what the model rests on, and whether its spline rises all the way."""
    internal = max(len(knots) - 2, 0)
    method = f"Royston-Parmar, {scale} scale, {internal} internal {'knot' if internal == 1 else 'knots'}"
    basis = describe_basis(rows, method=method, n_coefficients=len(fitted.coefficients))
    grid = np.linspace(knots[0], max(knots[-1], float(np.log(rows.stop.max()))), 200)
    slope = natural_spline(grid, knots)[1] @ fitted.coefficients[1 : len(knots[1:-1]) + 2]
    return basis if np.all(slope > 0) else replace(basis, warnings=(*basis.warnings, NOT_MONOTONE))
