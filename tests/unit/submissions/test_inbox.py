"""The inbox: what arrives is loaded or returned, once, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from analytics.cli import main
from analytics.generation import generate_files
from analytics.store.connection import open_for_loading
from analytics.store.queries import read_registry, read_submissions
from analytics.store.verification import verify_store

if TYPE_CHECKING:
    import polars as pl

ROOT = Path(__file__).parents[3]
SITE = "S01"


def run_intake(inbox: Path, *more: str) -> Result:
    words = ["intake", str(inbox), "--db", str(inbox.parent / "r.duckdb"), "--settle", "0", *more]
    return CliRunner().invoke(main, words, catch_exceptions=False)


def answers(inbox: Path) -> list[dict[str, object]]:
    return list(json.loads(run_intake(inbox, "--json").output))


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the canonical files of all sites of a small registry."""
    folder = tmp_path_factory.mktemp("export")
    generate_files(folder / "q1", scenario="default", procedures=60, seed=21, faults=False)
    return folder / "q1"


@pytest.fixture
def inbox(tmp_path: Path, export: Path) -> Path:
    """Put one export into the folder of a site that may send all sites."""
    folder = tmp_path / "inbox" / SITE
    folder.mkdir(parents=True)
    sites = ", ".join(f'"S{n:02}"' for n in range(1, 21))
    (folder / "site.toml").write_text(f"sites = [{sites}]\n", "utf-8")
    shutil.copytree(export, folder / "q1")
    return tmp_path / "inbox"


def test_good_export_is_loaded_and_moved_with_its_report(inbox: Path) -> None:
    (answer,) = answers(inbox)
    assert (answer["outcome"], answer["name"], answer["site"]) == ("accepted", "q1", SITE)
    kept = inbox / str(answer["folder"])
    assert (kept / "q1" / "procedures.csv").is_file()
    assert (kept / "findings.csv").is_file()
    assert json.loads((kept / "answer.json").read_text("utf-8"))["outcome"] == "accepted"
    assert not (inbox / SITE / "q1").exists()
    assert read_registry(inbox.parent / "r.duckdb", with_refusals=True)["procedures"].height == 60


def test_nothing_new_is_said_and_changes_nothing(inbox: Path) -> None:
    run_intake(inbox)
    before = (inbox.parent / "r.duckdb").read_bytes()
    again = run_intake(inbox)
    assert (again.exit_code, again.output) == (0, "Nothing has arrived.\n")
    assert (inbox.parent / "r.duckdb").read_bytes() == before


def test_same_export_sent_twice_is_answered_as_known(inbox: Path, export: Path) -> None:
    first = answers(inbox)
    shutil.copytree(export, inbox / SITE / "q1")
    second = answers(inbox)
    assert second == first
    assert read_submissions(inbox.parent / "r.duckdb").height == 1


def test_bad_export_comes_back_with_reasons_and_is_not_loaded(inbox: Path) -> None:
    path = inbox / SITE / "q1" / "procedures.csv"
    path.write_text(path.read_text("utf-8").replace("patient_id", "patient", 1), "utf-8")
    result = run_intake(inbox)
    assert result.exit_code == 3
    (kept,) = (inbox / SITE / "returned").iterdir()
    said = json.loads((kept / "answer.json").read_text("utf-8"))
    assert (said["outcome"], said["gate"]) == ("returned", "red")
    assert (kept / "findings.csv").read_text("utf-8-sig").count("F02") >= 1
    assert not (inbox.parent / "r.duckdb").exists()


def test_correction_takes_the_place_of_its_export(inbox: Path, export: Path) -> None:
    run_intake(inbox)
    corrected = inbox / SITE / "corrections" / "q1"
    shutil.copytree(export, corrected)
    lines = (corrected / "lesions.csv").read_text("utf-8").splitlines(keepends=True)
    (corrected / "lesions.csv").write_text(lines[0].rstrip() + "\n" + "".join(lines[1:]) + "\n", "utf-8")
    (answer,) = answers(inbox)
    assert answer["outcome"] == "accepted"
    assert read_submissions(inbox.parent / "r.duckdb")["status"].to_list() == ["superseded", "loaded"]


def test_correction_without_rows_needs_the_sites_consent(inbox: Path, export: Path) -> None:
    run_intake(inbox)

    def send() -> dict[str, object]:
        corrected = inbox / SITE / "corrections" / "q1"
        shutil.copytree(export, corrected)
        lines = (corrected / "events.csv").read_text("utf-8").splitlines(keepends=True)
        (corrected / "events.csv").write_text("".join(lines[:-1]), "utf-8")
        (answer,) = answers(inbox)
        return answer

    refused = send()
    assert refused["outcome"] == "returned"
    assert "1 rows of the earlier export" in str(refused["reasons"])
    site = inbox / SITE / "site.toml"
    site.write_text(site.read_text("utf-8") + "allow_removal = true\n", "utf-8")
    assert send()["outcome"] == "accepted"


def test_rows_of_another_site_come_back(inbox: Path) -> None:
    (inbox / SITE / "site.toml").unlink()
    (answer,) = answers(inbox)
    assert answer["outcome"] == "returned"
    findings = (inbox / str(answer["folder"]) / "findings.csv").read_text("utf-8-sig")
    assert "F10" in findings
    assert not (inbox.parent / "r.duckdb").exists()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("colour = 1", "unknown key 'colour'"),
        ("sites = 1", "sites is no list of texts"),
        ("mapping = 3", "mapping is no text"),
        ("allow_removal = 1", "allow_removal is neither true nor false"),
        ("= ", "it cannot be read as TOML"),
        ('mapping = "nowhere"', "nowhere"),
    ],
)
def test_wrong_settings_of_a_folder_leave_the_file_where_it_is(inbox: Path, said: str, expected: str) -> None:
    (inbox / SITE / "site.toml").write_text(said, "utf-8")
    result = run_intake(inbox)
    assert result.exit_code == 10
    assert expected in result.output
    assert (inbox / SITE / "q1").is_dir()


def test_file_that_is_still_being_written_waits(inbox: Path) -> None:
    words = ["intake", str(inbox), "--db", str(inbox.parent / "r.duckdb"), "--settle", "3600"]
    assert CliRunner().invoke(main, words).output == "Nothing has arrived.\n"
    assert (inbox / SITE / "q1").is_dir()


def test_store_in_use_leaves_the_file_for_the_next_run(inbox: Path) -> None:
    db = inbox.parent / "r.duckdb"
    child = "import sys; from pathlib import Path; from analytics.store.connection import open_for_loading\n"
    child += "with open_for_loading(Path(sys.argv[1])):\n    print('open', flush=True); sys.stdin.read()\n"
    with open_for_loading(db):
        pass
    with subprocess.Popen(
        [sys.executable, "-c", child, str(db)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        busy = run_intake(inbox)
        process.kill()
    assert busy.exit_code == 10
    assert "in use by another process" in busy.output
    assert [answer["outcome"] for answer in answers(inbox)] == ["accepted"]


COMMAND = "import sys; from analytics.cli import main; main(sys.argv[1:])"


def start(inbox: Path) -> subprocess.Popen[str]:
    words = ["intake", str(inbox), "--db", str(inbox.parent / "r.duckdb"), "--settle", "0"]
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_runs_at_once_load_once(inbox: Path) -> None:
    runs = [start(inbox), start(inbox)]
    said = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert sum("q1: accepted" in out for out, _ in said) == 1
    assert read_submissions(inbox.parent / "r.duckdb")["status"].to_list() == ["loaded"]


KILLED = """
import os, signal, sys
from analytics.cli import main
import analytics.pipeline, analytics.submissions.inbox
steps, fatal = 0, int(sys.argv[1])

def on_file(event, args):
    global steps
    made = event == "open" and isinstance(args[1], str) and args[1][0] in "wxa"
    if made or event in {"os.rename", "os.mkdir", "os.remove", "os.rmdir"}:
        steps += 1
        if steps == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(on_file)
main(sys.argv[2:], standalone_mode=False)
print("steps", steps)
"""


def kill_at(inbox: Path, fatal: int) -> subprocess.CompletedProcess[str]:
    words = ["intake", str(inbox), "--db", str(inbox.parent / "r.duckdb"), "--settle", "0"]
    return subprocess.run(
        [sys.executable, "-c", KILLED, str(fatal), *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def content(db: Path) -> dict[str, pl.DataFrame]:
    return {**read_registry(db, with_refusals=True), "ledger": read_submissions(db).drop("received_at")}


@pytest.mark.parametrize("share", [0.1, 0.4, 0.7, 0.85, 1.0])
def test_killed_run_is_made_good_by_the_next(inbox: Path, tmp_path: Path, share: float) -> None:
    whole = Path(shutil.copytree(inbox, tmp_path / "whole" / "inbox"))
    lived = kill_at(whole, 0)
    n_steps = int(lived.stdout.rsplit("steps", 1)[1])
    assert kill_at(inbox, max(1, round(share * n_steps))).returncode == -signal.SIGKILL
    run_intake(inbox)
    db = inbox.parent / "r.duckdb"
    expected = content(whole.parent / "r.duckdb")
    assert all(frame.equals(expected[name]) for name, frame in content(db).items())
    assert all(check.is_sound for check in verify_store(db))
    (kept,) = (inbox / SITE / "accepted").iterdir()
    assert (kept / "q1" / "procedures.csv").is_file()
    assert not (inbox / SITE / "q1").exists()
    assert not list(inbox.rglob("*.building*"))
