"""The archive beside a store: what it keeps, what it detects, and what goes only with consent."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from analytics.errors import StoreError
from analytics.store.archive import archive_folder, find_bundle, read_bundles
from analytics.store.connection import open_for_loading
from analytics.store.engine import run
from analytics.store.loading import load_submission
from analytics.store.queries import read_registry, read_submissions, read_table
from analytics.store.rebuilding import rebuild_store
from analytics.store.verification import verify_store
from analytics.store.withdrawal import withdraw_submission

if TYPE_CHECKING:
    from collections.abc import Callable

REJECTED = {
    "events": [{"event_id": "x", "row": 2, "record": 3, "line": 4, "rule_id": "C05", "is_cascade": False}]
}


@pytest.fixture
def loaded(tmp_path: Path, prepare: Callable[..., Any]) -> Path:
    """Load the small registry with one rejected row."""
    path = tmp_path / "registry.duckdb"
    load_submission(path, prepare(rejected=REJECTED))
    return path


def test_bundle_gives_back_what_was_loaded(loaded: Path, prepare: Callable[..., Any]) -> None:
    (bundle,) = read_bundles(archive_folder(loaded))
    expected = prepare(rejected=REJECTED).report
    assert bundle.is_loaded
    assert (bundle.submission.submission_id, bundle.gate.colour) == ("sub-1", "green")
    for name, table in bundle.report.tables.items():
        assert table.accepted.equals(expected.tables[name].accepted)
        assert table.rejected.equals(expected.tables[name].rejected)
        assert table.n_input == expected.tables[name].n_input


def test_archive_is_for_its_owner_only(loaded: Path) -> None:
    assert stat.S_IMODE(archive_folder(loaded).stat().st_mode) & 0o077 == 0


def test_refused_load_leaves_no_bundle(loaded: Path, prepare: Callable[..., Any]) -> None:
    clash = {"procedures": [{"procedure_id": "q1", "patient_id": "ALP:p1", "site_id": "ALP"}]}
    with pytest.raises(StoreError, match="1 rows of procedures are in the store already"):
        load_submission(loaded, prepare(clash, submission_id="s", sha256="b", source_name="other"))
    assert [b.submission.submission_id for b in read_bundles(archive_folder(loaded))] == ["sub-1"]


def test_sound_store_agrees_with_ledger_and_archive(loaded: Path) -> None:
    checks = verify_store(loaded)
    assert [check.what for check in checks] == [
        "21 rows and 1 in quarantine, as loaded",
        "every row as archived",
    ]
    assert all(check.is_sound for check in checks)


def test_changed_value_is_found_by_comparing_with_the_archive(loaded: Path) -> None:
    with open_for_loading(loaded) as connection:
        run(connection, "update procedures set age_years = 71 where procedure_id = 'q1'")
    wrong = [check for check in verify_store(loaded) if not check.is_sound]
    assert [check.what for check in wrong] == ["procedures: rows differ from the archive"]


def test_missing_row_is_found_when_the_store_is_opened_for_the_next_load(
    loaded: Path, prepare: Callable[..., Any]
) -> None:
    with open_for_loading(loaded) as connection:
        run(connection, "delete from lesions where lesion_id = 'q1-1'")
    with pytest.raises(StoreError, match=r"damaged \(sub-1: 20 of 21 accepted rows") as caught:
        load_submission(loaded, prepare(submission_id="sub-2", sha256="bb"), replace=True)
    assert "--rebuild" in str(caught.value)
    assert "q1" not in str(caught.value)


def test_rows_without_a_ledger_entry_are_found(loaded: Path) -> None:
    with open_for_loading(loaded) as connection:
        run(connection, "insert into patients (submission_id, patient_id) values ('stray', 'ALP:p8')")
    assert ("stray", "rows without a ledger entry") in {
        (check.submission_id, check.what) for check in verify_store(loaded)
    }


def test_damaged_bundle_is_found(loaded: Path) -> None:
    (bundle,) = read_bundles(archive_folder(loaded))
    file = bundle.path / "accepted.patients.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
    assert verify_store(loaded)[-1].what == "its archived files are damaged"


def test_archive_alone_makes_the_store_anew(
    loaded: Path, tmp_path: Path, prepare: Callable[..., Any], rows: dict[str, Any]
) -> None:
    rows["patients"].append({"patient_id": "BET:p4", "site_id": "BET"})
    load_submission(loaded, prepare(rows, submission_id="sub-2", sha256="bb"), replace=True)
    other = {"sites": [{"site_id": "GAM"}], "patients": [{"patient_id": "GAM:p9", "site_id": "GAM"}]}
    load_submission(
        loaded, prepare(other, submission_id="gam", sha256="g", source_name="g", site_ids=("GAM",))
    )
    withdraw_submission(loaded, "gam", reason="sent by mistake")
    assert rebuild_store(archive_folder(loaded), tmp_path / "new.duckdb") == 3
    was, now = read_registry(loaded), read_registry(tmp_path / "new.duckdb")
    assert all(now[name].equals(frame) for name, frame in was.items())
    columns = ["submission_id", "status", "superseded_by", "withdrawn_reason", "received_at", "n_rejected"]
    assert (
        read_submissions(tmp_path / "new.duckdb")
        .select(columns)
        .equals(read_submissions(loaded).select(columns))
    )
    assert read_table(tmp_path / "new.duckdb", "quarantine").equals(read_table(loaded, "quarantine"))


def test_rebuild_writes_over_no_file(loaded: Path) -> None:
    with pytest.raises(StoreError, match="there is a file already"):
        rebuild_store(archive_folder(loaded), loaded)


def test_withdrawal_takes_the_rows_and_keeps_the_reason(loaded: Path, prepare: Callable[..., Any]) -> None:
    assert withdraw_submission(loaded, "sub-1", reason="wrong quarter") == (21, 1)
    entry = read_submissions(loaded).row(0, named=True)
    assert (entry["status"], entry["withdrawn_reason"]) == ("withdrawn", "wrong quarter")
    assert read_table(loaded, "procedures").is_empty()
    assert read_table(loaded, "quarantine").is_empty()
    with pytest.raises(StoreError, match="loaded before and withdrawn"):
        load_submission(loaded, prepare(rejected=REJECTED))
    assert load_submission(loaded, prepare(rejected=REJECTED), replace=True).status == "loaded"
    bundle = find_bundle(archive_folder(loaded), "sub-1")
    assert bundle is not None
    assert bundle.withdrawn is None


@pytest.mark.parametrize("twice", [True, False])
def test_only_a_loaded_submission_can_be_withdrawn(loaded: Path, *, twice: bool) -> None:
    name = "sub-1" if twice else "nobody"
    if twice:
        withdraw_submission(loaded, name, reason="r")
    with pytest.raises(StoreError, match="it is withdrawn" if twice else "no such submission"):
        withdraw_submission(loaded, name, reason="r")


def test_withdrawal_that_orphans_rows_of_others_is_refused(loaded: Path, prepare: Callable[..., Any]) -> None:
    late = {"events": [{"event_id": "e9", "patient_id": "ALP:p1", "event_type": "mi"}]}
    load_submission(loaded, prepare(late, submission_id="late", sha256="l", source_name="events"))
    with pytest.raises(StoreError, match="leave 1 rows of events without their patients"):
        withdraw_submission(loaded, "sub-1", reason="r")
    assert read_table(loaded, "patients").height == 3


def test_rows_that_vanish_need_consent(
    loaded: Path, prepare: Callable[..., Any], rows: dict[str, Any]
) -> None:
    rows["device_uses"].pop()
    rows["lesions"].pop()
    corrected = prepare(rows, submission_id="sub-2", sha256="bb")
    with pytest.raises(StoreError, match=r"2 rows .* \(1 of lesions, 1 of device_uses\)"):
        load_submission(loaded, corrected, replace=True)
    assert read_table(loaded, "lesions").height == 4
    assert load_submission(loaded, corrected, replace=True, allow_removal=True).replaced == ("sub-1",)
    assert read_table(loaded, "lesions").height == 3


def test_row_that_is_sent_but_rejected_has_not_vanished(
    loaded: Path, prepare: Callable[..., Any], rows: dict[str, Any]
) -> None:
    event = rows["events"].pop()
    refused = {"row": 1, "record": 2, "line": 3, "rule_id": "C05", "is_cascade": False}
    again = prepare(
        rows,
        rejected={"events": [{"event_id": event["event_id"]} | refused]},
        submission_id="n",
        sha256="n",
    )
    assert load_submission(loaded, again, replace=True).status == "replaced"


def test_load_that_died_before_its_mark_is_marked_by_the_next(
    loaded: Path, prepare: Callable[..., Any]
) -> None:
    (bundle,) = read_bundles(archive_folder(loaded))
    (bundle.path / "loaded.json").unlink()
    load_submission(loaded, prepare())
    assert [b.is_loaded for b in read_bundles(archive_folder(loaded))] == [True]


def test_archive_of_a_newer_program_is_refused(loaded: Path) -> None:
    (bundle,) = read_bundles(archive_folder(loaded))
    manifest = json.loads((bundle.path / "manifest.json").read_text("utf-8"))
    (bundle.path / "manifest.json").write_text(json.dumps(manifest | {"format": 99}), "utf-8")
    with pytest.raises(StoreError, match="the archived submission is damaged"):
        read_bundles(archive_folder(loaded))


def test_no_value_of_a_record_is_in_a_manifest(loaded: Path) -> None:
    (bundle,) = read_bundles(archive_folder(loaded))
    text = (bundle.path / "manifest.json").read_text("utf-8")
    assert "p1" not in text
    assert isinstance(bundle.report.findings, pl.DataFrame)
