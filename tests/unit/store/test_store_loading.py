"""One transaction: everything of a submission, or nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from analytics.errors import StoreError
from analytics.store.ledger import find_loaded
from analytics.store.loading import load_submission
from analytics.store.predecessors import find_predecessors
from analytics.store.queries import read_submissions, read_table

if TYPE_CHECKING:
    from collections.abc import Callable


def test_accepted_rows_are_in_the_store_with_their_submission_and_line(store: Path) -> None:
    procedures = read_table(store, "procedures")
    assert procedures["procedure_id"].to_list() == ["q1", "q2", "q3", "q4"]
    assert procedures["submission_id"].unique().to_list() == ["sub-1"]
    assert procedures["source_row"].to_list() == [2, 3, 4, 5]


def test_ledger_says_what_came_in_and_what_became_of_it(tmp_path: Path, prepare: Callable[..., Any]) -> None:
    rejected = {
        "events": [{"event_id": "x", "row": 2, "record": 3, "line": 4, "rule_id": "C05", "is_cascade": False}]
    }
    gate = "yellow"
    outcome = load_submission(tmp_path / "a.duckdb", prepare(rejected=rejected, gate=gate))
    entry = read_submissions(tmp_path / "a.duckdb").row(0, named=True)
    assert (entry["n_input"], entry["n_accepted"], entry["n_rejected"]) == (21 + 1, 21, 1)
    assert (outcome.n_input, outcome.n_accepted, outcome.n_rejected, outcome.gate) == (22, 21, 1, "yellow")
    assert (entry["site_ids"], entry["gate"], entry["status"]) == (["ALP", "BET"], "yellow", "loaded")


def test_quarantine_keeps_the_row_as_it_came(tmp_path: Path, prepare: Callable[..., Any]) -> None:
    row = {
        "event_id": "x",
        "patient_id": "BET:p3",
        "event_date": "31/02/2024",
        "row": 2,
        "record": 3,
        "line": 9,
        "rule_id": "C01",
        "is_cascade": False,
    }
    load_submission(tmp_path / "a.duckdb", prepare(rejected={"events": [row]}))
    kept = read_table(tmp_path / "a.duckdb", "quarantine").row(0, named=True)
    assert json.loads(kept["row_json"])["event_date"] == "31/02/2024"
    assert (kept["table_name"], kept["source_row"], kept["record"], kept["rule_id"]) == (
        "events",
        9,
        3,
        "C01",
    )
    assert kept["site_id"] == "BET"


def test_findings_are_kept_with_the_site_of_their_row(tmp_path: Path, prepare: Callable[..., Any]) -> None:
    findings = [
        {
            "rule_id": "C04",
            "level": "WARN",
            "table": "device_uses",
            "column": "diameter_mm",
            "line": 2,
            "n": 1,
        },
        {"rule_id": "F13", "level": "INFO", "table": "file", "n": 1},
    ]
    load_submission(tmp_path / "a.duckdb", prepare(findings=findings))
    found = read_table(tmp_path / "a.duckdb", "findings")
    assert found["site_id"].to_list() == ["ALP", None]
    assert found["rule_id"].to_list() == ["C04", "F13"]


def test_same_content_again_changes_nothing(store: Path, prepare: Callable[..., Any]) -> None:
    before = store.read_bytes()
    again = load_submission(store, prepare(submission_id="sub-2", source_name="copy"))
    assert (again.status, again.submission_id, again.n_accepted) == ("already_loaded", "sub-1", 21)
    assert store.read_bytes() == before


def test_same_content_again_with_replace_changes_nothing(store: Path, prepare: Callable[..., Any]) -> None:
    assert load_submission(store, prepare(submission_id="sub-2"), replace=True).status == "already_loaded"


def test_same_content_through_a_corrected_mapping_replaces_on_request(
    store: Path, prepare: Callable[..., Any]
) -> None:
    corrected = prepare(submission_id="sub-2", mapping_name="m", mapping_sha256="m2")
    assert load_submission(store, corrected).status == "already_loaded"
    outcome = load_submission(store, corrected, replace=True)
    assert (outcome.status, outcome.replaced) == ("replaced", ("sub-1",))
    assert read_table(store, "patients")["submission_id"].to_list() == ["sub-2"] * 3


def test_replace_removes_the_rows_of_the_earlier_export_only(
    tmp_path: Path, prepare: Callable[..., Any], rows: dict[str, Any]
) -> None:
    path = tmp_path / "a.duckdb"
    other = {"sites": [{"site_id": "GAM"}], "patients": [{"patient_id": "GAM:p9", "site_id": "GAM"}]}
    load_submission(path, prepare(other, submission_id="other", sha256="oo", site_ids=("GAM",)))
    load_submission(path, prepare(submission_id="old", sha256="o1"))
    rows["patients"].append({"patient_id": "BET:p4", "site_id": "BET"})
    outcome = load_submission(path, prepare(rows, submission_id="new", sha256="o2"), replace=True)
    assert outcome.replaced == ("old",)
    patients = read_table(path, "patients")
    assert sorted(patients["patient_id"]) == ["ALP:p1", "ALP:p2", "BET:p3", "BET:p4", "GAM:p9"]
    ledger = {row["submission_id"]: row for row in read_submissions(path).iter_rows(named=True)}
    assert (ledger["old"]["status"], ledger["old"]["superseded_by"]) == ("superseded", "new")
    assert (ledger["other"]["status"], ledger["new"]["status"]) == ("loaded", "loaded")


def test_replace_that_would_lose_a_site_is_refused(
    store: Path, prepare: Callable[..., Any], rows: dict[str, Any]
) -> None:
    alone = {"sites": rows["sites"][:1]}
    with pytest.raises(StoreError, match="would remove 1 sites"):
        load_submission(store, prepare(alone, submission_id="s", sha256="b", site_ids=("ALP",)), replace=True)
    assert read_table(store, "sites").height == 2


def test_replace_that_would_orphan_rows_of_others_is_refused(
    store: Path, prepare: Callable[..., Any], rows: dict[str, Any]
) -> None:
    late = {"events": [{"event_id": "e9", "patient_id": "ALP:p1", "event_type": "mi"}]}
    load_submission(
        store, prepare(late, submission_id="late", sha256="l", source_name="events", site_ids=("ALP",))
    )
    without = {"sites": rows["sites"]}
    with pytest.raises(StoreError, match="leave 1 rows of events without their patients"):
        load_submission(
            store, prepare(without, submission_id="s", sha256="b"), replace=True, allow_removal=True
        )
    assert read_table(store, "patients").height == 3


def test_replaced_content_comes_back_only_on_request(store: Path, prepare: Callable[..., Any]) -> None:
    load_submission(store, prepare(submission_id="sub-2", sha256="bb"), replace=True)
    with pytest.raises(StoreError, match="replaced by submission sub-2"):
        load_submission(store, prepare(submission_id="sub-3"))
    back = load_submission(store, prepare(submission_id="sub-3"), replace=True)
    assert back.replaced == ("sub-2",)
    assert read_table(store, "sites")["submission_id"].to_list() == ["sub-3", "sub-3"]


def test_content_that_comes_back_may_carry_its_old_identifier(
    store: Path, prepare: Callable[..., Any]
) -> None:
    load_submission(store, prepare(submission_id="sub-2", sha256="bb"), replace=True)
    assert load_submission(store, prepare(), replace=True).replaced == ("sub-2",)
    ledger = read_submissions(store).select("submission_id", "status", "superseded_by").rows()
    assert ledger == [
        ("sub-1", "superseded", "sub-2"),
        ("sub-2", "superseded", "sub-1"),
        ("sub-1", "loaded", None),
    ]
    assert read_table(store, "events")["submission_id"].to_list() == ["sub-1", "sub-1"]


def site_only(code: str) -> dict[str, Any]:
    return {"patients": [{"patient_id": f"{code}:x", "site_id": "ALP"}]}


def test_replace_takes_the_latest_export_of_a_site_and_leaves_earlier_ones(
    tmp_path: Path, prepare: Callable[..., Any]
) -> None:
    path = tmp_path / "a.duckdb"
    hospital = {"sites": [{"site_id": "ALP"}]}
    load_submission(
        path, prepare(hospital, submission_id="h", sha256="h", source_name="h", site_ids=("ALP",))
    )
    for code in ("jan", "feb"):
        load_submission(path, prepare(site_only(code), submission_id=code, sha256=code, site_ids=("ALP",)))
    corrected = prepare(site_only("feb"), submission_id="feb2", sha256="feb2", site_ids=("ALP",))
    assert find_predecessors(path, corrected) == ("feb",)
    assert load_submission(path, corrected, replace=True).replaced == ("feb",)
    assert read_table(path, "patients")["submission_id"].to_list() == ["jan", "feb2"]


def quarter(code: str, lesions: int) -> dict[str, Any]:
    procedure = f"{code}-q"
    return {
        "patients": [{"patient_id": "ALP:x", "site_id": "ALP"}],
        "procedures": [{"procedure_id": procedure, "patient_id": "ALP:x", "site_id": "ALP"}],
        "lesions": [
            {"lesion_id": f"{procedure}-{n}", "procedure_id": procedure, "lesion_number": n}
            for n in range(lesions)
        ],
    }


def test_correction_of_an_earlier_quarter_replaces_that_quarter(
    tmp_path: Path, prepare: Callable[..., Any]
) -> None:
    path = tmp_path / "a.duckdb"
    load_submission(
        path, prepare({"sites": [{"site_id": "ALP"}]}, submission_id="h", sha256="h", source_name="h")
    )
    for code in ("jan", "feb"):
        load_submission(path, prepare(quarter(code, 1), submission_id=code, sha256=code, site_ids=("ALP",)))
    corrected = prepare(quarter("jan", 2), submission_id="jan2", sha256="jan2", site_ids=("ALP",))
    assert find_predecessors(path, corrected) == ("jan",)
    assert load_submission(path, corrected, replace=True).replaced == ("jan",)
    assert read_table(path, "lesions")["lesion_id"].sort().to_list() == ["feb-q-0", "jan-q-0", "jan-q-1"]


def test_one_export_of_two_sites_replaces_their_two_exports(
    tmp_path: Path, prepare: Callable[..., Any]
) -> None:
    path = tmp_path / "a.duckdb"
    for code in ("ALP", "BET"):
        rows = {"sites": [{"site_id": code}]}
        load_submission(path, prepare(rows, submission_id=code, sha256=code, site_ids=(code,)))
    both = prepare({"sites": [{"site_id": "ALP"}, {"site_id": "BET"}]}, submission_id="both", sha256="both")
    assert load_submission(path, both, replace=True).replaced == ("ALP", "BET")


def test_loaded_content_is_found_by_its_hash(
    store: Path, tmp_path: Path, prepare: Callable[..., Any]
) -> None:
    assert (find_loaded(store, "aa"), find_loaded(store, "bb")) == ("sub-1", None)
    load_submission(store, prepare(submission_id="sub-2", sha256="bb"), replace=True)
    assert (find_loaded(store, "aa"), find_loaded(store, "bb")) == (None, "sub-2")
    assert find_loaded(tmp_path / "absent.duckdb", "aa") is None
    assert find_predecessors(tmp_path / "absent.duckdb", prepare()) == ()
