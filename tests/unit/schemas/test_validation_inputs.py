"""What validation makes of earlier findings, parts, absent columns, date policies and spellings."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

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


def prior(**facts: object) -> pl.DataFrame:
    """Return one finding of an earlier step."""
    return pl.DataFrame(
        [{"sentence": "Said before.", "remedy": "Mend it.", "n": 1} | facts], schema=FINDING_SCHEMA
    )


def rejected(report: SubmissionReport, table: str) -> list[tuple[int, str, bool]]:
    return report.tables[table].rejected.select("row", "rule_id", "is_cascade").rows()


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
    accepted = report.tables["sites"].accepted
    assert accepted.columns == [*TABLES["sites"].dtypes, "source_row", "record", "file"]


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
