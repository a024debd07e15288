"""Counts of clustered rows, reduced to as many independent rows as would tell as much."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.proportions.differences import newcombe_difference, risk_ratio
from analytics.proportions.results import Comparison, CountTest
from analytics.proportions.tests import mid_p
from analytics.refusals import NotEstimable


@dataclass(frozen=True)
class EffectiveCount:
    """Events among rows, and how many independent rows tell as much.

    Parameters
    ----------
    n_events, n_total
        Numerator and denominator.
    n_effective
        Independent rows that would tell as much; None where the rows are independent.
    """

    n_events: int
    n_total: int
    n_effective: float | None = None

    @property
    def total(self) -> float:
        """Effective rows: the rows divided by their design effect."""
        return float(self.n_total) if self.n_effective is None else self.n_effective

    @property
    def events(self) -> float:
        """Effective events: the same share of the effective rows."""
        return self.n_events / self.n_total * self.total if self.n_total else 0.0

    @property
    def whole(self) -> tuple[int, int]:
        """Effective events and rows, rounded for a test that needs whole numbers."""
        total = max(round(self.total), 1) if self.n_total else 0
        return min(round(self.events), total), total


def compare_effective(
    first: EffectiveCount, second: EffectiveCount, *, confidence: float = 0.95
) -> tuple[Comparison | NotEstimable, Comparison | NotEstimable, CountTest | NotEstimable]:
    """Compare two shares: difference, ratio of risks, and a test.

    Parameters
    ----------
    first, second
        Counts of the two groups. Clustered counts are divided by their design effect [1]_.
    confidence
        Two-sided level, between 0 and 1.

    Returns
    -------
    tuple
        Newcombe's difference and Koopman's ratio of the effective counts, and the central mid-P test of the
        effective counts, rounded. The ratio is refused where a group has no event.

    References
    ----------
    .. [1] Rao & Scott (1992), Biometrics 48:577-585, doi:10.2307/2532311.
    """
    counts = (first.events, first.total, second.events, second.total)
    difference = newcombe_difference(*counts, confidence=confidence)
    ratio: Comparison | NotEstimable = NotEstimable(
        "risk ratio", "A group without an event has no ratio to show; read the upper limit.", "no_events"
    )
    if first.n_events and second.n_events:
        ratio = risk_ratio(*counts, confidence=confidence)
    return difference, ratio, mid_p(*first.whole, *second.whole)
