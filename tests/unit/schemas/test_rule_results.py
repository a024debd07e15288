"""Status, numerator and denominator of every rule, and rules that need more than the submission."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from schemas.rules.catalogue import RULES
from schemas.rules.context import Context
from schemas.rules.keys import vanished_rows
from schemas.submission import RULE_RESULT_SCHEMA, STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.submission import SubmissionReport

    Rows = dict[str, list[dict[str, str | None]]]
    Validate = Callable[..., SubmissionReport]
    Found = Callable[[SubmissionReport], list[tuple[object, ...]]]


def result(report: SubmissionReport, rule_id: str, site: str | None) -> tuple[str, int, int]:
    rows = report.rule_results.filter((pl.col("rule_id") == rule_id) & pl.col("site_id").eq_missing(site))
    (row,) = rows.select("status", "n_violating", "n_checked").rows()
    return row


def test_every_rule_says_something_of_every_site(base: Rows, validate: Validate) -> None:
    results = validate(base).rule_results
    assert dict(results.schema) == {name: dtype() for name, dtype in RULE_RESULT_SCHEMA.items()}
    assert set(results["status"]) <= set(STATUSES)
    for site in ("A", "R"):
        own = set(results.filter(pl.col("site_id") == site)["rule_id"])
        assert own == {rule for rule in RULES if rule[0] != "F" and rule != "K13"}
    assert "failed" not in set(results["status"])


def test_a_rule_counts_what_it_was_held_against(base: Rows, validate: Validate) -> None:
    base["procedures"][0] |= {"bmi_kg_m2": "52", "egfr_ml_min_173m2": "40", "ckd": "false"}
    base["procedures"][1] |= {"egfr_ml_min_173m2": "80", "ckd": "false"}
    report = validate(base)
    assert result(report, "X22", "A") == ("failed", 1, 2)
    assert result(report, "X22", "R") == ("not_applicable", 0, 0)
    assert result(report, "K04", "A") == ("passed", 0, 2)
    assert result(report, "K01", "R")[0] == "passed"


def test_an_empty_column_is_no_pass(base: Rows, validate: Validate) -> None:
    report = validate(base)
    assert result(report, "X12", "A") == ("not_applicable", 0, 0)
    base["lesions"][0] |= {"cto": "false"}
    assert result(validate(base), "X12", "A") == ("passed", 0, 1)


def test_a_rejected_row_counts_for_its_site(base: Rows, validate: Validate) -> None:
    base["lesions"][0]["vessel"] = "?"
    report = validate(base)
    assert result(report, "C02", "A")[:2] == ("failed", 1)
    assert result(report, "C02", "R")[:2] == ("passed", 0)


def test_a_row_without_a_site_is_counted_apart(base: Rows, validate: Validate) -> None:
    base["device_uses"][4]["lesion_id"] = "L8"
    report = validate(base)
    assert result(report, "K02", None) == ("failed", 1, 1)


def test_a_rule_nobody_could_ask_does_not_apply(base: Rows, validate: Validate) -> None:
    report = validate(base)
    for rule_id in ("F05", "F10", "F11", "K13"):
        assert result(report, rule_id, None) == ("not_applicable", 0, 0)
    assert result(report, "K03", "A")[0] == "not_applicable"
    assert result(report, "F02", None) == ("passed", 0, 9)


def test_a_site_that_is_not_registered_refuses_the_file(base: Rows, validate: Validate, found: Found) -> None:
    report = validate(base, context=Context(registered_sites=frozenset({"A"})))
    assert ("F10", "FILE", "procedures", "site_id", None) in found(report)
    assert result(report, "F10", None)[0] == "failed"
    both = Context(registered_sites=frozenset({"A", "R"}))
    assert result(validate(base, context=both), "F10", None)[0] == "passed"


def test_dates_outside_the_declared_period_are_listed_or_refuse_the_file(
    base: Rows, validate: Validate, found: Found
) -> None:
    narrow = Context(period=(date(2022, 1, 1), date(2022, 1, 31)))
    assert ("F11", "FILE", "procedures", "procedure_date", None) in found(validate(base, context=narrow))
    row = base["procedures"][0]
    for number in range(28):
        base["procedures"].append(row | {"procedure_id": f"Q{number + 10}"})
    listed = validate(base, context=narrow)
    assert ("F11", "WARN", "procedures", "procedure_date", None) in found(listed)
    whole = Context(period=(date(2022, 1, 1), date(2022, 12, 31)))
    assert result(validate(base, context=whole), "F11", None)[0] == "passed"


def test_a_patient_described_otherwise_before_is_listed(base: Rows, validate: Validate, found: Found) -> None:
    said = pl.DataFrame({"patient_id": ["P001", "P002"], "site_id": ["A", "A"], "sex": ["male", "male"]})
    report = validate(base, context=Context(previous_patients=said))
    assert found(report) == [("K03", "WARN", "patients", "sex", 0)]
    assert result(report, "K03", "A") == ("failed", 1, 2)
    same = said.with_columns(sex=pl.Series(["female", "male"]))
    assert found(validate(base, context=Context(previous_patients=same))) == []


def test_vanished_records_are_counted_and_named_for_the_ledger_only(base: Rows, validate: Validate) -> None:
    previous = {"patients": pl.Series(["P001", "P777", "P778"]), "lesions": pl.Series(["L1"])}
    report = validate(base, context=Context(previous_keys=previous))
    (finding,) = report.findings.filter(pl.col("rule_id") == "K13").to_dicts()
    assert (finding["table"], finding["n"], finding["level"]) == ("patients", 2, "WARN")
    assert "P777" not in report.findings.write_csv()
    gone = vanished_rows(previous, {"patients": pl.DataFrame({"patient_id": ["P001"]})})
    assert gone.rows() == [("patients", "P777"), ("patients", "P778"), ("lesions", "L1")]


@pytest.mark.parametrize(
    ("parent_key", "child_key"), [("Q 1", "Q1"), ("Q 1", "Q 1"), (None, "Q1"), ("ü#", "Q1")]
)
def test_children_of_a_broken_key_fall_with_their_parent(
    base: Rows, validate: Validate, found: Found, parent_key: str | None, child_key: str
) -> None:
    base["procedures"][0]["procedure_id"] = parent_key
    base["lesions"][0]["procedure_id"] = child_key
    base["complications"][0]["procedure_id"] = child_key
    base["events"][0]["procedure_id"] = None
    report = validate(base)
    cause = "C05" if parent_key is None else "C13"
    assert [entry for entry in found(report) if entry[1] != "INFO"] == [
        (cause, "ROW", "procedures", "procedure_id", 0)
    ]
    own = [table.rejected.filter(~pl.col("is_cascade")).height for table in report.tables.values()]
    assert sum(own) == 1
    assert report.tables["device_uses"].rejected["rule_id"].to_list() == [cause, cause]


def test_a_record_that_was_never_sent_is_told_from_a_broken_key(
    base: Rows, validate: Validate, found: Found
) -> None:
    base["procedures"][0]["procedure_id"] = None
    base["lesions"][1]["procedure_id"] = "Q77"
    report = validate(base)
    assert ("K02", "ROW", "lesions", "procedure_id", 0) in found(report)
    assert ("K02", "ROW", "lesions", "procedure_id", 1) in found(report)


def test_a_number_below_a_limit_is_set_to_half_of_it_and_one_above_to_the_limit(
    base: Rows, validate: Validate, found: Found
) -> None:
    base["procedures"][0]["hs_crp_mg_l"] = "<0.5"
    base["procedures"][1]["hs_crp_mg_l"] = ">=20"
    base["procedures"][2]["lvef_pct"] = "<x"
    report = validate(base)
    accepted = report.tables["procedures"].accepted
    assert accepted["hs_crp_mg_l"].to_list() == [0.25, 20.0, None]
    assert ("C10", "INFO", "procedures", "hs_crp_mg_l", None) in found(report)
    assert ("C01", "NULL", "procedures", "lvef_pct", 2) in found(report)


def test_a_partial_date_that_says_so_is_no_whole_date_either(
    base: Rows, validate: Validate, found: Found
) -> None:
    base["events"][0] |= {"event_date": "2022-06", "event_date_precision": "month"}
    assert ("C01", "ROW", "events", "event_date", 0) in found(validate(base))


def test_lesions_that_were_never_sent_are_missed_once_with_the_number_of_procedures(
    base: Rows, validate: Validate
) -> None:
    for table in ("lesions", "device_uses", "imaging", "complications"):
        base[table] = []
    report = validate(base)
    missed = report.findings.filter(pl.col("rule_id") == "K04")
    assert missed.select("level", "table", "column", "row", "n").rows() == [
        ("WARN", "procedures", "procedure_id", None, len(base["procedures"]))
    ]
    assert result(report, "K04", "A") == ("failed", 2, 2)
