"""Standardised risks or means of a fitted model, with their influence functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from analytics.comparison.results import ALL
from analytics.regression.clusters import cluster_factor, sum_by_cluster

if TYPE_CHECKING:
    from analytics.comparison.comparison_rows import ComparisonRows
    from analytics.comparison.outcome_model import OutcomeModel
    from analytics.regression.arrays import Floats


@dataclass(frozen=True, eq=False)
class Marginal:
    """Risks or means, one per level, and how they vary together.

    Parameters
    ----------
    values
        Standardised risk or mean of each level.
    covariance
        Theirs, levels x levels.
    sums
        Influence of each cluster on each value, clusters x levels.
    """

    values: Floats
    covariance: Floats
    sums: Floats


def target_rows(rows: ComparisonRows, population: str) -> Floats:
    """Mark with 1 the rows whose covariates are averaged over."""
    if population == ALL:
        return np.ones(len(rows.level))
    return np.asarray(rows.level == rows.levels.index(population), dtype=np.float64)


def standardise_model(model: OutcomeModel, rows: ComparisonRows, target: Floats) -> Marginal:
    """Average predictions over the target rows; variance by influence functions summed within clusters.

    The influence of a row has two parts: its own prediction less the average (the covariates are a sample
    too), and what its residual does to the coefficients.

    Parameters
    ----------
    model
        Fitted to these rows.
    rows
        Complete rows.
    target
        1 for rows averaged over, 0 for the others.
    """
    n, share = len(target), target.mean()
    fitted = model.predict(model.gamma, model.rotation.q)
    pull = _coefficient_influence(model, rows.outcome - fitted)
    values, influence = [], []
    for columns in model.assigned:
        predicted = model.predict(model.gamma, columns)
        value = float(target @ predicted / target.sum())
        slope = predicted * (1 - predicted) if model.is_binary else np.ones(n)
        gradient = (target * slope) @ columns / target.sum()
        influence.append(target / share * (predicted - value) + pull @ gradient)
        values.append(value)
    sums = sum_by_cluster(np.stack(influence, axis=1), rows.cluster)
    return Marginal(np.array(values), cluster_factor(len(sums)) * (sums.T @ sums) / n**2, sums)


def _coefficient_influence(model: OutcomeModel, residual: Floats) -> Floats:
    """Influence of each row on the coefficients: n times inverse information times score."""
    scores = model.rotation.q * residual[:, None]
    influence: Floats = len(scores) * linalg.solve(model.information(), scores.T, assume_a="pos").T
    return influence


def average_predictions(model: OutcomeModel, gamma: Floats, weights: Floats) -> Floats:
    """Average predictions at every level over weighted rows."""
    total = weights.sum()
    return np.array([weights @ model.predict(gamma, columns) / total for columns in model.assigned])
