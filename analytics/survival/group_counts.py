"""Event counts laid out for comparing groups, within strata where there are any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.survival.event_counts import EventCounts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.rank_sums import RankSums


def split_by_strata(counts: EventCounts, strata: tuple[str, ...]) -> dict[str, EventCounts]:
    """Split counts by some of their columns, keeping the others; one part, ``all``, where none is named.

    Parameters
    ----------
    counts
        Counts with a column for each stratum.
    strata
        Columns to split by.
    """
    if not strata:
        return {"all": counts}
    keys = counts.frame.select(strata).unique().sort(strata)
    parts = {}
    for key in keys.iter_rows(named=True):
        same = pl.all_horizontal(pl.col(name) == value for name, value in key.items())
        entries = None if counts.entries is None else counts.entries.filter(same).drop(strata)
        kept = tuple(name for name in counts.strata if name not in strata)
        label = ", ".join(str(value) for value in key.values())
        parts[label] = EventCounts(counts.frame.filter(same).drop(strata), kept, entries)
    return parts


def keep_known(counts: EventCounts, group: str, order: Sequence[str] = ()) -> EventCounts:
    """Keep the counts that have a value in every column, and of the groups asked for.

    Parameters
    ----------
    counts
        Counts with a column per group and stratum.
    group
        Column of the groups.
    order
        Labels of the groups to keep; all when empty.
    """
    kept = pl.all_horizontal(pl.col(name).is_not_null() for name in counts.strata)
    if order:
        kept &= pl.col(group).cast(pl.String).is_in(list(order))
    entries = None if counts.entries is None else counts.entries.filter(kept)
    return EventCounts(counts.frame.filter(kept), counts.strata, entries)


def group_table(labels: tuple[str, ...], sums: RankSums) -> pl.DataFrame:
    """Lay out size, observed and expected events of the groups.

    Parameters
    ----------
    labels
        Group labels in the order of the sums.
    sums
        Sums of one stratum or of all.
    """
    return pl.DataFrame(
        {"group": labels, "n": sums.size, "observed": sums.observed, "expected": sums.expected},
        schema_overrides={"n": pl.Int64},
    )
