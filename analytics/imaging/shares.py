"""A share of lesions with the interval that suits: lesions of one patient are no independent rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.proportions.intervals import cluster_interval, estimate_proportion

if TYPE_CHECKING:
    from analytics.proportions.results import Proportion
    from analytics.refusals import NotEstimable


def estimate_share(
    rows: pl.DataFrame,
    flag: str,
    *,
    cluster: str = "patient_id",
    confidence: float = 0.95,
    method: str = "wilson",
    group: str = "all",
) -> Proportion | NotEstimable:
    """Estimate the share of rows with a flag.

    Parameters
    ----------
    rows
        One row per lesion: `flag` (true or false; rows without it are left aside) and `cluster`.
    flag
        Column of the event.
    cluster
        Column by which rows may resemble one another.
    confidence
        Level of the interval.
    method
        ``wilson`` or ``clopper_pearson``, where every cluster gives one row.
    group
        Label in a refusal.

    Returns
    -------
    Proportion or NotEstimable
        Interval by cluster where one of them gives several rows, else of `method`.
    """
    known = rows.drop_nulls(flag)
    n_clusters = known[cluster].n_unique()
    n_events = int(known[flag].sum())
    if n_clusters == known.height:
        return estimate_proportion(n_events, known.height, confidence=confidence, method=method, group=group)
    counts = known.group_by(cluster, maintain_order=True).agg(events=pl.col(flag).sum(), n=pl.len())
    return cluster_interval(counts["events"], counts["n"], confidence=confidence, group=group)
