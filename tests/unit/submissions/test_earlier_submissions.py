"""Rules that need what came before, or who may send what: fed from the store and the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from analytics.cli import main
from analytics.generation import generate_files
from analytics.store.publishing import find_current_snapshot, snapshot_folder
from analytics.store.queries import read_table


def findings_of(*words: str | Path) -> list[dict[str, object]]:
    found = CliRunner().invoke(main, [*map(str, words), "--json"], catch_exceptions=False)
    return list(json.loads(found.output)["findings"])


def rules_of(*words: str | Path) -> set[str]:
    return {str(item["rule_id"]) for item in findings_of(*words)}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Load the first export of a small registry."""
    folder = tmp_path_factory.mktemp("earlier")
    generate_files(folder / "first", scenario="default", procedures=120, seed=31, faults=False)
    words = ["load", str(folder / "first"), "--db", str(folder / "r.duckdb")]
    assert CliRunner().invoke(main, words).exit_code == 0
    return folder


@pytest.fixture
def folder(once: Path, tmp_path: Path) -> Path:
    """Copy it, with a second export to be changed."""
    copy = Path(shutil.copytree(once, tmp_path / "copy"))
    shutil.copytree(copy / "first", copy / "second")
    return copy


def rewrite(path: Path, old: str, new: str, *, times: int = -1) -> None:
    path.write_text(path.read_text("utf-8").replace(old, new, times), "utf-8")


def test_patient_who_was_described_otherwise_before_is_a_warning(folder: Path) -> None:
    rewrite(folder / "second" / "patients.csv", ",female,", ",male,", times=1)
    words = ("load", folder / "second", "--db", folder / "r.duckdb", "--replace")
    # The rows of the replaced export do not count as an earlier description.
    assert "K03" not in rules_of(*words)
    header, first = (folder / "first" / "patients.csv").read_text("utf-8").splitlines()[:2]
    alone = folder / "alone"
    alone.mkdir()
    flipped = first.replace(",female,", ",MALE,").replace(",male,", ",female,").replace(",MALE,", ",male,")
    (alone / "patients.csv").write_text(f"{header}\n{flipped}\n", "utf-8")
    words = ("load", alone, "--db", folder / "r.duckdb")
    assert [item["rule_id"] for item in findings_of(*words) if item["column"] == "sex"] == ["K03"]


def test_rows_that_are_not_sent_again_are_listed(folder: Path) -> None:
    lines = (folder / "second" / "events.csv").read_text("utf-8").splitlines(keepends=True)
    (folder / "second" / "events.csv").write_text("".join(lines[:-2]), "utf-8")
    words = ("load", folder / "second", "--db", folder / "r.duckdb", "--replace", "--allow-removal")
    gone = [item for item in findings_of(*words) if item["rule_id"] == "K13"]
    assert [(item["table"], item["n"]) for item in gone] == [("events", 2)]


def test_site_and_period_that_were_declared_are_held_against_the_rows(folder: Path) -> None:
    every = [word for n in range(1, 21) for word in ("--site", f"S{n:02}")]
    assert not {"F10", "F11"} & rules_of("validate", folder / "first", *every)
    assert "F10" in rules_of("validate", folder / "first", "--site", "S01")
    assert "F11" in rules_of("validate", folder / "first", "--period", "1999-01-01", "1999-12-31")


def test_results_of_rules_are_kept_and_published(folder: Path) -> None:
    for path in (folder / "r.duckdb", find_current_snapshot(snapshot_folder(folder / "r.duckdb"))):
        results = read_table(path, "rule_results")
        assert {"passed", "not_applicable"} <= set(results["status"])
        assert results.filter(results["n_violating"] > results["n_checked"]).is_empty()
