"""Faults in hospitals' exports: the mapped intake names each where the list says, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from analytics.generation_dialects import NO_PLACE, NOT_SAID, OF_A_HOSPITAL, plant_in_exports
from analytics.intake.submission import PreparedSubmission, prepare_submission
from schemas.rules.catalogue import RULES, SITE_CHECKS
from synthetic.corruption import write_faults
from synthetic.dialects.pieces import Sheet, Tables
from synthetic.dialects.told_cells import has_word, told_cells
from synthetic.dialects.writing import DIALECTS, write_dialect
from synthetic.faults.places import TOO_SMALL
from synthetic.registry import Registry, generate_registry
from synthetic.scenario import load_scenario

CELL = ["file", "rule_id", "level", "table", "column", "header", "line"]
NOTE = ["file", "rule_id", "table", "column"]
SITE_RULES = [check.rule_id for check in SITE_CHECKS]
SECRET = b"a secret for tests only, long enough"
ENCODINGS = {"hospital_zh": "gb18030"}

TOLD = {
    "bcis": "T01 T02 T03 T07 T11 T12 T13 X24 X26 K04 D03 S07 K14 C01 C03 C05 C07",
    "cathpci_wide": "T01 T02 T03 T06 T07 T10 T11 T13 X04 X05 X11 X12 X13 X14 X21 X24 X25 X26 X34 X35 "
    "K01 K04 K05 K06 K14 D03 D05 D07 D08 S07 C01 C02 C03 C05",
    "redcap": "T01 T02 T03 T07 T13 X01 X02 X04 X07 X14 X21 K01 K05 K06 K14 C01 C02 C03 C05 C06",
    "hospital_zh": "T01 T06 T07 T11 T13 X01 X04 X05 X13 X14 X21 X26 X34 X35 "
    "K01 K05 K06 K14 D08 S07 C01 C02 C03 C05",
}
"""Rules that each form has all the columns for, as its bundled mapping shows."""


@dataclass(frozen=True, eq=False)
class Planted:
    """One dialect: its folder with faults, the list, and what intake finds with and without faults."""

    dialect: str
    out: Path
    listed: pl.DataFrame
    rows: dict[str, int]
    faulty: pl.DataFrame
    clean: pl.DataFrame
    failed: set[tuple[object, ...]]


def validated(folder: Path) -> PreparedSubmission:
    return prepare_submission(
        (folder / "export.csv",),
        mapping=folder / "mapping.toml",
        secret=SECRET,
        load_date=date(2027, 1, 1),
    )


def named(out: Path, sites: list[str]) -> tuple[pl.DataFrame, set[tuple[object, ...]]]:
    """Return the findings of hospitals with the file below the folder, and the limits that they fail."""
    found, failed = [], set()
    for site in sites:
        report = validated(out / site).report
        found.append(report.findings.with_columns(file=pl.lit(f"{site}/export.csv")))
        of_site = report.rule_results.filter(pl.col("rule_id").is_in(SITE_RULES), status="failed")
        failed |= {(site, *row) for row in of_site.select("rule_id", "table", "column").rows()}
    return pl.concat(found), failed


@pytest.fixture(scope="module")
def registry() -> Registry:
    return generate_registry(load_scenario("default"), procedures=700, seed=12)


@pytest.fixture(scope="module", params=list(DIALECTS))
def planted(
    request: pytest.FixtureRequest, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Planted:
    out = tmp_path_factory.mktemp(request.param)
    for name in ("faulty", "clean"):
        write_dialect(registry.tables, out / name, request.param)
    planted, rows = plant_in_exports(registry.tables, out / "faulty", request.param, seed=12)
    listed = write_faults(planted, out / "faulty")
    sites = sorted(
        listed.filter(pl.col("file").str.ends_with("/export.csv"))["site_id"].drop_nulls().unique()
    )
    faulty, failed = named(out / "faulty", sites)
    clean, before = named(out / "clean", sites)
    return Planted(request.param, out, listed, rows, faulty, clean, failed - before)


def of_exports(planted: Planted) -> pl.DataFrame:
    return planted.listed.filter(~pl.col("file").str.starts_with("files/").fill_null(value=True))


def lacking(wanted: pl.DataFrame, found: pl.DataFrame, on: list[str]) -> list[tuple[object, ...]]:
    return wanted.join(found, on=on, how="anti", nulls_equal=True).select(on).rows()


def test_every_planted_fault_is_found_through_the_mapping(planted: Planted) -> None:
    chosen = of_exports(planted).filter(cause="planted")
    assert lacking(chosen.filter(pl.col("level") != "INFO"), planted.faulty, CELL) == []
    assert lacking(chosen.filter(level="INFO"), planted.faulty, NOTE) == []
    assert chosen["line"].null_count() == 0
    assert (chosen["row"] + 2 == chosen["line"]).all()


def test_nothing_is_found_beyond_the_clean_export_but_what_is_listed(planted: Planted) -> None:
    is_row = ~pl.col("rule_id").is_in(SITE_RULES) & (pl.col("level") != "INFO")
    kinds = [name for name in CELL if name != "line"]
    listed = of_exports(planted).filter(pl.col("cause") != "not_planted")
    for site in listed["site_id"].unique():
        file = f"{site}/export.csv"
        of_file = [frame.filter(is_row, file=file) for frame in (planted.faulty, listed, planted.clean)]
        faulty, told, clean = (frame.group_by(kinds).len() for frame in of_file)
        sums = pl.concat([told, clean]).group_by(kinds).agg(pl.col("len").sum())
        beyond = faulty.join(sums, on=kinds, how="left", nulls_equal=True)
        assert beyond.filter(pl.col("len") > pl.col("len_right").fill_null(0)).rows() == []
    where = ["site_id", "rule_id", "table", "column"]
    assert planted.failed == set(listed.filter(pl.col("rule_id").is_in(SITE_RULES)).select(where).rows())


def test_a_form_takes_the_faults_that_it_has_columns_for(planted: Planted) -> None:
    assert set(TOLD[planted.dialect].split()) <= set(of_exports(planted).filter(cause="planted")["rule_id"])


def test_every_rule_is_planted_or_left_out_for_a_reason(planted: Planted) -> None:
    listed = planted.listed.filter(pl.col("cause") != "consequence")
    assert set(listed["rule_id"]) == set(RULES)
    left_out = listed.filter(cause="not_planted")
    assert set(left_out["reason"]) <= {NO_PLACE, NOT_SAID, OF_A_HOSPITAL, TOO_SMALL}


def test_a_word_that_the_form_does_not_have_stands_at_line_and_header(planted: Planted) -> None:
    place = of_exports(planted).filter(cause="planted", table="patients", column="sex")
    strange = place.filter(pl.col("rule_id").is_in(["C02", "C07"])).row(0, named=True)
    encoding = ENCODINGS.get(planted.dialect, "utf-8")
    text = (planted.out / "faulty" / strange["file"]).read_bytes().decode(encoding)
    rows = [line.split(",") for line in text.replace('"', "").splitlines()]
    assert planted.rows == {strange["site_id"]: len(rows) - 1}
    assert rows[strange["line"] - 1][rows[0].index(strange["header"])] == "W"


def test_only_one_hospital_differs_from_the_clean_registry(planted: Planted) -> None:
    changed = {
        folder.name
        for folder in (planted.out / "clean").iterdir()
        if folder.is_dir()
        and (folder / "export.csv").read_bytes()
        != (planted.out / "faulty" / folder.name / "export.csv").read_bytes()
    }
    assert changed == set(of_exports(planted).filter(cause="planted")["site_id"])
    assert len(changed) == 1


def test_a_cell_is_told_where_the_form_changes_without_it() -> None:
    tables = {"lesions": pl.DataFrame({"lesion_id": ["L1", "L2"], "lesion_length_mm": [12.0, 30.0]})}

    def write(own: Tables) -> Sheet:
        lengths = own["lesions"].select(
            pl.lit("-").alias("Other"), pl.col("lesion_length_mm").cast(pl.String).alias("Length")
        )
        return Sheet(lengths)

    assert told_cells(tables, "lesions", "lesion_length_mm", "L2", write=write) == [(1, "Length")]
    assert told_cells(tables, "lesions", "lesion_length_mm", "L9", write=write) == []


def test_a_form_may_have_words_for_codes_and_values_of_the_type_only() -> None:
    assert has_word("patients", "sex", "female")
    assert not has_word("patients", "sex", "W")
    assert has_word("procedures", "lvef_pct", "155")
    assert not has_word("procedures", "lvef_pct", "good")
    assert not has_word("follow_up", "contact_date", "soon")
