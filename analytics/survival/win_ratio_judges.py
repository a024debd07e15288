"""Verdicts over blocks of pairs: by times to an event (Gehan) and by numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analytics.survival.win_ratio_pairs import Verdict


@dataclass(frozen=True, eq=False)
class TimedSides:
    """Times to one event in both groups.

    Parameters
    ----------
    own, other
        Times of the first and of the second group; not a number where nothing is known.
    happened, other_happened
        Whether the event was seen at them, else observation ended.
    threshold
        Smallest difference that counts; any where 0.
    """

    own: NDArray[np.float64]
    happened: NDArray[np.bool_]
    other: NDArray[np.float64]
    other_happened: NDArray[np.bool_]
    threshold: float


def read_times(side: pl.DataFrame, time: str, event: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return times and events of a group; without a time nothing is known."""
    times = side[time].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return times, side[event].cast(pl.Float64).fill_null(0.0).to_numpy() == 1


def judge_times(sides: TimedSides, rows: slice) -> Verdict:
    """Judge by times to an event: the earlier of the two must be an event."""
    gap = sides.own[rows, None] - sides.other[None, :]
    happened, other_happened = sides.happened[rows, None], sides.other_happened[None, :]
    won = other_happened & (gap > 0) & (gap >= sides.threshold)
    lost = happened & (gap < 0) & (-gap >= sides.threshold)
    return won, lost, happened & other_happened & ~(won | lost)


def judge_values(
    own: NDArray[np.float64], other: NDArray[np.float64], threshold: float, rows: slice
) -> Verdict:
    """Judge by numbers, more being better; a missing number decides nothing."""
    gap = own[rows, None] - other[None, :]
    won = (gap > 0) & (gap >= threshold)
    lost = (gap < 0) & (-gap >= threshold)
    return won, lost, ~np.isnan(gap) & ~(won | lost)
