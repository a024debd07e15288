"""The real file of the example, where a copy is present, against counts made by hand from the file."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from analytics.intake.submission import prepare_submission

ROOT = Path(__file__).parents[3]
COPIES = [path for path in [ROOT.parent / "shared" / "real" / "lindner.csv"] if path.is_file()]
MAPPING = ROOT / "examples" / "lindner" / "lindner.toml"


def counts(path: Path) -> dict[str, int]:
    """Count straight off the file, without any code of ours."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        "rows": len(rows),
        "stented": sum(row["Stent"] == "1" for row in rows),
        "died": sum(row["Died"] == "1" for row in rows),
        "stented and died": sum(row["Stent"] == "1" and row["Died"] == "1" for row in rows),
        "diabetic and died": sum(row["Diabetic"] == "1" and row["Died"] == "1" for row in rows),
        "women": sum(row["Female"] == "1" for row in rows),
        "infarction": sum(row["Myocardial infarction"] == "1" for row in rows),
        "without ejection fraction": sum(row["Ejection fraction"] == "0" for row in rows),
        "abciximab": sum(row["PCI care"] == "1" for row in rows),
    }


@pytest.mark.parametrize("path", COPIES)
def test_every_row_is_accepted_and_every_count_is_the_file_s(path: Path) -> None:
    done = prepare_submission([path], mapping=MAPPING, secret=b"secret", load_date=date(2026, 1, 1))
    by_hand = counts(path)
    assert (by_hand["rows"], by_hand["stented"], by_hand["died"]) == (996, 666, 26)
    heights = {name: table.accepted.height for name, table in done.report.tables.items() if table.n_input}
    assert heights == {
        "sites": 1,
        "patients": 996,
        "procedures": 996,
        "lesions": 996,
        "device_uses": by_hand["stented"],
        "follow_up": 996,
        "events": by_hand["died"],
    }
    assert done.report.n_rejected == 0
    procedures = done.report.tables["procedures"].accepted
    assert procedures.filter(pl.col("presentation") == "acs_unspecified").height == by_hand["infarction"]
    assert procedures["lvef_pct"].null_count() == by_hand["without ejection fraction"]
    assert procedures["gp2b3a_inhibitor"].sum() == by_hand["abciximab"]
    assert (done.report.tables["patients"].accepted["sex"] == "female").sum() == by_hand["women"]


@pytest.mark.parametrize("path", COPIES)
def test_deaths_by_stent_and_diabetes_are_the_file_s(path: Path) -> None:
    done = prepare_submission([path], mapping=MAPPING, secret=b"secret", load_date=date(2026, 1, 1))
    by_hand = counts(path)
    tables = {name: table.accepted for name, table in done.report.tables.items()}
    dead = tables["events"]["patient_id"].implode()
    # patient.P1.L1 is the lesion's key, so the owner of a stent is read off it.
    stented = tables["device_uses"].select(pl.col("lesion_id").str.strip_suffix(".P1.L1").alias("patient_id"))
    assert stented.filter(pl.col("patient_id").is_in(dead)).height == by_hand["stented and died"]
    diabetic = tables["procedures"].filter(pl.col("diabetes") == "yes_unspecified")
    assert diabetic.filter(pl.col("patient_id").is_in(dead)).height == by_hand["diabetic and died"]
    assert tables["events"]["event_date_precision"].unique().to_list() == ["on_or_before"]


@pytest.mark.parametrize("path", COPIES)
def test_the_findings_say_what_the_file_cannot_tell(path: Path) -> None:
    done = prepare_submission([path], mapping=MAPPING, secret=b"secret", load_date=date(2026, 1, 1))
    missing = done.findings.filter(pl.col("rule_id") == "C14")
    assert missing.select("header", "n").rows() == [
        ("Ejection fraction", counts(path)["without ejection fraction"])
    ]
    assert done.gate.colour == "yellow"
    assert {"procedures.age_years", "lesions.calcification_angio"} <= set(done.gate.yellow_columns)
    assert "FILE" not in done.findings["level"]


@pytest.mark.parametrize("path", COPIES)
def test_without_its_first_column_the_file_is_refused(path: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    cut.write_text("\n".join(line.partition(",")[2] for line in lines), encoding="utf-8")
    done = prepare_submission([cut], mapping=MAPPING, secret=b"secret", load_date=date(2026, 1, 1))
    assert done.report.tables["patients"].accepted["patient_id"].n_unique() < 996
    assert done.gate.colour == "red"
