"""The commands about submissions, run as their user runs them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from analytics.cli import main
from analytics.generation import generate_files
from analytics.store.archive import archive_folder
from analytics.store.connection import open_for_loading
from analytics.store.engine import run
from analytics.store.publishing import find_current_snapshot, snapshot_folder
from analytics.store.queries import read_registry

if TYPE_CHECKING:
    from collections.abc import Callable


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a small registry and load it."""
    folder = tmp_path_factory.mktemp("submissions")
    generate_files(folder / "first", scenario="default", procedures=120, seed=5, faults=False)
    assert call("load", folder / "first", "--db", folder / "r.duckdb").exit_code == 0
    return folder


@pytest.fixture
def folder(once: Path, tmp_path: Path) -> Path:
    """Copy it."""
    return Path(shutil.copytree(once, tmp_path / "copy"))


def shorten(folder: Path) -> Path:
    """Make a second export without its last event."""
    second = Path(shutil.copytree(folder / "first", folder / "second"))
    lines = (second / "events.csv").read_text("utf-8").splitlines(keepends=True)
    (second / "events.csv").write_text("".join(lines[:-1]), "utf-8")
    return second


def identifiers(folder: Path) -> list[str]:
    found = json.loads(call("submissions", "--db", folder / "r.duckdb", "--json").output)
    return [entry["submission_id"] for entry in found]


def test_submissions_lists_what_is_loaded_and_archived(folder: Path) -> None:
    found = json.loads(call("submissions", "--db", folder / "r.duckdb", "--json").output)
    assert [(entry["status"], entry["is_archived"]) for entry in found] == [("loaded", True)]
    shown = call("submissions", "--db", folder / "r.duckdb").output
    assert found[0]["submission_id"] in shown
    assert "and 16 more" in shown


def test_replacement_without_a_row_waits_for_consent_and_can_be_compared(folder: Path) -> None:
    second = shorten(folder)
    refused = call("load", second, "--db", folder / "r.duckdb", "--replace")
    assert refused.exit_code == 13
    assert "1 rows of the earlier export are not in this one (1 of events)" in refused.output
    assert call("load", second, "--db", folder / "r.duckdb", "--replace", "--allow-removal").exit_code == 0
    before, after = identifiers(folder)
    found = json.loads(call("diff", before, after, "--db", folder / "r.duckdb", "--json").output)
    events = next(row for row in found["rows"] if row["table"] == "events")
    assert (events["n_gone"], events["n_added"], events["n_changed"]) == (1, 0, 0)
    shown = call("diff", folder / "first", second)
    assert shown.exit_code == 0
    assert "still open" in shown.output


def test_withdrawn_submission_leaves_store_and_snapshot(folder: Path) -> None:
    (name,) = identifiers(folder)
    gone = call("withdraw", name, "--db", folder / "r.duckdb", "--reason", "wrong year")
    assert gone.exit_code == 0
    assert f"{name} withdrawn" in gone.output
    snapshot = find_current_snapshot(snapshot_folder(folder / "r.duckdb"))
    assert read_registry(snapshot)["procedures"].is_empty()
    assert "withdrawn: wrong year" in call("submissions", "--db", folder / "r.duckdb").output
    assert call("load", folder / "first", "--db", folder / "r.duckdb", "--replace").exit_code == 0


def test_fsck_finds_a_changed_store_and_makes_it_anew(folder: Path) -> None:
    db = folder / "r.duckdb"
    assert call("fsck", "--db", db).exit_code == 0
    before = read_registry(db)
    with open_for_loading(db) as connection:
        run(connection, "update lesions set vessel = 'lcx'")
    broken = call("fsck", "--db", db)
    assert broken.exit_code == 13
    assert "lesions: rows differ from the archive" in broken.output
    assert call("fsck", "--db", db, "--rebuild", folder / "new.duckdb").exit_code == 0
    assert call("fsck", "--db", folder / "new.duckdb").exit_code == 0
    after = read_registry(folder / "new.duckdb")
    assert all(after[name].equals(frame) for name, frame in before.items())


def test_load_publishes_what_an_earlier_run_could_not(folder: Path) -> None:
    db = folder / "r.duckdb"
    shutil.rmtree(snapshot_folder(db))
    assert call("load", folder / "first", "--db", db).exit_code == 0
    assert find_current_snapshot(snapshot_folder(db)).is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("diff", "nobody", "first"), "neither a submission of this store nor a file"),
        (("withdraw", "nobody", "--db", "r.duckdb", "--reason", "r"), "no such submission"),
        (("fsck", "--db", "absent.duckdb"), "no such database"),
        (("submissions", "--db", "absent.duckdb"), "no such database"),
        (("withdraw", "x", "--db", "absent.duckdb", "--reason", "r"), "no such database"),
        (("fsck", "--db", "r.duckdb", "--rebuild", "r.duckdb"), "there is a file already"),
    ],
)
def test_mistakes_are_answered_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(folder)
    found = call(*words)
    assert found.exit_code == 13
    assert said in found.output
    assert len(found.output.strip().splitlines()) == 1


def test_damaged_file_is_said_in_one_line(folder: Path, damage: Callable[[Path], None]) -> None:
    damage(folder / "r.duckdb")
    found = call("fsck", "--db", folder / "r.duckdb")
    assert found.exit_code == 13
    assert "Traceback" not in found.output
    assert archive_folder(folder / "r.duckdb").is_dir()


@pytest.fixture
def damage() -> Callable[[Path], None]:
    """Overwrite the middle of a file: some of it may be unused, so it is half of the file."""

    def _damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        quarter = len(content) // 4
        content[quarter : 3 * quarter] = b"\xff" * (2 * quarter)
        path.write_bytes(bytes(content))

    return _damage
