"""How much each row moves a sum of baseline hazard increments: the infinitesimal jackknife of predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_likelihood import CoxKernel, Steps
    from analytics.survival.cox_rows import Ints


@dataclass(frozen=True, eq=False)
class HazardSum:
    """A weighted sum of hazard increments, sum over k of a_k dH_k, with what it depends on.

    Parameters
    ----------
    total
        The sum, for a row of relative risk ``exp(kernel predictor)``.
    drift
        Sum of a_k times the risk-set mean of the covariates times dH_k, on the kernel's scale.
    influence
        Derivative of the sum by the weight of each row, times that weight, coefficients held.
    """

    total: float
    drift: Floats
    influence: Floats


def influence_hazard(kernel: CoxKernel, steps: Steps, amounts: Floats) -> HazardSum:
    """Differentiate a weighted sum of hazard increments by the weight of every row.

    Parameters
    ----------
    kernel
        Sorted sums of the data.
    steps
        Terms of the likelihood at the estimate.
    amounts
        One factor a_k per risk set.
    """
    factor = amounts[kernel.term_set]
    reciprocal = np.exp(-steps.log_denominator)
    counts = np.bincount(kernel.term_set, minlength=len(amounts))
    gained = kernel.per_set(reciprocal * factor) / counts
    influence = -np.exp(steps.predictor) * kernel.exposure(steps.hazard * reciprocal * factor)
    influence[kernel.deaths] += gained[kernel.death_set]
    weighted = steps.hazard * factor
    return HazardSum(float(weighted.sum()), weighted @ steps.mean, kernel.rows.weight * influence)


def relative_risk(
    kernel: CoxKernel, steps: Steps, beta: Floats, profile: Floats, *, stratum: int = 0
) -> float:
    """Give the relative risk of a profile (kernel's scale) on the scale of a stratum's hazard increments."""
    row = int(np.argmax(kernel.rows.stratum == stratum))
    shift = steps.predictor[row] - kernel.x[row] @ beta
    return float(np.exp(profile @ beta + shift))


def sum_by_cluster(influence: Floats, cluster: Ints) -> Floats:
    """Sum a value (or row) per data row over the clusters; rows that are their own are not copied."""
    if np.array_equal(cluster, np.arange(len(influence))):
        return influence
    sums = np.zeros((int(cluster.max()) + 1, *influence.shape[1:]))
    np.add.at(sums, cluster, influence)
    return sums


def risk_limits(risk: Floats, std_error: Floats, *, scale: str, confidence: float) -> tuple[Floats, Floats]:
    """Put limits around risks on the scale log(-log(risk)) or log(-log(1 - risk)).

    Parameters
    ----------
    risk, std_error
        Probabilities with their standard errors. Where a risk is 0 or 1 both limits are that number.
    scale
        ``loglog`` (of the risk) or ``cloglog`` (of its complement).
    confidence
        Level, between 0 and 1.
    """
    quantile = float(stats.norm.ppf((1 + confidence) / 2))
    kept = risk if scale == "loglog" else 1.0 - risk
    inside = (kept > 0) & (kept < 1)
    safe = np.where(inside, kept, 0.5)
    depth = -np.log(safe)
    ratio = np.exp(quantile * std_error / (safe * depth))
    low, high = np.exp(-depth * ratio), np.exp(-depth / ratio)
    if scale == "cloglog":
        low, high = 1.0 - high, 1.0 - low
    return np.where(inside, low, risk), np.where(inside, high, risk)
