"""The chapter and the page of complications on a snapshot whose counts are known."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from analytics.chapters.complication_benchmarks import find_benchmarks
from analytics.chapters.complication_comparison import compare_complications
from analytics.chapters.complication_page import (
    comparison_page_sections,
    estimate_page_rates,
    offers_use_plan,
    rate_sections,
    unit_of_choice,
)
from analytics.chapters.complication_rows import estimate_usual_rates, read_complication_flags
from analytics.chapters.complications import build_complications
from analytics.charts.export import render_svg
from analytics.complications.comparison_results import AdjustedDifference
from analytics.complications.definitions import COMPLICATIONS
from analytics.errors import StoreError
from analytics.proportions.differences import newcombe_difference
from analytics.report.document import Bullets, Figure, Section, Table
from analytics.store.engine import registered, run
from analytics.store.filters import CohortFilter
from analytics.store.loading import open_for_loading
from analytics.store.publishing import publish_snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

N = 360
GRADES = ("mild", "moderate", "severe")
DEVICES = ("nc_balloon", "rotational_atherectomy")
EVERY = {"mild": 12, "moderate": 9, "severe": 5}
"""One procedure in so many, counted within its grade, has a perforation."""


def procedure(i: int) -> dict[str, Any]:
    grade, device = GRADES[i % 3], DEVICES[(i // 3) % 2]
    flags = dict.fromkeys(COMPLICATIONS, False)
    flags["perforation_any"] = (i // 3) % EVERY[grade] == 0
    flags["perforation_ellis_i"] = flags["perforation_any"] and i % 2 == 0
    flags["any_procedural"] = flags["perforation_any"]
    flags["burr_entrapment"] = device == "rotational_atherectomy" and i % 45 == 3
    return {
        "procedure_id": f"p{i:03d}", "patient_id": f"pat{i:03d}", "site_id": "S1",
        "procedure_year": 2024, "procedure_date": dt.date(2024, 1 + i % 12, 1), "procedure_day": 19000 + i,
        "is_index": True, "severity": grade, "strategy_intended": device, "strategy_as_treated": device,
        "presentation": "stable_angina", "presentation_group": "chronic", "age_years": 55 + i % 30,
        "sex": "male" if i % 2 else "female", "has_diabetes": i % 4 == 0, "dialysis": False, "n_lesions": 1,
        "complications_recorded": "all", "devices_recorded": True,
        "used_rotational_atherectomy": device == "rotational_atherectomy", "used_orbital_atherectomy": False,
        "used_intravascular_lithotripsy": False, "used_elca": False, "used_balloon": True, "used_stent": True,
        "use_plan": "bailout" if i % 9 == 0 else "planned", **flags,
    }  # fmt: skip


def times(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "endpoint": "mace_d", "procedure_id": row["procedure_id"], "patient_id": row["patient_id"],
            "site_id": "S1", "time_days": 10 if i % 20 == 0 else 500, "cause": int(i % 20 == 0),
            "component": None, "time_is_exact": True, "in_hospital": i % 40 == 0,
        }
        for i, row in enumerate(rows)
    )  # fmt: skip


RECORDS = (
    ("p000", "perforation", "in_lab"),
    ("p000", "perforation", "in_lab"),
    ("p001", "stroke", "in_hospital"),
    ("p002", "stroke", None),
)


def insert(store: Path, table: str, rows: pl.DataFrame) -> None:
    columns = ", ".join(rows.columns)
    with open_for_loading(store) as connection, registered(connection, rows) as source:
        run(connection, f"insert into {table} ({columns}) select {columns} from {source}")  # noqa: S608


def publish(folder: Path, rows: list[dict[str, Any]], *, without: tuple[str, ...] = ()) -> Path:
    cohort = pl.DataFrame(rows, infer_schema_length=None)
    lesions = cohort.with_columns(lesion_id=pl.format("{}-1", "procedure_id"))
    own = lesions.select(
        "lesion_id", "procedure_id", cto=pl.lit(value=False), bifurcation=pl.lit(value=False)
    )
    records = pl.DataFrame(
        [(str(number), *record) for number, record in enumerate(RECORDS)],
        schema=["complication_id", "procedure_id", "complication_type", "timing"],
        orient="row",
    )
    for table, rows_of in (("lesions", own), ("complications", records)):
        insert(folder / "registry.duckdb", table, rows_of)
    derived = {
        "cohort_procedures": cohort.drop(*COMPLICATIONS, "use_plan"),
        "cohort_lesions": lesions.drop(*COMPLICATIONS, "use_plan"),
        "cohort_complications": cohort.drop(*without),
        "cohort_lesion_complications": lesions.drop(*without),
        "time_to_event": times(rows).with_columns(pl.col("component").cast(pl.String)),
        "attrition": pl.DataFrame({"step": ["registered"]}),
    }
    return publish_snapshot(folder / "registry.duckdb", folder / "snapshots", derived=derived, info={})


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("complications"), [procedure(i) for i in range(N)])


EVERYBODY = CohortFilter()


def count(**wanted: str) -> tuple[int, int]:
    """Perforations and procedures of a group."""
    rows = [
        row for row in map(procedure, range(N)) if all(row[name] == value for name, value in wanted.items())
    ]
    return sum(row["perforation_any"] for row in rows), len(rows)


def tables(sections: Sequence[Section]) -> list[Table]:
    return [block for section in sections for block in section.blocks if isinstance(block, Table)]


def test_crude_comparisons_equal_a_hand_count(snapshot: Path) -> None:
    found = compare_complications(snapshot, EVERYBODY, only="perforation_any")
    severe = next(one for one in found.contrasts if one.first.severity == "severe")
    assert (severe.first.n_events, severe.first.n_total) == count(severity="severe")
    assert (severe.second.n_events, severe.second.n_total) == count(severity="mild")
    assert severe.difference == newcombe_difference(*count(severity="severe"), *count(severity="mild"))
    assert severe.adjustment == "Holm"
    device = next(one for one in found.contrasts if one.by == "strategy")
    assert (device.second.strategy, found.reference) == ("nc_balloon", "nc_balloon")


def test_balanced_groups_have_nearly_the_same_standardised_difference(snapshot: Path) -> None:
    found = compare_complications(snapshot, EVERYBODY, only="perforation_any")
    severe = next(one for one in found.contrasts if one.first.severity == "severe")
    assert isinstance(severe.standardised, AdjustedDifference)
    crude = 24 / 120 - 10 / 120
    assert severe.standardised.difference == pytest.approx(crude, abs=0.02)


def test_adjustment_counts_every_comparison_whichever_is_shown(snapshot: Path) -> None:
    one = compare_complications(snapshot, EVERYBODY, only="perforation_any")
    all_of_them = compare_complications(snapshot, EVERYBODY)
    assert one.n_compared == all_of_them.n_compared > len(one.contrasts)
    same = [x for x in all_of_them.contrasts if x.first.complication == "perforation_any"]
    assert [x.p_adjusted for x in one.contrasts] == [x.p_adjusted for x in same]


def test_a_complication_of_the_burr_is_not_compared_with_balloons(snapshot: Path) -> None:
    found = compare_complications(snapshot, EVERYBODY, only="burr_entrapment")
    assert {one.by for one in found.contrasts} == {"severity"}
    assert all(one.first.n_total <= 60 for one in found.contrasts)


def test_each_complication_is_counted_by_its_own_unit(snapshot: Path) -> None:
    units = {rate.complication: rate.unit for rate in estimate_usual_rates(snapshot, EVERYBODY)}
    assert units["perforation_any"] == "lesion"
    assert units["av_block"] == "procedure"
    assert list(units) == list(COMPLICATIONS)
    assert unit_of_choice("perforation_any", "usual") == "lesion"
    assert unit_of_choice("perforation_any", "patient") == "patient"


def test_planned_and_bailout_use_part_the_procedures(snapshot: Path) -> None:
    assert offers_use_plan(snapshot, EVERYBODY)
    sizes = {
        plan: read_complication_flags(snapshot, EVERYBODY, unit="procedure", use_plan=plan).height
        for plan in ("planned", "bailout")
    }
    assert sizes == {"planned": 320, "bailout": 40}


def test_a_snapshot_without_plans_of_use_says_what_to_do(tmp_path: Path) -> None:
    old = publish(tmp_path, [procedure(i) for i in range(30)], without=("use_plan", "any_later"))
    assert not offers_use_plan(old, EVERYBODY)
    with pytest.raises(StoreError, match="Publish the store again"):
        read_complication_flags(old, EVERYBODY, unit="procedure", use_plan="planned")
    with pytest.raises(StoreError, match="Publish it again"):
        estimate_page_rates(old, EVERYBODY, complication="any_later", unit="procedure")
    assert comparison_page_sections(old, EVERYBODY, "any_later")[0].title == "No comparison"
    assert "any_later" not in {rate.complication for rate in estimate_usual_rates(old, EVERYBODY)}


def test_the_page_shows_rates_then_grades(snapshot: Path) -> None:
    rates = estimate_page_rates(snapshot, EVERYBODY, complication="perforation_any", unit="procedure")
    sections = rate_sections(rates, "perforation_any", words="What counts.", population=EVERYBODY)
    rate, details = tables(sections)[:2]
    severe = dict(zip(rate.header, next(row for row in rate.rows if row[1] == "Severe"), strict=True))
    k, n = count(severity="severe", strategy_intended="rotational_atherectomy")
    assert severe["k/n"] == f"{k}/{n}"
    assert [row[0] for row in details.rows][:2] == ["Perforation, Ellis I", "Perforation, Ellis II"]
    figures = [block for section in sections for block in section.blocks if isinstance(block, Figure)]
    assert render_svg(figures[0].spec).startswith("<svg")


def test_published_figures_are_cited_and_never_silent_about_a_difference(snapshot: Path) -> None:
    rates = estimate_page_rates(snapshot, EVERYBODY, complication="perforation_any", unit="patient")
    found = find_benchmarks([rate for rate in rates if rate.complication == "perforation_any"])
    assert found
    for one in found:
        assert all(not figure.differences for figure in one.benchmarks.beside)
        assert all(figure.differences and figure.link for figure in one.benchmarks.context)


def test_comparisons_on_the_page_come_in_reading_order(snapshot: Path) -> None:
    sections = comparison_page_sections(snapshot, EVERYBODY, "perforation_any")
    assert [section.title for section in sections] == [
        "By calcification",
        "By device strategy",
        "Trend over calcification",
        "By calendar quarter",
        "Immediate, early and late",
    ]
    assert any(isinstance(block, Bullets) for block in sections[1].blocks)
    quarters = next(table for table in tables(sections) if table.header[0] == "Quarter")
    assert [row[0] for row in quarters.rows] == ["2024 Q1", "2024 Q2", "2024 Q3", "2024 Q4"]


def test_immediate_early_and_late_stand_in_one_table(snapshot: Path) -> None:
    sections = comparison_page_sections(snapshot, EVERYBODY, "perforation_any")
    by_severity = tables(sections[-1:])[0]
    severe = dict(zip(by_severity.header, by_severity.rows[-1], strict=True))
    assert severe["Calcification"] == "Severe"
    assert severe["Immediate"].startswith("24/120: 20.0 %")
    # MACE on day 10 in every twentieth procedure: of severe grade 20, 80, 140, 200, 260 and 320, and of these
    # 80, 200 and 320 in hospital.
    assert severe["MACE (death, MI, TVR) by day 30"].startswith("6/120: 5.0 %")
    assert severe["MACE (death, MI, TVR) in hospital"].startswith("3/120: 2.5 %")
    assert severe["MACE (death, MI, TVR), day 31 to 1 year"].startswith("0/114: up to")


def test_time_within_the_stay_is_counted_by_procedure(snapshot: Path) -> None:
    timing = tables(comparison_page_sections(snapshot, EVERYBODY, "perforation_any"))[-1]
    assert timing.rows == (
        ("Perforation", "1/360: 0.3 %", "\u2013", "\u2013"),
        ("Stroke", "\u2013", "1/360: 0.3 %", "1/360: 0.3 %"),
    )


def test_the_chapter_is_rectangular_and_json_ready(snapshot: Path) -> None:
    chapter = build_complications(snapshot, EVERYBODY)
    assert chapter.sections[0].level == 2
    assert {section.level for section in chapter.sections[1:]} == {3}
    for table in tables(chapter.sections):
        assert {len(row) for row in table.rows} <= {len(table.header)}
    assert json.loads(json.dumps(chapter.values, allow_nan=False))["reference"] == "nc_balloon"


def test_nobody_to_look_at_gives_no_comparison(snapshot: Path) -> None:
    nobody = CohortFilter(sites=("elsewhere",))
    found = compare_complications(snapshot, nobody)
    assert (found.contrasts, found.trends, found.reference) == ((), {}, None)
    sections = comparison_page_sections(snapshot, nobody, "perforation_any")
    assert [section.title for section in sections] == ["No comparison", "Immediate, early and late"]


def test_margins_that_a_filter_has_cut_stand_beside_nothing(snapshot: Path) -> None:
    rates = estimate_page_rates(snapshot, EVERYBODY, complication="perforation_any", unit="patient")
    keys = [
        {section.key for section in rate_sections(rates, "perforation_any", words="", population=population)}
        for population in (EVERYBODY, replace(EVERYBODY, severities=("severe",), severity_source="ivus"))
    ]
    assert "complication-published" in keys[0]
    assert "complication-published" not in keys[1]
