"""Findings as text, CSV, page and JSON: in the order of the work, bounded, and without a patient's value."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.intake.column_fill import fill_of_columns
from analytics.intake.findings import mark_first_faults, summarise_files, summarise_findings
from analytics.intake.findings_csv import FINDINGS_COLUMNS, list_findings, write_findings_csv
from analytics.intake.findings_files import write_findings_files
from analytics.intake.findings_html import render_findings_html
from analytics.intake.findings_text import render_findings_text
from analytics.intake.gate import Gate
from analytics.pipeline import describe_submission
from schemas.mapping.findings import finding, findings_frame
from schemas.submission import FINDING_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from analytics.intake.submission import PreparedSubmission

FAULTY_PATIENTS = "patient_id,site_id,sex\nS1.p1,S1,SENTINEL\nS1.p2,S1,male\n"


def with_findings(prepared: PreparedSubmission, findings: pl.DataFrame) -> PreparedSubmission:
    """Return a submission with other findings."""
    return replace(prepared, findings=findings, report=replace(prepared.report, findings=findings))


def test_what_blocks_the_load_comes_first_then_what_mends_most_rows_by_one_edit() -> None:
    found = findings_frame(
        [
            finding("C04", file="f.csv", table="lesions", column="timi_post", n=500),
            finding("C05", file="f.csv", table="lesions", column="vessel", level="ROW", n=2),
            finding("C02", file="f.csv", table="lesions", column="vessel", n=300),
            finding("K01", file="f.csv", table="lesions", column="lesion_id"),
            finding("C14", file="f.csv", table="lesions", column="timi_post", n=9000),
            finding("F01", file="f.csv"),
            finding("C01", file="f.csv", table="procedures", column="age_years", level="ROW", n=3),
        ]
    )
    rules = summarise_findings(found, blocking=["procedures"])["rule_id"].to_list()
    assert rules == ["F01", "C01", "K01", "C02", "C05", "C04", "C14"]


def test_one_edit_of_a_mapping_is_one_line_for_all_files() -> None:
    found = findings_frame(
        [
            finding("C02", file=f"{name}.csv", table="lesions", column="vessel", line=line)
            for name, line in (("a", 9), ("a", 4), ("b", 2))
        ]
    )
    row = summarise_findings(found, over_files=True).row(0, named=True)
    assert (row["n"], row["n_files"], row["file"], row["lines"]) == (3, 2, "a.csv", [4, 9])
    assert summarise_findings(found)["file"].to_list() == ["a.csv", "b.csv"]


def test_files_are_counted_by_level_and_those_without_a_finding_too() -> None:
    found = findings_frame([finding("C04", file="a.csv", n=2), finding("C14", file="a.csv", n=3)])
    assert summarise_files(found, ["a.csv", "b.csv"]).rows() == [
        ("a.csv", 0, 0, 0, 2, 3),
        ("b.csv", 0, 0, 0, 0, 0),
    ]


def test_each_record_of_each_file_has_one_first_fault_the_hardest() -> None:
    found = findings_frame(
        [
            finding("C04", file="a.csv", record=1),
            finding("X10", file="a.csv", record=1, level="ROW"),
            finding("C05", file="a.csv", record=1, level="ROW"),
            finding("C04", file="b.csv", record=1),
            finding("F12", file="b.csv"),
        ]
    )
    assert mark_first_faults(found)["is_first"].to_list() == [False, False, True, True, False]


def test_the_csv_says_site_status_and_first_fault(
    tmp_path: Path, prepare: Callable[..., PreparedSubmission]
) -> None:
    prepared = prepare(patients=FAULTY_PATIENTS)
    waived = findings_frame([finding("C04", file="lesions.csv", table="lesions", column="timi_post")])
    prepared = replace(prepared, report=replace(prepared.report, waived=waived))
    write_findings_csv(list_findings(prepared), tmp_path / "findings.csv")
    written = pl.read_csv(tmp_path / "findings.csv")
    assert tuple(written.columns) == FINDINGS_COLUMNS
    sex = written.filter(pl.col("column") == "sex").row(0, named=True)
    assert (sex["file"], sex["line"], sex["record"], sex["rule_id"]) == ("patients.csv", 2, 1, "C02")
    assert (sex["site_id"], sex["status"], sex["first_fault"]) == ("S1", "open", "yes")
    assert written.filter(pl.col("status") == "waived")["rule_id"].to_list() == ["C04"]


def test_a_sound_submission_is_praised_in_one_line(prepare: Callable[..., PreparedSubmission]) -> None:
    prepared = prepare()
    prepared = with_findings(prepared, prepared.findings.filter(pl.col("level") == "INFO"))
    assert "\nNothing to correct: well done (" in render_findings_text(prepared)
    assert "Nothing to correct: well done." in render_findings_html(prepared)


def test_sites_and_files_are_told_apart_in_the_text(prepare: Callable[..., PreparedSubmission]) -> None:
    prepared = prepare(patients=FAULTY_PATIENTS)
    gates = {"S1": Gate("red", ("no row was accepted",)), "S2": Gate("green")}
    text = render_findings_text(replace(prepared, site_gates=gates))
    assert "site S1: red\n  no row was accepted\nsite S2: green\n" in text
    assert (
        "file patients.csv: yellow; rows rejected 1\n  filled in less than 98% of rows: patients.sex (50%)"
        in text
    )
    assert "file sites.csv: green; nothing found\n" in text


def test_no_value_is_in_text_page_csv_or_json(
    tmp_path: Path, prepare: Callable[..., PreparedSubmission]
) -> None:
    prepared = prepare(
        patients=FAULTY_PATIENTS,
        procedures="procedure_id,patient_id,site_id,procedure_date,discharge_status,age_years,presentation,"
        "complications_recorded\nSENTINEL-1,SENTINEL-2,S1,SENTINEL-3,SENTINEL-4,SENTINEL-5,SENTINEL-6,SENTINEL-7\n",
    )
    write_findings_files(prepared, tmp_path)
    said = [
        render_findings_text(prepared),
        json.dumps(describe_submission(prepared)),
        (tmp_path / "findings.html").read_text("utf-8"),
        (tmp_path / "findings.csv").read_text("utf-8-sig"),
    ]
    assert all("C02" in text or "C01" in text for text in said)
    assert not any("SENTINEL" in text for text in said)
    assert "SENTINEL-3" in (tmp_path / "procedures_to_correct.csv").read_text("utf-8-sig")


def test_json_is_complete_and_numbered(prepare: Callable[..., PreparedSubmission]) -> None:
    told = describe_submission(prepare(patients=FAULTY_PATIENTS))
    assert told["format"] == 1
    assert told["n_accepted"] + told["n_rejected"] == told["n_input"]
    assert told["site_gates"]["S1"]["colour"] == "red"
    assert {row["file"] for row in told["files"]} >= {"patients.csv", "sites.csv"}
    first = next(row for row in told["findings"] if row["column"] == "sex")
    assert set(FINDING_SCHEMA) <= set(first)
    assert (first["status"], first["first_fault"], first["site_id"]) == ("open", "yes", "S1")
    assert {"rule_id", "site_id", "status", "n_violating", "n_checked"} <= set(told["rule_results"][0])


@pytest.fixture
def crowded(prepare: Callable[..., PreparedSubmission]) -> PreparedSubmission:
    """Return a submission of many sites and files with 200,000 findings under 4,000 long headers."""
    one = finding("C02", file="", table="lesions", column="vessel")
    at = pl.int_range(200_000, eager=True)
    columns = {name: pl.lit(value, FINDING_SCHEMA[name]) for name, value in one.items()}
    columns["file"] = pl.format("file {} {}.csv", at % 300, pl.lit("x" * 200))
    columns["header"] = pl.format("<{}> {}", at % 4000, pl.lit("long" * 500))
    columns["line"] = columns["record"] = columns["row"] = at.cast(pl.Int64)
    found = pl.select(**columns)
    prepared = prepare()
    files = tuple(found["file"].unique())
    gates = {f"S{place}": Gate("red", ("reason " * 20,) * 5) for place in range(500)}
    prepared = replace(prepared, site_gates=gates, submission=replace(prepared.submission, files=files))
    return with_findings(prepared, found)


def test_a_page_stays_below_a_megabyte_and_says_what_it_leaves_out(crowded: PreparedSubmission) -> None:
    page = render_findings_html(crowded)
    assert len(page.encode()) < 1_000_000
    assert "and 3,800 more in findings.csv" in page
    assert "and 400 more sites" in page
    assert "and 200 more files" in page


def test_a_text_for_a_terminal_stays_short(crowded: PreparedSubmission) -> None:
    assert len(render_findings_text(crowded).splitlines()) < 250


def test_a_page_is_well_formed_loads_nothing_and_escapes_headers(crowded: PreparedSubmission) -> None:
    page = render_findings_html(crowded)
    assert "&lt;0&gt; longlong" in page
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<link|<img|https?:|url\(", page)
    for tag in ("table", "tr", "th", "td", "section", "span", "ul", "li", "caption", "div"):
        assert len(re.findall(rf"<{tag}[ >]", page)) == page.count(f"</{tag}>")
    assert page.count("<table") == page.count("<caption>")
    assert page.count("<h1>") == 1


def test_a_page_shows_gate_reasons_and_fill(prepare: Callable[..., PreparedSubmission]) -> None:
    prepared = prepare(patients=FAULTY_PATIENTS)
    page = render_findings_html(prepared)
    assert '<section class="gate red" aria-labelledby="gate"><h2 id="gate">Gate: red</h2>' in page
    assert all(reason.replace("'", "&#x27;") in page for reason in prepared.gate.reasons)
    assert '<th scope="row">patients.sex</th><td class="bar w100">100%</td><td>1 of 1</td>' in page


def test_fill_counts_accepted_cells_and_those_that_rules_emptied(
    prepare: Callable[..., PreparedSubmission],
) -> None:
    prepared = prepare(
        lesions="lesion_id,procedure_id,lesion_number,vessel,calcification_angio,timi_post\n"
        "S1.p1.1.L1,S1.p1.1,1,LAD,severe,9\nS1.p2.1.L1,S1.p2.1,1,RCA,mild,3\n"
    )
    filled = fill_of_columns(prepared.report).filter(pl.col("column") == "timi_post")
    assert filled.rows() == [("lesions", "timi_post", 1, 2, 1)]
