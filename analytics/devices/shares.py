"""Shares of rows with their intervals, aware of patients who count more than once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.proportions.intervals import cluster_interval, estimate_proportion
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from analytics.proportions.results import Proportion


@dataclass(frozen=True)
class Share:
    """How many of how many.

    Parameters
    ----------
    n_events, n_total
        Numerator and denominator: rows in which the answer is known.
    n_unknown
        Rows left out of both, because the answer is not on record.
    interval
        Share and limits, or why there are none.
    """

    n_events: int
    n_total: int
    n_unknown: int
    interval: Proportion | NotEstimable


def count_share(rows: pl.DataFrame, claim: pl.Expr, *, clusters: str | None = None, group: str) -> Share:
    """Count how often a claim holds.

    Parameters
    ----------
    rows
        One row per unit that is counted.
    claim
        True, False, or null where the record cannot tell.
    clusters
        Column whose rows may resemble one another, for example ``patient_id``. Where none repeats, and where
        None, the interval is that of independent rows (Wilson).
    group
        Label of the group in a refusal.

    Returns
    -------
    Share
        Counts and interval. Without an event the upper limit is the exact one-sided one.
    """
    owner = pl.lit(None, dtype=pl.String) if clusters is None else pl.col(clusters)
    known = rows.select(claim=claim, owner=owner).drop_nulls("claim")
    n_events, n_total = int(known["claim"].sum()), known.height
    interval: Proportion | NotEstimable
    if clusters is None or known["owner"].n_unique() == n_total:
        interval = estimate_proportion(n_events, n_total, group=group)
    else:
        by_owner = known.group_by("owner", maintain_order=True).agg(pl.col("claim").sum(), n=pl.len())
        interval = cluster_interval(by_owner["claim"].to_numpy(), by_owner["n"].to_numpy(), group=group)
    return Share(n_events, n_total, rows.height - n_total, interval)
