"""Part of the chapter on devices about what followed the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.chapters import device_words as words
from analytics.charts.device_labels import label_device
from analytics.charts.labels import label_severity, label_strategy
from analytics.charts.numbers import EN_DASH, format_count
from analytics.devices.crossover import (
    Crossover,
    DeviceSuccess,
    count_plans,
    estimate_crossover,
    estimate_success,
)
from analytics.report.document import Paragraph, Section, Table
from analytics.report.serialise import serialise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.chapters.device_rows import DeviceRows
    from analytics.devices.shares import Share
    from analytics.refusals import NotEstimable
    from analytics.report.document import Block

PATIENT = "patient_id"


def build_crossover(rows: DeviceRows) -> tuple[Section, dict[str, Any]]:
    """Count rescues, bail-outs, and whether devices worked."""
    followed = estimate_crossover(rows.lesions, rows.uses, strategies=words.STRATEGIES, clusters=PATIENT)
    worked = estimate_success(rows.uses, devices=words.MODIFYING, severities=words.GRADES, clusters=PATIENT)
    plans = count_plans(rows.uses, devices=words.MODIFYING)
    blocks: tuple[Block, ...] = (
        Paragraph(
            "A rescue is a device taken up because the one before had failed. Lesions in which neither role "
            "nor plan of a device is on record may hide one: they are not known, and in no share."
        ),
        _crossover_table(followed),
        Table(
            "Uses by plan",
            ("Device", "Planned", "Bail-out", "Not recorded"),
            tuple(
                (
                    label_device(row["device_class"]),
                    *(format_count(row[f"n_{name}"]) for name in ("planned", "bailout", "unknown")),
                )
                for row in plans.iter_rows(named=True)
            ),
        ),
        _success_table(worked),
    )
    values = {"crossover": serialise(followed), "success": serialise(worked), "plans": serialise(plans)}
    return Section("device-crossover", "Rescue, bail-out and success", blocks, level=3), values


def _crossover_table(followed: Sequence[Crossover | NotEstimable]) -> Table:
    """One row a strategy that was meant for some lesion."""
    rows = tuple(
        (
            label_strategy(item.strategy),
            words.full_words(item.rescued),
            "; ".join(f"{label_device(code)} {format_count(n)}" for code, n in item.rescuers.items())
            or EN_DASH,
            format_count(item.rescued.n_unknown),
            words.full_words(item.bailout_stent),
        )
        for item in followed
        if isinstance(item, Crossover)
    )
    header = ("Intended first", "Rescued by another device", "With", "Not known", "Bail-out stent")
    return Table("What followed the first device, by lesion", header, rows)


def _success_table(worked: Sequence[DeviceSuccess | NotEstimable]) -> Table:
    """One row a device, one column a grade; grades without a use have a dash."""
    found = {
        (item.device_class, item.severity): item.worked for item in worked if isinstance(item, DeviceSuccess)
    }
    grades = [grade for grade in ("all", *words.GRADES) if any(grade == seen for _, seen in found)]
    devices = dict.fromkeys(device for device, _ in found)
    rows = tuple(
        (
            label_device(device),
            *(_success_cell(found.get((device, grade))) for grade in grades),
            format_count(found[device, "all"].n_unknown),
        )
        for device in devices
    )
    header = ("Device", *(label_severity(grade) for grade in grades), "Not recorded")
    return Table(
        "Uses in which the device reached the lesion and worked as meant, by calcification", header, rows
    )


def _success_cell(share: Share | None) -> str:
    """Write a share, or a dash where the device was not used."""
    return EN_DASH if share is None else words.full_words(share)
