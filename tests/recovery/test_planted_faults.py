"""Intake finds nothing in a clean synthetic registry, and every planted fault in another."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from schemas.registry import TABLES
from schemas.submission import SubmissionReport, TextTable
from schemas.validation import validate_submission
from synthetic.corruption import FAULTS, plant_faults
from synthetic.registry import generate_registry
from synthetic.scenario import load_scenario
from synthetic.writer import tables_as_text, write_text_tables

Texts = dict[str, pl.DataFrame]
KEYS = ["rule_id", "level", "table", "column", "line"]


def validate(texts: Texts) -> SubmissionReport:
    def numbered(frame: pl.DataFrame) -> pl.DataFrame:
        row = pl.int_range(pl.len(), dtype=pl.Int64)
        return frame.with_columns(row=row, record=row + 1, line=row + 2)

    return validate_submission(
        [TextTable(table=name, frame=numbered(frame), file=f"{name}.csv") for name, frame in texts.items()]
    )


@pytest.fixture(scope="module")
def clean() -> Texts:
    return tables_as_text(generate_registry(load_scenario("default"), procedures=3000, seed=19))


@pytest.fixture(scope="module")
def planted(clean: Texts) -> tuple[Texts, pl.DataFrame]:
    return plant_faults(clean, seed=4)


@pytest.fixture(scope="module")
def report(planted: tuple[Texts, pl.DataFrame]) -> SubmissionReport:
    return validate(planted[0])


def test_clean_registry_passes_with_few_warnings(clean: Texts) -> None:
    report = validate(clean)
    assert report.n_rejected == 0
    assert report.findings.filter(pl.col("level").is_in(["FILE", "ROW", "NULL"])).is_empty()
    warnings = report.findings.filter(level="WARN")
    assert warnings["n"].sum() < 0.01 * report.n_input


def test_every_table_gets_a_fault_and_every_fault_is_planted(planted: tuple[Texts, pl.DataFrame]) -> None:
    _, faults = planted
    assert len(faults) == len(FAULTS)
    assert set(faults["table"]) == set(TABLES)


def test_every_planted_fault_is_found_at_its_line_by_its_rule(
    planted: tuple[Texts, pl.DataFrame], report: SubmissionReport
) -> None:
    _, faults = planted
    missed = faults.join(report.findings, on=KEYS, how="anti")
    assert missed.is_empty(), missed.select(KEYS)


def test_nothing_else_is_rejected_or_emptied(
    planted: tuple[Texts, pl.DataFrame], report: SubmissionReport
) -> None:
    _, faults = planted
    strict = report.findings.filter(pl.col("level").is_in(["FILE", "ROW", "NULL"]))
    own = strict.join(faults, on=KEYS, how="anti")
    roots = pl.concat(
        [table.rejected.filter(~pl.col("is_cascade")).select("line") for table in report.tables.values()]
    )
    assert own.filter(pl.col("rule_id") != "K02").is_empty(), own.select(KEYS)
    assert len(roots) == faults.filter(level="ROW").height


def test_line_is_the_line_of_the_written_file(planted: tuple[Texts, pl.DataFrame], tmp_path: Path) -> None:
    texts, faults = planted
    write_text_tables(texts, tmp_path)
    fault = faults.filter(rule_id="C03", table="imaging").row(0, named=True)
    lines = (tmp_path / "imaging.csv").read_text(encoding="utf-8").split("\n")
    place = lines[0].split(",").index(fault["column"])
    assert lines[fault["line"] - 1].split(",")[place] == "400"


def test_faults_of_one_seed_are_the_same(clean: Texts) -> None:
    assert plant_faults(clean, seed=4)[1].equals(plant_faults(clean, seed=4)[1])
    assert not plant_faults(clean, seed=4)[1].equals(plant_faults(clean, seed=5)[1])
