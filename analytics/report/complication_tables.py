"""Tables of complication rates: results -> rows of text, for the report and the pages alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.complication_rates import count_text, rate_text, sort_rates
from analytics.charts.labels import label_complication, label_severity, label_strategy, order_strategies
from analytics.charts.numbers import format_count
from analytics.report.document import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.complications.results import ComplicationRate

RATE_HEADER = ("Device strategy", "Calcification", "k/n", "Rate (95 % interval)", "Left out", "Note")


def rate_rows(rates: Sequence[ComplicationRate]) -> tuple[tuple[str, ...], ...]:
    """Return one row a group: device, grade, k/n, rate with limits, rows left out, note."""
    return tuple(
        (
            label_strategy(rate.strategy),
            label_severity(rate.severity),
            count_text(rate),
            rate_text(rate),
            format_count(rate.n_unrecorded),
            rate.note,
        )
        for rate in sort_rates(rates)
    )


def rate_table(rates: Sequence[ComplicationRate]) -> Table:
    """Return the rates of one complication as a table; its caption names the unit."""
    caption = f"{label_complication(rates[0].complication)}, by {rates[0].unit}" if rates else "No group"
    if any(rate.n_patients is not None for rate in rates):
        caption += ", intervals clustered by patient where patients count more than once"
    return Table(caption, RATE_HEADER, rate_rows(rates))


def overview_table(rates: Sequence[ComplicationRate]) -> Table:
    """Return every complication over all devices and grades, one row each.

    Parameters
    ----------
    rates
        Any rates; only those of strategy ``all`` and severity ``all`` are shown.
    """
    overall = [rate for rate in rates if rate.strategy == "all" and rate.severity == "all"]
    rows = tuple(
        (
            label_complication(rate.complication),
            rate.unit,
            count_text(rate),
            rate_text(rate),
            format_count(rate.n_unrecorded),
        )
        for rate in overall
    )
    header = ("Complication", "Unit", "k/n", "Rate (95 % interval)", "Left out")
    return Table("All device strategies and all grades together", header, rows)


def detail_table(rates: Sequence[ComplicationRate]) -> Table:
    """Return grades and forms of a complication: a row each, a column for each device, all grades together.

    Parameters
    ----------
    rates
        Rates of the details by strategy and severity, margins too.
    """
    margins = [rate for rate in rates if rate.severity == "all"]
    strategies = order_strategies(rate.strategy for rate in margins)
    cells = {(rate.complication, rate.strategy): _cell(rate) for rate in margins}
    rows = tuple(
        (label_complication(key), *(cells.get((key, strategy), "") for strategy in strategies))
        for key in dict.fromkeys(rate.complication for rate in margins)
    )
    header = ("Grade or form", *(label_strategy(strategy) for strategy in strategies))
    unit = f", by {margins[0].unit}" if margins else ""
    return Table(f"Grades and forms, all calcification grades together{unit}", header, rows)


def _cell(rate: ComplicationRate) -> str:
    """Write counts and rate in one cell."""
    counts = count_text(rate)
    return f"{counts}: {rate_text(rate)}" if counts else rate_text(rate)


def known_groups(rates: Sequence[ComplicationRate]) -> list[ComplicationRate]:
    """Return the groups that a figure draws: a known device and a known grade, no margin."""
    left_out = {"all", "unknown"}
    return [rate for rate in rates if rate.strategy not in left_out and rate.severity not in left_out]


def drawn_groups(rates: Sequence[ComplicationRate]) -> list[ComplicationRate]:
    """Return the groups that a figure draws, a device that cannot cause the complication in one row.

    Parameters
    ----------
    rates
        Rates of one complication by strategy and severity, margins too.
    """
    groups = known_groups(rates)
    able = {rate.strategy for rate in groups if rate.status != "structural_zero"}
    once = [rate for rate in rates if rate.severity == "all" and rate.status == "structural_zero"]
    unable = {rate.strategy: rate for rate in once if rate.strategy not in {*able, "all", "unknown"}}
    return [
        *(rate for rate in groups if rate.strategy not in unable),
        *(rate for rate in unable.values() if rate.strategy in {group.strategy for group in groups}),
    ]


def split_by_complication(rates: Sequence[ComplicationRate]) -> dict[tuple[str, str], list[ComplicationRate]]:
    """Return rates by complication and unit, in the order they came."""
    groups: dict[tuple[str, str], list[ComplicationRate]] = {}
    for rate in rates:
        groups.setdefault((rate.complication, rate.unit), []).append(rate)
    return groups
