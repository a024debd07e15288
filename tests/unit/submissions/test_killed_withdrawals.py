"""A withdrawal is killed, as a process, before many of its steps; the same command again completes it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from analytics.cli import main
from analytics.generation import generate_files
from analytics.store.archive import archive_folder, read_bundles
from analytics.store.publishing import find_current_snapshot, is_published, snapshot_folder
from analytics.store.queries import read_registry, read_submissions

ROOT = Path(__file__).parents[3]
SHARES = (0.1, 0.5, 0.55, 0.6, 0.7, 0.85, 1.0)

# Counts statements and files made or renamed, and kills the process without a chance to clean up.
CHILD = """
import os, signal, sys

words, fatal = sys.argv[2:], int(sys.argv[1])
from analytics.cli import main
import analytics.pipeline
steps = 0

def step():
    global steps
    steps += 1
    if steps == fatal:
        os.kill(os.getpid(), signal.SIGKILL)

def on_file(event, args):
    if event in {"os.rename", "os.mkdir"} or (event == "open" and str(args[1])[:1] in "wxa"):
        step()

def on_call(frame, event, _):
    code = frame.f_code
    if event == "call" and code.co_name in {"run", "fetch_frame"} and code.co_filename.endswith("engine.py"):
        step()

sys.addaudithook(on_file)
sys.setprofile(on_call)
main(words, standalone_mode=False)
sys.setprofile(None)
print(steps)
"""


def words(db: Path) -> list[str]:
    name = read_submissions(db)["submission_id"][-1]
    return ["withdraw", name, "--db", str(db), "--reason", "wrong quarter"]


def run_child(db: Path, fatal: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CHILD, str(fatal), *words(db)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Load one export."""
    folder = tmp_path_factory.mktemp("withdrawn")
    generate_files(folder / "files", scenario="default", procedures=40, seed=5, faults=False)
    done = CliRunner().invoke(main, ["load", str(folder / "files"), "--db", str(folder / "r.duckdb")])
    assert done.exit_code == 0
    return folder


@pytest.fixture(scope="module")
def n_steps(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    """Count the steps of a withdrawal that nobody disturbs."""
    folder = Path(shutil.copytree(loaded, tmp_path_factory.mktemp("undisturbed") / "r"))
    child = run_child(folder / "r.duckdb", 0)
    assert child.returncode == 0, child.stderr
    return int(child.stdout.strip().splitlines()[-1])


@pytest.mark.parametrize("share", SHARES)
def test_killed_withdrawal_is_completed_by_the_same_command(
    loaded: Path, n_steps: int, tmp_path: Path, share: float
) -> None:
    db = Path(shutil.copytree(loaded, tmp_path / "r")) / "r.duckdb"
    command = words(db)
    assert run_child(db, max(1, round(share * n_steps))).returncode == -signal.SIGKILL
    again = CliRunner().invoke(main, command)
    assert again.exit_code == 0, again.output
    assert is_published(db, snapshot_folder(db))
    assert read_registry(find_current_snapshot(snapshot_folder(db)))["patients"].is_empty()
    assert [bundle.withdrawn is not None for bundle in read_bundles(archive_folder(db))] == [True]
    # Now there is nothing left to do, and a third call says so.
    assert "it is withdrawn" in CliRunner().invoke(main, command).output
