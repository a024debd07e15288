"""Gray's test between the cumulative incidences of groups, with competing events present."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.event_counts import CAUSE, TIME, EventCounts
from analytics.survival.gray_sums import GroupsAtRisk, gray_sums
from analytics.survival.group_counts import conclude_test, keep_known, split_by_strata
from analytics.survival.rank_sums import RankSums
from analytics.survival.refusals import refuse_counts
from analytics.survival.results import Basis, GroupTest, NotEstimable
from analytics.survival.risk_table import build_risk_table

if TYPE_CHECKING:
    from collections.abc import Sequence

ENDPOINT, COMPETING = 1, 2


def compare_incidences(
    counts: EventCounts,
    *,
    group: str,
    strata: Sequence[str] = (),
    rho: float = 0.0,
    cause: int = 1,
    order: Sequence[str] = (),
) -> GroupTest | NotEstimable:
    """Test whether the groups share one cumulative incidence of a cause (Gray's test).

    The log-rank test compares rates among those still free of every event; this test compares the incidences
    that patients experience, to which the competing events contribute.

    Parameters
    ----------
    counts
        Event counts with a column per group and stratum. Weights of patients are not used.
    group
        Strata column whose values are compared; rows without a value are left out, here and in ``strata``.
    strata
        Strata columns within which the comparison is made, for example the site; other columns are added up.
    rho
        Power of one minus the pooled incidence that weighs the days [1]_: 0 weighs all alike, 1 stresses
        early differences.
    cause
        Cause code of the event; every other cause competes with it.
    order
        Labels of the groups to compare, in the order for the table; all, ascending, when empty.

    Returns
    -------
    GroupTest or NotEstimable
        ``table`` holds observed and expected events of the cause (weighted where ``rho`` is not zero),
        ``by_stratum`` the same per stratum; there is no trend. Refused: ``no_patients``, ``one_group``,
        ``no_events``, ``event_times_unknown``, ``singular`` where no two groups were ever at risk together.

    Raises
    ------
    ValueError
        With delayed entry, for which the variance has not been derived.

    References
    ----------
    .. [1] Gray (1988), Ann Stat 16:1141-1154, https://doi.org/10.1214/aos/1176350951.
    """
    if counts.entries is not None:
        msg = "counts: Gray's test has no variance under delayed entry. Compare cause-specific hazards."
        raise ValueError(msg)
    pooled = keep_known(_three_causes(counts.pooled([group, *strata]), cause), group, order)
    present = pooled.pooled([group]).labels()
    labels = tuple(label for label in order if label in present) if order else present
    refusal = _refuse(pooled, labels, name=group)
    if refusal is not None:
        return refusal
    parts = {
        stratum: _sum_stratum(part, labels=labels, rho=rho)
        for stratum, part in split_by_strata(pooled, tuple(strata)).items()
    }
    return conclude_test(group, labels, parts, _basis(pooled, rho, strata=tuple(strata)))


def _three_causes(counts: EventCounts, cause: int) -> EventCounts:
    """Tell apart the censored, the cause asked for and every competing event."""
    code = pl.col(CAUSE)
    recoded = (
        pl.when(code == 0).then(0).when(code == cause).then(ENDPOINT).otherwise(COMPETING).cast(pl.Int64)
    )
    columns = [*counts.strata, TIME, CAUSE, "n", "n_inexact"]
    return EventCounts(counts.frame.with_columns(recoded.alias(CAUSE)).select(columns), counts.strata)


def _refuse(counts: EventCounts, labels: tuple[str, ...], *, name: str) -> NotEstimable | None:
    """Say why there is nothing to test; None where there is."""
    refusal = refuse_counts(counts, group=name, highest_cause=COMPETING)
    if refusal is not None:
        return refusal
    if len(labels) < 2:
        return NotEstimable(name, "Only one group has patients: there is nothing to compare.", "one_group")
    if not counts.frame.filter((pl.col(CAUSE) == ENDPOINT) & (pl.col("n") > 0)).height:
        return NotEstimable(name, "Nobody in any group had the event.", "no_events")
    return None


def _sum_stratum(counts: EventCounts, *, labels: tuple[str, ...], rho: float) -> RankSums:
    """Sum observed, expected and covariance over the event days of one stratum."""
    happened = counts.frame.filter((pl.col(CAUSE) > 0) & (pl.col("n") > 0))
    days = happened[TIME].unique().sort().cast(pl.Float64).to_numpy()
    shape = (len(labels), len(days))
    at_risk, own, other = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    size = np.zeros(len(labels), dtype=np.int64)
    for row, label in enumerate(labels):
        table = build_risk_table(counts.of_group(label), n_causes=COMPETING)
        at_risk[row] = table.at_risk(days)
        some = table.all_events > 0
        column = np.searchsorted(days, table.times[some])
        own[row, column], other[row, column] = table.n_event[:, some]
        size[row] = int((table.n_censor + table.all_events).sum())
    observed, expected, covariance = gray_sums(GroupsAtRisk(at_risk, own, other), rho)
    return RankSums(size, observed, expected, covariance)


def _basis(counts: EventCounts, rho: float, *, strata: tuple[str, ...]) -> Basis:
    """Say what the test rests on."""
    name = "Gray's test" if rho == 0 else f"Gray's test, rho {rho:g}"
    return Basis(
        method=f"{name}, stratified by {', '.join(strata)}" if strata else name,
        variance="Gray",
        interval="none",
        n=int(counts.frame["n"].sum()),
        n_events=int(counts.frame.filter(pl.col(CAUSE) == ENDPOINT)["n"].sum()),
        person_days=build_risk_table(counts.pooled()).person_days,
    )
