"""Bootstrap correction of a Cox model's performance for having been fitted to the same patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.calibration import estimate_calibration_slope
from analytics.survival.cox import fit_cox
from analytics.survival.cox_baseline import predict_linear
from analytics.survival.cox_design import resolve_terms, specification_error
from analytics.survival.discrimination import PairWeights, estimate_concordance_index
from analytics.survival.discrimination_data import GROUP, Predictions, read_predictions
from analytics.survival.results import Basis, CoxFit, NotEstimable
from analytics.survival.results_prediction import Optimism

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.survival.cox_design import CoxSpec

MEASURES = ("concordance", "calibration_slope")


def estimate_optimism(
    frame: pl.DataFrame,
    spec: CoxSpec,
    *,
    seed: int,
    n_resamples: int = 200,
    weights: PairWeights = "harrell",
) -> Optimism | NotEstimable:
    """Correct concordance and calibration slope of a Cox model for optimism [1]_.

    Parameters
    ----------
    frame
        One row per patient, with the columns of the specification.
    spec
        The model; neither delayed entry, strata nor weights. With a cluster, whole clusters are drawn.
    seed
        Of the random draws; the same seed gives the same answer.
    n_resamples
        Bootstrap samples; 200 is usual.
    weights
        Kind of concordance, as of `estimate_concordance_index`.

    Returns
    -------
    Optimism or NotEstimable
        Apparent performance less the mean of (performance in the bootstrap sample - performance of that
        sample's model in all patients). It corrects for estimating the coefficients of the terms given, not
        for having chosen the terms. NotEstimable as of `fit_cox`, or ``not_converged`` where no sample
        carried a fit.

    Raises
    ------
    SpecificationError
        For delayed entry, strata or weights.

    References
    ----------
    .. [1] Harrell, Lee & Mark (1996), Stat Med 15:361-387.
       doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4
    """
    if spec.entry or spec.strata or spec.weights:
        what = "optimism is not offered with delayed entry, strata or weights"
        raise specification_error(what=what, fix="Leave them out.")
    complete = frame.drop_nulls(spec.columns)
    whole = fit_cox(complete, spec)
    if isinstance(whole, NotEstimable):
        return whole
    # Levels are fixed once, so that a level absent from a sample is a refusal and not another model.
    spec = resolve_terms(complete, spec)
    gains = [
        gain
        for sample in _samples(complete, spec, n_resamples, np.random.default_rng(seed))
        if (gain := _optimism_of(sample, complete, spec, weights)) is not None
    ]
    if not gains:
        return NotEstimable(GROUP, "no bootstrap sample carried a fit", "not_converged")
    apparent = np.array(_performance(whole, complete, weights))
    optimism = np.mean(gains, axis=0)
    table = pl.DataFrame(
        {"measure": MEASURES, "apparent": apparent, "optimism": optimism, "corrected": apparent - optimism}
    )
    return Optimism(table, len(gains), n_resamples - len(gains), _basis(whole.basis, spec, weights))


def _samples(
    frame: pl.DataFrame, spec: CoxSpec, n_resamples: int, rng: np.random.Generator
) -> Iterator[pl.DataFrame]:
    """Draw rows, or whole clusters, with replacement."""
    if spec.cluster is None:
        members = [np.array([row]) for row in range(frame.height)]
    else:
        rows = frame.with_row_index(".row").group_by(spec.cluster, maintain_order=True).agg(".row")
        members = [part.to_numpy() for part in rows[".row"]]
    for _ in range(n_resamples):
        drawn = rng.integers(len(members), size=len(members))
        yield frame[np.concatenate([members[number] for number in drawn])]


def _optimism_of(
    sample: pl.DataFrame, frame: pl.DataFrame, spec: CoxSpec, weights: PairWeights
) -> tuple[float, float] | None:
    """Tell how much better a sample's model does in the sample than in all patients; None without a fit."""
    fit = fit_cox(sample, spec)
    if isinstance(fit, NotEstimable):
        return None
    inside, outside = _performance(fit, sample, weights), _performance(fit, frame, weights)
    gain = (inside[0] - outside[0], inside[1] - outside[1])
    return gain if np.isfinite(gain).all() else None


def _performance(fit: CoxFit, frame: pl.DataFrame, weights: PairWeights) -> tuple[float, float]:
    """Measure concordance and slope of a model's linear predictor in some patients."""
    data = _predictions(fit, frame)
    index = estimate_concordance_index(data, weights=weights)
    slope = estimate_calibration_slope(data)
    return (
        float("nan") if isinstance(index, NotEstimable) else index.index,
        float("nan") if isinstance(slope, NotEstimable) else slope.slope,
    )


def _predictions(fit: CoxFit, frame: pl.DataFrame) -> Predictions:
    """Put a model's linear predictor beside the outcomes."""
    assert fit.spec is not None  # noqa: S101 - fit_cox always sets it
    scored = frame.select(
        pl.col(fit.spec.time).cast(pl.Float64).alias("time"), pl.col(fit.spec.event).alias("event")
    ).with_columns(marker=predict_linear(fit, frame))
    return read_predictions(scored, time="time", event="event", marker="marker")


def _basis(basis: Basis, spec: CoxSpec, weights: PairWeights) -> Basis:
    """Say what the correction rests on."""
    unit = f"clusters of {spec.cluster}" if spec.cluster else "patients"
    method = f"bootstrap of {unit}, {weights} concordance"
    return Basis(method, "none", "none", basis.n, basis.n_events, basis.person_days, basis.warnings)
