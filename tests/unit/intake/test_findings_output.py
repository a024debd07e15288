"""Findings summed, rendered and written for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.errors import InputFileError
from analytics.intake.findings import summarise_findings
from analytics.intake.findings_csv import write_findings_csv
from analytics.intake.findings_text import render_findings_text
from schemas.mapping.findings import finding, findings_frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from analytics.intake.submission import PreparedSubmission

FINDINGS = findings_frame(
    [
        finding("C04", file="f.csv", table="lesions", column="timi_post", line=4),
        finding("C01", file="f.csv", table="lesions", column="timi_post", line=9),
        finding("C01", file="f.csv", table="lesions", column="timi_post", line=3),
        finding("C05", file="f.csv", table="lesions", column="vessel", level="ROW", line=7),
    ]
)


def test_findings_are_summed_by_what_one_edit_mends_with_their_first_lines() -> None:
    summed = summarise_findings(FINDINGS).select("rule_id", "level", "n", "lines").rows()
    assert summed == [("C01", "NULL", 2, [3, 9]), ("C05", "ROW", 1, [7]), ("C04", "WARN", 1, [4])]


def test_the_text_says_what_came_and_what_to_do(prepare: Callable[..., PreparedSubmission]) -> None:
    prepared = prepare(patients="patient_id,site_id,sex\nS1.p1,S1,male\nS1.p2,S1,x\n")
    text = render_findings_text(prepared)
    assert text.startswith("gate: red\n")
    assert "patients               2         1         1\n" in text
    assert "C02 ROW x1 (row rejected) patients.sex, line 3\n" in text


def test_the_csv_holds_no_formula(tmp_path: Path) -> None:
    headers = ["=cmd()", "+1", "-1", "@x", "plain"]
    found = findings_frame([finding("F12", file="f.csv", header=header) for header in headers])
    write_findings_csv(found, tmp_path / "findings.csv")
    written = pl.read_csv(tmp_path / "findings.csv")
    assert written["header"].to_list() == ["'=cmd()", "'+1", "'-1", "'@x", "plain"]
    assert (tmp_path / "findings.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("place", ["taken/findings.csv", "taken/below/findings.csv"])
def test_findings_that_cannot_be_written_are_one_error_in_words(tmp_path: Path, place: str) -> None:
    (tmp_path / "taken").write_text("a file, and no folder", encoding="utf-8")
    with pytest.raises(InputFileError, match="the findings cannot be written"):
        write_findings_csv(FINDINGS, tmp_path / place)
