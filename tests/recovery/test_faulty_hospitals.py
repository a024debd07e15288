"""A registry drawn in blocks has hospitals of its own for the faults, and its other hospitals stay clean."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import synthetic.registry as registry_module
from analytics.generation import generate_files
from schemas.registry import TABLES
from schemas.rules.catalogue import RULES, SITE_CHECKS
from schemas.submission import SubmissionReport, TextTable
from schemas.validation import validate_submission
from synthetic.faulty_hospitals import draw_faulty_hospitals
from synthetic.scenario import load_scenario

CELL = ["rule_id", "level", "table", "column", "line"]
SITE = ["rule_id", "site_id", "table", "column"]
COMPARING = ["S03", "S04", "S09"]
"""Rules that hold a hospital against the others, which are more with those that have the faults."""
OF_SITES = [check.rule_id for check in SITE_CHECKS]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a registry of several blocks, clean and with faults."""
    clean, faulty = tmp_path_factory.mktemp("clean"), tmp_path_factory.mktemp("faulty")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry_module, "BLOCK_PROCEDURES", 6_000)
        for out in (clean, faulty):
            generate_files(out, scenario="national", procedures=13_000, seed=4, faults=out == faulty)
    return clean, faulty


@pytest.fixture(scope="module")
def faults(folders: tuple[Path, Path]) -> pl.DataFrame:
    schema = dict.fromkeys(("file", "table", "column", "site_id", "header", "reason", "needs"), pl.String)
    return pl.read_csv(folders[1] / "faults.csv", schema_overrides=schema)


@pytest.fixture(scope="module")
def reports(folders: tuple[Path, Path]) -> tuple[SubmissionReport, SubmissionReport]:
    clean, faulty = (_validate(folder) for folder in folders)
    return clean, faulty


def _validate(folder: Path) -> SubmissionReport:
    row = pl.int_range(pl.len(), dtype=pl.Int64)
    parts = []
    for name in TABLES:
        text = pl.read_csv(folder / f"{name}.csv", infer_schema=False)
        parts.append(TextTable(name, text.with_columns(row=row, record=row + 1, line=row + 2), f"{name}.csv"))
    return validate_submission(parts, load_date=date(2027, 1, 1))


def _failed(report: SubmissionReport) -> pl.DataFrame:
    is_failed = (pl.col("status") == "failed") & pl.col("rule_id").is_in(OF_SITES)
    return report.rule_results.filter(is_failed).select(SITE).drop_nulls("table")


def test_every_rule_is_planted(faults: pl.DataFrame) -> None:
    assert set(faults.filter(cause="planted")["rule_id"]) == set(RULES)


def test_faults_are_found_where_the_list_says(
    faults: pl.DataFrame, reports: tuple[SubmissionReport, SubmissionReport]
) -> None:
    chosen = faults.filter(pl.col("cause") == "planted", ~pl.col("file").str.starts_with("files"))
    of_rows = chosen.filter(pl.col("line").is_not_null(), pl.col("level") != "INFO")
    assert of_rows.height > 80
    assert of_rows.join(reports[1].findings, on=CELL, how="anti", nulls_equal=True).is_empty()
    of_sites = chosen.filter(pl.col("line").is_null())
    assert of_sites.height > 15
    assert of_sites.join(_failed(reports[1]), on=SITE, how="anti", nulls_equal=True).is_empty()


def test_no_more_rows_are_rejected_than_the_list_says(
    faults: pl.DataFrame, reports: tuple[SubmissionReport, SubmissionReport]
) -> None:
    assert reports[0].n_rejected == 0
    for name, table in reports[1].tables.items():
        wanted = faults.filter(level="ROW", file=f"{name}.csv")["line"].unique().sort()
        found = table.rejected.filter(~pl.col("is_cascade"))["line"].unique().sort()
        assert found.to_list() == wanted.drop_nulls().to_list()


def test_other_hospitals_find_what_they_found_before(
    reports: tuple[SubmissionReport, SubmissionReport],
) -> None:
    ours = ~pl.col("site_id").str.starts_with("F") & ~pl.col("rule_id").is_in(COMPARING)
    before, after = (_failed(report).filter(ours).sort(SITE) for report in reports)
    assert after.rows() == before.rows()


def test_the_truth_is_that_of_the_hospitals_without_faults(folders: tuple[Path, Path]) -> None:
    clean, faulty = (json.loads((folder / "truth.json").read_text(encoding="utf-8")) for folder in folders)
    assert clean == faulty


def test_no_code_is_given_twice() -> None:
    scenario = load_scenario("default")
    first, second = scenario.sites[:2]
    sites = (first, dataclasses.replace(second, site_id=f"F{first.site_id}"))
    texts, _ = draw_faulty_hospitals(dataclasses.replace(scenario, sites=sites), seed=1)
    codes = set(texts["sites"]["site_id"])
    assert len(codes) == 2
    assert codes.isdisjoint({site.site_id for site in sites})
