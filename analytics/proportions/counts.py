"""What counts must satisfy before anything is computed from them."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_counts(n_events: float, n_total: float) -> None:
    """Refuse counts that are no proportion: a bug of the caller.

    Raises
    ------
    ValueError
        Where the numerator is negative or above the denominator, or the denominator is not positive.
    """
    if n_total <= 0 or not 0 <= n_events <= n_total:
        msg = "counts are no proportion: 0 <= n_events <= n_total and n_total >= 1"
        raise ValueError(msg)


def check_parts(*pairs: tuple[float, float]) -> None:
    """Refuse numerators outside their denominators; a denominator of zero is an answer, not a bug.

    Raises
    ------
    ValueError
        Where a numerator is negative or above its denominator.
    """
    if any(not 0 <= n_events <= n_total for n_events, n_total in pairs):
        msg = "counts are no proportion: 0 <= n_events <= n_total"
        raise ValueError(msg)


def normal_quantile(confidence: float) -> float:
    """Return the two-sided normal quantile of a level.

    Raises
    ------
    ValueError
        Where the level is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        msg = "confidence is not between 0 and 1: give 0.95 for a 95 % interval"
        raise ValueError(msg)
    return NormalDist().inv_cdf(0.5 + confidence / 2.0)


def refuse_empty(totals: Sequence[float], what: str) -> NotEstimable | None:
    """Refuse groups without rows; None where all have some."""
    if all(total > 0 for total in totals):
        return None
    return NotEstimable(what, "A group has nobody in it.", "no_patients")
