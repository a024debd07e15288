"""Intake finds nothing in a clean synthetic registry, and every planted fault in another."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from schemas.registry import TABLES
from schemas.rules.catalogue import RULES, SITE_CHECKS
from schemas.submission import SubmissionReport, TextTable
from schemas.validation import validate_submission
from synthetic.corruption import PATIENT_FAULTS, plant_faults, write_faults
from synthetic.dialects.writing import of_site
from synthetic.faults.cells import CELL_FAULTS
from synthetic.faults.children import fallen_children
from synthetic.faults.sites import CROWDS, SITE_FAULTS
from synthetic.registry import generate_registry
from synthetic.scenario import load_scenario
from synthetic.writer import spell_tables, tables_as_text, write_text_tables

Texts = dict[str, pl.DataFrame]
CELL = ["rule_id", "level", "table", "column", "line"]
NOTE = ["rule_id", "table", "column"]
SITE = ["rule_id", "site_id", "table", "column"]
SITE_RULES = [check.rule_id for check in SITE_CHECKS]
LOAD_DATE = date(2026, 9, 30)


def validate(texts: Texts) -> SubmissionReport:
    def numbered(frame: pl.DataFrame) -> pl.DataFrame:
        row = pl.int_range(pl.len(), dtype=pl.Int64)
        return frame.with_columns(row=row, record=row + 1, line=row + 2)

    return validate_submission(
        [TextTable(table=name, frame=numbered(frame), file=f"{name}.csv") for name, frame in texts.items()],
        load_date=LOAD_DATE,
    )


def failed_sites(report: SubmissionReport) -> pl.DataFrame:
    """Return the failures of rules about whole sites, by table and column."""
    is_failed = (pl.col("status") == "failed") & pl.col("rule_id").is_in(SITE_RULES)
    return report.rule_results.filter(is_failed).select(SITE).drop_nulls("table")


def changed_sites(clean: Texts, faulty: Texts) -> set[str]:
    """Return the hospitals with a row that differs."""
    found: set[str] = set()
    for name, table in faulty.items():
        for one, other in ((table, clean[name]), (clean[name], table)):
            keys = one.join(other, on=table.columns, how="anti", nulls_equal=True).to_series(0)
            found |= {str(key).split("-P")[0] for key in keys}
    return found


def lacking(wanted: pl.DataFrame, found: pl.DataFrame, on: list[str]) -> list[tuple[object, ...]]:
    return wanted.join(found, on=on, how="anti", nulls_equal=True).select(on).rows()


SIZES_AND_SEEDS = [(250, 3), (1100, 8), (5000, 19)]
"""Hospitals of about ten procedures, of fifty, and of hundreds."""


@pytest.fixture(scope="module", params=SIZES_AND_SEEDS, ids=str)
def clean(request: pytest.FixtureRequest) -> Texts:
    size, seed = request.param
    return tables_as_text(generate_registry(load_scenario("default"), procedures=size, seed=seed))


@pytest.fixture(scope="module")
def clean_report(clean: Texts) -> SubmissionReport:
    return validate(clean)


@pytest.fixture(scope="module")
def planted(clean: Texts) -> tuple[Texts, pl.DataFrame]:
    return plant_faults(clean, seed=clean["procedures"].height)


@pytest.fixture(scope="module")
def report(planted: tuple[Texts, pl.DataFrame]) -> SubmissionReport:
    return validate(planted[0])


def test_clean_registry_passes_with_few_warnings(clean_report: SubmissionReport) -> None:
    assert clean_report.n_rejected == 0
    assert clean_report.findings.filter(pl.col("level").is_in(["FILE", "ROW", "NULL"])).is_empty()
    warnings = clean_report.findings.filter(level="WARN")
    assert warnings["n"].sum() < 0.01 * clean_report.n_input


def test_every_table_gets_a_fault_and_every_fault_of_a_row_is_planted(
    planted: tuple[Texts, pl.DataFrame],
) -> None:
    _, faults = planted
    chosen = faults.filter(cause="planted")
    assert {fault.rule_id for fault in (*CELL_FAULTS, *PATIENT_FAULTS)} <= set(chosen["rule_id"])
    assert set(faults["table"]) == set(TABLES)
    assert chosen.filter(pl.col("line").is_not_null()).select("table", "line").n_unique() >= 100


def test_every_fault_of_a_hospital_is_planted_where_hospitals_are_large(
    planted: tuple[Texts, pl.DataFrame],
) -> None:
    texts, faults = planted
    chosen = set(faults.filter(cause="planted")["rule_id"])
    wanted = {fault.rule_id for fault in (*SITE_FAULTS, *CROWDS)} | {"M09", "M10", "M11", "S04", "S10"}
    is_large = texts["procedures"].height > 4000
    assert (wanted <= chosen) == is_large


def test_every_planted_fault_is_found_at_its_line_by_its_rule(
    planted: tuple[Texts, pl.DataFrame], report: SubmissionReport
) -> None:
    chosen = planted[1].filter(cause="planted")
    of_rows = chosen.filter(pl.col("line").is_not_null())
    assert lacking(of_rows.filter(pl.col("level") != "INFO"), report.findings, CELL) == []
    assert lacking(of_rows.filter(level="INFO"), report.findings, NOTE) == []
    assert lacking(chosen.filter(pl.col("line").is_null()), failed_sites(report), SITE) == []


@pytest.mark.parametrize(
    ("size", "seed"),
    [
        pytest.param(3_000, 13, id="third hospital with linkage records some complications only"),
        pytest.param(5_000, 10, id="hospital with nearly as many procedures as two quarters need"),
    ],
)
def test_faults_of_awkward_hospitals_are_found(size: int, seed: int) -> None:
    texts, faults = plant_faults(
        tables_as_text(generate_registry(load_scenario("default"), procedures=size, seed=seed)), seed
    )
    of_sites = faults.filter(pl.col("line").is_null(), cause="planted")
    assert {"S02", "S04"} & set(of_sites["rule_id"])
    assert lacking(of_sites, failed_sites(validate(texts)), SITE) == []


def test_nothing_is_found_beyond_the_clean_registry_but_faults_and_what_they_bring(
    planted: tuple[Texts, pl.DataFrame], report: SubmissionReport, clean_report: SubmissionReport
) -> None:
    _, faults = planted
    is_of_site = pl.col("rule_id").is_in(SITE_RULES)
    new = report.findings.filter(~is_of_site).join(
        clean_report.findings, on=CELL, how="anti", nulls_equal=True
    )
    assert lacking(new.filter(pl.col("level") != "INFO"), faults, CELL) == []
    assert lacking(new.filter(level="INFO"), faults, NOTE) == []
    before = failed_sites(clean_report)
    assert (
        lacking(failed_sites(report).join(before, on=SITE, how="anti", nulls_equal=True), faults, SITE) == []
    )


def test_what_is_counted_only_is_listed_row_by_row(
    planted: tuple[Texts, pl.DataFrame], report: SubmissionReport, clean_report: SubmissionReport
) -> None:
    # What the clean registry has of a kind may go with the rows that fall.
    known = [*SITE_RULES, *clean_report.findings["rule_id"]]
    is_note = (pl.col("level") == "INFO") & ~pl.col("rule_id").is_in(known)
    found = report.findings.filter(is_note).group_by(NOTE).agg(pl.col("n").sum())
    listed = planted[1].filter(is_note, pl.col("row").is_not_null()).group_by(NOTE).len("n")
    assert found.sort(NOTE).rows() == listed.sort(NOTE).rows()
    assert {"K05", "K14"} <= set(found["rule_id"])


def test_a_hospital_without_a_fault_keeps_its_findings(
    clean: Texts,
    planted: tuple[Texts, pl.DataFrame],
    report: SubmissionReport,
    clean_report: SubmissionReport,
) -> None:
    hit = changed_sites(clean, planted[0])
    compares = pl.col("rule_id").is_in(["S03", "S04"]) | pl.col("site_id").is_null()
    others = ~compares & ~pl.col("site_id").is_in(sorted(hit))
    assert failed_sites(report).filter(others).rows() == failed_sites(clean_report).filter(others).rows()


def test_the_rejected_rows_are_the_faults_that_cost_a_row(
    planted: tuple[Texts, pl.DataFrame], report: SubmissionReport
) -> None:
    roots = [
        table.rejected.filter(~pl.col("is_cascade")).select("line", table=pl.lit(name))
        for name, table in report.tables.items()
    ]
    wanted = planted[1].filter(level="ROW").select("table", "line").unique()
    assert pl.concat(roots).select("table", "line").sort("table", "line").rows() == sorted(wanted.rows())


def test_line_is_the_line_of_the_written_file(planted: tuple[Texts, pl.DataFrame], tmp_path: Path) -> None:
    texts, faults = planted
    write_text_tables(texts, tmp_path)
    fault = faults.filter(rule_id="C03", table="imaging").row(0, named=True)
    lines = (tmp_path / fault["file"]).read_text(encoding="utf-8").split("\n")
    place = lines[0].split(",").index(fault["column"])
    assert lines[fault["line"] - 1].split(",")[place] == "400"


def test_faults_of_one_seed_are_the_same() -> None:
    small = tables_as_text(generate_registry(load_scenario("default"), procedures=150, seed=6))
    texts, faults = plant_faults(small, seed=4)
    again, same = plant_faults(small, seed=4)
    assert same.equals(faults)
    assert all(again[name].equals(texts[name]) for name in texts)
    of_rows = faults.filter(pl.col("row").is_not_null())
    other = plant_faults(small, seed=5)[1]
    assert not other.filter(pl.col("row").is_not_null()).equals(of_rows)


def test_a_small_registry_takes_the_faults_that_it_has_room_for_and_names_the_others(tmp_path: Path) -> None:
    small = tables_as_text(generate_registry(load_scenario("default"), procedures=40, seed=3))
    texts, faults = plant_faults(small, seed=1)
    listed = write_faults(faults, tmp_path)
    assert set(texts) == set(TABLES)
    assert faults.filter(rule_id="X12", cause="planted").height == 1
    assert {"S01", "S10", "M09"} <= set(listed.filter(cause="not_planted")["rule_id"])
    assert set(listed["rule_id"]) == set(RULES)


def test_hospitals_are_named_as_the_registry_names_them() -> None:
    texts = tables_as_text(generate_registry(load_scenario("national"), procedures=200, seed=3))
    faults = plant_faults(texts, seed=1)[1]
    assert set(faults["site_id"].drop_nulls()) <= set(texts["sites"]["site_id"])


def test_a_single_hospital_takes_every_fault_that_is_not_about_two() -> None:
    registry = generate_registry(load_scenario("default"), procedures=400, seed=3)
    sizes = registry.tables["sites"].filter(followup_source="active_contact")
    texts = spell_tables(of_site(registry.tables, sizes["site_id"][0]))
    faults = plant_faults(texts, seed=1)[1]
    planted = set(faults.filter(cause="planted")["rule_id"])
    of_two_or_linkage = {"D04", "T16"}
    assert {fault.rule_id for fault in PATIENT_FAULTS} - planted == of_two_or_linkage


def test_an_empty_age_lies_where_the_hospital_sends_others() -> None:
    texts = tables_as_text(generate_registry(load_scenario("national"), procedures=200, seed=2))
    broken, faults = plant_faults(texts, seed=2)
    for place in faults.filter(rule_id="C05", table="procedures", column="age_years").iter_rows(named=True):
        site = broken["procedures"]["site_id"][place["row"]]
        assert texts["procedures"].filter(site_id=site)["age_years"].count() >= 3
    planted = set(faults.filter(cause="planted")["rule_id"])
    assert "C05" in planted


def test_an_event_without_its_procedure_loses_both_links_and_falls_only_with_its_patient() -> None:
    texts = {
        "patients": pl.DataFrame({"patient_id": ["P"]}),
        "procedures": pl.DataFrame({"procedure_id": ["Q"], "patient_id": ["P"]}),
        "lesions": pl.DataFrame({"lesion_id": ["L"], "procedure_id": ["Q"]}),
        "imaging": pl.DataFrame({"imaging_id": ["I"], "lesion_id": ["L"]}),
        "device_uses": pl.DataFrame({"device_use_id": ["U"], "lesion_id": ["X"]}),
        "complications": pl.DataFrame({"complication_id": ["C"], "procedure_id": ["Q"], "lesion_id": ["L"]}),
        "follow_up": pl.DataFrame({"contact_id": ["F"], "patient_id": ["P"]}),
        "events": pl.DataFrame(
            {"event_id": ["E"], "patient_id": ["P"], "procedure_id": ["Q"], "lesion_id": ["L"]}
        ),
    }
    below = {("lesions", "procedure_id"), ("imaging", "lesion_id"), ("complications", "procedure_id")}
    links = {("events", "procedure_id"), ("events", "lesion_id")}
    without_procedure = {(place.table, place.column) for place in fallen_children(texts, "procedures", 0)}
    assert without_procedure == below | links
    whole = {("procedures", "patient_id"), ("follow_up", "patient_id"), ("events", "patient_id")}
    without_patient = {(place.table, place.column) for place in fallen_children(texts, "patients", 0)}
    assert without_patient == below | whole
