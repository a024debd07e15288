"""The chapter on devices: what stands in it, and what must not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.chapters import devices
from analytics.chapters.device_choice_parts import build_agreement, build_choice
from analytics.chapters.device_crossover_parts import build_crossover
from analytics.chapters.device_rows import DeviceRows
from analytics.chapters.device_setting_parts import build_label_note, build_settings
from analytics.chapters.device_volume_parts import _learn, build_learning, build_volumes
from analytics.chapters.register import CHAPTERS
from analytics.charts.export import render_svg
from analytics.devices.case_numbers import CaseBands
from analytics.devices.learning import LearningCurve
from analytics.report.document import Bullets, Figure, Paragraph, Section, Table
from analytics.store.filters import CohortFilter

if TYPE_CHECKING:
    from analytics.report.content import Chapter


def build(rows: DeviceRows, monkeypatch: pytest.MonkeyPatch) -> Chapter:
    monkeypatch.setattr(devices, "read_device_rows", lambda *_: rows)
    return devices.build_devices(Path("any"), CohortFilter())


def tables(section: Section) -> list[Table]:
    return [block for block in section.blocks if isinstance(block, Table)]


def row(table: Table, first: str, **where: str) -> dict[str, str]:
    for cells in table.rows:
        found = dict(zip(table.header, cells, strict=True))
        if cells[0] == first and all(found[name] == value for name, value in where.items()):
            return found
    raise AssertionError(first)


def text_of(chapter: Chapter) -> str:
    parts: list[str] = []
    for section in chapter.sections:
        for block in section.blocks:
            if isinstance(block, Paragraph):
                parts.append(block.text)
            elif isinstance(block, Bullets):
                parts += block.items
            elif isinstance(block, Table):
                parts += [block.caption, *block.header, *(cell for cells in block.rows for cell in cells)]
            elif isinstance(block, Figure):
                parts.append(json.dumps(block.spec))
    return "\n".join(parts)


def test_no_operator_is_named_in_words_figures_or_values(
    device_rows: DeviceRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    chapter = build(device_rows, monkeypatch)
    assert "secret-operator" not in text_of(chapter)
    assert "secret-operator" not in json.dumps(chapter.values)
    assert "Operators are pseudonyms" in text_of(chapter)


def test_it_describes_and_advises_nobody(device_rows: DeviceRows, monkeypatch: pytest.MonkeyPatch) -> None:
    chapter = build(device_rows, monkeypatch)
    assert chapter.name == "devices"
    assert chapter.sections[0].level == 2
    assert {section.level for section in chapter.sections[1:]} == {3}
    assert "It advises nobody." in text_of(chapter)


def test_every_figure_can_be_drawn_and_every_table_is_rectangular(
    device_rows: DeviceRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = [block for section in build(device_rows, monkeypatch).sections for block in section.blocks]
    figures = [block for block in blocks if isinstance(block, Figure)]
    assert len(figures) >= 4
    assert all("<svg" in render_svg(figure.spec) and figure.spec["description"] for figure in figures)
    for block in blocks:
        if isinstance(block, Table):
            assert {len(cells) for cells in block.rows} <= {len(block.header)}


def test_settings_are_counted_with_their_source(device_rows: DeviceRows) -> None:
    section, values = build_settings(device_rows)
    found = row(tables(section)[0], "Burr-to-artery ratio")
    # 20 burrs: 19 of 1.5 mm (ratio 0.5) and one of 2.25 mm (ratio 0.75) in vessels of 3 mm.
    assert found["Recorded"] == "20 of 20"
    assert found["Within"].startswith("19/20: 95.0 %")
    assert found["Above"].startswith("1/20: 5.0 %")
    assert found["Held against"] == "0.4 to 0.6 (advice)"
    bullets = next(block for block in section.blocks if isinstance(block, Bullets))
    assert any("DOI 10.47144/phj.v53i2.1931" in item for item in bullets.items)
    assert values["settings"]


def test_without_cutting_balloons_the_note_is_a_refusal(device_rows: DeviceRows) -> None:
    section, _ = build_label_note(device_rows)
    (block,) = section.blocks
    assert isinstance(block, Paragraph)
    assert block.text.startswith("not estimable")


def test_volumes_count_procedures_and_sites_without(device_rows: DeviceRows) -> None:
    section, values = build_volumes(device_rows)
    found = row(tables(section)[0], "Rotational atherectomy", Among="sites")
    # Every third procedure: sites 0 and 3 of the six.
    assert found["Procedures with it"] == "20 of 60"
    assert found["Never used it"].startswith("4/6: 66.7 %")
    assert found["Lowest"] == "\u2013"
    assert len(values["by_quarter"]) > len(values["by_year"])


def test_running_cases_of_too_few_operators_are_refused_in_words(device_rows: DeviceRows) -> None:
    section, _ = build_learning(device_rows)
    bullets = next(block for block in section.blocks if isinstance(block, Bullets))
    assert any(item.startswith("Rotational atherectomy") and "Fewer than 5" in item for item in bullets.items)


def test_choice_and_rules_are_counted(device_rows: DeviceRows) -> None:
    section, _ = build_choice(device_rows)
    assert any(isinstance(block, Figure) for block in section.blocks)
    section, values = build_agreement(device_rows)
    found = row(tables(section)[0], "Rotational atherectomy where a balloon cannot cross")
    assert found["Lesions it is about"].startswith("10/10: 100.0 %")
    assert found["Other lesions"].startswith("10/50: 20.0 %")
    untestable = row(
        tables(section)[0],
        "Rotational atherectomy in favourable calcium",
    )
    assert untestable["Lesions it is about"] == "not estimable"
    assert values["ra_distribution"]["not_estimable"]["code"] == "not_defined"


def test_success_is_counted_by_grade(device_rows: DeviceRows) -> None:
    section, _ = build_crossover(device_rows)
    found = row(tables(section)[2], "Rotational atherectomy")
    # Burrs in procedures 0, 3, 6, ..., 57: those of 0 and 30 failed.
    assert found["All grades"].startswith("18/20: 90.0 %")


def test_a_cohort_without_devices_says_so(device_rows: DeviceRows, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = replace(device_rows, uses=device_rows.uses.clear())
    chapter = build(empty, monkeypatch)
    assert len(chapter.sections) == 1
    assert "No device is on record." in text_of(chapter)


def test_a_registry_without_operators_and_dates_still_gets_its_chapter(
    device_rows: DeviceRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = device_rows.procedures.with_columns(
        operator_id=pl.lit(None, dtype=pl.String),
        procedure_date=pl.lit(None, dtype=pl.Date),
        procedure_year=pl.lit(None, dtype=pl.Int32),
    )
    past = bare.select("procedure_id", "site_id", "operator_id", "procedure_date")
    chapter = build(replace(device_rows, procedures=bare, past=past), monkeypatch)
    assert "No procedure says where, or by whom, it was done." in text_of(chapter)


def test_the_chapter_is_registered() -> None:
    assert CHAPTERS["devices"] is devices.build_devices


def test_a_filter_of_years_does_not_make_beginners(device_rows: DeviceRows) -> None:
    # Six operators, one device for all: procedures 54 to 59 are the tenth case of each.
    everything = device_rows.past_uses.with_columns(device_class=pl.lit("elca"))
    late = [f"p{i}" for i in range(54, 60)]
    chosen = device_rows.procedures.filter(pl.col("procedure_id").is_in(late))
    rows = replace(device_rows, procedures=chosen, past_uses=everything)
    bands = CaseBands((1, 10), 0)
    found, _ = _learn(rows, "elca", unit="operator_id", outcome="worked", bands=bands)
    assert isinstance(found, LearningCurve)
    assert [(band.label, band.share.n_total) for band in found.bands] == [("10 or more", 6)]
