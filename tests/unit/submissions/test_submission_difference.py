"""What changed between two submissions, counted by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.submissions.difference import compare_submissions
from schemas.submission import TextTable
from schemas.validation import validate_submission

if TYPE_CHECKING:
    from schemas.submission import SubmissionReport

SITES = {"site_id": ["ALP"], "date_policy": ["real"]}
PATIENTS = {"patient_id": ["ALP:a", "ALP:b", "ALP:c"], "site_id": ["ALP"] * 3, "sex": ["male", "female", "x"]}


def report_of(**tables: dict[str, list[str | None]]) -> SubmissionReport:
    """Validate tables written as columns."""
    texts = []
    for name, columns in tables.items():
        height = len(next(iter(columns.values())))
        frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).with_columns(
            row=pl.Series(range(height), dtype=pl.Int64),
            record=pl.Series(range(1, height + 1), dtype=pl.Int64),
            line=pl.Series(range(2, height + 2), dtype=pl.Int64),
        )
        texts.append(TextTable(name, frame, f"{name}.csv"))
    return validate_submission(texts)


def row_of(found: pl.DataFrame, **where: str) -> dict[str, object]:
    """Return the one row that fits."""
    rows = found.filter(*(pl.col(name) == value for name, value in where.items()))
    return rows.row(0, named=True)


def test_same_submission_has_no_difference() -> None:
    report = report_of(sites=SITES, patients=PATIENTS)
    found = compare_submissions(report, report)
    moved = found.rows.select("n_added", "n_changed", "n_gone", "n_now_rejected", "n_now_accepted")
    assert moved.sum().row(0) == (0, 0, 0, 0, 0)
    assert found.columns.is_empty()
    assert (
        found.findings["n_new"].sum() + found.findings["n_fixed"].sum() + found.findings["n_gone"].sum() == 0
    )
    assert found.findings["n_open"].sum() == report.findings["n"].sum() > 0


def test_rows_are_told_apart_by_their_key_wherever_they_stand() -> None:
    later = {
        "patient_id": ["ALP:d", "ALP:b", "ALP:a"],
        "site_id": ["ALP"] * 3,
        "sex": ["male", "male", "male"],
    }
    found = compare_submissions(
        report_of(sites=SITES, patients=PATIENTS), report_of(sites=SITES, patients=later)
    )
    counts = row_of(found.rows, table="patients")
    assert {name: counts[name] for name in ("n_before", "n_after", "n_added", "n_changed", "n_gone")} == {
        "n_before": 3,
        "n_after": 3,
        "n_added": 1,
        "n_changed": 1,
        "n_gone": 1,
    }
    assert row_of(found.columns, table="patients") == {"table": "patients", "column": "sex", "n_changed": 1}


def test_finding_of_a_corrected_row_is_fixed() -> None:
    later = PATIENTS | {"sex": ["male", "female", "female"]}
    found = compare_submissions(
        report_of(sites=SITES, patients=PATIENTS), report_of(sites=SITES, patients=later)
    )
    finding = row_of(found.findings, rule_id="C02", table="patients", column="sex")
    assert (finding["n_new"], finding["n_fixed"], finding["n_gone"], finding["n_open"]) == (0, 1, 0, 0)
    assert row_of(found.rows, table="patients")["n_changed"] == 1


def test_finding_whose_row_is_not_sent_again_is_gone_and_not_fixed() -> None:
    later = {name: values[:2] for name, values in PATIENTS.items()}
    found = compare_submissions(
        report_of(sites=SITES, patients=PATIENTS), report_of(sites=SITES, patients=later)
    )
    finding = row_of(found.findings, rule_id="C02", table="patients", column="sex")
    assert (finding["n_fixed"], finding["n_gone"]) == (0, 1)


def test_finding_that_moved_to_another_line_is_still_open() -> None:
    later = {
        "patient_id": ["ALP:c", "ALP:a", "ALP:b"],
        "site_id": ["ALP"] * 3,
        "sex": ["x", "y", "female"],
    }
    found = compare_submissions(
        report_of(sites=SITES, patients=PATIENTS), report_of(sites=SITES, patients=later)
    )
    finding = row_of(found.findings, rule_id="C02", table="patients", column="sex")
    assert (finding["n_new"], finding["n_fixed"], finding["n_open"]) == (1, 0, 1)
    assert finding["lines"] == [2, 3]


def test_no_key_and_no_value_is_in_a_difference() -> None:
    found = compare_submissions(report_of(sites=SITES, patients=PATIENTS), report_of(sites=SITES))
    text = "".join(frame.write_csv() for frame in (found.rows, found.columns, found.findings.drop("lines")))
    assert "ALP" not in text
