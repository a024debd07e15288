"""Small-cell suppression: what of a count may be shown to others than the data holder.

Pure functions; who sees what is decided by roles, not here. Suppress before a table or a chart gets its rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from analytics.errors import SpecificationError

SUPPRESSED: Final = "*"
"""What is shown for a suppressed count; a blank would look like a missing one."""

EXACT: Final = "exact"
HES: Final = "hes"
PRIMARY: Final = "primary"

RULES = (EXACT, HES, PRIMARY)


@dataclass(frozen=True)
class DisclosureRule:
    """How counts are shown.

    Parameters
    ----------
    kind
        ``exact``: as they are, for the data holder. ``hes``: 1 to `threshold` - 1 hidden, larger counts
        rounded to the next multiple of 5, which survives comparing filtered pages better than suppression
        alone. ``primary``: 1 to `threshold` - 1 hidden, larger counts exact; only for fixed tables whose
        margins are checked as well.
    threshold
        Smallest count that is shown. Zero is always shown: that nothing happened identifies nobody.

    Raises
    ------
    SpecificationError
        Where the kind is unknown or the threshold below 1.
    """

    kind: str = HES
    threshold: int = 8

    def __post_init__(self) -> None:
        """Refuse unknown kinds and thresholds that hide nothing by mistake."""
        if self.kind not in RULES:
            raise SpecificationError(
                where="disclosure.kind", what="unknown rule", fix=f"Choose from {', '.join(RULES)}."
            )
        if self.threshold < 1:
            raise SpecificationError(
                where="disclosure.threshold",
                what="below 1",
                fix="Give the smallest count to show, for example 8.",
            )


@dataclass(frozen=True)
class ShownRate:
    """A proportion as it may be shown.

    Parameters
    ----------
    n_events, n_total
        Counts as shown; None where suppressed.
    rate
        Proportion of the shown counts, 0 to 1, rounded to `decimals` of a percent; None where a count is
        suppressed or the denominator is zero.
    decimals
        Decimals of the percentage that the denominator supports: one from 4,000 on, none below, under the
        rule ``hes``.
    """

    n_events: int | None
    n_total: int | None
    rate: float | None
    decimals: int


def shown_count(count: int, rule: DisclosureRule) -> int | None:
    """Return a count as it may be shown.

    Parameters
    ----------
    count
        A count, >= 0.
    rule
        The rule.

    Returns
    -------
    int or None
        The count, exact or rounded to a multiple of 5; None where it is suppressed.
    """
    if rule.kind == EXACT or count == 0:
        return count
    if count < rule.threshold:
        return None
    return count if rule.kind == PRIMARY else (count + 2) // 5 * 5


def shown_rate(n_events: int, n_total: int, rule: DisclosureRule) -> ShownRate:
    """Return a proportion as it may be shown: from shown counts, never from the true ones.

    Parameters
    ----------
    n_events, n_total
        True counts, 0 <= n_events <= n_total.
    rule
        The rule.

    Returns
    -------
    ShownRate
        Counts, proportion and its decimals. Events and non-events are both cells: where the non-events are
        few, the numerator is hidden as well, since it could be had by subtraction.
    """
    total = shown_count(n_total, rule)
    rest_is_small = shown_count(n_total - n_events, rule) is None
    events = None if rest_is_small or total is None else shown_count(n_events, rule)
    decimals = 0 if rule.kind == HES and n_total < 4000 else 1
    if events is None or not total:
        return ShownRate(events, total, None, decimals)
    return ShownRate(events, total, round(min(events / total, 1.0), decimals + 2), decimals)


def render_count(count: int | None) -> str:
    """Write a shown count, with the mark of suppression where there is none."""
    return SUPPRESSED if count is None else f"{count:,}"
