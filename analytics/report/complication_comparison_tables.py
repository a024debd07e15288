"""Tables of compared complications: crude numbers, and beside them the same for the same patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.complication_rates import count_text, rate_text
from analytics.charts.labels import label_complication, label_severity, label_strategy, label_term
from analytics.charts.numbers import EN_DASH, format_count, format_p_value, format_ratio
from analytics.complications.comparison_results import AdjustedDifference
from analytics.complications.plan import FEWEST
from analytics.proportions.results import Comparison, CountTest
from analytics.report.document import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.complications.comparison_results import GroupContrast, QuarterlyRates, SeverityTrend
    from analytics.complications.results import ComplicationRate
    from analytics.refusals import NotEstimable

MINUS = "\N{MINUS SIGN}"

FOR_SAME = "Standardised to the same patients, each complication adjusted for"

WHY_NOT = {
    "no_events": "no events",
    "too_few_events": "too few events",
    "separation": "events told apart",
    "singular": "columns too alike",
    "not_converged": "no solution found",
    "no_patients": "group too small",
    "one_group": "nothing to compare",
}
"""Short words for a refusal inside a table."""

REFERENCE_COUNTS = "Reference k/n"
CONTRAST_HEADER = (
    "Group",
    "k/n",
    REFERENCE_COUNTS,
    "Crude difference, points",
    "Crude ratio",
    "Standardised difference, points",
    "Standardised ratio",
    "p",
    "p adjusted",
)


def contrast_table(contrasts: Sequence[GroupContrast], *, caption: str) -> Table:
    """Return comparisons as a table: one row a group, crude and standardised side by side.

    Parameters
    ----------
    contrasts
        Comparisons with one reference, of one complication or of several.
    caption
        What the table shows; it should name the reference.
    """
    if len({one.first.complication for one in contrasts}) > 1:
        rows = tuple((_complication(one), *_contrast_row(one)) for one in contrasts)
        return Table(caption, ("Complication", *CONTRAST_HEADER), rows)
    # One complication has one reference: its counts stand in the caption and leave the width to the numbers.
    place = CONTRAST_HEADER.index(REFERENCE_COUNTS)
    narrow = [_contrast_row(one) for one in contrasts]
    counts = f" ({narrow[0][place]})" if narrow else ""
    return Table(
        caption + counts,
        _without(CONTRAST_HEADER, place),
        tuple(_without(row, place) for row in narrow),
    )


def _without(cells: tuple[str, ...], place: int) -> tuple[str, ...]:
    """Leave one cell of a row out."""
    return (*cells[:place], *cells[place + 1 :])


def _complication(contrast: GroupContrast) -> str:
    """Name a complication and what is counted."""
    return f"{label_complication(contrast.first.complication)}, by {contrast.first.unit}"


def _contrast_row(contrast: GroupContrast) -> tuple[str, ...]:
    """One comparison."""
    return (
        group_label(contrast.first, contrast.by),
        count_text(contrast.first) or rate_text(contrast.first),
        count_text(contrast.second) or rate_text(contrast.second),
        points_text(contrast.difference),
        ratio_text(contrast.ratio),
        *_standardised(contrast.standardised),
        _test_text(contrast.test),
        "" if contrast.p_adjusted is None else f"{_p(contrast.p_adjusted)} ({contrast.adjustment})",
    )


def group_label(rate: ComplicationRate, by: str) -> str:
    """Name the group of a rate."""
    return label_strategy(rate.strategy) if by == "strategy" else label_severity(rate.severity)


def points_text(found: Comparison | NotEstimable) -> str:
    """Return a difference of risks in percentage points with its limits, or why there is none."""
    if not isinstance(found, Comparison):
        return _why_not(found)
    return _points(found.estimate, found.lower, found.upper if found.upper is not None else 1.0)


def ratio_text(found: Comparison | NotEstimable) -> str:
    """Return a ratio with its limits, or nothing where there is none: the difference says why."""
    if not isinstance(found, Comparison):
        return ""
    upper = "no limit" if found.upper is None else format_ratio(found.upper)
    return f"{format_ratio(found.estimate)} ({format_ratio(found.lower)}{EN_DASH}{upper})"


def _standardised(found: AdjustedDifference | NotEstimable) -> tuple[str, str]:
    """Difference and ratio for the same patients, or why there are none."""
    if not isinstance(found, AdjustedDifference):
        return _why_not(found), ""
    ratio = f"{format_ratio(found.ratio)} ({format_ratio(found.ratio_lower)}{EN_DASH}"
    return _points(found.difference, found.lower, found.upper), f"{ratio}{format_ratio(found.ratio_upper)})"


def _points(estimate: float, lower: float, upper: float) -> str:
    """Signed percentage points with limits; a true minus sign keeps columns apart from dashes."""
    value, low, high = (_signed(100 * number) for number in (estimate, lower, upper))
    return f"{value} ({low} to {high})"


def _signed(points: float) -> str:
    """One decimal with its sign; what rounds to nothing has none."""
    text = f"{points:+.1f}"
    return "0.0" if text in {"+0.0", "-0.0"} else text.replace("-", MINUS)


def _why_not(refusal: NotEstimable) -> str:
    """Say in a few words why there is no number."""
    return f"not estimable: {WHY_NOT.get(refusal.code, 'see methods')}"


def _test_text(found: CountTest | NotEstimable) -> str:
    """Return the p value of a test without its letter, which the heading says."""
    return _p(found.p_value) if isinstance(found, CountTest) else ""


def _trend_text(found: CountTest | NotEstimable) -> str:
    """Return the p value of a trend, or why there is none."""
    return _p(found.p_value) if isinstance(found, CountTest) else _why_not(found)


def _p(p_value: float) -> str:
    """Return a p value without the letter."""
    return format_p_value(p_value).removeprefix("p ").removeprefix("= ")


def comparison_notes(*, n_compared: int) -> tuple[str, ...]:
    """Say how the numbers of all tables of comparisons were made, and what to mind.

    Parameters
    ----------
    n_compared
        Comparisons that p values are adjusted for.
    """
    return (
        "Crude: group minus reference (Newcombe) and over it (Koopman); p by the exact mid-P test. Where "
        "patients count more than once, counts are divided by their design effect first. Without an event "
        "in a group there is no ratio and nothing standardised; too few events carry no model. Groups of "
        f"fewer than {FEWEST} are not compared.",
        f"p adjusted for {n_compared} comparisons: by Holm within the family fixed beforehand (severe "
        "against no or mild calcium, for dissection, perforation, slow flow, abrupt closure and any "
        "immediate complication), by the false discovery rate (FDR) for all others.",
        "Both are associations: a device is chosen for the lesion, and what the operator saw beyond these "
        "columns is not adjusted for.",
    )


def adjustment_notes(contrasts: Sequence[GroupContrast]) -> tuple[str, ...]:
    """Say what was adjusted for; complication by complication where their events carry different columns.

    Parameters
    ----------
    contrasts
        Comparisons of one table.
    """
    sets: dict[tuple[str, ...], list[str]] = {}
    for one in contrasts:
        if isinstance(one.standardised, AdjustedDifference):
            names = sets.setdefault(one.standardised.adjusted_for, [])
            label = label_complication(one.first.complication)
            names += [label] if label not in names else []
    if len(sets) == 1:
        return (f"{FOR_SAME} {_list_covariates(next(iter(sets)))}.",)
    each = "; ".join(f"{', '.join(names)}: {_list_covariates(columns)}" for columns, names in sets.items())
    return (f"{FOR_SAME} as many of the planned columns as its events carry. {each}.",) if sets else ()


COVARIATE_WORDS = {
    "severity_group": "calcification",
    "age_years": "age",
    "presentation_group": "presentation",
    "has_diabetes": "diabetes",
    "sex": "sex",
    "cto": "chronic total occlusion",
    "bifurcation": "bifurcation",
    "n_lesions": "number of lesions",
}


def _list_covariates(names: Sequence[str]) -> str:
    """Words for covariates, joined."""
    words = [COVARIATE_WORDS.get(name, label_term(name).lower()) for name in names]
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1]


def trend_table(trends: Sequence[SeverityTrend], *, caption: str) -> Table:
    """Return trends over grades: one row a device, a column a grade, the test."""
    grades = [label_severity(rate.severity) for rate in trends[0].rates] if trends else []
    rows = tuple(
        (
            label_strategy(one.strategy),
            *(_cell(rate) for rate in one.rates),
            _trend_text(one.test),
            "" if one.p_adjusted is None else _p(one.p_adjusted),
        )
        for one in trends
    )
    return Table(caption, ("Device strategy", *grades, "p for trend", "p adjusted (FDR)"), rows)


def _cell(rate: ComplicationRate) -> str:
    """Rate and counts in one cell."""
    counts = count_text(rate)
    return f"{counts}: {rate_text(rate)}" if counts else rate_text(rate)


def quarter_table(quarterly: QuarterlyRates, *, caption: str) -> Table:
    """Return a complication by calendar quarter."""
    rows = tuple(
        (quarter, count_text(rate), rate_text(rate), format_count(rate.n_unrecorded))
        for quarter, rate in zip(quarterly.quarters, quarterly.rates, strict=True)
    )
    return Table(caption, ("Quarter", "k/n", "Rate (95 % interval)", "Left out"), rows)


def quarter_sentence(quarterly: QuarterlyRates) -> str:
    """Say whether there is a trend over quarters, and who is in none."""
    test = quarterly.trend
    said = (
        f"Trend over quarters: {format_p_value(test.p_value)} ({test.method})."
        if isinstance(test, CountTest)
        else f"No trend to test: {test.reason}"
    )
    undated = (
        f" {quarterly.n_undated:,} without a calendar date are in no quarter." if quarterly.n_undated else ""
    )
    return said + undated
