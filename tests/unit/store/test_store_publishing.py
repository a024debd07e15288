"""Snapshots: closed, complete, never overwritten, and swapped in one step."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from analytics.errors import StoreError
from analytics.store import publishing
from analytics.store.catalogue import read_table_names
from analytics.store.connection import open_snapshot
from analytics.store.loading import load_submission
from analytics.store.publishing import find_current_snapshot, publish_snapshot, snapshot_folder
from analytics.store.queries import (
    read_completeness,
    read_findings_summary,
    read_registry,
    read_snapshot_info,
    read_submissions,
    read_table,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def publish(store: Path, folder: Path, mark: int = 0) -> Path:
    """Publish with one derived table whose two rows both hold a mark."""
    return publish_snapshot(store, folder, derived={"marks": pl.DataFrame({"mark": [mark, mark]})}, info={})


def test_snapshot_holds_neither_quarantine_nor_findings_rows(snapshot: Path) -> None:
    with open_snapshot(snapshot) as connection:
        names = set(read_table_names(connection))
    assert not names & {"quarantine", "findings", "schema_version"}
    assert {"sites", "events", "cohort_procedures", "time_to_event", "completeness", "submissions"} <= names


def test_snapshot_holds_no_patient_who_refused_research(store: Path, snapshot: Path) -> None:
    assert read_table(snapshot, "patients")["patient_id"].to_list() == ["ALP:p1", "BET:p3"]
    assert read_table(snapshot, "device_uses")["device_use_id"].to_list() == ["d1"]
    assert b"ALP:p2" in store.read_bytes()
    assert b"ALP:p2" not in snapshot.read_bytes()
    assert read_snapshot_info(snapshot)["n_patients_refused"] == "1"


def test_registry_of_store_and_snapshot_are_equal(store: Path, snapshot: Path) -> None:
    published = read_registry(snapshot)
    assert all(frame.equals(published[name]) for name, frame in read_registry(store).items())


def test_a_store_is_published_from_a_folder_whose_name_holds_a_quote(
    tmp_path: Path, prepare: Callable[..., Any]
) -> None:
    folder = tmp_path / "the sites' files"
    folder.mkdir()
    load_submission(folder / "registry.duckdb", prepare())
    published = publish(folder / "registry.duckdb", folder / "out")
    assert read_table(published, "marks").height == 2


def test_snapshot_info_carries_identifier_fingerprint_and_the_callers_pairs(snapshot: Path) -> None:
    info = read_snapshot_info(snapshot)
    assert info["made_by"] == "test"
    assert snapshot.name == f"snapshot-{info['snapshot_id']}.duckdb"
    assert info["snapshot_id"].endswith(info["data_fingerprint"][:12])


def test_completeness_counts_filled_cells_by_site(snapshot: Path) -> None:
    counts = read_completeness(snapshot)
    ages = counts.filter(pl.col("table_name") == "procedures", pl.col("column_name") == "age_years")
    assert ages.sort("site_id").rows() == [
        ("ALP", "procedures", "age_years", 1, 1),
        ("BET", "procedures", "age_years", 2, 0),
    ]
    devices = counts.filter(pl.col("table_name") == "device_uses", pl.col("column_name") == "sequence_no")
    assert devices.rows() == [("ALP", "device_uses", "sequence_no", 1, 1)]


def test_findings_summary_adds_up_by_site_and_rule(tmp_path: Path, prepare: Callable[..., Any]) -> None:
    finding = {
        "rule_id": "C04",
        "level": "WARN",
        "table": "procedures",
        "column": "age_years",
        "sentence": "s",
        "remedy": "r",
    }
    findings = [finding | {"line": line, "n": n} for line, n in ((2, 1), (3, 2), (4, 5))]
    load_submission(tmp_path / "a.duckdb", prepare(findings=findings))
    summary = read_findings_summary(publish(tmp_path / "a.duckdb", tmp_path / "out"))
    assert summary["site_id"].to_list() == ["ALP", "BET"]
    assert summary["n"].to_list() == [3, 5]
    assert summary.schema["n"] == pl.Int64
    assert (summary["table_name"][0], summary["column_name"][0]) == ("procedures", "age_years")


def test_every_publication_takes_a_new_name_and_the_pointer_follows(store: Path, tmp_path: Path) -> None:
    first = publish(store, tmp_path / "out", 1)
    assert find_current_snapshot(tmp_path / "out") == first
    second = publish(store, tmp_path / "out", 2)
    assert second.name != first.name
    assert find_current_snapshot(tmp_path / "out") == second
    assert (read_table(first, "marks")["mark"][0], read_table(second, "marks")["mark"][0]) == (1, 2)


def test_last_three_snapshots_are_kept(store: Path, tmp_path: Path) -> None:
    published = [publish(store, tmp_path / "out", mark) for mark in range(5)]
    kept = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert kept == ["current.json", *(path.name for path in published[-3:])]


def test_target_of_the_pointer_is_never_removed(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest = publish(store, tmp_path / "out", 0)
    monkeypatch.setattr(publishing, "point_to", lambda _: None)
    for mark in range(1, 5):
        publish(store, tmp_path / "out", mark)
    assert find_current_snapshot(tmp_path / "out") == oldest
    assert len(list((tmp_path / "out").glob("snapshot-*"))) == 4


def test_failed_publication_leaves_the_current_snapshot(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = publish(store, tmp_path / "out", 1)

    def fail(_: object) -> pl.DataFrame:
        message = "planted"
        raise OSError(message)

    monkeypatch.setattr(publishing, "derive_completeness", fail)
    with pytest.raises(OSError, match="planted"):
        publish(store, tmp_path / "out", 2)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["current.json", current.name]


def test_building_folder_of_a_dead_publication_is_cleared_after_a_day(store: Path, tmp_path: Path) -> None:
    dead, alive = tmp_path / "out" / "building-000007", tmp_path / "out" / "building-000008"
    dead.mkdir(parents=True)
    alive.mkdir()
    os.utime(dead, (time.time() - 100_000, time.time() - 100_000))
    assert publish(store, tmp_path / "out").name.startswith("snapshot-000009-")
    assert (dead.exists(), alive.exists()) == (False, True)


@pytest.mark.parametrize(
    "pointer",
    [
        "",
        "[]",
        '{"snapshot": 3}',
        '{"snapshot": "../store.duckdb"}',
        '{"snapshot": "snapshot-000001-aaaaaaaaaaaa.duckdb"}',
    ],
)
def test_damaged_pointer_is_an_error_and_leads_nowhere_else(tmp_path: Path, pointer: str) -> None:
    (tmp_path / "current.json").write_text(pointer)
    with pytest.raises(StoreError, match="it names no snapshot"):
        find_current_snapshot(tmp_path)


def test_folder_without_publication_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no snapshot was published here"):
        find_current_snapshot(tmp_path)


def test_pointer_names_the_file_without_its_folder(store: Path, tmp_path: Path) -> None:
    path = publish(store, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "current.json").read_text()) == {"snapshot": path.name}


def test_snapshots_of_a_store_lie_beside_it(tmp_path: Path) -> None:
    assert snapshot_folder(tmp_path / "registry.duckdb") == tmp_path / "registry-snapshots"


def test_publishing_a_snapshot_again_is_refused(snapshot: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not a store"):
        publish(snapshot, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_derived_table_may_not_take_a_canonical_name(store: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="takes the name of a table"):
        publish_snapshot(store, tmp_path, derived={"patients": pl.DataFrame({"n": [1]})}, info={})


def test_categories_and_empty_columns_are_published_as_text(store: Path, tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"grade": pl.Series(["severe"], dtype=pl.Categorical), "nothing": [None], "day": [1]}
    )
    path = publish_snapshot(store, tmp_path / "out", derived={"grades": frame}, info={})
    assert dict(read_table(path, "grades").schema) == {
        "grade": pl.String,
        "nothing": pl.String,
        "day": pl.Int64,
    }


def test_ledger_of_the_snapshot_shows_superseded_submissions(
    store: Path, tmp_path: Path, prepare: Callable[..., Any]
) -> None:
    load_submission(store, prepare(submission_id="sub-2", sha256="bb"), replace=True)
    ledger = read_submissions(publish(store, tmp_path / "out"))
    assert ledger["status"].to_list() == ["superseded", "loaded"]


def test_two_readers_see_whole_snapshots_while_a_third_is_published(store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    publish(store, folder, 0)
    seen: list[list[int]] = []
    failures: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                seen.append(read_table(find_current_snapshot(folder), "marks")["mark"].to_list())
            except Exception as error:  # noqa: BLE001 - the test reports whatever a reader meets
                failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    last = [publish(store, folder, mark) for mark in (1, 2)][-1]
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert all(len(marks) == 2 and marks[0] == marks[1] for marks in seen)
    assert read_table(find_current_snapshot(folder), "marks")["mark"].to_list() == [2, 2]
    assert find_current_snapshot(folder) == last
