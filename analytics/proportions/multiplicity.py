"""p values adjusted for how many were looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Adjust p values of one family so that a false claim among them stays rare.

    Parameters
    ----------
    p_values
        Each 0 to 1, or None where there is none: it stays None and does not count in the family.

    Returns
    -------
    tuple of float or None
        Adjusted p values in the order given [1]_.

    Raises
    ------
    ValueError
        Where a p value is not between 0 and 1.

    References
    ----------
    .. [1] Holm (1979), Scand J Stat 6:65-70.
    """
    order = _ranked(p_values)
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p_value, place) in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p_value))
        adjusted[place] = highest
    return tuple(adjusted)


def benjamini_hochberg(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Adjust p values so that the expected share of false findings among those called is held.

    Parameters
    ----------
    p_values
        Each 0 to 1, or None where there is none: it stays None and does not count.

    Returns
    -------
    tuple of float or None
        Adjusted p values in the order given [1]_.

    Raises
    ------
    ValueError
        Where a p value is not between 0 and 1.

    References
    ----------
    .. [1] Benjamini & Hochberg (1995), J R Stat Soc B 57:289-300, doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    order = _ranked(p_values)
    adjusted: list[float | None] = [None] * len(p_values)
    lowest = 1.0
    for rank in range(len(order), 0, -1):
        p_value, place = order[rank - 1]
        lowest = min(lowest, p_value * len(order) / rank)
        adjusted[place] = lowest
    return tuple(adjusted)


def _ranked(p_values: Sequence[float | None]) -> list[tuple[float, int]]:
    """Known p values from the smallest on, each with its place."""
    known = [(p_value, place) for place, p_value in enumerate(p_values) if p_value is not None]
    if any(not 0.0 <= p_value <= 1.0 for p_value, _ in known):
        msg = "a p value lies between 0 and 1"
        raise ValueError(msg)
    return sorted(known)
