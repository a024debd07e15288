"""A refused file is one fault: rows that belong to its rows are counted as its consequence."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from analytics.intake.submission import prepare_submission

if TYPE_CHECKING:
    from pathlib import Path

SITE = "site_id,date_policy,followup_source\nA1,actual,none\n"
PATIENTS = "patient_id,site_id,sex\nA1.p1,A1,male\n"
EVENTS = (
    "event_id,patient_id,procedure_id,event_type,event_date,event_date_precision\n"
    "A1.e1,A1.p1,,bleeding,2024-01-02,day\nA1.e2,A1.p9,A1.q1,bleeding,2024-01-03,day\n"
)


def submit(folder: Path, files: dict[str, bytes], **known: str) -> tuple[list[tuple[object, ...]], int]:
    """Return the findings about references and files, and how many events were accepted."""
    for name, content in files.items():
        (folder / f"{name}.csv").write_bytes(content)
    keys = {table: pl.Series([key]) for table, key in known.items()}
    done = prepare_submission([folder], load_date=date(2025, 1, 1), known_keys=keys)
    wanted = done.findings.filter(pl.col("rule_id").is_in(["F01", "K02", "K14"]))
    found = wanted.select("rule_id", "level", "table", "column", "line", "n").sort(pl.all()).rows()
    return found, done.report.tables["events"].accepted.height


def test_children_of_a_refused_file_are_no_faults_of_their_own(tmp_path: Path) -> None:
    files = {"sites": SITE.encode(), "patients": PATIENTS.encode("utf-16"), "events": EVENTS.encode()}
    found, accepted = submit(tmp_path, files)
    assert found == [
        ("F01", "FILE", "file", None, 1, 1),
        ("K14", "INFO", "events", "patient_id", None, 2),
    ]
    assert accepted == 0


def test_parents_that_the_store_holds_save_their_children(tmp_path: Path) -> None:
    files = {"sites": SITE.encode(), "patients": PATIENTS.encode("utf-16"), "events": EVENTS.encode()}
    found, accepted = submit(tmp_path, files, patients="A1.p1")
    assert ("K14", "INFO", "events", "patient_id", None, 1) in found
    assert accepted == 1


def test_a_link_into_a_refused_file_is_emptied_and_counted(tmp_path: Path) -> None:
    patients = PATIENTS + "A1.p9,A1,female\n"
    procedures = "procedure_id,patient_id\nA1.q1,A1.p9\n".encode("utf-16")
    files = {"sites": SITE.encode(), "patients": patients.encode(), "procedures": procedures}
    found, accepted = submit(tmp_path, files | {"events": EVENTS.encode()})
    assert ("K14", "INFO", "events", "procedure_id", None, 1) in found
    assert "K02" not in {row[0] for row in found}
    assert accepted == 2
