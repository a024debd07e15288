"""What a validation reports: where, why, how bad, and never a cell value."""

from __future__ import annotations

import logging
import traceback
from datetime import date
from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl
import pytest

from schemas.checking import CheckProgramError, failing_cells
from schemas.registry import TABLES
from schemas.submission import FINDING_SCHEMA, TextTable
from schemas.validation import validate_submission

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.submission import SubmissionReport

    Rows = dict[str, list[dict[str, str | None]]]
    Validate = Callable[..., SubmissionReport]
    Found = Callable[[SubmissionReport], list[tuple[object, ...]]]
    AsTexts = Callable[[Rows], list[TextTable]]

MARKER = "ZZSECRETZZ"

BAD_ROWS = {
    "sites": ("site_id", "site with blanks", "C13"),
    "patients": ("sex", MARKER, "C02"),
    "procedures": ("procedure_date", "31/01/2022", "C01"),
    "lesions": ("lesion_number", "0", "C03"),
    "imaging": ("modality", "x-ray", "C02"),
    "device_uses": ("sequence_no", "1.5", "C01"),
    "complications": ("procedure_id", None, "C05"),
    "follow_up": ("nonfatal_events_assessed", "yes", "C01"),
    "events": ("event_type", "", "C05"),
}


def rejected(report: SubmissionReport, table: str) -> list[tuple[int, str, bool]]:
    return report.tables[table].rejected.select("row", "rule_id", "is_cascade").rows()


@pytest.mark.parametrize("table", BAD_ROWS)
def test_a_bad_row_of_every_table_is_reported_with_row_record_line_column_header_and_rule(
    base: Rows, validate: Validate, table: str
) -> None:
    column, value, rule_id = BAD_ROWS[table]
    bad = base[table][0] | {column: value}
    base[table].append(
        bad | ({} if column == TABLES[table].primary_key else {TABLES[table].primary_key: "NEW1"})
    )
    row = len(base[table]) - 1
    report = validate(base)
    finding = report.findings.filter(pl.col("rule_id") == rule_id).to_dicts()[0]
    assert (finding["table"], finding["column"], finding["header"]) == (table, column, column.upper())
    assert (finding["row"], finding["record"], finding["line"]) == (row, row + 1, row + 2)
    assert (finding["level"], finding["file"], finding["n"]) == ("ROW", f"{table}.csv", 1)
    assert (row, rule_id, False) in rejected(report, table)


def test_findings_have_the_agreed_columns_and_words_for_every_rule(base: Rows, validate: Validate) -> None:
    base["patients"][0]["sex"] = "m"
    findings = validate(base).findings
    assert dict(findings.schema) == {name: dtype() for name, dtype in FINDING_SCHEMA.items()}
    assert findings["sentence"].null_count() == findings["remedy"].null_count() == 0


def test_the_line_is_that_of_the_file_not_the_row_number(base: Rows, as_texts: AsTexts) -> None:
    base["patients"][1]["sex"] = "m"
    texts = as_texts(base)
    moved = [
        TextTable(text.table, text.frame.with_columns(line=pl.col("line") * 10), text.file, text.headers)
        for text in texts
    ]
    report = validate_submission(moved, load_date=date(2025, 1, 31))
    assert report.findings.filter(pl.col("rule_id") == "C02")["line"].to_list() == [30]
    assert report.tables["patients"].accepted["source_row"].to_list() == [20, 40]


def test_no_finding_holds_a_cell_value(base: Rows, validate: Validate) -> None:
    for table in TABLES.values():
        for column in table.columns:
            is_free = column.kind == "string" and column.pattern is None
            if not is_free and column.name != table.primary_key:
                base[table.name].append(
                    base[table.name][0]
                    | {table.primary_key: f"NEW{len(base[table.name])}", column.name: MARKER + " !"}
                )
    report = validate(base)
    assert report.findings.height > 130
    assert MARKER not in report.findings.write_csv()
    assert MARKER not in repr(report.findings)
    assert not any(MARKER in str(value) for value in report.findings.row(0))


def test_a_failing_program_tells_no_cell_value(caplog: pytest.LogCaptureFixture) -> None:
    def broken(data: pa.PolarsData) -> pl.LazyFrame:
        message = f"bug at {data.lazyframe.collect()['a'][0]}"
        raise ValueError(message)

    schema = pa.DataFrameSchema({"a": pa.Column(pl.String, [pa.Check(broken, error="X99")])}, name="lesions")
    frame = pl.DataFrame({"at": [0], "a": [MARKER]})
    with caplog.at_level(logging.DEBUG), pytest.raises(CheckProgramError) as caught:
        failing_cells(schema, frame)
    assert str(caught.value) == "lesions: checks that could not run: a X99"
    assert caught.value.__context__ is None
    assert MARKER not in "".join(traceback.format_exception(caught.value)) + caplog.text


def test_an_environment_that_disables_pandera_changes_nothing(
    base: Rows, validate: Validate, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    base["procedures"][0]["lvef_pct"] = "155"
    monkeypatch.setenv("PANDERA_VALIDATION_ENABLED", "False")
    with pa.config.config_context(validation_enabled=False):
        report = validate(base)
    assert ("C03", "NULL", "procedures", "lvef_pct", 0) in found(report)


def test_an_optional_value_is_emptied_and_its_row_kept(base: Rows, validate: Validate) -> None:
    base["procedures"][0]["lvef_pct"] = "155"
    report = validate(base)
    assert report.tables["procedures"].accepted["lvef_pct"].to_list() == [None, None, None]
    assert report.n_rejected == 0


def test_one_blank_age_of_a_site_that_sends_ages_rejects_its_row(
    base: Rows, validate: Validate, found: Found
) -> None:
    base["procedures"][0]["age_years"] = None
    report = validate(base)
    assert ("C05", "ROW", "procedures", "age_years", 0) in found(report)
    assert rejected(report, "procedures") == [(0, "C05", False)]


def test_a_site_that_never_sends_ages_is_let_be(base: Rows, validate: Validate) -> None:
    for row in base["procedures"]:
        if row["site_id"] == "R":
            row["age_years"] = None
    report = validate(base)
    assert report.n_rejected == 0
    assert report.tables["procedures"].accepted["age_years"].null_count() == 1


def test_an_impossible_age_is_the_root_cause_of_its_row(base: Rows, validate: Validate, found: Found) -> None:
    base["procedures"][0]["age_years"] = "7"
    report = validate(base)
    assert ("C03", "ROW", "procedures", "age_years", 0) in found(report)
    assert [cause for _, cause, _ in rejected(report, "procedures")] == ["C03"]


def test_a_rejected_row_takes_its_children_with_it_and_they_inherit_its_cause(
    base: Rows, validate: Validate, found: Found
) -> None:
    base["procedures"][0]["presentation"] = "pain"
    report = validate(base)
    assert rejected(report, "procedures") == [(0, "C02", False)]
    assert rejected(report, "lesions") == [(0, "C02", True)]
    assert rejected(report, "imaging") == [(0, "C02", True), (1, "C02", True)]
    assert rejected(report, "device_uses") == [(0, "C02", True), (1, "C02", True)]
    counted = report.findings.filter(pl.col("rule_id") == "K14").select("table", "n", "row").rows()
    assert counted == [
        ("complications", 1, None),
        ("device_uses", 2, None),
        ("events", 1, None),
        ("events", 1, None),
        ("imaging", 2, None),
        ("lesions", 1, None),
    ]
    assert "K02" not in {rule for rule, level, *_ in found(report) if level == "ROW"}


def test_an_event_outlives_the_procedure_it_was_tied_to(base: Rows, validate: Validate, found: Found) -> None:
    base["procedures"][0]["presentation"] = "pain"
    report = validate(base)
    assert report.tables["events"].accepted.filter(pl.col("event_id") == "E1")["procedure_id"].to_list() == [
        None
    ]
    assert ("K14", "INFO", "events", "procedure_id", None) in found(report)


def test_a_rule_across_rows_that_rejects_also_takes_the_children(base: Rows, validate: Validate) -> None:
    base["procedures"][0]["procedure_date"] = "2042-01-01"
    report = validate(base)
    assert rejected(report, "procedures") == [(0, "T01", False)]
    assert rejected(report, "device_uses") == [(0, "T01", True), (1, "T01", True)]


def test_a_date_that_cannot_be_read_is_said_once_and_costs_the_row(
    base: Rows, validate: Validate, found: Found
) -> None:
    base["procedures"][0]["procedure_date"] = "10.01.2022"
    report = validate(base)
    assert [entry for entry in found(report) if entry[2:] == ("procedures", "procedure_date", 0)] == [
        ("C01", "ROW", "procedures", "procedure_date", 0)
    ]
    assert rejected(report, "procedures") == [(0, "C01", False)]


def test_a_cell_emptied_although_its_row_calls_for_it_costs_the_row(
    base: Rows, validate: Validate, found: Found
) -> None:
    base["complications"][0]["grade_scale"] = "letters"
    report = validate(base)
    assert found(report) == [("C02", "ROW", "complications", "grade_scale", 0)]
    assert rejected(report, "complications") == [(0, "C02", False)]


def test_the_later_of_two_equal_keys_is_rejected(base: Rows, validate: Validate) -> None:
    base["lesions"].append(base["lesions"][0] | {"vessel": "RCA"})
    report = validate(base)
    assert rejected(report, "lesions") == [(3, "K01", False)]
    assert report.tables["lesions"].accepted["vessel"].to_list() == ["LAD", "LAD", "LAD"]


def test_a_key_may_come_again_after_a_rejected_row(base: Rows, validate: Validate) -> None:
    base["lesions"].append(base["lesions"][0] | {"vessel": "RCA"})
    base["lesions"][0]["vessel"] = "aorta"
    assert rejected(validate(base), "lesions") == [(0, "C02", False)]


def test_keys_of_the_store_are_parents_and_only_patients_and_sites_come_again(
    base: Rows, validate: Validate
) -> None:
    known = {
        "patients": pl.Series(["P001", "P002"]),
        "sites": pl.Series(["A"]),
        "procedures": pl.Series(["Q7"]),
        "imaging": pl.Series(["I2"]),
    }
    del base["sites"][0], base["patients"][1]
    base["lesions"][0]["procedure_id"] = "Q7"
    report = validate(base, known_keys=known)
    assert rejected(report, "imaging") == [(1, "K01", False)]
    assert rejected(report, "patients") == rejected(report, "procedures") == rejected(report, "lesions") == []
