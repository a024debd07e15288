"""Tables of shares by group, their comparisons and their trend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.charts.labels import label_group
from analytics.charts.numbers import (
    EN_DASH,
    format_fraction,
    format_p_value,
    format_percent,
    format_percent_interval,
    format_ratio,
)
from analytics.proportions.results import Comparison, CountTest
from analytics.report.document import Block, Paragraph, Table

if TYPE_CHECKING:
    from analytics.estimation.binary import BinaryContrast, BinaryShare, BinaryTrend
    from analytics.estimation.presentation_words import Words
    from analytics.proportions.results import Proportion
    from analytics.refusals import NotEstimable

NONE = "not estimable"


def show_shares(found: tuple[BinaryShare, ...], words: Words) -> tuple[Block, ...]:
    """Show shares by group."""
    rows = tuple(
        (
            label_group(one.group),
            format_fraction(one.share.n_events, one.share.n_total),
            _share_text(one.share),
            one.share.method,
        )
        for one in found
    )
    level = f"{100 * found[0].share.confidence:g} %"
    header = ("Group", "k/n", f"Share ({level} interval)", "Interval")
    return (Table(f"{words.endpoint}: share of each group", header, rows),)


def _share_text(share: Proportion) -> str:
    """Share with its limits; without an event how high it may be."""
    if share.n_events == 0:
        return f"up to {format_percent(share.upper)}"
    return f"{format_percent(share.estimate)} ({format_percent_interval(share.lower, share.upper)})"


def show_contrasts(found: tuple[BinaryContrast, ...], words: Words) -> tuple[Block, ...]:
    """Show comparisons: numbers, then tests."""
    numbers = tuple(
        (
            _pair(one),
            _points(one.difference),
            _points(one.score_difference),
            _ratio(one.risk_ratio),
            _ratio(one.odds_ratio),
        )
        for one in found
    )
    tests = tuple(
        (
            _pair(one),
            *(_p(test) for test in (one.mid_p, one.fisher, one.chi_square, one.chi_square_corrected)),
            NONE if one.p_adjusted is None else format_p_value(one.p_adjusted),
        )
        for one in found
    )
    header = ("Groups", "Difference, points (Newcombe)", "(Miettinen-Nurminen)", "Risk ratio", "Odds ratio")
    test_header = ("Groups", "Mid-P", "Fisher", "Chi-square", "with correction", "Mid-P, adjusted (Holm)")
    return (
        Table(f"{words.endpoint}: groups compared", header, numbers),
        Table(f"{words.endpoint}: tests of no difference", test_header, tests),
    )


def show_trend(found: tuple[BinaryTrend, ...], words: Words) -> tuple[Block, ...]:
    """Say whether there is a trend over the groups."""
    del words
    (one,) = found
    order = ", ".join(label_group(group) for group in one.groups)
    if not isinstance(one.test, CountTest):
        return (Paragraph(f"Trend over {order}: not estimable. {one.test.reason}"),)
    return (Paragraph(f"Trend over {order}: {format_p_value(one.test.p_value)} ({one.test.method})."),)


def _pair(one: BinaryContrast) -> str:
    """Name both groups."""
    return f"{label_group(one.group)} against {label_group(one.reference)}"


def _points(found: Comparison | NotEstimable) -> str:
    """Difference in percentage points with its limits."""
    if not isinstance(found, Comparison) or found.upper is None:
        return NONE
    return f"{100 * found.estimate:+.1f} ({100 * found.lower:+.1f} to {100 * found.upper:+.1f})"


def _ratio(found: Comparison | NotEstimable) -> str:
    """Ratio with its limits."""
    if not isinstance(found, Comparison):
        return NONE
    upper = "no limit" if found.upper is None else format_ratio(found.upper)
    return f"{format_ratio(found.estimate)} ({format_ratio(found.lower)}{EN_DASH}{upper})"


def _p(found: Any) -> str:  # noqa: ANN401 - a test or a refusal
    """P value of a test."""
    return format_p_value(found.p_value) if isinstance(found, CountTest) else NONE
