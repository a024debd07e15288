"""Win ratio of death and recurrent events: fewer events win, and the later last event breaks a tie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from analytics.survival.refusals import no_patients
from analytics.survival.win_ratio import describe_basis, finish, split_strata
from analytics.survival.win_ratio_pairs import sum_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analytics.survival.results import NotEstimable
    from analytics.survival.results_win_ratio import WinRatio
    from analytics.survival.win_ratio import PairGroups
    from analytics.survival.win_ratio_pairs import PairSums, Verdict

TieBreak = Literal["last", "first", "none"]
CENSORED, DEATH, RECURRENT = 0, 1, 2


def estimate_recurrent_win_ratio(
    frame: pl.DataFrame,
    groups: PairGroups,
    *,
    unit: str,
    tie_break: TieBreak = "last",
    confidence: float = 0.95,
) -> WinRatio | NotEstimable:
    """Compare pairs by death, then by the number of events, then by when they happened.

    A pair is compared over the time that both are under observation. Who dies in it while the other lives
    loses; else who had fewer events wins; among equals, whose last (or first) event came later.

    Parameters
    ----------
    frame
        One row per event and one for the end of observation: ``time_days`` (>= 0) and ``cause`` (2 a
        recurrent event, 1 death, 0 censored), with the columns below. Units without an end are left out.
    groups
        Who is compared with whom; group and strata are constant within a patient.
    unit
        Column that tells patients apart.
    tie_break
        ``last`` (default) or ``first`` event, or ``none``: death and number only.
    confidence
        Level of the intervals.

    Returns
    -------
    WinRatio or NotEstimable
        One row per step. Refusals as for :func:`analytics.survival.win_ratio.estimate_win_ratio`.

    References
    ----------
    .. [1] Mao, Kim & Li (2022), Stat Methods Med Res 31:1120-1134, doi:10.1177/09622802221084134.
    .. [2] Mao (2019), Biometrics 75:347-351, on the meaning and variance of win ratios.
    """
    first, second = (_histories(frame, groups, label, unit=unit) for label in groups.labels)
    for side, label in ((first, groups.group), (second, groups.reference)):
        if not side.height:
            return no_patients(label)
    parts = [
        _compare(own, other, tie_break) for own, other in split_strata(first, second, strata=groups.strata)
    ]
    basis = describe_basis(
        "pairs by death and recurrent events",
        first.height + second.height,
        n_events=(_count_events(first), _count_events(second)),
        person_days=float(np.sum(first["end"].to_numpy()) + np.sum(second["end"].to_numpy())),
        confidence=confidence,
        strata=groups.strata,
    )
    steps = ["death", "number of events", f"time of the {tie_break} event"]
    used = steps[:2] if tie_break == "none" else steps
    return finish(parts, used, groups, basis=basis, confidence=confidence)


def _count_events(side: pl.DataFrame) -> int:
    """Count patients who died or had an event."""
    return side.filter(pl.col("died") | (pl.col("events").list.len() > 0)).height


def _histories(frame: pl.DataFrame, groups: PairGroups, label: str, *, unit: str) -> pl.DataFrame:
    """One row per patient of a group: end of observation, whether by death, and the event times."""
    known = frame.drop_nulls([unit, groups.column, "time_days", "cause", *groups.strata])
    own = known.filter(pl.col(groups.column).cast(pl.String) == label)
    is_event, time = pl.col("cause") == RECURRENT, pl.col("time_days").cast(pl.Float64)
    return (
        own.group_by([unit, *groups.strata], maintain_order=True)
        .agg(
            end=time.filter(~is_event).max(),
            died=((pl.col("cause") == DEATH) & ~is_event).any(),
            events=time.filter(is_event).sort(),
        )
        .drop_nulls("end")
    )


@dataclass(frozen=True, eq=False)
class _Side:
    """Histories of one group as arrays; ``events`` is patients x most events, filled with infinity."""

    end: NDArray[np.float64]
    died: NDArray[np.bool_]
    events: NDArray[np.float64]


def _arrays(side: pl.DataFrame) -> _Side:
    """Lay the histories out as arrays."""
    n_events = side["events"].list.len().to_numpy().astype(np.int64)
    events = np.full((side.height, int(n_events.max(initial=0))), np.inf)
    row = np.repeat(np.arange(side.height), n_events)
    place = np.arange(len(row)) - np.repeat(np.cumsum(n_events) - n_events, n_events)
    events[row, place] = side["events"].explode().drop_nulls().to_numpy()
    return _Side(side["end"].to_numpy(), side["died"].to_numpy(), events)


def _compare(first: pl.DataFrame, second: pl.DataFrame, tie_break: TieBreak) -> PairSums:
    """Judge all pairs of two groups."""
    own, other = _arrays(first), _arrays(second)

    def by_death(rows: slice) -> Verdict:
        end, other_end = own.end[rows, None], other.end[None, :]
        died, other_died = own.died[rows, None], other.died[None, :]
        # Whoever is censored on a day was alive on it.
        won = other_died & ((other_end < end) | ((other_end == end) & ~died))
        lost = died & ((end < other_end) | ((end == other_end) & ~other_died))
        return won, lost, _nobody(won)

    def by_number(rows: slice) -> Verdict:
        shared = np.minimum(own.end[rows, None], other.end[None, :])
        count = _count(own.events[rows, None, :], shared)
        other_count = _count(other.events[None, :, :], shared)
        return count < other_count, count > other_count, count == other_count

    def by_time(rows: slice) -> Verdict:
        shared = np.minimum(own.end[rows, None], other.end[None, :])
        when = _when(own.events[rows, None, :], shared, tie_break)
        other_when = _when(other.events[None, :, :], shared, tie_break)
        return when > other_when, when < other_when, when == other_when

    judges = (by_death, by_number) if tie_break == "none" else (by_death, by_number, by_time)
    return sum_pairs(judges, first.height, second.height)


def _nobody(like: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """No pair: without a death in the shared time the pair is open, not equal."""
    return np.zeros_like(like)


def _count(events: NDArray[np.float64], shared: NDArray[np.float64]) -> NDArray[np.int64]:
    """Count the events in the shared time of every pair."""
    total = np.zeros(shared.shape, dtype=np.int64)
    for place in range(events.shape[-1]):
        total += events[..., place] <= shared
    return total


def _when(
    events: NDArray[np.float64], shared: NDArray[np.float64], tie_break: TieBreak
) -> NDArray[np.float64]:
    """Time of the last or first event in the shared time; -1 without one, alike on both sides of a tie."""
    found = np.full(shared.shape, -1.0)
    places = range(events.shape[-1]) if tie_break == "last" else range(min(1, events.shape[-1]))
    for place in places:
        found = np.where(events[..., place] <= shared, events[..., place], found)
    return found
