"""A load is killed, as a process, before each of many of its steps; the next load makes it whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from analytics.cli import main
from analytics.generation import generate_files
from analytics.store.archive import archive_folder, read_bundles
from analytics.store.publishing import find_current_snapshot, read_snapshot_info, snapshot_folder
from analytics.store.queries import read_registry, read_submissions
from analytics.store.verification import verify_store

if TYPE_CHECKING:
    import polars as pl

ROOT = Path(__file__).parents[3]
SHARES = (0.02, 0.15, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0)

# Counts the child's steps (statements sent to the database, files made, renamed or removed) and kills the
# whole process, with no chance to clean up, just before step number `sys.argv[2]`; 0 counts them all.
CHILD = """
import os, signal, sys
from pathlib import Path

folder, fatal = Path(sys.argv[1]), int(sys.argv[2])
from analytics.cli import main
import analytics.pipeline
steps = 0

def step():
    global steps
    steps += 1
    if steps == fatal:
        os.kill(os.getpid(), signal.SIGKILL)

def on_file(event, args):
    if event in {"os.rename", "os.mkdir", "os.remove", "os.rmdir"}:
        step()
    elif event == "open" and isinstance(args[1], str) and args[1][0] in "wxa":
        step()

def on_call(frame, event, _):
    code = frame.f_code
    if event == "call" and code.co_name in {"run", "fetch_frame"} and code.co_filename.endswith("engine.py"):
        step()

sys.addaudithook(on_file)
sys.setprofile(on_call)
words = ["load", str(folder / "second"), "--db", str(folder / "r.duckdb"), "--replace", "--allow-removal"]
main(words, standalone_mode=False)
sys.setprofile(None)
print(steps)
"""


def load_second(folder: Path) -> int:
    words = ["load", str(folder / "second"), "--db", str(folder / "r.duckdb"), "--replace", "--allow-removal"]
    return CliRunner().invoke(main, words).exit_code


def run_child(folder: Path, fatal: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), str(fatal)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def content(db: Path) -> dict[str, pl.DataFrame]:
    """Return all that a store holds but the time of arrival."""
    ledger = read_submissions(db).drop("received_at")
    return {**read_registry(db, with_refusals=True), "submissions": ledger}


def fingerprint(db: Path) -> str:
    return read_snapshot_info(snapshot_folder(db))["data_fingerprint"]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Load a first export; a second one, corrected and shorter, lies ready."""
    folder = tmp_path_factory.mktemp("killed")
    generate_files(folder / "first", scenario="default", procedures=60, seed=11, faults=False)
    generate_files(folder / "second", scenario="default", procedures=60, seed=11, faults=False)
    lines = (folder / "second" / "events.csv").read_text("utf-8").splitlines(keepends=True)
    (folder / "second" / "events.csv").write_text("".join(lines[:-2]), "utf-8")
    words = ["load", str(folder / "first"), "--db", str(folder / "r.duckdb")]
    assert CliRunner().invoke(main, words).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def undisturbed(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """Load the second export in a child that lives, and count its steps."""
    folder = Path(shutil.copytree(loaded, tmp_path_factory.mktemp("undisturbed") / "r"))
    child = run_child(folder, 0)
    assert child.returncode == 0, child.stderr
    return folder, int(child.stdout.strip().splitlines()[-1])


@pytest.mark.parametrize("share", SHARES)
def test_killed_load_loses_and_doubles_nothing(
    loaded: Path, undisturbed: tuple[Path, int], tmp_path: Path, share: float
) -> None:
    whole, n_steps = undisturbed
    assert n_steps > 50
    folder = Path(shutil.copytree(loaded, tmp_path / "r"))
    db = folder / "r.duckdb"
    shown = read_registry(find_current_snapshot(snapshot_folder(db)))["procedures"]
    assert run_child(folder, max(1, round(share * n_steps))).returncode == -signal.SIGKILL
    # Whoever reads now sees the old state or the new one, whole.
    snapshot = find_current_snapshot(snapshot_folder(db))
    assert fingerprint(db) in {fingerprint(loaded / "r.duckdb"), fingerprint(whole / "r.duckdb")}
    assert (
        read_registry(snapshot)["procedures"]
        .drop("submission_id", strict=False)
        .equals(shown.drop("submission_id", strict=False))
    )
    assert load_second(folder) == 0
    expected = content(whole / "r.duckdb")
    assert all(frame.equals(expected[name]) for name, frame in content(db).items())
    assert fingerprint(db) == fingerprint(whole / "r.duckdb")
    assert all(check.is_sound for check in verify_store(db))
    assert [bundle.is_loaded for bundle in read_bundles(archive_folder(db))] == [True, True]
