"""Variances that count clusters, not rows: the sandwich with scores summed within patients or sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import polars as pl

    from analytics.regression.arrays import Codes, Floats


FEW_CLUSTERS = 30
"""Fewer clusters than this and a sandwich is too small too often (Mancl & DeRouen 2001)."""


def code_clusters(clusters: Sequence[object] | pl.Series | npt.ArrayLike | None, n: int) -> Codes:
    """Give each cluster a number, 0, 1, ...; each row is its own where none is named."""
    if clusters is None:
        return np.arange(n)
    return np.unique(np.asarray(clusters), return_inverse=True)[1].astype(np.int64)


def sum_by_cluster(rows: Floats, codes: Codes) -> Floats:
    """Add the rows of an n x p matrix within clusters, G x p."""
    sums = [np.bincount(codes, weights=column) for column in rows.T]
    return np.stack(sums, axis=1) if sums else np.empty((int(codes.max()) + 1, 0))


def cluster_factor(n_clusters: int) -> float:
    """Give G / (G - 1), the small-sample factor of the meat; infinite for one cluster."""
    return n_clusters / (n_clusters - 1) if n_clusters > 1 else np.inf


def sandwich(bread: Floats, scores: Floats, codes: Codes) -> Floats:
    """Give bread times the cross product of cluster sums of scores times bread, times G / (G - 1) [1]_.

    Parameters
    ----------
    bread
        Inverse of the summed information, p x p.
    scores
        Score of each row at the estimate, n x p.
    codes
        Cluster of each row, 0 to G - 1.

    References
    ----------
    .. [1] Liang & Zeger (1986), Biometrika 73:13-22. doi:10.1093/biomet/73.1.13
    """
    sums = sum_by_cluster(scores, codes) @ bread
    return cluster_factor(len(sums)) * (sums.T @ sums)


def cluster_warnings(codes: Codes, n: int) -> tuple[str, ...]:
    """Warn where there are few clusters; rows that are their own cluster are not counted as clusters."""
    n_clusters = int(codes.max()) + 1 if n else 0
    if n_clusters >= FEW_CLUSTERS or n_clusters == n:
        return ()
    return (f"Only {n_clusters} clusters: limits that rest on their spread tend to be too narrow.",)
