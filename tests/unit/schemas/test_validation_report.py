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
from schemas.errors import SchemaFileError
from schemas.registry import TABLES
from schemas.submission import FINDING_SCHEMA, TextTable, empty_findings
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


def prior(**facts: object) -> pl.DataFrame:
    """Return one finding of an earlier step."""
    return pl.DataFrame(
        [{"sentence": "Said before.", "remedy": "Mend it.", "n": 1} | facts], schema=FINDING_SCHEMA
    )


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


def test_a_prior_finding_is_passed_on_and_its_cell_not_reported_again(
    base: Rows, validate: Validate, found: Found
) -> None:
    base["patients"][1]["sex"] = None
    said = prior(
        rule_id="C02",
        level="NULL",
        file="patients.csv",
        table="patients",
        column="sex",
        row=1,
        record=2,
        line=3,
    )
    report = validate(base, prior_findings=said)
    assert [entry for entry in found(report) if entry[2] == "patients"] == [
        ("C02", "ROW", "patients", "sex", 1)
    ]
    assert rejected(report, "patients") == [(1, "C02", False)]
    assert report.findings.filter(pl.col("table") == "patients")["sentence"].to_list() == ["Said before."]


def test_a_prior_finding_on_an_optional_cell_keeps_the_row(base: Rows, validate: Validate) -> None:
    base["device_uses"][2]["ivl_pulses"] = None
    said = prior(
        rule_id="C07", level="NULL", file="device_uses.csv", table="device_uses", column="ivl_pulses", row=2
    )
    report = validate(base, prior_findings=said)
    assert report.findings["rule_id"].to_list() == ["C07"]
    assert report.n_rejected == 0


def test_a_prior_finding_of_level_row_rejects_its_row(base: Rows, validate: Validate) -> None:
    said = prior(rule_id="F04", level="ROW", file="patients.csv", table="patients", row=0, record=1, line=2)
    assert rejected(validate(base, prior_findings=said), "patients") == [(0, "F04", False)]


def test_a_prior_finding_of_another_file_changes_nothing(base: Rows, validate: Validate) -> None:
    said = prior(rule_id="F04", level="ROW", file="other.csv", table="patients", row=0)
    assert validate(base, prior_findings=said).n_rejected == 0


def test_an_absent_required_column_is_one_finding_that_refuses_the_submission(
    base: Rows, validate: Validate
) -> None:
    for row in base["procedures"]:
        del row["complications_recorded"]
    report = validate(base)
    about = report.findings.filter(pl.col("table") == "procedures")
    assert about.select("rule_id", "level", "column", "row", "n").rows() == [
        ("F02", "FILE", "complications_recorded", None, 3)
    ]
    assert report.is_refused
    assert {cause for _, cause, _ in rejected(report, "procedures")} == {"F02"}


def test_a_foreign_column_is_named_and_left_out_but_the_loaders_own_are_not(
    base: Rows, validate: Validate
) -> None:
    base["sites"][0] |= {"beds": MARKER, "submission_id": "s1", "source_row": "7"}
    report = validate(base)
    assert report.findings.select("rule_id", "column", "header").rows() == [("F12", None, "beds")]
    assert report.tables["sites"].accepted.columns == [*TABLES["sites"].dtypes, "source_row", "record"]


def test_parts_of_one_table_are_judged_together_and_keep_their_files(base: Rows, as_texts: AsTexts) -> None:
    first, second = as_texts({"sites": base["sites"][:1]})[0], as_texts({"sites": base["sites"][:1]})[0]
    second = TextTable("sites", second.frame, "more.csv", {"site_id": "centre"})
    report = validate_submission([first, second], load_date=date(2025, 1, 31))
    finding = report.findings.select("rule_id", "file", "header", "row", "line").rows()
    assert finding == [("K01", "more.csv", "centre", 0, 2)]
    assert (report.n_input, report.n_accepted) == (2, 1)


def test_nothing_at_all_is_a_valid_submission() -> None:
    report = validate_submission([], load_date=date(2025, 1, 31))
    assert (report.n_input, report.findings.height, list(report.tables)) == (0, 0, list(TABLES))
    assert report.findings.columns == empty_findings().columns


def test_an_empty_cell_and_an_absent_one_are_the_same(base: Rows, validate: Validate) -> None:
    base["procedures"][0]["discharge_date"] = ""
    assert validate(base).findings.is_empty()


def test_a_relative_site_sends_days_and_no_calendar_rule_applies(base: Rows, validate: Validate) -> None:
    relative = validate({name: [row for row in rows if "R" in str(row)] for name, rows in base.items()})
    accepted = relative.tables["procedures"].accepted.filter(pl.col("site_id") == "R")
    assert accepted.select("procedure_date", "procedure_day", "discharge_day").rows() == [(None, 0, 2)]
    assert relative.tables["events"].accepted.filter(pl.col("event_id") == "E3")["event_day"].to_list() == [
        180
    ]


def test_shifted_dates_may_lie_in_the_future(base: Rows, validate: Validate) -> None:
    base["sites"][0] |= {"date_policy": "shifted"}
    base["procedures"][0] |= {"procedure_date": "2042-01-10", "discharge_date": "2042-01-12"}
    base["follow_up"] = base["follow_up"][2:]
    base["events"] = base["events"][1:]
    assert validate(base).findings.is_empty()


def test_an_event_of_month_precision_is_compared_by_its_month(
    base: Rows, validate: Validate, found: Found
) -> None:
    base["events"][0] |= {"event_date": "2022-01-01", "event_date_precision": "month", "procedure_id": None}
    assert validate(base).findings.is_empty()
    base["events"][0] |= {"event_date": "2021-12-15"}
    assert ("T04", "ROW", "events", "event_date", 0) in found(validate(base))


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("age_years", "+70", 70),
        ("age_years", "070", 70),
        ("age_years", "7e1", None),
        ("age_years", "70.0", None),
        ("age_years", " 70", None),
        ("age_years", "9" * 30, None),
        ("lvef_pct", "55", 55.0),
        ("lvef_pct", "5.5e1", 55.0),
        ("lvef_pct", "55.", 55.0),
        ("lvef_pct", "55,5", None),
        ("lvef_pct", "nan", None),
        ("lvef_pct", "inf", None),
        ("prior_pci", "true", True),
        ("prior_pci", "True", None),
        ("prior_pci", "1", None),
        ("discharge_date", "2022-01-31", date(2022, 1, 31)),
        ("discharge_date", "2022-02-30", None),
        ("discharge_date", "2022-1-31", None),
        ("discharge_date", "2022-01-31 10:00", None),
    ],
)
def test_cells_are_read_strictly(column: str, text: str, value: object) -> None:
    from schemas.parsing import parse_text

    table = TABLES["procedures"]
    cells = {name: [text if name == column else None] for name in table.dtypes}
    frame = pl.DataFrame({"at": [0]} | cells, schema={"at": pl.Int64} | dict.fromkeys(cells, pl.String))
    parsed = parse_text(frame, table)
    assert parsed[column].to_list() == [value]
    assert dict(parsed.drop("at").schema) == table.dtypes


@pytest.mark.parametrize(
    ("table", "frame", "what"),
    [
        ("wards", {"row": [0], "record": [1], "line": [2]}, "no such table"),
        ("sites", {"site_id": ["A"]}, "rows without their position (row, record, line)"),
        (
            "sites",
            {"site_id": [1], "row": [0], "record": [1], "line": [2]},
            "columns that are not text (site_id)",
        ),
    ],
)
def test_a_malformed_part_is_refused_in_words(table: str, frame: dict[str, list[object]], what: str) -> None:
    with pytest.raises(SchemaFileError) as caught:
        validate_submission([TextTable(table, pl.DataFrame(frame), "a.csv")], load_date=date(2025, 1, 31))
    assert caught.value.what == what
