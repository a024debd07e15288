"""The chapter on complications compared: grades, devices, quarters, immediate and late."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from analytics.chapters.complication_comparison import ComplicationComparisons, compare_complications
from analytics.chapters.complication_periods import period_table, timing_table
from analytics.chapters.complication_rows import read_complication_flags
from analytics.charts.complication_contrasts import complication_contrast_chart
from analytics.charts.complication_quarters import quarterly_rate_chart
from analytics.charts.labels import label_complication, label_strategy
from analytics.complications.comparisons import estimate_quarterly_rates
from analytics.complications.definitions import COMPLICATIONS, default_unit
from analytics.report.complication_comparison_tables import (
    adjustment_notes,
    comparison_notes,
    contrast_table,
    quarter_sentence,
    quarter_table,
    trend_table,
)
from analytics.report.content import Chapter
from analytics.report.document import Block, Bullets, Figure, Paragraph, Section
from analytics.report.serialise import serialise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from analytics.complications.comparison_results import GroupContrast
    from analytics.store.filters import CohortFilter

NAME = "complication-comparisons"
HEADLINE = "any_procedural"
"""Complication whose differences and quarters the report draws."""
SHOWN_TRENDS = ("any_procedural", "dissection_any", "perforation_any", "slow_flow_no_reflow")
"""Complications whose trends within devices the report shows."""


def build_complications(snapshot: Path, population: CohortFilter) -> Chapter:
    """Build the chapter.

    Parameters
    ----------
    snapshot
        A published snapshot.
    population
        Whom the report is about; every procedure counts.

    Raises
    ------
    StoreError
        The snapshot cannot be read.
    """
    found = compare_complications(snapshot, population)
    flags = read_complication_flags(snapshot, population, unit="procedure")
    opening = Paragraph(
        "Each complication is counted by its own unit. Crude numbers stand beside the same comparison for "
        "the same patients; where that cannot be estimated, the reason stands in its place."
    )
    sections = [Section(NAME, "Complications compared", (opening,))]
    sections += comparison_sections(found)
    sections += _trend_sections(found)
    sections += quarter_sections(snapshot, population, HEADLINE)
    tables = [
        *(period_table(snapshot, population, flags, by=by) for by in ("severity", "strategy")),
        timing_table(snapshot, flags),
    ]
    sections.append(Section("complication-periods", "Immediate, early and late", (PERIODS, *tables), 3))
    return Chapter(NAME, tuple(sections), _values(found))


PERIODS = Paragraph(
    f"Immediate: {COMPLICATIONS['any_procedural'].sentence} Later in the stay: "
    f"{COMPLICATIONS['any_later'].sentence} MACE counts index procedures; after day 30 only patients without "
    "the event and still followed."
)


def comparison_sections(found: ComplicationComparisons) -> list[Section]:
    """Compare grades, then devices; nothing where there are not two groups."""
    reference = label_strategy(found.reference).lower() if found.reference else ""
    captions = {
        "severity": ("By calcification", "Against no or mild calcification"),
        "strategy": ("By device strategy", f"Against {reference}"),
    }
    sections = []
    for by, (title, caption) in captions.items():
        contrasts = [one for one in found.contrasts if one.by == by]
        if contrasts:
            table = contrast_table(contrasts, caption=f"{caption}, 95 % intervals")
            notes = tuple(Paragraph(note) for note in adjustment_notes(contrasts))
            blocks: tuple[Block, ...] = (*_contrast_figures(contrasts), table, *notes)
            sections.append(Section(f"complications-by-{by}", title, blocks, 3))
    if sections:
        method = Bullets(comparison_notes(n_compared=found.n_compared))
        sections[-1] = replace(sections[-1], blocks=(*sections[-1].blocks, method))
    return sections


def _contrast_figures(contrasts: Sequence[GroupContrast]) -> tuple[Figure, ...]:
    """Draw one complication, or of several the one that stands for all."""
    keys = {one.first.complication for one in contrasts}
    drawn = [one for one in contrasts if len(keys) == 1 or one.first.complication == HEADLINE]
    return (Figure(complication_contrast_chart(drawn)),) if drawn else ()


def _trend_sections(found: ComplicationComparisons) -> list[Section]:
    """Show trends over grades within devices."""
    tables: list[Block] = [
        trend_table(found.trends[key], caption=label_complication(key))
        for key in SHOWN_TRENDS
        if key in found.trends
    ]
    return [
        Section("complication-trends", "Trend over calcification, within each device", tuple(tables), 3)
    ] * bool(tables)


def quarter_sections(snapshot: Path, population: CohortFilter, key: str) -> list[Section]:
    """Show one complication by calendar quarter; nothing where no procedure has a date."""
    flags = read_complication_flags(snapshot, population, unit=default_unit(key))
    if key not in flags.columns:
        return []
    quarterly = estimate_quarterly_rates(flags, key)
    if len(quarterly.quarters) < 2:
        return []
    blocks = (
        Figure(quarterly_rate_chart(quarterly, subtitle=quarter_sentence(quarterly))),
        quarter_table(quarterly, caption=f"{label_complication(key)} by quarter, by {default_unit(key)}"),
    )
    return [Section("complications-by-quarter", "By calendar quarter", blocks, 3)]


def _values(found: ComplicationComparisons) -> dict[str, object]:
    """Every number that is shown, JSON-ready."""
    return {
        "reference": found.reference,
        "n_compared": found.n_compared,
        "contrasts": serialise(found.contrasts),
        "trends": serialise(found.trends),
    }
