"""Two files of one submission feed the same tables: each finding is laid to the site of its own file."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analytics.intake.gate import decide_site_gates
from analytics.intake.submission import prepare_submission
from analytics.store.row_sites import derive_row_sites, with_row_sites

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.intake.submission import PreparedSubmission

MAPPING = """
format = 1
[source]
name = "two hospitals"
[let]
visit = { fmt = "{Site}.p{Case}.1" }
who = { fmt = "{Site}.p{Case}" }
[[emit]]
table = "sites"
collapse = "agree"
[emit.set]
site_id = { from = "Site" }
date_policy = { const = "actual" }
followup_source = { const = "none" }
[[emit]]
table = "patients"
[emit.set]
patient_id = { from = "@who" }
site_id = { from = "Site" }
sex = { const = "male" }
[[emit]]
table = "procedures"
[emit.set]
procedure_id = { from = "@visit" }
patient_id = { from = "@who" }
site_id = { from = "Site" }
procedure_date = { from = "Date" }
discharge_status = { const = "alive" }
age_years = { from = "Age" }
presentation = { const = "stemi" }
complications_recorded = { const = "none" }
"""


@pytest.fixture
def two_files(tmp_path: Path) -> PreparedSubmission:
    """Return a submission in which line 2 of the second file has a bad date and line 3 a bad age."""
    (tmp_path / "m.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "a.csv").write_text("Site,Case,Date,Age\nA,1,2024-03-05,70\nA,2,2024-03-06,71\n")
    (tmp_path / "b.csv").write_text("Site,Case,Date,Age\nB,1,2024-02-31,70\nB,2,2024-03-06,old\n")
    return prepare_submission(
        [tmp_path / "a.csv", tmp_path / "b.csv"], mapping=tmp_path / "m.toml", load_date=date(2026, 1, 1)
    )


def test_a_finding_has_the_site_of_its_own_file(two_files: PreparedSubmission) -> None:
    row_sites = derive_row_sites(two_files.report, ("A", "B"))
    found = two_files.report.findings.filter(pl.col("level").is_in(["ROW", "NULL"]))
    placed = with_row_sites(found, row_sites)
    assert placed.height == 2
    assert placed.select("line", "site_id").sort("line").rows() == [(2, "B"), (3, "B")]


def test_rows_asked_for_by_line_have_the_sites_they_have_among_all(two_files: PreparedSubmission) -> None:
    asked = pl.DataFrame({"table": ["procedures", "patients", "file"], "line": [3, 2, None]})
    every = derive_row_sites(two_files.report, ("A", "B"))
    some = derive_row_sites(two_files.report, ("A", "B"), lines=asked)
    assert some.height == 4
    assert_frame_equal(some, every.join(asked, on=["table", "line"], how="semi", maintain_order="left"))


def test_the_gate_of_a_site_counts_its_own_files_only(two_files: PreparedSubmission) -> None:
    gates = decide_site_gates(two_files.report)
    assert gates["B"].colour == "red"
    assert not any("rejected" in reason for reason in gates["A"].reasons)


def test_lines_of_a_report_that_names_no_file_count_for_every_file() -> None:
    rows = pl.DataFrame(
        {"table": ["events"], "file": ["x.csv"], "line": [2]}, schema_overrides={"line": pl.Int64}
    )
    sites = pl.DataFrame(
        {"table": ["events"], "file": [None], "line": [2], "site_id": ["A"]},
        schema={"table": pl.String, "file": pl.String, "line": pl.Int64, "site_id": pl.String},
    )
    assert with_row_sites(rows, sites)["site_id"].to_list() == ["A"]
