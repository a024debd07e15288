"""The chapter on devices: settings, volumes, running cases, choice, rescue. Description, no advice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from analytics.chapters import device_words as words
from analytics.chapters.device_choice_parts import build_agreement, build_choice
from analytics.chapters.device_crossover_parts import build_crossover
from analytics.chapters.device_rows import read_device_rows
from analytics.chapters.device_setting_parts import build_label_note, build_settings
from analytics.chapters.device_volume_parts import build_learning, build_volumes
from analytics.charts.device_labels import DEVICE_LABELS, label_device
from analytics.charts.numbers import format_count
from analytics.report.content import Chapter
from analytics.report.document import Paragraph, Section, Table

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.chapters.device_rows import DeviceRows
    from analytics.store.filters import CohortFilter

NAME = "devices"


def build_devices(snapshot: Path, population: CohortFilter) -> Chapter:
    """Build the chapter on devices.

    Parameters
    ----------
    snapshot
        A published snapshot.
    population
        Whom the report is about; all their procedures count, not only index procedures.

    Raises
    ------
    StoreError
        The snapshot cannot be read.
    """
    rows = read_device_rows(snapshot, population)
    opening, counts = _opening(rows)
    sections, values = [opening], {"uses": counts}
    if rows.uses.height:
        parts = (
            ("settings", build_settings(rows)),
            ("label", build_label_note(rows)),
            ("volumes", build_volumes(rows)),
            ("learning", build_learning(rows)),
            ("choice", build_choice(rows)),
            ("advice", build_agreement(rows)),
            ("crossover", build_crossover(rows)),
        )
        sections += [section for _, (section, _) in parts]
        values |= {name: found for name, (_, found) in parts}
    return Chapter(NAME, tuple(sections), values)


def _opening(rows: DeviceRows) -> tuple[Section, dict[str, Any]]:
    """Say what the chapter is, and how often each class was used."""
    counts = rows.uses.group_by("device_class").agg(
        n_uses=pl.len(),
        n_lesions=pl.col("lesion_id").n_unique(),
        n_procedures=pl.col("procedure_id").n_unique(),
    )
    by_class = {row["device_class"]: row for row in counts.iter_rows(named=True)}
    shown = [by_class[code] for code in DEVICE_LABELS if code in by_class]
    table = Table(
        "Devices on record",
        ("Device", "Uses", "Lesions", "Procedures"),
        tuple(
            (
                label_device(row["device_class"]),
                *(format_count(row[name]) for name in ("n_uses", "n_lesions", "n_procedures")),
            )
            for row in shown
        ),
    )
    totals = (
        f"{format_count(rows.procedures.height)} procedures, {format_count(rows.lesions.height)} lesions."
    )
    paragraphs = Paragraph(words.DESCRIBES), Paragraph(f"{words.POPULATION} {totals}")
    if not shown:
        return Section(NAME, "Devices", (*paragraphs, Paragraph("No device is on record."))), {}
    return Section(NAME, "Devices", (*paragraphs, table)), {row["device_class"]: row for row in shown}
