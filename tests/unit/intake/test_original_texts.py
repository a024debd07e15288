"""Rejected rows keep the site's own cells in store and archive, without identifiers."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

from analytics.intake.submission import prepare_submission
from analytics.store.archive import archive_folder
from analytics.store.loading import load_submission
from analytics.store.queries import read_table
from analytics.store.rebuilding import rebuild_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from analytics.intake.submission import PreparedSubmission

MAPPING = """
format = 1
[source]
name = "export"
site_id = "S1"
drop = ["Surname"]
ignore = ["Remarks"]
[read]
dates = ["%d.%m.%Y"]
[[emit]]
table = "patients"
[emit.set]
patient_id = { from = "No", pseudonym = true }
site_id = { const = "S1" }
sex = { from = "Sex", map = { "m" = "male" } }
"""
EXPORT = "No,Surname,Sex,Remarks\nID-7,Smith,m,fine\nID-8,Jones,  ? ,called Jones\n"


def prepared_export(folder: Path) -> PreparedSubmission:
    """Write an export with one bad row and prepare it."""
    (folder / "m.toml").write_text(MAPPING, "utf-8")
    (folder / "export.csv").write_text(EXPORT, "utf-8")
    return prepare_submission(
        [folder / "export.csv"], mapping=folder / "m.toml", secret=b"s", load_date=date(2026, 1, 1)
    )


def test_a_rejected_row_keeps_the_cells_that_the_mapping_reads_as_they_stand(tmp_path: Path) -> None:
    rejected = prepared_export(tmp_path).report.tables["patients"].rejected
    assert rejected.select("file", "line").rows() == [("export.csv", 3)]
    assert json.loads(rejected["original_json"].item()) == {"Sex": "  ? "}


def test_store_and_archive_keep_the_cells_apart_from_the_canonical_row(tmp_path: Path) -> None:
    db = tmp_path / "registry.duckdb"
    prepared = prepared_export(tmp_path)
    load_submission(db, prepared)
    kept = read_table(db, "quarantine")
    assert kept.select("file", "original_json").rows() == [("export.csv", '{"Sex": "  ? "}')]
    assert not {"file", "original_json"} & set(json.loads(kept["row_json"].item()))
    rebuilt = tmp_path / "rebuilt.duckdb"
    rebuild_store(archive_folder(db), rebuilt)
    assert read_table(rebuilt, "quarantine").equals(kept)


def test_canonical_files_need_no_second_copy(prepare: Callable[..., PreparedSubmission]) -> None:
    prepared = prepare(patients="patient_id,site_id,sex\nS1.p1,S1,x\n")
    rejected = prepared.report.tables["patients"].rejected
    assert "original_json" not in rejected.columns
    assert rejected["file"].to_list() == ["patients.csv"]
