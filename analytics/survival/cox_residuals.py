"""Residuals of a Cox model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.cox_design import specification_error
from analytics.survival.cox_likelihood import ROWS, CoxKernel
from analytics.survival.cox_rows import collect_rows

if TYPE_CHECKING:
    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_likelihood import Steps
    from analytics.survival.cox_rows import CoxRows, Ints
    from analytics.survival.results import CoxFit


@dataclass(frozen=True, eq=False)
class CoxResiduals:
    """Residuals of the rows and the events of a Cox model.

    Parameters
    ----------
    rows
        One row per row of the data that entered the model, in its order: ``row`` (position in the
        frame, from 0), ``martingale``, ``deviance``, ``score`` (array, one value per coefficient,
        not multiplied by the weight), ``dfbeta`` (array: approximate change of each coefficient
        when the row is left out, weight included).
    events
        One row per event, by stratum and time: ``row``, ``stratum``, ``time_days``, ``schoenfeld`` (array).
    """

    rows: pl.DataFrame
    events: pl.DataFrame


def estimate_residuals(fit: CoxFit, frame: pl.DataFrame) -> CoxResiduals:
    """Compute the residuals of a fitted Cox model (Therneau and Grambsch 2000, chapters 4 to 7).

    Parameters
    ----------
    fit
        The model.
    frame
        The data that it was fitted to.

    Returns
    -------
    CoxResiduals
        Martingale, deviance, score, dfbeta and Schoenfeld residuals, right with ties, delayed
        entry and weights.

    Raises
    ------
    SpecificationError
        For exact ties, which have no residuals of this kind.
    """
    if fit.ties == "exact" or fit.spec is None:
        raise specification_error(what="no residuals with exact ties", fix="Fit with efron or breslow ties.")
    rows = collect_rows(frame, fit.spec)
    kernel = CoxKernel(rows, fit.spec.ties)
    steps = kernel.steps(fit.coefficients * kernel.scale)
    martingale = martingale_residuals(kernel, steps)
    score = score_residuals(kernel, steps) * kernel.scale
    dfbeta = rows.weight[:, None] * score @ np.asarray(fit.model_covariance)
    table = pl.DataFrame(
        {
            "row": rows.position,
            "martingale": martingale,
            "deviance": deviance_residuals(martingale, rows),
            "score": pl.Series(score),
            "dfbeta": pl.Series(dfbeta),
        }
    )
    return CoxResiduals(table, _event_table(kernel, steps))


def _event_table(kernel: CoxKernel, steps: Steps) -> pl.DataFrame:
    """List the Schoenfeld residuals by stratum and time."""
    order = schoenfeld_order(kernel)
    deaths = kernel.deaths[order]
    return pl.DataFrame(
        {
            "row": kernel.rows.position[deaths],
            "stratum": [kernel.rows.strata[code] for code in kernel.rows.stratum[deaths]],
            "time_days": kernel.rows.stop[deaths],
            "schoenfeld": pl.Series(schoenfeld_residuals(kernel, steps)[order] * kernel.scale),
        }
    )


def martingale_residuals(kernel: CoxKernel, steps: Steps) -> Floats:
    """Give observed less expected events of each row."""
    expected = np.exp(steps.predictor) * kernel.exposure(steps.hazard)
    residual: Floats = kernel.rows.event - expected
    return residual


def deviance_residuals(martingale: Floats, rows: CoxRows) -> Floats:
    """Make martingale residuals nearly symmetric around 0."""
    expected = rows.event - martingale
    surprise = np.zeros_like(martingale)
    with_event = rows.event & (expected > 0)
    surprise[with_event] = np.log(expected[with_event])
    residual: Floats = np.sign(martingale) * np.sqrt(np.maximum(-2 * (martingale + surprise), 0.0))
    return residual


def event_means(kernel: CoxKernel, steps: Steps) -> Floats:
    """Give each event's risk-set mean of the covariates, averaged over Efron fractions."""
    counts = np.bincount(kernel.term_set, minlength=len(kernel.sets.time))
    means: Floats = (kernel.per_set(steps.mean) / counts[:, None])[kernel.death_set]
    return means


def schoenfeld_residuals(kernel: CoxKernel, steps: Steps) -> Floats:
    """Give covariates less risk-set mean per event, ordered and scaled as in the kernel."""
    residual: Floats = kernel.x[kernel.deaths] - event_means(kernel, steps)
    return residual


def schoenfeld_order(kernel: CoxKernel) -> Ints:
    """Order events by stratum and time, ties as in the data."""
    return np.argsort(kernel.death_set, kind="stable")


def score_residuals(kernel: CoxKernel, steps: Steps) -> Floats:
    """Give each row's part of the score, unweighted, on the kernel's scale (Lin and Wei 1989)."""
    drift = steps.hazard[:, None] * steps.mean
    # One array of all rows, worked on in place: a few more would be most of the memory of a large model.
    residual: Floats = kernel.over_range(kernel.cumulate(kernel.per_set(drift)))
    residual[kernel.deaths] -= kernel.per_set(kernel.fraction[:, None] * drift)[kernel.death_set]
    exposure, risk = kernel.exposure(steps.hazard), np.exp(steps.predictor)
    for low in range(0, len(residual), ROWS):
        rows = slice(low, low + ROWS)
        residual[rows] -= exposure[rows, None] * kernel.x[rows]
        residual[rows] *= risk[rows, None]
    residual[kernel.deaths] += schoenfeld_residuals(kernel, steps)
    return residual


def clustered_score(kernel: CoxKernel, steps: Steps) -> Floats:
    """Sum weighted score residuals over the rows of each cluster, on the kernel's scale."""
    weighted = score_residuals(kernel, steps)
    weighted *= kernel.rows.weight[:, None]
    sums = np.zeros((int(kernel.rows.cluster.max()) + 1, weighted.shape[1]))
    np.add.at(sums, kernel.rows.cluster, weighted)
    return sums
