"""What the loader refuses, and what is left behind when a load fails or is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from analytics.errors import GateRejectedError, StoreError
from analytics.store import writing
from analytics.store.integrity import read_known_keys
from analytics.store.loading import load_submission
from analytics.store.queries import read_registry, read_submissions, read_table
from analytics.store.status import read_status

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]
FILE_FINDING = {"rule_id": "F01", "level": "FILE", "file": "a.csv", "table": "file", "sentence": "s", "n": 1}


def test_keys_of_another_submission_are_refused(store: Path, prepare: Callable[..., Any]) -> None:
    clash = {"procedures": [{"procedure_id": "q1", "patient_id": "ALP:p1", "site_id": "ALP"}]}
    with pytest.raises(StoreError, match="1 rows of procedures are in the store already") as caught:
        load_submission(store, prepare(clash, submission_id="s", sha256="b", source_name="other"))
    assert "ALP:p1" not in str(caught.value)
    assert read_submissions(store).height == 1


def test_sites_and_patients_may_come_again_and_the_latest_word_counts(
    store: Path, prepare: Callable[..., Any]
) -> None:
    again = {
        "sites": [{"site_id": "ALP", "followup_source": "mixed", "data_cutoff_date": date(2026, 1, 1)}],
        "patients": [{"patient_id": "ALP:p1", "site_id": "ALP", "sex": "other"}],
        "procedures": [{"procedure_id": "q9", "patient_id": "ALP:p1", "site_id": "ALP"}],
    }
    load_submission(store, prepare(again, submission_id="s2", sha256="b", source_name="next quarter"))
    registry = read_registry(store)
    sites = dict(registry["sites"].select("site_id", "followup_source").iter_rows())
    assert sites == {"ALP": "mixed", "BET": "active_contact"}
    assert sorted(registry["patients"]["patient_id"]) == ["ALP:p1", "BET:p3"]
    assert registry["patients"].filter(pl.col("patient_id") == "ALP:p1")["sex"].to_list() == ["other"]
    assert "q9" in registry["procedures"]["procedure_id"]
    assert read_status(store).follow_up.height == 3


def test_a_refusal_in_any_submission_keeps_the_patient_out(store: Path, prepare: Callable[..., Any]) -> None:
    again = {"patients": [{"patient_id": "ALP:p2", "site_id": "ALP", "research_use_allowed": True}]}
    load_submission(store, prepare(again, submission_id="s2", sha256="b", source_name="next quarter"))
    assert "ALP:p2" not in read_registry(store)["patients"]["patient_id"]
    everybody = read_registry(store, with_refusals=True)["patients"]
    assert sorted(everybody["patient_id"]) == ["ALP:p1", "ALP:p2", "BET:p3"]
    assert dict(everybody.select("patient_id", "research_use_allowed").iter_rows())["ALP:p2"] is False


@pytest.mark.parametrize("refusal", [{"gate": "red"}, {"findings": [FILE_FINDING]}])
def test_red_gate_or_file_finding_loads_nothing(
    tmp_path: Path, store: Path, prepare: Callable[..., Any], refusal: dict[str, Any]
) -> None:
    for path in (tmp_path / "new.duckdb", store):
        with pytest.raises(GateRejectedError, match="the gate is red") as caught:
            load_submission(path, prepare(submission_id="s", sha256="s", **refusal), replace=True)
        assert caught.value.exit_code == 3
    assert not (tmp_path / "new.duckdb").exists()
    assert read_submissions(store)["submission_id"].to_list() == ["sub-1"]


def test_reasons_of_the_gate_are_in_the_message(tmp_path: Path, prepare: Callable[..., Any]) -> None:
    gate = type(prepare().gate)("red", ("7 % of procedures rejected", "a key is taken"))
    with pytest.raises(GateRejectedError, match="7 % of procedures rejected; a key is taken"):
        load_submission(tmp_path / "a.duckdb", prepare(gate=gate))


def test_rows_that_do_not_add_up_are_a_program_error(tmp_path: Path, prepare: Callable[..., Any]) -> None:
    prepared = prepare()
    object.__setattr__(prepared.report.tables["events"], "n_input", 3)
    with pytest.raises(RuntimeError, match="events: accepted and rejected rows do not add up"):
        load_submission(tmp_path / "a.duckdb", prepared)
    assert not (tmp_path / "a.duckdb").exists()


def test_failure_in_the_last_step_leaves_everything_as_it_was(
    store: Path, prepare: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        message = "planted"
        raise OSError(message)

    monkeypatch.setattr(writing, "require_counts", fail)
    with pytest.raises(OSError, match="planted"):
        load_submission(store, prepare(submission_id="sub-2", sha256="bb"), replace=True)
    assert read_submissions(store)["status"].to_list() == ["loaded"]
    assert read_table(store, "lesions")["submission_id"].to_list() == ["sub-1"] * 4


def test_value_that_the_store_cannot_hold_is_not_quoted(tmp_path: Path, prepare: Callable[..., Any]) -> None:
    prepared = prepare()
    table = prepared.report.tables["procedures"]
    object.__setattr__(table, "accepted", table.accepted.with_columns(pl.lit("Mrs Smith").alias("age_years")))
    with pytest.raises(StoreError, match="the database refused the operation") as caught:
        load_submission(tmp_path / "a.duckdb", prepared)
    assert "Smith" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert read_submissions(tmp_path / "a.duckdb").is_empty()


def test_load_log_has_counts_and_no_value(
    tmp_path: Path, prepare: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        load_submission(tmp_path / "a.duckdb", prepare())
    assert "loaded table=procedures accepted=4 rejected=0" in caplog.text
    assert "ALP:p1" not in caplog.text


CHILD = """
import runpy, sys, time
from pathlib import Path
from analytics.store import loading, writing

make = runpy.run_path(sys.argv[1])
prepared = make["Prepared"](make["Source"](), make["report_of"](make["registry_rows"]()))

def hang(*_):
    print("everything but the commit is done", flush=True)
    time.sleep(60)

writing.require_counts = hang
loading.load_submission(Path(sys.argv[2]), prepared)
"""


def test_killed_load_leaves_nothing_and_the_next_one_succeeds(
    tmp_path: Path, store: Path, prepare: Callable[..., Any]
) -> None:
    path = tmp_path / "killed.duckdb"
    command = [sys.executable, "-c", CHILD, str(Path(__file__).with_name("conftest.py")), str(path)]
    child = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout is not None
        assert b"commit" in child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    assert read_submissions(path).is_empty()
    assert load_submission(path, prepare()).status == "loaded"
    undisturbed = read_registry(store)
    assert all(frame.equals(undisturbed[name]) for name, frame in read_registry(path).items())


def test_known_keys_are_those_of_the_store(store: Path, tmp_path: Path) -> None:
    keys = read_known_keys(store)
    assert keys["patients"].to_list() == ["ALP:p1", "ALP:p2", "BET:p3"]
    assert keys["imaging"].to_list() == ["i2"]
    assert read_known_keys(store, without=["sub-1"])["patients"].is_empty()
    assert read_known_keys(tmp_path / "absent.duckdb") == {}
