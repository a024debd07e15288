"""How late a site still asks the living about events: what a linked death may be set beside.

A death that only a linkage knows of belongs into a composite if the living are followed that late; otherwise
the curve would fall through deaths in a risk set that the living have left.
"""

from __future__ import annotations

import polars as pl

LEAST_SHARE = 0.5
"""Share of the living who must have been asked on or after a day for a linked death of that day to count."""

CONTACT_WINDOW_DAYS = 60
"""A contact may come so many days late: only who could be followed so much longer shows whether it came."""

_NO_LIMIT = 10**6


def derive_asked_that_late(ends: pl.DataFrame) -> pl.DataFrame:
    """Say of each death whether the site still asked the living so long after their procedure.

    Parameters
    ----------
    ends
        One row per index procedure: ``procedure_id``, ``site_id``, ``procedure_day``, ``death_day`` (null
        where alive), ``asked_until`` (day number of the last knowledge of non-fatal events), ``limit`` (last
        day the site vouches for, null for none).

    Returns
    -------
    polars.DataFrame
        ``procedure_id`` of the dead and ``asked_that_late``: True where, of the site's other index procedures
        that outlived the same time and whose site vouches for it plus a contact window, at least
        `LEAST_SHARE` were asked about events on or after it. False where there are none.
    """
    since = pl.col("procedure_day")
    could = pl.min_horizontal(
        (pl.col("death_day") - since - 1).fill_null(_NO_LIMIT),
        (pl.col("limit") - since - CONTACT_WINDOW_DAYS).fill_null(_NO_LIMIT),
    )
    others = ends.select(
        "site_id", could.alias("could"), (pl.col("asked_until") - since).alias("asked")
    ).with_columns(pl.min_horizontal("could", "asked").alias("asked"))
    dead = ends.filter(pl.col("death_day").is_not_null()).select(
        "procedure_id", "site_id", (pl.col("death_day") - since).alias("at")
    )
    counted = dead.join(_count_from(others, dead, "could"), on="procedure_id").join(
        _count_from(others, dead, "asked"), on="procedure_id"
    )
    enough = (pl.col("could") > 0) & (pl.col("asked") >= LEAST_SHARE * pl.col("could"))
    return counted.select("procedure_id", enough.alias("asked_that_late"))


def _count_from(others: pl.DataFrame, dead: pl.DataFrame, column: str) -> pl.DataFrame:
    """Count the rows of a site whose value reaches the time of each death."""
    steps = (
        others.group_by("site_id", pl.col(column).alias("at"))
        .agg(pl.len().cast(pl.Int64).alias(column))
        .sort("site_id", "at")
        .with_columns(pl.col(column).cum_sum(reverse=True).over("site_id"))
        .sort("at")
    )
    found = dead.sort("at").join_asof(
        steps, on="at", by="site_id", strategy="forward", check_sortedness=False
    )
    return found.select("procedure_id", pl.col(column).fill_null(0))
