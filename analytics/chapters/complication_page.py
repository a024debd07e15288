"""One complication as its page shows it: rates, published figures, grades, comparisons, trends, quarters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.chapters.complication_benchmarks import (
    add_benchmarked_margins,
    drawn_benchmarks,
    find_benchmarks,
)
from analytics.chapters.complication_comparison import compare_complications
from analytics.chapters.complication_periods import period_table, timing_table
from analytics.chapters.complication_rows import has_use_plan, read_complication_flags
from analytics.chapters.complications import PERIODS, comparison_sections, quarter_sections
from analytics.chapters.evidence_scope import is_whole_group
from analytics.charts.complication_rates import complication_rate_chart
from analytics.charts.labels import label_complication
from analytics.complications.definitions import COMPLICATIONS, default_unit, details_of
from analytics.complications.rates import estimate_complication_rates
from analytics.errors import StoreError
from analytics.report.complication_benchmark_tables import benchmark_table
from analytics.report.complication_comparison_tables import trend_table
from analytics.report.complication_tables import detail_table, drawn_groups, rate_table
from analytics.report.document import Block, Figure, Paragraph, Section

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from analytics.complications.results import ComplicationRate
    from analytics.store.filters import CohortFilter

USUAL = "usual"
"""Stands for the unit of the complication itself."""


NOTHING = Section(
    "complication-nothing",
    "No comparison",
    (Paragraph("Nobody had it, or there are no two groups large enough: there is nothing to compare."),),
    3,
)


def unit_of_choice(complication: str, unit: str) -> str:
    """Return the unit that a choice means."""
    return default_unit(complication) if unit == USUAL else unit


def estimate_page_rates(
    snapshot: Path, population: CohortFilter, *, complication: str, unit: str, use_plan: str | None = None
) -> tuple[ComplicationRate, ...]:
    """Estimate a complication and its grades by strategy and severity.

    Parameters
    ----------
    snapshot, population, use_plan
        As in `analytics.chapters.complication_rows.read_complication_flags`.
    complication
        Key of the complication.
    unit
        ``lesion``, ``procedure`` or ``patient``.

    Raises
    ------
    StoreError
        The snapshot cannot be read, or was published before this complication was counted.
    """
    flags = read_complication_flags(snapshot, population, unit=unit, use_plan=use_plan)
    keys = [key for key in (complication, *details_of(complication)) if key in flags.columns]
    if complication not in keys:
        raise StoreError(
            where=str(snapshot), what="it was published without this complication", fix="Publish it again."
        )
    return estimate_complication_rates(
        flags,
        complications=keys,
        strategy=population.strategy_column,
        severity=population.severity_column,
    )


def rate_sections(
    rates: Sequence[ComplicationRate], complication: str, *, words: str, population: CohortFilter
) -> tuple[Section, ...]:
    """Show the rates of one complication: figure, table, published figures, grades.

    Parameters
    ----------
    rates
        Result of `estimate_page_rates`.
    complication
        Key of the complication.
    words
        What counts and how, for the reader.
    population
        The filter of the cohort: a margin that it has cut, or a grade from imaging, stands beside nothing.
    """
    own = [rate for rate in rates if rate.complication == complication]
    found = find_benchmarks(
        [rate for rate in own if is_whole_group(rate.strategy, rate.severity, population)]
    )
    shown = [rate for rate in own if (rate.strategy, rate.severity) != ("all", "all")]
    blocks: list[Block] = [Paragraph(words)]
    groups = drawn_groups(shown)
    if groups:
        drawn = add_benchmarked_margins(groups, found)
        blocks.append(Figure(complication_rate_chart(drawn, benchmarks=drawn_benchmarks(found))))
        blocks.append(Paragraph("Groups whose device or grade is unknown stand in the table only."))
    blocks.append(rate_table(shown))
    sections = [Section("complication-rates", label_complication(complication), tuple(blocks))]
    details = [rate for rate in rates if rate.complication != complication]
    if details:
        table = detail_table(details)
        sections.append(Section("complication-details", "By grade or form", (table,), 3))
    if found:
        beside = Paragraph(
            "A published figure stands beside the registry's only where device, grade, unit, definition and "
            "time agree; all others are context, with the difference named."
        )
        table = benchmark_table(found)
        sections.append(Section("complication-published", "Beside the literature", (beside, table), 3))
    return tuple(sections)


def comparison_page_sections(
    snapshot: Path, population: CohortFilter, complication: str
) -> tuple[Section, ...]:
    """Compare one complication between grades, devices and quarters, by its own unit.

    Parameters
    ----------
    snapshot, population
        As in `analytics.chapters.complication_rows.read_complication_flags`.
    complication
        Key of the complication; of a grade, the whole complication is compared.

    Raises
    ------
    StoreError
        The snapshot cannot be read.
    """
    key = COMPLICATIONS[complication].part_of or complication
    found = compare_complications(snapshot, population, only=key)
    sections = comparison_sections(found) or [NOTHING]
    if key in found.trends:
        table = trend_table(found.trends[key], caption=f"{label_complication(key)}, by {default_unit(key)}")
        sections.append(Section("complication-trend", "Trend over calcification", (table,), 3))
    sections += quarter_sections(snapshot, population, key)
    flags = read_complication_flags(snapshot, population, unit="procedure")
    tables = [
        *(period_table(snapshot, population, flags, by=by) for by in ("severity", "strategy")),
        timing_table(snapshot, flags),
    ]
    sections.append(Section("complication-periods", "Immediate, early and late", (PERIODS, *tables), 3))
    return tuple(sections)


def offers_use_plan(snapshot: Path, population: CohortFilter) -> bool:
    """Whether a reader can choose between planned and bailout use."""
    return has_use_plan(read_complication_flags(snapshot, population, unit="procedure"))
