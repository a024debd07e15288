"""Numbers as a reader sees them: percentages, intervals, counts, ratios.

One place, so that the screen, the report and the alternative text never round differently.
"""

from __future__ import annotations

DAYS_PER_YEAR = 365.25
"""Only for axes and captions; estimates are kept in whole days."""

EN_DASH = "\u2013"


def format_percent(share: float, *, digits: int = 1) -> str:
    """Return a proportion (0 to 1) as ``4.1 %``."""
    return f"{100 * share:.{digits}f} %"


def format_percent_interval(lower: float, upper: float, *, digits: int = 1) -> str:
    """Return limits (0 to 1) as ``3.7-4.5`` with an en dash, in percent without the sign."""
    return f"{100 * lower:.{digits}f}{EN_DASH}{100 * upper:.{digits}f}"


def format_ratio(value: float) -> str:
    """Return a ratio with three significant figures below 10 and one decimal above."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def format_count(count: int) -> str:
    """Return a whole number with thousands separated by commas."""
    return f"{count:,}"


def format_fraction(events: int, total: int) -> str:
    """Return ``k/n``, for example ``14/1,940``."""
    return f"{events:,}/{total:,}"


def format_p_value(p_value: float) -> str:
    """Return a tail probability, never as zero."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def format_days(days: int) -> str:
    """Return a day count in the words of a clinic: days up to 90, else months or years where whole."""
    if days <= 90:
        return f"{days} days"
    if days % 365 in {0, 1} and days >= 365:
        years = days // 365
        return f"{years} year" if years == 1 else f"{years} years"
    return f"{days:,} days"
