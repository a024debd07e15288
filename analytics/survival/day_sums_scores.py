"""Score residuals of rows as blocks per cluster: what the sandwich variance is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analytics.survival.cox_description import ScoreSpread
from analytics.survival.day_sums import cross_product, sum_runs
from analytics.survival.day_sums_solution import accumulate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_rows import Ints
    from analytics.survival.day_sums import Block, PlacedRows
    from analytics.survival.day_sums_solution import Solution
    from analytics.survival.day_sums_types import Codes


@dataclass(frozen=True, eq=False)
class ScoreBlocks:
    """Weighted score residuals, summed; those of disjoint rows add up.

    Parameters
    ----------
    total
        Over all rows.
    by_cluster
        Over the rows of each cluster; without rows where each row is its own cluster.
    meat
        Sum of cross products of rows that are their own clusters.
    """

    total: Floats
    by_cluster: Floats
    meat: Floats

    @classmethod
    def empty(cls, n_coefficients: int, n_clusters: int) -> ScoreBlocks:
        """Begin with zeros; 0 clusters: each row is its own."""
        n = n_coefficients
        return cls(np.zeros(n), np.zeros((n_clusters, n)), np.zeros((n, n)))

    def spread(self, scale: Floats) -> ScoreSpread:
        """Bring the sums to the scale of the kernel."""
        meat = self.meat + cross_product(self.by_cluster.T, self.by_cluster.T)
        return ScoreSpread(self.total / scale, meat / np.outer(scale, scale))


def merge_scores(first: ScoreBlocks, second: ScoreBlocks) -> ScoreBlocks:
    """Add the blocks of disjoint rows; a cluster may have rows in both."""
    return ScoreBlocks(
        first.total + second.total, first.by_cluster + second.by_cluster, first.meat + second.meat
    )


@dataclass(frozen=True, eq=False)
class ScoreParts:
    """What a row's score residual takes from its last risk set."""

    exposure: Floats
    tied_hazard: Floats
    drift: Floats
    tied_drift: Floats
    event_mean: Floats

    @classmethod
    def of(cls, solution: Solution, bounds: Ints) -> ScoreParts:
        """Cumulate the hazards of a solution."""
        return cls(
            accumulate(solution.hazard, bounds),
            solution.tied_hazard,
            accumulate(solution.drift(), bounds),
            solution.tied_drift(),
            solution.event_mean(),
        )


def sum_scores(
    parts: Iterable[PlacedRows],
    beta: Floats,
    score: ScoreParts,
    n_clusters: int,
    *,
    into: ScoreBlocks | None = None,
) -> ScoreBlocks:
    """Sum weighted score residuals over clusters [1]_, in time linear in the rows.

    Parameters
    ----------
    parts
        Rows of any part of the data, each part ordered.
    beta
        Coefficients, on the caller's scale.
    score
        From the solution at these coefficients.
    n_clusters
        Clusters of all data; 0 where each row is its own.
    into
        Blocks to add to, in place; None begins with zeros.

    References
    ----------
    .. [1] Lin & Wei (1989), J Am Stat Assoc 84:1074-1078. doi:10.1080/01621459.1989.10478874
    """
    blocks = ScoreBlocks.empty(len(beta), n_clusters) if into is None else into
    for part in parts:
        for block in part.blocks():
            residual = _residuals(block, beta, score)
            blocks.total[:] += residual.sum(axis=1)
            if part.cluster is None:
                blocks.meat[:] += cross_product(residual, residual)
            else:
                _add_clusters(blocks.by_cluster, residual, part.cluster[block.rows])
    return blocks


def _residuals(block: Block, beta: Floats, score: ScoreParts) -> Floats:
    """Give weighted score residuals, coefficients x rows."""
    _, risk = block.risk(beta)
    place, events = block.place, np.flatnonzero(block.event)
    borne = score.exposure[place]
    borne[events] -= score.tied_hazard[place[events]]
    # Sets run in order, so each is repeated over its rows: rows need not be gathered one by one.
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    sets, counts = place[starts], np.diff(starts, append=len(place))
    residual: Floats = np.repeat(np.ascontiguousarray(score.drift[sets].T), counts, axis=1)
    at, weight = place[events], np.ones(len(events)) if block.weight is None else block.weight[events]
    x_events = block.x[:, events]
    residual[:, events] -= score.tied_drift[at].T
    np.multiply(block.x, borne, out=block.x)
    residual -= block.x
    residual *= risk
    residual[:, events] += (x_events - score.event_mean[at].T) * weight
    return residual


def _add_clusters(by_cluster: Floats, residual: Floats, cluster: Codes) -> None:
    """Add residuals to their clusters, in place."""
    n_clusters = len(by_cluster)
    if n_clusters < residual.shape[1]:
        for number, row in enumerate(residual):
            by_cluster[:, number] += np.bincount(cluster, row, n_clusters)
        return
    order = np.argsort(cluster)
    ordered = cluster[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    by_cluster[ordered[starts]] += sum_runs(residual[:, order], starts)
