"""Bootstrap of clusters for standardised risks and means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analytics.comparison.marginal import average_predictions

if TYPE_CHECKING:
    from analytics.comparison.comparison_rows import ComparisonRows
    from analytics.comparison.outcome_model import OutcomeModel
    from analytics.regression.arrays import Floats


@dataclass(frozen=True, eq=False)
class Replicates:
    """What the resamples gave.

    Parameters
    ----------
    values
        Replicates x levels; a resample in which nobody was averaged over is left out.
    """

    values: Floats

    def limits(self, numbers: Floats, confidence: float) -> tuple[float, float]:
        """Give the percentile limits of one number per replicate."""
        tail = (1 - confidence) / 2
        # An order statistic, not a mean of two: a ratio may be infinite where the reference had no event.
        lower, upper = np.nanquantile(numbers, [tail, 1 - tail], method="inverted_cdf")
        return float(lower), float(upper)


def resample(
    model: OutcomeModel, rows: ComparisonRows, target: Floats, *, n_replicates: int, seed: int
) -> Replicates:
    """Draw clusters with replacement, refit the same model, and average again.

    A resample in which a level or a category has no event takes the limit of its likelihood: a risk of zero.

    Parameters
    ----------
    model
        Fitted to the rows.
    rows
        Complete rows.
    target
        1 for rows averaged over, 0 for the others.
    n_replicates, seed
        Resamples, and the seed of the draws.
    """
    generator = np.random.default_rng(seed)
    n_clusters = int(rows.cluster.max()) + 1
    drawn = []
    for _ in range(n_replicates):
        times = generator.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters))
        weights = times[rows.cluster].astype(float)
        averaged = weights * target
        if averaged.any():
            drawn.append(average_predictions(model, model.refit(rows.outcome, weights), averaged))
    return Replicates(np.array(drawn))
