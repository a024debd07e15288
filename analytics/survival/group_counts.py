"""Event counts laid out for comparing groups, within strata where there are any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from scipy.stats import chi2

from analytics.survival.event_counts import EventCounts
from analytics.survival.rank_sums import add_sums, quadratic_form
from analytics.survival.results import GroupTest, NotEstimable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.survival.rank_sums import RankSums
    from analytics.survival.results import Basis


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


def conclude_test(
    group: str, labels: tuple[str, ...], parts: Mapping[str, RankSums], basis: Basis
) -> GroupTest | NotEstimable:
    """Add up the strata of a rank test and judge the sum.

    Parameters
    ----------
    group
        Column of the groups, the label of a refusal.
    labels
        Group labels in order.
    parts
        Sums by stratum.
    basis
        What the test rests on.

    Returns
    -------
    GroupTest or NotEstimable
        Refused: ``singular`` where no two groups were at risk together on a day that somebody came through.
    """
    total = add_sums(list(parts.values()))
    statistic, degrees = quadratic_form(total.observed - total.expected, total.covariance)
    if degrees == 0:
        reason = "No event left the groups apart: one group was alone, or everybody had the event that day."
        return NotEstimable(group, reason, "singular")
    return GroupTest(
        groups=labels,
        table=group_table(labels, total),
        covariance=tuple(tuple(float(value) for value in row) for row in total.covariance),
        statistic=statistic,
        degrees_of_freedom=degrees,
        p_value=float(chi2.sf(statistic, degrees)),
        basis=basis,
        by_stratum=pl.concat(
            group_table(labels, part).with_columns(stratum=pl.lit(stratum)) for stratum, part in parts.items()
        ),
    )
