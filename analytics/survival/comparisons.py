"""Log-rank family tests between groups, from event counts."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.stats import chi2

from analytics.survival.event_counts import CAUSE, TIME, EventCounts
from analytics.survival.group_counts import conclude_test, keep_known, split_by_strata
from analytics.survival.p_values import adjust_benjamini_hochberg, adjust_holm
from analytics.survival.rank_sums import (
    LOG_RANK,
    RankSums,
    RankWeights,
    add_sums,
    sum_days,
)
from analytics.survival.refusals import refuse_counts
from analytics.survival.results import Basis, GroupTest, NotEstimable, WaldTest
from analytics.survival.risk_table import build_risk_table

if TYPE_CHECKING:
    from collections.abc import Sequence


def compare_event_curves(
    counts: EventCounts,
    *,
    group: str,
    strata: Sequence[str] = (),
    weights: RankWeights = LOG_RANK,
    cause: int = 1,
    order: Sequence[str] = (),
) -> GroupTest | NotEstimable:
    """Test whether the groups share one hazard of the endpoint.

    Parameters
    ----------
    counts
        Event counts with a column per group and stratum. Weights of patients are not used: this is a test
        between observed groups. Delayed entry is taken from ``counts.entries``.
    group
        Strata column whose values are compared; rows without a value are left out, here and in ``strata``.
    strata
        Strata columns within which the comparison is made, for example the site; other columns are added up.
    weights
        Log-rank by default.
    cause
        Cause code of the event; other causes count as censored, which makes it a test of the cause-specific
        hazard.
    order
        Labels of the groups to compare, in the order for the table and the trend; all, ascending, when empty.

    Returns
    -------
    GroupTest or NotEstimable
        ``table`` holds observed and expected (weighted) events, ``by_stratum`` the same per stratum,
        ``trend`` the test for trend over the groups in their order. Refused: ``no_patients``, ``one_group``,
        ``no_events``, ``event_times_unknown``, ``singular`` where no two groups were ever at risk together.

    References
    ----------
    .. [1] Mantel (1966), Cancer Chemother Rep 50:163-170; Peto & Peto (1972), J R Stat Soc A 135:185-207.
    """
    pooled = keep_known(counts.pooled([group, *strata]), group, order)
    present = pooled.pooled([group]).labels()
    labels = tuple(label for label in order if label in present) if order else present
    refusal = _refuse(pooled, labels, name=group, cause=cause)
    if refusal is not None:
        return refusal
    parts = {
        stratum: _sum_stratum(part, group=group, labels=labels, weights=weights, cause=cause)
        for stratum, part in split_by_strata(pooled, tuple(strata)).items()
    }
    found = conclude_test(group, labels, parts, _basis(pooled, weights, strata=tuple(strata), cause=cause))
    if isinstance(found, NotEstimable):
        return found
    return replace(found, trend=_trend(add_sums(list(parts.values()))))


def compare_pairwise(
    counts: EventCounts, *, group: str, strata: Sequence[str] = (), weights: RankWeights = LOG_RANK
) -> pl.DataFrame | NotEstimable:
    """Test every pair of groups and adjust the p-values for their number.

    Parameters
    ----------
    counts, group, strata, weights
        As for :func:`compare_event_curves`.

    Returns
    -------
    pl.DataFrame or NotEstimable
        One row per pair: ``first``, ``second``, ``statistic``, ``p_value``, ``p_holm`` [1]_,
        ``p_benjamini_hochberg`` [2]_ and ``reason`` (null where estimable; adjustment counts only the
        estimable pairs).

    References
    ----------
    .. [1] Holm (1979), Scand J Stat 6:65-70.
    .. [2] Benjamini & Hochberg (1995), J R Stat Soc B 57:289-300.
    """
    overall = compare_event_curves(counts, group=group, strata=strata, weights=weights)
    if isinstance(overall, NotEstimable):
        return overall
    rows = []
    for pair in combinations(overall.groups, 2):
        test = compare_event_curves(counts, group=group, strata=strata, weights=weights, order=pair)
        rows.append(_pair_row(pair, test))
    frame = pl.DataFrame(
        rows, schema_overrides={"statistic": pl.Float64, "p_value": pl.Float64, "reason": pl.String}
    )
    known = frame["p_value"].is_not_null().to_numpy()
    adjusted = {name: np.full(len(known), np.nan) for name in ("p_holm", "p_benjamini_hochberg")}
    p_values = frame["p_value"].drop_nulls().to_numpy()
    adjusted["p_holm"][known] = adjust_holm(p_values)
    adjusted["p_benjamini_hochberg"][known] = adjust_benjamini_hochberg(p_values)
    return frame.with_columns(pl.Series(name, values).fill_nan(None) for name, values in adjusted.items())


def _refuse(counts: EventCounts, labels: tuple[str, ...], *, name: str, cause: int) -> NotEstimable | None:
    """Say why there is nothing to test; None where there is."""
    highest = int(counts.frame[CAUSE].max() or 0)  # type: ignore[arg-type]  # an integer column
    refusal = refuse_counts(counts, group=name, highest_cause=highest)
    if refusal is not None:
        return refusal
    if len(labels) < 2:
        return NotEstimable(name, "Only one group has patients: there is nothing to compare.", "one_group")
    if not counts.frame.filter((pl.col(CAUSE) == cause) & (pl.col("n") > 0)).height:
        return NotEstimable(name, "Nobody in any group had the event.", "no_events")
    return None


def _sum_stratum(
    counts: EventCounts, *, group: str, labels: tuple[str, ...], weights: RankWeights, cause: int
) -> RankSums:
    """Sum observed, expected and covariance over the event days of one stratum."""
    own = counts.frame.with_columns(pl.when(pl.col(CAUSE) == cause).then(1).otherwise(0).alias(CAUSE))
    pooled = EventCounts.from_counts(own.select(group, TIME, CAUSE, "n"), entries=counts.entries)
    whole = build_risk_table(pooled.pooled())
    days = whole.times[whole.all_events > 0]
    at_risk = np.zeros((len(labels), len(days)))
    events = np.zeros((len(labels), len(days)))
    size = np.zeros(len(labels), dtype=np.int64)
    for row, label in enumerate(labels):
        table = build_risk_table(pooled.of_group(label))
        at_risk[row] = table.at_risk(days)
        day = np.searchsorted(days, table.times[table.all_events > 0])
        events[row, day] = table.all_events[table.all_events > 0]
        size[row] = int((table.n_censor + table.all_events).sum())
    return sum_days(at_risk, events, size=size, weights=weights)


def _trend(total: RankSums) -> WaldTest | None:
    """Test for trend with the scores 1, 2, ... over the groups in order."""
    score = np.arange(1.0, len(total.observed) + 1)
    variance = float(score @ total.covariance @ score)
    if variance <= 0:
        return None
    statistic = float(score @ (total.observed - total.expected)) ** 2 / variance
    return WaldTest(statistic, 1, float(chi2.sf(statistic, 1)))


def _basis(counts: EventCounts, weights: RankWeights, *, strata: tuple[str, ...], cause: int) -> Basis:
    """Say what the test rests on."""
    powers = f"({weights.rho:g}, {weights.gamma:g})" if weights.kind == "fleming-harrington" else ""
    name = "log-rank" if weights == LOG_RANK else f"weighted log-rank, {weights.kind}{powers}"
    return Basis(
        method=f"{name}, stratified by {', '.join(strata)}" if strata else name,
        variance="hypergeometric",
        interval="none",
        n=int(counts.frame["n"].sum()),
        n_events=int(counts.frame.filter(pl.col(CAUSE) == cause)["n"].sum()),
        person_days=build_risk_table(counts.pooled()).person_days,
    )


def _pair_row(pair: tuple[str, str], test: GroupTest | NotEstimable) -> dict[str, str | float | None]:
    """Lay out one pairwise test."""
    row: dict[str, str | float | None] = {"first": pair[0], "second": pair[1]}
    if isinstance(test, NotEstimable):
        return row | {"statistic": None, "p_value": None, "reason": test.reason}
    return row | {"statistic": test.statistic, "p_value": test.p_value, "reason": None}
