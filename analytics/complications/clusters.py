"""Patients who count more than once: what the variance of a rate needs to know of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.complications.denominators import Count, in_denominator, in_numerator
from analytics.proportions.cluster_intervals import ClusterSums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.complications.definition import ComplicationDefinition

PATIENT = "patient_id"


def count_clusters(
    rows: pl.DataFrame,
    definitions: Sequence[ComplicationDefinition],
    keys: list[str],
    counted: pl.DataFrame,
) -> pl.DataFrame:
    """Add to the counts of groups the sums over patients with more than one row in a group.

    Parameters
    ----------
    rows
        Units with ``patient_id`` (without it, nobody counts more than once), flags and the columns `keys`.
    definitions
        The complications.
    keys
        Columns of the groups; none for all rows together.
    counted
        One row per group, where the sums are added.

    Returns
    -------
    polars.DataFrame
        `counted` with ``<key>:many_clusters``, ``_events``, ``_total``, ``_events_squared``, ``_products``
        and ``_totals_squared``: of patients with several rows only, since one row is its own square.
    """
    if PATIENT not in rows.columns:
        return counted
    several = rows.filter(pl.col(PATIENT).is_not_null() & (pl.len().over(*keys, PATIENT) > 1))
    sums = [
        claim.sum().cast(pl.Int64).alias(f"{one.key}:{name}")
        for one in definitions
        for name, claim in (("x", in_numerator(one)), ("n", in_denominator(one)))
    ]
    by_patient = several.group_by(*keys, PATIENT).agg(sums)
    squares = [expression for one in definitions for expression in _squares(one.key)]
    if not keys:
        return pl.concat([counted, by_patient.select(squares)], how="horizontal")
    added = by_patient.group_by(keys).agg(squares)
    names = [name for name in added.columns if name not in keys]
    joined = counted.join(added, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(pl.col(names).fill_null(0))


def _squares(key: str) -> list[pl.Expr]:
    """Add up over patients what the variance needs."""
    x, n = pl.col(f"{key}:x"), pl.col(f"{key}:n")
    found = {
        "clusters": (n > 0),
        "events": x,
        "total": n,
        "events_squared": x * x,
        "products": x * n,
        "totals_squared": n * n,
    }
    return [part.sum().cast(pl.Int64).alias(f"{key}:many_{name}") for name, part in found.items()]


def sums_of(key: str, row: dict[str, object], count: Count) -> ClusterSums | None:
    """Put the sums of one complication in one group together.

    Parameters
    ----------
    key
        The complication.
    row
        A row of `count_clusters`.
    count
        Its counts.

    Returns
    -------
    ClusterSums or None
        None where nobody counts more than once.
    """
    if f"{key}:many_clusters" not in row:
        return None
    clusters, events, total, events_squared, products, totals_squared = (
        int(str(row[f"{key}:many_{name}"]))
        for name in ("clusters", "events", "total", "events_squared", "products", "totals_squared")
    )
    if total <= clusters:
        return None
    single_events, single_total = count.n_events - events, count.n_total - total
    return ClusterSums(
        n_clusters=clusters + single_total,
        n_events=count.n_events,
        n_total=count.n_total,
        events_squared=events_squared + single_events,
        products=products + single_events,
        totals_squared=totals_squared + single_total,
    )
