"""Sums over pairs scored by Peron's rule, with the influence of patients through the curves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from analytics.survival.win_ratio_curves import fit_curve
from analytics.survival.win_ratio_judges import TimedSides
from analytics.survival.win_ratio_pairs import PairSums, empty_sums
from analytics.survival.win_ratio_scores import Slopes, no_slopes, read_score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analytics.survival.win_ratio_curves import CurveInfluence, GroupCurve
    from analytics.survival.win_ratio_pairs import Judge
    from analytics.survival.win_ratio_scores import LaterScore

    Matrix = NDArray[np.float64]

ALL = slice(None)
SCORES_AT_ONCE = 250_000
"""Pairs of a block: a score needs several matrices of its size."""


@dataclass(frozen=True, eq=False)
class _Timed:
    """How pairs are scored by one time to an event, from either side."""

    win: LaterScore
    loss: LaterScore
    win_at_most: LaterScore
    loss_at_most: LaterScore

    @property
    def curves(self) -> tuple[GroupCurve, GroupCurve]:
        """Curves of the first and of the second group."""
        return self.win.own, self.win.other


@dataclass(frozen=True, eq=False)
class _Block:
    """Scores of a block by one outcome: won, lost, and known to be equal at least."""

    won: Matrix
    lost: Matrix
    equal: Matrix

    @property
    def left(self) -> Matrix:
        """What the outcome leaves to the next."""
        return 1 - self.won - self.lost


def sum_scores(
    outcomes: Sequence[TimedSides | Judge], n_first: int, n_second: int, *, influence: CurveInfluence
) -> PairSums:
    """Score every pair by each outcome, the next one weighing what those before it leave open.

    Parameters
    ----------
    outcomes
        Times to an event, or what judges a block; the most serious first.
    n_first, n_second
        Patients of the two groups, each at least 1.
    influence
        How a patient's influence on the survival curves is written.

    Returns
    -------
    PairSums
        Sums of scores, with ``win_of_curves`` and ``loss_of_curves``.
    """
    scorers = [_read(one) if isinstance(one, TimedSides) else one for one in outcomes]
    shape = (len(scorers), n_first + n_second)
    sums = replace(
        empty_sums(len(scorers), n_first, n_second, dtype=np.float64),
        win_of_curves=np.zeros(shape),
        loss_of_curves=np.zeros(shape),
    )
    slopes = _Accumulator(scorers)
    step = max(1, SCORES_AT_ONCE // n_second)
    for start in range(0, n_first, step):
        rows = slice(start, min(start + step, n_first))
        blocks = [_score(one, rows) for one in scorers]
        _add_scores(sums, blocks, rows)
        slopes.add(blocks, rows)
    slopes.write(sums, influence)
    return sums


def _read(sides: TimedSides) -> _Timed:
    """Estimate both curves and read the scores from them."""
    own = fit_curve(sides.own, sides.happened)
    other = fit_curve(sides.other, sides.other_happened)
    return _Timed(
        win=read_score(own, other, sides.threshold),
        loss=read_score(other, own, sides.threshold),
        win_at_most=read_score(own, other, sides.threshold, bound="upper"),
        loss_at_most=read_score(other, own, sides.threshold, bound="upper"),
    )


def _score(scorer: _Timed | Judge, rows: slice) -> _Block:
    """Score a block by one outcome."""
    if not isinstance(scorer, _Timed):
        return _Block(*(verdict.astype(np.float64) for verdict in scorer(rows)))
    won, lost = scorer.win.score((rows, ALL)), scorer.loss.score((ALL, rows)).T
    own, other = scorer.curves
    if own.is_complete and other.is_complete:
        return _Block(won, lost, _known(own, other, rows) * (1 - won - lost))
    most = scorer.win_at_most.score((rows, ALL)) + scorer.loss_at_most.score((ALL, rows)).T
    return _Block(won, lost, _known(own, other, rows) * np.maximum(0.0, 1 - most))


def _known(own: GroupCurve, other: GroupCurve, rows: slice) -> Matrix:
    """1 where both patients of a pair have a time."""
    return (~np.isnan(own.times[rows, None]) & ~np.isnan(other.times[None, :])).astype(np.float64)


def _add_scores(sums: PairSums, blocks: Sequence[_Block], rows: slice) -> None:
    """Add what becomes of the pairs of a block at each outcome."""
    weight = np.ones_like(blocks[0].won)
    for level, block in enumerate(blocks):
        won, lost, equal = weight * block.won, weight * block.lost, weight * block.equal
        sums.wins_of_first[level, rows] = won.sum(axis=1)
        sums.losses_of_first[level, rows] = lost.sum(axis=1)
        sums.wins_over_second[level] += won.sum(axis=0)
        sums.losses_to_second[level] += lost.sum(axis=0)
        weight = weight * block.left
        sums.n_neutral[level] += equal.sum()
        sums.n_uninformative[level] += weight.sum() - equal.sum()


class _Accumulator:
    """Slopes of the shares won and lost at each outcome by every curve read so far."""

    def __init__(self, scorers: Sequence[_Timed | Judge]) -> None:
        self._scorers = scorers
        self._slopes: dict[tuple[int, str, int], tuple[Slopes, _Timed]] = {
            (level, share, source): (no_slopes(*scorer.curves), scorer)
            for level in range(len(scorers))
            for share in ("won", "lost")
            for source, scorer in enumerate(scorers[: level + 1])
            if isinstance(scorer, _Timed)
        }

    def add(self, blocks: Sequence[_Block], rows: slice) -> None:
        """Add the pairs of a block.

        A curve moves a share at its own outcome through the score, and at a later one through what its
        outcome leaves open: less, the more is won or lost. Only there does the exponential form count a curve
        at zero: so does R's BuyseTest, and the exact influence is zero at zero.
        """
        for (level, share, source), (slopes, scorer) in self._slopes.items():
            weight = np.ones_like(blocks[0].won)
            for place in range(level):
                weight = weight if place == source else weight * blocks[place].left
            if source < level:
                weight = -weight * getattr(blocks[level], share)
            if source < level or share == "won":
                scorer.win.add_slopes((rows, ALL), weight, slopes, at_zero=source < level)
            if source < level or share == "lost":
                turned = Slopes(slopes.other, slopes.own)
                scorer.loss.add_slopes((ALL, rows), weight.T, turned, at_zero=source < level)

    def write(self, sums: PairSums, influence: CurveInfluence) -> None:
        """Turn slopes into the influence of each patient."""
        n_first, n_second = sums.size
        for (level, share, _), (slopes, scorer) in self._slopes.items():
            total = sums.win_of_curves if share == "won" else sums.loss_of_curves
            own, other = scorer.curves
            parts = [own.influence(slopes.own, influence), other.influence(slopes.other, influence)]
            if total is not None:
                total[level] += np.concatenate(parts) / (n_first * n_second)
