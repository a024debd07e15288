"""How well a Cox model predicts: discrimination, overall error, calibration, and optimism."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.errors import SpecificationError
from analytics.estimation.models import EVENT, UNKNOWN_DAYS, cox_specification, too_many_inexact
from analytics.estimation.results import Part, Results
from analytics.survival.calibration import estimate_group_calibration
from analytics.survival.calibration_curve import estimate_calibration_curve
from analytics.survival.cox import fit_cox
from analytics.survival.cox_baseline import predict_linear
from analytics.survival.discrimination import estimate_auc, estimate_concordance_index
from analytics.survival.discrimination_brier import estimate_brier_score
from analytics.survival.discrimination_data import Predictions
from analytics.survival.discrimination_optimism import estimate_optimism
from analytics.survival.event_counts import CAUSE, TIME
from analytics.survival.results import CoxFit, NotEstimable

if TYPE_CHECKING:
    from analytics.estimation.specification import Specification
    from analytics.survival.cox_design import Floats

COMPETES = (
    "A competing event takes patients out: a Cox model of one cause predicts no risk that could be checked. "
    "Validate an endpoint that includes every death."
)
APPARENT = (
    "Measured in the patients that the model was fitted to: only what is corrected for optimism speaks of "
    "others"
)


def run_validation(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Fit a Cox model, and measure its predictions at the horizons."""
    if len(causes) > 1:
        return Results(fit=NotEstimable("validation", COMPETES, "competing_events"))
    if too_many_inexact(frame):
        return Results(fit=NotEstimable("validation", UNKNOWN_DAYS, "event_times_unknown"))
    if "entry_days" in frame.columns:
        raise SpecificationError(
            where="specification [outcome]",
            what="a validation knows no delayed entry",
            fix="Leave out 'entry'.",
        )
    data = frame.with_columns((pl.col(CAUSE) == 1).alias(EVENT))
    model = cox_specification(data, spec)
    data = data.drop_nulls(model.columns)
    fit = fit_cox(data, model)
    if isinstance(fit, NotEstimable):
        return Results(fit=fit)
    known = predict_everybody(fit, data, tuple(map(float, spec.horizons_days)))
    parts = [_discrimination(known, spec), *_at_horizons(known, spec)]
    if spec.model.resamples:
        optimism = estimate_optimism(data, model, seed=spec.model.seed, n_resamples=spec.model.resamples)
        parts.append(Part("optimism", (optimism,)))
    return Results(fit=fit, parts=tuple(parts), notes=(APPARENT,))


def predict_everybody(fit: CoxFit, data: pl.DataFrame, horizons: tuple[float, ...]) -> Predictions:
    """Predict the risk by every horizon of every patient, 1 - exp(-H(t) exp(x b)).

    Parameters
    ----------
    fit
        A model with one baseline.
    data
        Complete rows with ``time_days``, ``event`` and the covariates.
    horizons
        Days.
    """
    marker = predict_linear(fit, data)
    # At the covariates' centre the baseline is a number of ordinary size; at zero it need not be.
    relative = np.exp(marker - np.asarray(fit.baseline["centre"][0]) @ fit.coefficients)
    hazard = _read_hazard(fit, horizons)
    risks = {day: 1 - np.exp(-one * relative) for day, one in zip(horizons, hazard, strict=True)}
    return Predictions(
        data[TIME].cast(pl.Float64).to_numpy(), data[EVENT].cast(pl.Boolean).to_numpy(), marker, risks
    )


def _read_hazard(fit: CoxFit, horizons: tuple[float, ...]) -> Floats:
    """Read the cumulative hazard at the centre off the baseline."""
    known = fit.baseline["time_days"].to_numpy()
    place = np.searchsorted(known, np.asarray(horizons), side="right")
    found: Floats = np.append(0.0, fit.baseline["centred_hazard"].to_numpy())[place]
    return found


def _discrimination(known: Predictions, spec: Specification) -> Part:
    """Concordance after Harrell and after Uno."""
    last = float(max(spec.horizons_days))
    return Part(
        "concordance",
        (
            estimate_concordance_index(known, confidence=spec.confidence),
            estimate_concordance_index(known, weights="uno", horizon=last, confidence=spec.confidence),
        ),
    )


def _at_horizons(known: Predictions, spec: Specification) -> tuple[Part, ...]:
    """Area under the curve, Brier score and calibration at every horizon."""
    days, level = tuple(map(float, spec.horizons_days)), spec.confidence
    return (
        Part("auc", tuple(estimate_auc(known, horizon=day, confidence=level) for day in days)),
        Part(
            "brier_score", tuple(estimate_brier_score(known, horizon=day, confidence=level) for day in days)
        ),
        Part(
            "calibration",
            tuple(
                estimate_group_calibration(
                    known, horizon=day, n_groups=spec.model.risk_groups, confidence=level
                )
                for day in days
            ),
        ),
        Part(
            "calibration_curve",
            tuple(estimate_calibration_curve(known, horizon=day, confidence=level) for day in days),
        ),
        Part("predicted_risks", tuple(_spread(known, day) for day in days)),
    )


def _spread(known: Predictions, day: float) -> pl.DataFrame:
    """Count patients by predicted risk, in fifty classes up to the highest."""
    risk = known.risk(day)
    counts, edges = np.histogram(risk, bins=50, range=(0.0, max(float(risk.max()), 1e-6)))
    return pl.DataFrame({"lower": edges[:-1], "upper": edges[1:], "n": counts}).with_columns(
        horizon_days=pl.lit(day)
    )
