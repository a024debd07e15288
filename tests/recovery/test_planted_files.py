"""Every rule of the catalogue is planted; what is wrong with a file or its mapping is found in its folder."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from analytics import generation, pipeline
from analytics.intake.submission import IntakeTerms, prepare_submission
from analytics.store.loading import load_submission
from schemas.rules.catalogue import RULES
from schemas.rules.context import Context
from synthetic.faults.exports import FILE, MAPPING, MAPPING_TEXT, as_bytes, blameless
from synthetic.faults.files import FILE_FAULTS, FOLDER, write_file_faults
from synthetic.faults.places import list_places

LOAD_DATE = date(2026, 9, 30)
PLACE = ["rule_id", "level", "table", "column", "line"]
TOLD = {
    "--site X02": Context(registered_sites=frozenset({"X02"})),
    "--period 2024-01-13 2024-12-31": Context(period=(date(2024, 1, 13), date(2024, 12, 31))),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registry")


@pytest.fixture(scope="module")
def listed(folder: Path) -> pl.DataFrame:
    return list_places(write_file_faults(folder))


def load_earlier(folder: Path, db: Path) -> None:
    earlier = folder / "earlier"
    prepared = pipeline.prepare_for_store([earlier], db=db, mapping=str(earlier / MAPPING))
    assert load_submission(db, prepared).status == "loaded"


def findings(folder: Path, needs: str | None, db: Path) -> pl.DataFrame:
    """Return the findings of intake in one folder, told what they need."""
    mapping = str(folder / MAPPING)
    if needs is not None and needs.startswith("after loading"):
        load_earlier(folder, db)
        replace = needs.endswith("--replace")
        return pipeline.prepare_for_store([folder], db=db, mapping=mapping, replace=replace).findings
    terms = IntakeTerms(context=TOLD.get(needs or "", Context()))
    return prepare_submission([folder], mapping=mapping, load_date=LOAD_DATE, terms=terms).findings


def test_the_export_without_a_fault_has_no_finding(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(as_bytes(blameless()))
    (tmp_path / MAPPING).write_text(MAPPING_TEXT, encoding="utf-8")
    assert findings(tmp_path, None, tmp_path / "x.duckdb").is_empty()


@pytest.mark.parametrize("name", [fault.folder for fault in FILE_FAULTS if fault.rule_id != "F05"])
def test_a_broken_file_is_found_where_the_list_says_and_nothing_else(
    folder: Path, listed: pl.DataFrame, tmp_path: Path, name: str
) -> None:
    wanted = listed.filter(pl.col("file").str.starts_with(f"{FOLDER}/{name}/"))
    needs = wanted.filter(cause="planted")["needs"].item()
    found = findings(folder / FOLDER / name, needs, tmp_path / "x.duckdb")
    missed = wanted.filter(cause="planted").join(found, on=PLACE, how="anti", nulls_equal=True)
    assert missed.is_empty(), found.select(PLACE).rows()
    beyond = found.join(wanted, on=PLACE, how="anti", nulls_equal=True)
    assert beyond.select(PLACE).rows() == []


def test_the_same_file_again_is_not_loaded_again(folder: Path, listed: pl.DataFrame, tmp_path: Path) -> None:
    place = listed.filter(rule_id="F05").row(0, named=True)
    again, db = (folder / place["file"]).parent, tmp_path / "x.duckdb"
    load_earlier(again, db)
    prepared = pipeline.prepare_for_store([again], db=db, mapping=str(again / MAPPING))
    assert load_submission(db, prepared).status == "already_loaded"


def test_every_rule_of_the_catalogue_is_planted_and_every_file_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "TRUTH_SAMPLE", 500)
    written = generation.generate_files(tmp_path, scenario="default", procedures=5000, seed=19, faults=True)
    listed = pl.read_csv(tmp_path / "faults.csv", infer_schema_length=None)
    planted = listed.filter(cause="planted")
    assert set(planted["rule_id"]) == set(RULES)
    assert written["n_faults"] == planted.height
    assert all((tmp_path / name).is_file() for name in listed["file"].unique())
    levels = dict(
        planted.filter(pl.col("rule_id").is_in(["K01", "S07", "F07"])).select("rule_id", "level").rows()
    )
    assert levels == {"K01": "ROW", "S07": "WARN", "F07": "FILE"}
