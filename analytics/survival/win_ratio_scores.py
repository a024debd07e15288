"""Probability that one patient of a pair did better than the other, from both curves (Peron)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analytics.survival.win_ratio_curves import GroupCurve

    Matrix = NDArray[np.float64]
    Places = NDArray[np.int64]
    Pairs = tuple[slice, slice]
    """Patients of ``own`` and of ``other`` that a block sets against each other."""


@dataclass(frozen=True, eq=False)
class Slopes:
    """Derivatives of a sum over pairs by the values of both curves, `GroupCurve.upper`; added to in place."""

    own: NDArray[np.float64]
    other: NDArray[np.float64]


def no_slopes(own: GroupCurve, other: GroupCurve) -> Slopes:
    """Slopes of a sum over no pairs yet."""
    return Slopes(np.zeros(len(own.upper)), np.zeros(len(other.upper)))


@dataclass(frozen=True, eq=False)
class LaterScore:
    """Probability, given what was seen of a pair, that ``own`` has the event later by at least the threshold.

    Parameters
    ----------
    own, other
        Curves of the two groups.
    threshold
        Smallest difference that counts; any where 0.
    ahead, back
        Survival of ``own`` and of ``other`` as used a threshold later and earlier: bounds beyond follow-up.
    own_place, other_place
        Where the curves of both groups stand when each of their patients leaves observation.
    ahead_place, back_place
        Where ``own`` stands a threshold after each patient of ``other``, and the other way round before.
    mass, mass_place
        Jumps of ``other``, and where ``own`` stands a threshold after them.
    tail
        Sum of ``mass`` times survival of ``own`` a threshold later, over all jumps after each place.
    """

    own: GroupCurve
    other: GroupCurve
    threshold: float
    ahead: NDArray[np.float64]
    back: NDArray[np.float64]
    own_place: Places
    other_place: Places
    ahead_place: Places
    back_place: Places
    mass: NDArray[np.float64]
    mass_place: Places
    tail: NDArray[np.float64]

    def score(self, pairs: Pairs) -> Matrix:
        """Probabilities of a block: patients of ``own`` x patients of ``other``."""
        happened, other_happened = self._happened(pairs)
        gap, of_own, of_other = self._gap(pairs), self._of_own(pairs), self._of_other(pairs)
        seen = (gap > 0) & (gap >= self.threshold)
        back = self.back[self.back_place[pairs[0]], None]
        earlier = np.where(gap > self.threshold, 1 - back / of_other, 0)
        ahead = self.ahead[self.ahead_place[pairs[1]]][None, :] / of_own
        both_open = earlier + self.tail[self._start(pairs)] / (of_own * of_other)
        of_own_event = np.where(other_happened, seen, earlier)
        of_own_open = np.where(other_happened, np.where(gap >= self.threshold, 1, ahead), both_open)
        found = np.where(happened, of_own_event, of_own_open)
        return np.where(np.isnan(gap), 0.0, found)

    def add_slopes(self, pairs: Pairs, weight: Matrix, slopes: Slopes, *, at_zero: bool) -> None:
        """Add the derivatives of the sum of ``weight`` times score over a block.

        ``at_zero`` says whether a curve that has reached zero counts where ``own`` must outlive an event of
        ``other``. It makes no difference to the exact influence, which is zero there.
        """
        gap = self._gap(pairs)
        weight = np.where(np.isnan(gap), 0.0, weight)
        happened, other_happened = self._happened(pairs)
        self._add_earlier(pairs, np.where(~other_happened & (gap > self.threshold), weight, 0.0), slopes)
        pending = ~happened & other_happened & (gap < self.threshold)
        least = -1.0 if at_zero else 0.0
        self._add_ahead(pairs, np.where(pending, weight, 0.0), slopes, least)
        self._add_tail(pairs, np.where(~happened & ~other_happened, weight, 0.0), slopes)

    def _gap(self, pairs: Pairs) -> Matrix:
        """How much later the patients of ``own`` left observation."""
        return self.own.times[pairs[0], None] - self.other.times[None, pairs[1]]

    def _happened(self, pairs: Pairs) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether the event was seen, as a column for ``own`` and a row for ``other``."""
        return self.own.events[pairs[0], None], self.other.events[None, pairs[1]]

    def _of_own(self, pairs: Pairs) -> Matrix:
        """Survival of ``own`` when each of its patients left; 1 for events, which need none."""
        found = self.own.upper[self.own_place[pairs[0], None]]
        return np.where(self.own.events[pairs[0], None], 1.0, found)

    def _of_other(self, pairs: Pairs) -> Matrix:
        """Survival of ``other`` when each of its patients left; 1 for events, as above."""
        found = self.other.upper[self.other_place[None, pairs[1]]]
        return np.where(self.other.events[None, pairs[1]], 1.0, found)

    def _start(self, pairs: Pairs) -> Places:
        """Place in ``other`` after which its jumps are still open for a pair."""
        last = np.minimum(self.back_place[pairs[0], None], len(self.other.jumps))
        return np.maximum(last, self.other_place[None, pairs[1]])

    def _add_earlier(self, pairs: Pairs, weight: Matrix, slopes: Slopes) -> None:
        """Add for pairs where ``other`` may have had the event a threshold before ``own`` was last seen."""
        of_other, places = self._of_other(pairs), self.back_place[pairs[0]]
        part = weight / of_other
        _add_at(slopes.other, places, -part.sum(axis=1))
        back = self.back[places, None]
        _add_at(slopes.other, self.other_place[pairs[1]], (part * back / of_other).sum(axis=0))

    def _add_ahead(self, pairs: Pairs, weight: Matrix, slopes: Slopes, least: float) -> None:
        """Add for pairs where ``own`` must still outlive the event of ``other`` by the threshold."""
        of_own, places = self._of_own(pairs), self.ahead_place[pairs[1]]
        part, ahead = weight / of_own, self.ahead[places]
        # The bound beyond follow-up is not estimated.
        counted = (places <= len(self.own.jumps)) & (ahead > least)
        _add_at(slopes.own, places, np.where(counted, part.sum(axis=0), 0.0))
        _add_at(slopes.own, self.own_place[pairs[0]], -(part * ahead / of_own).sum(axis=1))

    def _add_tail(self, pairs: Pairs, weight: Matrix, slopes: Slopes) -> None:
        """Add for pairs where both may still have the event."""
        of_own, of_other, start = self._of_own(pairs), self._of_other(pairs), self._start(pairs)
        part = weight / (of_own * of_other)
        whole = part * self.tail[start]
        _add_at(slopes.own, self.own_place[pairs[0]], -(whole / of_own).sum(axis=1))
        _add_at(slopes.other, self.other_place[pairs[1]], -(whole / of_other).sum(axis=0))
        from_start = np.bincount(start.ravel(), part.ravel(), len(self.mass) + 1)
        open_at_jump = np.cumsum(from_start)[:-1]
        ahead, jump = self.ahead[self.mass_place], np.arange(len(self.mass))
        beyond = self.mass_place > len(self.own.jumps)
        _add_at(slopes.own, self.mass_place, np.where(beyond, 0.0, open_at_jump * self.mass))
        _add_at(slopes.other, jump, open_at_jump * ahead)
        _add_at(slopes.other, jump + 1, -open_at_jump * ahead)


def read_score(
    own: GroupCurve, other: GroupCurve, threshold: float, *, bound: Literal["lower", "upper"] = "lower"
) -> LaterScore:
    """Read both curves at the times that pairs need.

    Parameters
    ----------
    own, other
        Curves of the two groups.
    threshold
        Smallest difference that counts; any where 0.
    bound
        Which bound of the probability is meant where a curve is not known to its end.
    """
    ahead, back = (own.lower, other.upper) if bound == "lower" else (own.upper, other.lower)
    mass, mass_place = -np.diff(other.upper[:-1]), own.place(other.jumps + threshold)
    inside = np.cumsum((ahead[mass_place] * mass)[::-1])[::-1]
    tail = np.append(inside, 0.0)
    if bound == "upper" and not other.is_complete:
        beyond = own.place(np.array([other.last + threshold]))
        tail = tail + other.upper[-1] * float(ahead[beyond][0])
    return LaterScore(
        own=own,
        other=other,
        threshold=threshold,
        ahead=ahead,
        back=back,
        own_place=np.minimum(own.place(own.times), len(own.jumps)),
        other_place=np.minimum(other.place(other.times), len(other.jumps)),
        ahead_place=own.place(other.times + threshold),
        # A threshold of zero stands for any difference: an event on the same day is not earlier.
        back_place=other.place(own.times - threshold, side="right" if threshold > 0 else "left"),
        mass=mass,
        mass_place=mass_place,
        tail=tail,
    )


def _add_at(total: NDArray[np.float64], places: Places, values: NDArray[np.float64]) -> None:
    """Add values at places that may repeat."""
    total += np.bincount(places, values, len(total))
