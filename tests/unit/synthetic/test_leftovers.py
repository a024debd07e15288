"""A registry is not written into a folder in which parts of another one would stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from analytics import generation
from analytics.cli import main
from analytics.errors import InputFileError
from analytics.generation import generate_dialect, generate_files
from schemas.errors import SchemaFileError
from synthetic.leftovers import refuse_leftovers
from synthetic.registry import generate_registry
from synthetic.scenario import load_scenario
from synthetic.writer import write_registry

SMALL: dict[str, Any] = {"scenario": "rare", "procedures": 40, "seed": 1}


@pytest.fixture(autouse=True)
def _few_patients_of_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the time of the truth, which is no matter here."""
    monkeypatch.setattr(generation, "TRUTH_SAMPLE", 500)


def _generate(out: Path, *options: str) -> tuple[int, str]:
    """Run the command; return its exit code and what it says."""
    small = (f"--{name}={value}" for name, value in SMALL.items())
    done = CliRunner().invoke(main, ["generate", *small, "--out", str(out), *options])
    return done.exit_code, done.output


def _contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


FORMS = {
    "csv": (),
    "faults": ("--faults",),
    "parquet": ("--format", "parquet"),
    "dialect": ("--dialect", "bcis"),
    "faulty dialect": ("--dialect", "redcap", "--faults"),
}
GOES_INTO = {("csv", "faults"), ("dialect", "faulty dialect")}
"""First and second form where the second replaces all of the first."""


@pytest.mark.parametrize("first", FORMS)
def test_a_second_run_replaces_the_first_or_is_refused_and_changes_nothing(
    first: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALCPCI_PSEUDONYM_SECRET", "not-a-secret-only-a-test-of-32-signs")
    assert _generate(tmp_path, *FORMS[first])[0] == 0
    before = _contents(tmp_path)
    assert _generate(tmp_path, *FORMS[first])[0] == 0
    assert _contents(tmp_path) == before
    for second in FORMS.keys() - {first}:
        if (first, second) in GOES_INTO:
            continue
        code, said = _generate(tmp_path, *FORMS[second])
        assert (code, said.count("\n")) == (InputFileError.exit_code, 1), (second, said)
        assert "would stay" in said
        assert _contents(tmp_path) == before


def test_the_refusal_names_what_is_left_and_says_what_to_do(tmp_path: Path) -> None:
    for faults in (False, True):  # Faults go into the folder of a clean registry, but not the other way.
        generate_files(tmp_path, **SMALL, faults=faults)
    code, said = _generate(tmp_path)
    assert code == InputFileError.exit_code
    assert said.startswith(f"error: {tmp_path}: faults.csv, files/ of another registry would stay")
    assert "Name another folder, or remove" in said
    for name in ("faults.csv", "patients.csv"):
        (tmp_path / name).unlink()
    (tmp_path / "files").rename(tmp_path / "kept")
    assert _generate(tmp_path)[0] == 0


def test_many_leftovers_are_named_in_part(tmp_path: Path) -> None:
    generate_files(tmp_path, **SMALL)
    with pytest.raises(InputFileError, match=r"device_uses\.csv.* and 5 more of another registry"):
        generate_files(tmp_path, **SMALL, kind="parquet")


def test_hospitals_of_another_scenario_are_leftovers(tmp_path: Path) -> None:
    folder = tmp_path / "S99"
    folder.mkdir()
    for name in ("export.csv", "mapping.toml"):
        (folder / name).write_text("", encoding="utf-8")
    with pytest.raises(InputFileError, match="S99/ of another registry"):
        generate_dialect(tmp_path, **SMALL, dialect="bcis")


def test_what_is_no_part_of_a_registry_is_let_be(tmp_path: Path) -> None:
    (tmp_path / "files" / "letters").mkdir(parents=True)
    (tmp_path / "S99").mkdir()
    for name in ("notes.txt", "files/plan.csv", "S99/export.csv", "costs.csv"):
        (tmp_path / name).write_text("mine", encoding="utf-8")
    assert _generate(tmp_path)[0] == 0
    assert {(tmp_path / name).read_text(encoding="utf-8") for name in ("notes.txt", "costs.csv")} == {"mine"}


@pytest.mark.parametrize("name", ["patients.csv.gz", "Patients.CSV", "events.parquet"])
def test_a_table_in_another_spelling_is_a_leftover(name: str, tmp_path: Path) -> None:
    refuse_leftovers(tmp_path / "absent", ())
    (tmp_path / name).write_text("", encoding="utf-8")
    with pytest.raises(SchemaFileError, match=name):
        refuse_leftovers(tmp_path, {"patients.csv"})
    refuse_leftovers(tmp_path, {name})


def test_python_is_refused_as_the_command_is(tmp_path: Path) -> None:
    registry = generate_registry(load_scenario("rare"), procedures=40, seed=1)
    (tmp_path / "faults.csv").write_text("", encoding="utf-8")
    with pytest.raises(SchemaFileError, match=r"faults\.csv of another registry"):
        write_registry(registry, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["faults.csv"]


def test_a_refusal_does_not_wait_for_the_drawing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[object] = []
    monkeypatch.setattr(generation, "draw_blocks", lambda *_, **__: drawn)
    monkeypatch.setattr(generation, "generate_registry", lambda *_, **__: drawn.append(1))
    (tmp_path / "faults.csv").write_text("", encoding="utf-8")
    with pytest.raises(InputFileError, match="would stay"):
        generate_dialect(tmp_path, **SMALL, dialect="bcis")
    assert drawn == []
