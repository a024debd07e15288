"""The bundled mappings of canonical files and of a BCIS-style export, on small files written out here."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.intake.submission import prepare_submission
from schemas.mapping.format import load_bundled_mapping
from schemas.registry import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from analytics.intake.submission import PreparedSubmission

LOAD_DATE = date(2026, 1, 1)
PROCEDURES = (
    "procedure_id,patient_id,site_id,procedure_date,discharge_status,age_years,presentation,"
    "complications_recorded,lvef_pct\n"
    "S1.p1.1,S1.p1,S1,2024-03-05,alive,70,stable_angina,all,155\n"
    "S1.p2.1,S1.p2,S1,2024-03-06,alive,81,nstemi,all,45\n"
)


def test_the_canonical_mapping_names_every_column_of_every_table() -> None:
    mapping = load_bundled_mapping("canonical")
    assert {emit.table: list(emit.columns) for emit in mapping.emits} == {
        name: [column.name for column in table.columns] for name, table in TABLES.items()
    }
    assert all(expression.sources == (name,) for e in mapping.emits for name, expression in e.columns.items())


def test_canonical_files_say_the_same_with_and_without_their_mapping(
    prepare: Callable[..., PreparedSubmission], tmp_path: Path
) -> None:
    plain = prepare(procedures=PROCEDURES)
    mapped = prepare_submission([tmp_path / "canonical"], mapping="canonical", load_date=LOAD_DATE)
    for name, table in plain.report.tables.items():
        assert mapped.report.tables[name].accepted.equals(table.accepted), name
    columns = ["rule_id", "level", "table", "column", "line"]
    assert mapped.findings.select(columns).rows() == plain.findings.select(columns).rows()
    assert ("C03", "NULL", "procedures", "lvef_pct", 2) in plain.findings.select(columns).rows()


def test_a_file_that_no_section_reads_is_listed(
    prepare: Callable[..., PreparedSubmission], tmp_path: Path
) -> None:
    prepare()
    (tmp_path / "canonical" / "notes.csv").write_text("a\n1\n", encoding="utf-8")
    done = prepare_submission([tmp_path / "canonical"], mapping="canonical", load_date=LOAD_DATE)
    listed = done.findings.filter(pl.col("rule_id") == "F14")
    assert listed.select("file", "level").rows() == [("notes.csv", "WARN")]


HEADERS = (
    "HOSPITAL",
    "CASE_NUMBER",
    "NHS_NUMBER",
    "DATETIME_OF_OPERATION",
    "DATE_OF_DISCHARGE",
    "STATUS_AT_DISCHARGE",
    "GENDER",
    "AGE_AT_OPERATION",
    "CLINICAL_SYNDROME_PCI",
    "PROCEDURE_URGENCY",
    "CARDIOGENIC_SHOCK_PREPROC",
    "DIABETES",
    "PREVIOUS_MI",
    "PREVIOUS_PCI",
    "PREVIOUS_CABG",
    "LV_EJECTION_FRACTION",
    "CREATININE",
    "NUMBER_OF_LESIONS_ATTEMPTED",
    "VESSEL_ATTEMPTED",
    "PROCEDURAL_DEVICES",
    "COMPLICATIONS",
)
RECORDS = (
    "UKX|1001|SECRETMARKER|05/03/2024 09:10|06/03/2024|0. Alive|1. Male|70|1. Stable|1. Elective|0. No|"
    "3. Insulin|1. Yes|0. No|0. No|45|98|1|2. LAD|2. Rotational atherectomy; 1. NC balloon|0. None",
    "UKX|1002|SECRETMARKER|25/04/2024 14:00|0000-00-00|0. Alive|2. Female|81|2. NSTEMI|2. Urgent|0. No|0. No|"
    "0. No|9. ?|0. No|0|0|2|2. LAD|4. Lithotripsy|1. Dissection;98. Other",
    "UKX|1003|SECRETMARKER|31/04/2024 10:00|01/05/2024|0. Alive|1. Male|66|3. STEMI|3. Emergency|1. Yes|"
    "0. No|0. No|0. No|0. No|55|110|1|4. RCA|0. None;10. Stent|0. None",
)


@pytest.fixture
def export(tmp_path: Path) -> PreparedSubmission:
    """Return an export with every cell quoted and lines that end in CR LF."""
    rows = [HEADERS, *(record.split("|") for record in RECORDS)]
    text = "".join(",".join(f'"{cell}"' for cell in row) + "\r\n" for row in rows)
    (tmp_path / "export.csv").write_bytes(text.encode())
    return prepare_submission([tmp_path / "export.csv"], mapping="bcis", secret=b"s", load_date=LOAD_DATE)


def test_a_bcis_export_fills_what_it_can_tell(export: PreparedSubmission) -> None:
    counts = {
        name: (table.accepted.height, table.rejected.height)
        for name, table in export.report.tables.items()
        if table.n_input
    }
    # The second procedure treated two lesions, so its device belongs to none of them for certain; there is no
    # 31 April, so the third has no procedure, lesion or stent.
    assert counts == {
        "sites": (1, 0),
        "patients": (3, 0),
        "procedures": (2, 1),
        "lesions": (1, 1),
        "device_uses": (2, 1),
        "complications": (2, 0),
    }
    first, second = export.report.tables["procedures"].accepted.rows(named=True)
    assert (first["discharge_date"], second["discharge_date"]) == (date(2024, 3, 6), None)
    assert (first["diabetes"], first["lvef_pct"], second["lvef_pct"]) == ("insulin", 45.0, None)
    assert export.report.tables["complications"].accepted["complication_type"].to_list() == [
        "dissection",
        "other",
    ]


def test_the_faults_of_a_bcis_export_are_found(export: PreparedSubmission) -> None:
    found = export.findings.filter(pl.col("level").is_in(["FILE", "ROW", "NULL", "WARN"]))
    found = found.filter(~pl.col("rule_id").is_in(["C06", "K04"]))  # what the data set does not hold
    assert sorted(found.select("rule_id", "level", "line").rows()) == [
        ("C01", "ROW", 4),
        ("C02", "NULL", 3),
        ("C08", "WARN", 4),
    ]
    assert "SECRETMARKER" not in export.findings.write_csv()


def test_missing_answers_keep_their_reason(export: PreparedSubmission) -> None:
    notes = export.findings.filter(pl.col("rule_id") == "C14").select("column", "sentence").rows()
    reasons = {column: sentence.split()[7] for column, sentence in notes}
    assert reasons == {"discharge_date": "unknown", "lvef_pct": "not_done", "creatinine_umol_l": "not_done"}


PARTS = """
format = 1
[source]
name = "two layouts"
site_id = "S1"
[let]
patient = { from = "No", pseudonym = true }
lost = { from = "Elsewhere" }
[[emit]]
table = "patients"
file = "people*"
[emit.set]
patient_id = { from = "@patient" }
site_id = { const = "S1" }
sex = { from = "Sex", map = { "m" = "male" } }
[[emit]]
table = "events"
file = "events.csv"
[emit.set]
event_id = { fmt = "{@patient}.{@lost}" }
patient_id = { from = "@patient" }
event_type = { const = "mi" }
event_date = { from = "Day" }
event_date_precision = { const = "day" }
"""


def test_files_of_several_layouts_are_read_by_one_mapping(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(PARTS, encoding="utf-8")
    (tmp_path / "People_2024.csv").write_text("No,Sex\n1,m\n", encoding="utf-8")
    (tmp_path / "events.csv").write_text("No,Day,Elsewhere\n1,2024-03-05,x\n", encoding="utf-8")
    done = prepare_submission(
        [tmp_path / "People_2024.csv", tmp_path / "events.csv"],
        mapping=tmp_path / "m.toml",
        secret=b"s",
        load_date=LOAD_DATE,
    )
    counts = {name: t.accepted.height for name, t in done.report.tables.items() if t.n_input}
    assert counts == {"sites": 1, "patients": 1, "events": 1}
    assert done.findings.filter(pl.col("level") == "FILE").is_empty()
