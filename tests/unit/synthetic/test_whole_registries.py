"""A registry appears as a whole, with the scenario it was drawn from, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from analytics import generation
from analytics.cli import main
from analytics.errors import InputFileError
from analytics.generation import generate_dialect, generate_files
from schemas.errors import SchemaFileError
from schemas.registry import TABLES
from synthetic.registry import generate_registry
from synthetic.scenario import load_scenario, read_scenario, scenario_names
from synthetic.scenario_json import describe_scenario, write_scenario
from synthetic.writer import write_registry, written_together


@pytest.fixture(autouse=True)
def _few_patients_of_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw a small sample for the true effects, which no test here is about."""
    monkeypatch.setattr(generation, "TRUTH_SAMPLE", 500)


def _contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _break_before_the_scenario(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make writing end after the tables, before the scenario."""

    def stop(*_: object) -> None:
        raise error

    monkeypatch.setattr(generation, "write_scenario", stop)


@pytest.mark.parametrize("name", scenario_names())
def test_a_scenario_comes_back_from_its_file(name: str, tmp_path: Path) -> None:
    write_scenario(load_scenario(name), tmp_path)
    assert read_scenario(tmp_path / "scenario.json") == load_scenario(name)


def test_the_scenario_of_a_registry_gives_the_registry_again(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text('extends = "misgraded"\nname = "mine"\nsite_copies = 2\n', encoding="utf-8")
    generate_files(tmp_path / "first", scenario=str(own), procedures=90, seed=4)
    again = str(tmp_path / "first" / "scenario.json")
    generate_files(tmp_path / "second", scenario=again, procedures=90, seed=4)
    assert _contents(tmp_path / "first") == _contents(tmp_path / "second")


def test_a_scenario_file_stands_alone() -> None:
    table = describe_scenario(load_scenario("national"))
    assert len(table["sites"]) == 500
    assert not {"extends", "site_changes", "site_copies"} & set(table)
    assert "Infinity" not in json.dumps(table)


def test_python_writes_the_files_that_the_command_writes(tmp_path: Path) -> None:
    sample = generation.TRUTH_SAMPLE
    registry = generate_registry(load_scenario("rare"), procedures=60, seed=2, truth_sample=sample)
    write_registry(registry, tmp_path / "python")
    generate_files(tmp_path / "command", scenario="rare", procedures=60, seed=2)
    assert _contents(tmp_path / "python") == _contents(tmp_path / "command")


@pytest.mark.parametrize(("text", "said"), [("[1]", "holds no table"), ("{", "is not JSON")])
def test_json_that_is_no_scenario_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SchemaFileError, match=said):
        read_scenario(path)


def test_validation_does_not_look_at_truth_or_scenario(tmp_path: Path) -> None:
    generate_files(tmp_path, scenario="default", procedures=300, seed=1)
    told = json.loads(CliRunner().invoke(main, ["validate", str(tmp_path), "--json"]).output)
    assert [file["file"] for file in told["files"]] == sorted(f"{name}.csv" for name in TABLES)
    (tmp_path / "scenario.json").unlink()
    (tmp_path / "truth.json").unlink()
    without = json.loads(CliRunner().invoke(main, ["validate", str(tmp_path), "--json"]).output)
    assert told["submission"] == without["submission"]
    assert told["findings"] == without["findings"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError()])
def test_a_run_that_ends_early_leaves_nothing(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _break_before_the_scenario(monkeypatch, error)
    with pytest.raises(type(error)):
        generate_files(tmp_path / "out", scenario="default", procedures=30, seed=1)
    assert not (tmp_path / "out").exists()


def test_a_run_that_ends_early_leaves_the_registry_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate_files(tmp_path, scenario="default", procedures=30, seed=1)
    before = _contents(tmp_path)
    _break_before_the_scenario(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        generate_files(tmp_path, scenario="default", procedures=40, seed=2)
    assert _contents(tmp_path) == before
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "the disk is full"),
        (OSError("No space left on device (os error 28)"), "the disk is full"),
        (PermissionError(13, "Permission denied"), "cannot be written"),
    ],
)
def test_a_full_disk_is_said_in_one_line(
    error: OSError, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _break_before_the_scenario(monkeypatch, error)
    with pytest.raises(InputFileError, match=said):
        generate_files(tmp_path / "out", scenario="default", procedures=30, seed=1, kind="parquet")
    with pytest.raises(InputFileError, match=said):
        generate_dialect(tmp_path / "sent", scenario="default", procedures=30, seed=1, dialect="redcap")
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_replaces_the_first_folder_by_folder(tmp_path: Path) -> None:
    for seed in (1, 2):
        generate_files(tmp_path / "out", scenario="default", procedures=400, seed=seed, faults=True)
    generate_files(tmp_path / "alone", scenario="default", procedures=400, seed=2, faults=True)
    assert {**_contents(tmp_path / "out"), **_contents(tmp_path / "alone")} == _contents(tmp_path / "out")


def test_the_truth_is_the_last_file_to_appear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = []
    replace = Path.replace

    def watched(path: Path, target: Path) -> Path:
        moved.append(path.name)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", watched)
    with written_together(tmp_path / "out") as work:
        for name in ("truth.json", "a.csv", "z.csv"):
            (work / name).write_text("1", encoding="utf-8")
        assert not (tmp_path / "out" / "a.csv").exists()
    assert moved == ["a.csv", "z.csv", "truth.json"]


def test_keys_stay_single_over_many_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation.drawing, "BLOCK_PROCEDURES", 40)
    generate_files(tmp_path, scenario="default", procedures=400, seed=3, kind="parquet")
    keys = {"patients": "patient_id", "imaging": "imaging_id", "device_uses": "device_use_id"}
    for table, key in {**keys, "complications": "complication_id", "follow_up": "contact_id"}.items():
        values = pl.read_parquet(tmp_path / f"{table}.parquet")[key]
        assert values.n_unique() == len(values)
