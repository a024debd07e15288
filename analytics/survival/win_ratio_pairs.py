"""Sums over all pairs of two groups, in blocks of pairs: nothing of the size of the whole is ever held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Verdict = tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]
    """Pairs won, lost, and known to be equal."""

    Judge = Callable[[slice], Verdict]
    """Judges a block of the first group against everybody of the second."""

    Sums = NDArray[np.int64] | NDArray[np.float64]
    """Counts of pairs, or sums of their scores."""

PAIRS_AT_ONCE = 2_000_000


@dataclass(frozen=True, eq=False)
class PairSums:
    """Sums over the pairs of two groups.

    Parameters
    ----------
    wins_of_first, losses_of_first
        Pairs won and lost by each patient of the first group at each outcome: outcomes x patients.
    wins_over_second, losses_to_second
        The same pairs added up by patient of the second group: outcomes x patients.
    n_neutral, n_uninformative
        Pairs left over at each outcome.
    win_of_curves, loss_of_curves
        Where pairs are scored from estimated curves: influence of each patient, those of the first group
        first, through these curves on the share of pairs won and lost at each outcome.
    """

    wins_of_first: Sums
    losses_of_first: Sums
    wins_over_second: Sums
    losses_to_second: Sums
    n_neutral: Sums
    n_uninformative: Sums
    win_of_curves: NDArray[np.float64] | None = None
    loss_of_curves: NDArray[np.float64] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Patients of the first and of the second group."""
        return self.wins_of_first.shape[1], self.wins_over_second.shape[1]


def sum_pairs(judges: tuple[Judge, ...], n_first: int, n_second: int) -> PairSums:
    """Judge every pair, outcome after outcome, until one decides.

    Parameters
    ----------
    judges
        One per outcome, the most serious first.
    n_first, n_second
        Patients of the two groups, each at least 1.
    """
    sums = empty_sums(len(judges), n_first, n_second, dtype=np.int64)
    step = max(1, PAIRS_AT_ONCE // n_second)
    for start in range(0, n_first, step):
        _add_block(sums, judges, slice(start, min(start + step, n_first)))
    return sums


def empty_sums(
    n_outcomes: int, n_first: int, n_second: int, *, dtype: type[np.int64] | type[np.float64]
) -> PairSums:
    """Lay out sums over no pairs yet."""

    def zeros(*shape: int) -> Sums:
        return cast("Sums", np.zeros(shape, dtype=dtype))

    return PairSums(
        wins_of_first=zeros(n_outcomes, n_first),
        losses_of_first=zeros(n_outcomes, n_first),
        wins_over_second=zeros(n_outcomes, n_second),
        losses_to_second=zeros(n_outcomes, n_second),
        n_neutral=zeros(n_outcomes),
        n_uninformative=zeros(n_outcomes),
    )


def _add_block(sums: PairSums, judges: tuple[Judge, ...], rows: slice) -> None:
    """Add the pairs of some patients of the first group."""
    open_pairs: NDArray[np.bool_] | None = None
    for level, judge in enumerate(judges):
        won, lost, equal = judge(rows)
        if open_pairs is not None:
            won, lost, equal = won & open_pairs, lost & open_pairs, equal & open_pairs
        n_open = won.size if open_pairs is None else int(open_pairs.sum())
        undecided = ~(won | lost)
        open_pairs = undecided if open_pairs is None else open_pairs & undecided
        sums.wins_of_first[level, rows] = won.sum(axis=1)
        sums.losses_of_first[level, rows] = lost.sum(axis=1)
        sums.wins_over_second[level] += won.sum(axis=0)
        sums.losses_to_second[level] += lost.sum(axis=0)
        n_equal = int(equal.sum())
        sums.n_neutral[level] += n_equal
        sums.n_uninformative[level] += n_open - int(won.sum()) - int(lost.sum()) - n_equal
