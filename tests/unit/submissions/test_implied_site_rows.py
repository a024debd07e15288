"""The site's own row out of the mapping: every submission of a source brings it and may go alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest
from click.testing import CliRunner

from analytics.cli import main
from analytics.intake.implied_site import implied_site, known_site_rows
from analytics.store.history import read_earlier
from schemas.mapping.format import parse_mapping

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

MAPPING = """
format = 1
[source]
name = "short list"
site_id = "H7"
country = "DE"
require = ["code", "when"]
[read]
dates = ["%Y-%m-%d"]
[[emit]]
table = "patients"
[emit.set]
patient_id = { from = "code", pseudonym = false }
site_id = { const = "H7" }
sex = { from = "sex" }
[[emit]]
table = "procedures"
[emit.set]
procedure_id = { from = "code", pseudonym = false }
patient_id = { from = "code", pseudonym = false }
site_id = { const = "H7" }
procedure_date = { from = "when" }
age_years = { from = "age" }
presentation = { const = "nstemi" }
discharge_status = { const = "alive" }
complications_recorded = { const = "none" }
"""
SITES = "site_id,country,on_site_surgery,date_policy,followup_source,data_cutoff_date\n"
TOLD = "H7,FR,true,actual,linkage,2025-06-30\n"


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write the mapping and the lists of two quarters."""
    (tmp_path / "m.toml").write_text(MAPPING, encoding="utf-8")
    for quarter, month in (("q1", "02"), ("q2", "05")):
        lines = [f"{quarter}-{n},female,7{n},2025-{month}-1{n}\n" for n in range(5)]
        (tmp_path / f"{quarter}.csv").write_text("code,sex,age,when\n" + "".join(lines), encoding="utf-8")
    return tmp_path


def load_quarter(folder: Path, quarter: str) -> None:
    words = ("--mapping", folder / "m.toml", "--db", folder / "r.duckdb")
    done = call("load", folder / f"{quarter}.csv", *words)
    assert done.exit_code == 0, done.output


def test_the_first_of_two_mapped_submissions_can_be_withdrawn(folder: Path) -> None:
    load_quarter(folder, "q1")
    load_quarter(folder, "q2")
    first = json.loads(call("submissions", "--db", folder / "r.duckdb", "--json").output)[0]
    gone = call("withdraw", first["submission_id"], "--db", folder / "r.duckdb", "--reason", "wrong quarter")
    assert gone.exit_code == 0, gone.output
    left = read_earlier(folder / "r.duckdb").rows
    assert left["sites"].select("site_id", "country").rows() == [("H7", "DE")]
    assert left["patients"]["patient_id"].sort().to_list() == [f"q2-{n}" for n in range(5)]
    assert call("fsck", "--db", folder / "r.duckdb").exit_code == 0


def test_what_a_site_told_of_itself_is_not_overruled_by_a_guess(folder: Path) -> None:
    told = folder / "told"
    told.mkdir()
    (told / "sites.csv").write_text(SITES + TOLD, encoding="utf-8")
    assert call("load", told, "--db", folder / "r.duckdb").exit_code == 0
    load_quarter(folder, "q1")
    site = read_earlier(folder / "r.duckdb").rows["sites"].row(0, named=True)
    assert (site["followup_source"], str(site["data_cutoff_date"])) == ("linkage", "2025-06-30")
    assert site["on_site_surgery"] is True
    assert site["country"] == "DE"  # what the mapping states is the latest word


def test_a_source_that_sends_its_sites_has_no_row_implied() -> None:
    fed = '\n[[emit]]\ntable = "sites"\n[emit.set]\nsite_id = { const = "H7" }\n'
    mapping = parse_mapping((MAPPING + fed).encode(), name="m.toml")
    assert implied_site(mapping, {}) is None


def test_a_known_site_whose_row_is_not_at_hand_is_left_alone() -> None:
    mapping = parse_mapping(MAPPING.encode(), name="m.toml")
    assert implied_site(mapping, known_site_rows(pl.Series(["H7"]), None)) is None
    assert implied_site(mapping, known_site_rows(pl.Series(["H8"]), None)) is not None
