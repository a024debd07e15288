"""The sections of a report, in order: what each shows of the content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.attrition import attrition_chart
from analytics.charts.complication_rates import complication_rate_chart
from analytics.charts.labels import (
    label_complication,
    label_severity,
    label_strategy,
    order_severities,
    order_strategies,
)
from analytics.charts.numbers import format_count
from analytics.complications.definitions import PRINCIPAL, details_of
from analytics.report.complication_tables import (
    detail_table,
    drawn_groups,
    overview_table,
    rate_table,
    split_by_complication,
)
from analytics.report.document import Block, Bullets, Figure, Paragraph, Section, Table
from analytics.report.methods import ALL_DEFINITIONS, LIMITS, METHODS_VERSION, NO_ADVICE
from analytics.report.quality_sections import quality_section
from analytics.report.survival_sections import component_sections, cox_sections, survival_sections

if TYPE_CHECKING:
    from analytics.report.content import ReportContent


def build_sections(content: ReportContent) -> tuple[Section, ...]:
    """Return the whole report as sections.

    Parameters
    ----------
    content
        Results and words.
    """
    return (
        _introduction(content),
        _cohort(content),
        *_complications(content),
        *survival_sections(content.survival),
        *component_sections(content.components),
        *cox_sections(content.cox),
        *_analyses(content),
        *(section for chapter in content.chapters for section in chapter.sections),
        quality_section(content),
        *_methods(),
        Section("limits", "Limits", (Bullets(LIMITS),)),
        _manifest(content),
    )


def _introduction(content: ReportContent) -> Section:
    """Say what this file is."""
    reading = (
        "Each rate is shown with its counts (k/n), its unit and a 95 % interval. 'Up to' means that none "
        "was seen. 'n/a' means that the device cannot cause the complication. 'Unclear' are records that do "
        "not tell enough (no grade, lesion, device or final flow): they are not counted, and each may be an "
        "event."
    )
    blocks = (Paragraph(content.description), Paragraph(reading), Paragraph(NO_ADVICE))
    return Section("about", "What this file is", blocks)


def _cohort(content: ReportContent) -> Section:
    """Who is in the cohort, and who was left out."""
    blocks: list[Block] = []
    if content.attrition.height:
        blocks.append(Figure(attrition_chart(content.attrition)))
    blocks.append(case_mix_table(content.case_mix))
    return Section("cohort", "Cohort", tuple(blocks))


def case_mix_table(case_mix: pl.DataFrame) -> Table:
    """Return procedures by device strategy (rows) and calcification grade (columns), with totals.

    Parameters
    ----------
    case_mix
        ``strategy``, ``severity``, ``n``; several rows of a pair are added.
    """
    severities = order_severities(case_mix["severity"].drop_nulls().to_list())
    counts = {
        (row["strategy"], row["severity"]): int(row["n"])
        for row in case_mix.group_by("strategy", "severity").agg(pl.col("n").sum()).iter_rows(named=True)
    }
    rows = []
    for strategy in order_strategies(case_mix["strategy"].drop_nulls().to_list()):
        cells = [counts.get((strategy, severity), 0) for severity in severities]
        rows.append((label_strategy(strategy), *map(format_count, [*cells, sum(cells)])))
    totals = [sum(n for (_, grade), n in counts.items() if grade == severity) for severity in severities]
    rows.append(("All strategies", *map(format_count, [*totals, sum(totals)])))
    header = ("Device strategy", *(label_severity(severity) for severity in severities), "All grades")
    return Table("Procedures by device strategy and calcification severity", header, tuple(rows))


def _complications(content: ReportContent) -> tuple[Section, ...]:
    """Give an overview, then one part for each complication."""
    if not content.complications:
        return ()
    parts = [
        Section(
            "complications",
            "Complications during the procedure",
            (overview_table([rate for rate in content.complications if rate.complication in PRINCIPAL]),),
        )
    ]
    for (key, unit), rates in split_by_complication(content.complications).items():
        if key not in PRINCIPAL:
            continue
        grouped = [rate for rate in rates if rate.strategy != "all" or rate.severity != "all"]
        shown = drawn_groups(grouped) or grouped
        if shown:
            margins = [rate for rate in grouped if "all" in {rate.strategy, rate.severity}]
            details = [rate for rate in content.complications if rate.complication in details_of(key)]
            blocks: tuple[Block, ...] = (
                Figure(complication_rate_chart(shown)),
                rate_table(margins),
                *([detail_table(details)] if details else []),
            )
            parts.append(
                Section(f"complication-{key}-{unit}".replace("_", "-"), label_complication(key), blocks, 3)
            )
    return tuple(parts)


def _analyses(content: ReportContent) -> tuple[Section, ...]:
    """Single analyses, each under its question."""
    if not content.analyses:
        return ()
    return (Section("analyses", "Analyses", ()), *(one.section for one in content.analyses))


def _methods() -> tuple[Section, ...]:
    """Definitions, denominators and formulas with their sources."""
    parts = [Section("methods", "Methods", (Paragraph(f"Definitions, version {METHODS_VERSION}."),))]
    for heading, definitions in ALL_DEFINITIONS:
        rows = tuple((item.term, item.meaning, item.source) for item in definitions)
        table = Table(heading, ("Term", "Meaning here", "Source"), rows)
        parts.append(Section(f"methods-{heading.lower()}", heading, (table,), 3))
    return tuple(parts)


def _manifest(content: ReportContent) -> Section:
    """Say what the numbers were made from and with."""
    rows = tuple((name, str(value)) for name, value in content.manifest.items())
    table = Table("What made these numbers", ("Item", "Value"), rows)
    return Section("manifest", "Manifest", (table,))
