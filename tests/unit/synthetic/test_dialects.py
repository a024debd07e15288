"""A registry in its hospitals' words: each file comes back through its mapping, as far as it can tell."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from analytics import generation, pipeline
from analytics.cli import main
from schemas.submission import SubmissionReport
from synthetic.dialects.pieces import number, side_by_side
from synthetic.dialects.writing import DIALECTS, of_site, write_dialect
from synthetic.registry import Registry, generate_registry
from synthetic.scenario import load_scenario

SECRET = b"a secret for tests only, long enough"
SITES = ("S02", "S05", "S14")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return generate_registry(load_scenario("default"), procedures=900, seed=4)


@pytest.fixture(scope="module", params=list(DIALECTS))
def read_back(
    request: pytest.FixtureRequest, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, SubmissionReport]]]:
    """Return, for a dialect, what intake makes of three sites' files."""
    out = tmp_path_factory.mktemp(request.param)
    write_dialect(registry.tables, out, request.param)
    reports = {}
    for site in SITES:
        folder = out / site
        prepared = pipeline.prepare(
            (folder / "export.csv",), mapping=str(folder / "mapping.toml"), secret=SECRET
        )
        assert prepared.gate.colour != "red"
        reports[site] = prepared.report
    return request.param, reports


def test_a_clean_registry_has_nothing_rejected_or_emptied(
    read_back: tuple[str, dict[str, SubmissionReport]],
) -> None:
    for report in read_back[1].values():
        assert report.findings.filter(pl.col("level").is_in(["FILE", "ROW", "NULL"])).height == 0


def expected_procedures(registry: Registry, site: str, dialect: str) -> pl.DataFrame:
    """Return the procedures that a dialect can send."""
    own = of_site(registry.tables, site)
    rows = own["procedures"]
    if dialect != "cathpci_wide":
        allowed = own["patients"].filter(pl.col("research_use_allowed"))
        rows = rows.join(allowed, on="patient_id", how="semi")
    if dialect == "redcap":
        rows = rows.sort("procedure_date").unique("patient_id", keep="first")
    return rows


def test_procedures_come_back_with_their_dates_and_ages(
    registry: Registry, read_back: tuple[str, dict[str, SubmissionReport]]
) -> None:
    dialect, reports = read_back
    for site, report in reports.items():
        sent = expected_procedures(registry, site, dialect)
        columns = ["procedure_date", "discharge_date", "age_years"]
        columns = [name for name in columns if dialect != "hospital_zh" or name != "discharge_date"]
        found = report.tables["procedures"].accepted
        assert found.select(columns).sort(columns).rows() == sent.select(columns).sort(columns).rows()


def test_grades_come_back_as_far_as_the_form_knows_them(
    registry: Registry, read_back: tuple[str, dict[str, SubmissionReport]]
) -> None:
    dialect, reports = read_back
    for site, report in reports.items():
        kept = expected_procedures(registry, site, dialect)
        lesions = registry.tables["lesions"].join(kept, on="procedure_id", how="semi")
        if dialect == "bcis":
            lesions = lesions.filter(pl.len().over("procedure_id") == 1)
        sent = lesions["calcification_angio"].cast(pl.String).value_counts(name="n")
        found = (
            report.tables["lesions"].accepted["calcification_angio"].cast(pl.String).value_counts(name="n")
        )
        expected, got = dict(sent.iter_rows()), dict(found.iter_rows())
        if dialect == "bcis":
            expected = {"unknown": lesions.height}
        if dialect == "cathpci_wide":
            mild = sum(count for grade, count in expected.items() if grade in {"none", "mild", "moderate"})
            expected = {
                "severe": expected["severe"],
                "unknown": expected.get("unknown", 0),
                "not_severe": mild,
            }
        assert got == {grade: count for grade, count in expected.items() if count}


def test_patients_come_back_under_pseudonyms(
    registry: Registry, read_back: tuple[str, dict[str, SubmissionReport]]
) -> None:
    sent = set(registry.tables["patients"]["patient_id"])
    for report in read_back[1].values():
        found = set(report.tables["patients"].accepted["patient_id"])
        assert found
        assert not found & sent


def test_the_chinese_sheet_is_gb18030_and_the_british_one_quotes_every_cell(
    registry: Registry, tmp_path: Path
) -> None:
    write_dialect(registry.tables, tmp_path / "zh", "hospital_zh")
    write_dialect(registry.tables, tmp_path / "uk", "bcis")
    chinese = (tmp_path / "zh" / "S02" / "export.csv").read_bytes()
    assert chinese.decode("gb18030").startswith("病案号,")
    with pytest.raises(UnicodeDecodeError):
        chinese.decode("utf-8")
    british = (tmp_path / "uk" / "S02" / "export.csv").read_bytes()
    assert british.count(b"\r\n") == british.count(b"\n")
    assert british.startswith(b'"HOSPITAL","CASE_NUMBER"')


def test_rows_of_a_key_stand_side_by_side_as_far_as_there_is_room() -> None:
    rows = pl.DataFrame({"key": ["a", "a", "b", "a"], "value": [1.0, 2.5, 3.0, 4.0]})
    laid = side_by_side(rows, "key", {"V": number("value")}, limit=2)
    assert laid.rows() == [("a", "1", "2.5"), ("b", "3", None)]


def test_a_long_procedure_comes_back_whole(tmp_path: Path) -> None:
    registry = generate_registry(load_scenario("default"), procedures=60, seed=4)
    uses = registry.tables["device_uses"].filter(device_class="sc_balloon")
    site = uses["device_use_id"][0].split("-")[0]
    again = [
        uses.head(1).with_columns(
            pl.lit(place, pl.Int64).cast(uses.schema["sequence_no"]).alias("sequence_no"),
            pl.concat_str("lesion_id", pl.lit(f"-E{place}")).alias("device_use_id"),
        )
        for place in range(80, 95)
    ]
    tables = registry.tables | {"device_uses": pl.concat([registry.tables["device_uses"], *again])}
    write_dialect(tables, tmp_path, "cathpci_wide")
    own = of_site(tables, site)
    lesions = own["lesions"].select("lesion_id", "procedure_id")
    sent = own["device_uses"].join(lesions, on="lesion_id").group_by("procedure_id").len()["len"].max()
    folder = tmp_path / site
    prepared = pipeline.prepare((folder / "export.csv",), mapping=str(folder / "mapping.toml"), secret=SECRET)
    report = prepared.report
    read = report.tables["device_uses"].accepted.join(
        report.tables["lesions"].accepted.select("lesion_id", "procedure_id"), on="lesion_id"
    )
    assert read.group_by("procedure_id").len()["len"].max() == sent
    assert report.findings.filter(rule_id="F12").is_empty()


def test_the_command_writes_an_inbox(tmp_path: Path) -> None:
    arguments = [
        "generate",
        "--procedures",
        "200",
        "--seed",
        "1",
        "--out",
        str(tmp_path),
        "--dialect",
        "redcap",
    ]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0
    assert (tmp_path / "S01" / "mapping.toml").exists()
    assert (tmp_path / "truth.json").exists()
    assert (tmp_path / "S01" / "site.toml").read_text() == 'mapping = "mapping.toml"\n'
    assert not (tmp_path / "faults.csv").exists()
    refused = CliRunner().invoke(main, [*arguments, "--format", "parquet"])
    assert refused.exit_code == 2
    assert "--format goes with --dialect canonical only." in refused.output


def test_the_command_plants_faults_into_an_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "TRUTH_SAMPLE", 500)
    terms = ["--procedures", "150", "--seed", "1", "--out", str(tmp_path), "--dialect", "bcis", "--faults"]
    result = CliRunner().invoke(main, ["generate", *terms, "--json"])
    assert result.exit_code == 0
    written = json.loads(result.output)
    listed = pl.read_csv(tmp_path / "faults.csv", infer_schema_length=None)
    planted = listed.filter(cause="planted")
    assert written["n_faults"] == planted.height
    exports = planted.filter(pl.col("header") == "AGE_AT_OPERATION")
    assert set(exports["rule_id"]) == {"C05", "T11"}
    (site,) = set(exports["site_id"])
    lines = (tmp_path / site / "export.csv").read_text().splitlines()
    assert written["rows"][site] == len(lines) - 1
    assert (tmp_path / "files" / "F01-latin-1" / "export.csv").is_file()


def test_an_inbox_takes_the_files_of_a_dialect(registry: Registry, tmp_path: Path) -> None:
    write_dialect(registry.tables, tmp_path / "inbox", "redcap")
    for folder in sorted((tmp_path / "inbox").iterdir())[2:]:
        shutil.rmtree(folder)
    outcome = CliRunner().invoke(
        main,
        ["intake", str(tmp_path / "inbox"), "--db", str(tmp_path / "x.duckdb"), "--settle", "0"],
        env={"CALCPCI_PSEUDONYM_SECRET": SECRET.decode()},
    )
    assert outcome.exit_code == 0
    assert outcome.output.count("export.csv: accepted") == 2
