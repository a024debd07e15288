"""The colour of the gate and its reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.intake.gate import GateSettings, decide_gate, decide_site_gates
from schemas.registry import TABLES
from schemas.submission import FINDING_SCHEMA, SubmissionReport, TableReport

if TYPE_CHECKING:
    from collections.abc import Callable

FILLED: dict[str, dict[str, list[object]]] = {
    "procedures": {
        "procedure_id": ["a", "b"],
        "patient_id": ["p", "q"],
        "site_id": ["S1", "S2"],
        "procedure_day": [0, 0],
        "age_years": [70, 71],
        "presentation": ["nstemi", "stemi"],
        "discharge_status": ["alive", "alive"],
        "complications_recorded": ["all", "all"],
        "diabetes": ["no", "no"],
        "dialysis": [False, False],
        "creatinine_umol_l": [80.0, 90.0],
        "prior_mi": [True, False],
        "prior_pci": [True, False],
        "prior_cabg": [True, False],
        "lvef_pct": [50.0, 55.0],
    },
    "patients": {"patient_id": ["p", "q"], "site_id": ["S1", "S2"], "sex": ["male", "female"]},
}


@pytest.fixture
def report() -> Callable[..., SubmissionReport]:
    """Return a function that makes a report: procedures changed, rows rejected, findings added."""

    def run(
        rejected: int = 0,
        rule_id: str = "C01",
        findings: list[dict[str, object]] | None = None,
        **procedures: list[object],
    ) -> SubmissionReport:
        tables = {}
        for name, columns in FILLED.items():
            values = {**columns, **procedures} if name == "procedures" else columns
            table = TABLES[name]
            height = len(next(iter(values.values())))
            data = {column: values.get(column, [None] * height) for column in table.dtypes}
            accepted = pl.DataFrame(data, schema=table.dtypes).with_columns(
                pl.int_range(2, pl.len() + 2).alias("source_row"),
                pl.int_range(1, pl.len() + 1).alias("record"),
            )
            n = rejected if name == "procedures" else 0
            texts = {column: ["S2" if column == "site_id" else None] * n for column in table.dtypes}
            gone = pl.DataFrame(texts, schema=dict.fromkeys(table.dtypes, pl.String)).with_columns(
                pl.lit(9, dtype=pl.Int64).alias("record"),
                pl.lit(rule_id).alias("rule_id"),
                pl.lit(value=False).alias("is_cascade"),
            )
            tables[name] = TableReport(name, accepted, gone, accepted.height + n)
        return SubmissionReport(tables, pl.DataFrame(findings or [], schema=FINDING_SCHEMA))

    return run


def test_a_complete_submission_is_green(report: Callable[..., SubmissionReport]) -> None:
    assert decide_gate(report()).colour == "green"
    assert decide_gate(report()).reasons == ()


def test_a_finding_about_the_file_is_red(report: Callable[..., SubmissionReport]) -> None:
    gate = decide_gate(report(findings=[{"rule_id": "F07", "level": "FILE", "table": "file", "n": 1}]))
    assert gate.colour == "red"
    assert gate.reasons == ("the file as a whole is refused (rules F07)",)


def test_too_many_rejected_procedures_are_red(report: Callable[..., SubmissionReport]) -> None:
    assert decide_gate(report(rejected=1)).reasons == ("33.3% of procedures are rejected; at most 5% may be",)
    assert decide_gate(report(rejected=1), settings=GateSettings(rejected_procedures=0.4)).colour == "green"


def test_a_broken_key_is_red_whatever_its_share(report: Callable[..., SubmissionReport]) -> None:
    gate = decide_gate(report(rejected=1, rule_id="K01"), settings=GateSettings(rejected_procedures=0.9))
    assert gate.colour == "red"
    assert gate.reasons == ("procedures: 1 row breaks a key or reference rule",)


def test_an_empty_core_column_is_yellow_and_named(report: Callable[..., SubmissionReport]) -> None:
    gate = decide_gate(report(age_years=[70, None]))
    assert gate.colour == "yellow"
    assert gate.reasons == ("filled in less than 98% of rows: procedures.age_years (50%)",)
    assert gate.yellow_columns == ("procedures.age_years",)


def test_unknown_is_not_filled(report: Callable[..., SubmissionReport]) -> None:
    assert decide_gate(report(presentation=["unknown", "stemi"])).yellow_columns == (
        "procedures.presentation",
    )


def test_many_warned_rows_are_yellow(report: Callable[..., SubmissionReport]) -> None:
    warned = {
        "rule_id": "C04",
        "level": "WARN",
        "file": "f",
        "table": "procedures",
        "row": 0,
        "record": 1,
        "n": 1,
    }
    assert decide_gate(report(findings=[warned])).reasons == (
        "procedures: 50.0% of rows carry a warning; at most 20% may",
    )


def test_a_file_without_any_lesion_is_yellow(report: Callable[..., SubmissionReport]) -> None:
    missed = {"rule_id": "K04", "level": "WARN", "table": "procedures", "n": 2}
    gate = decide_gate(report(findings=[missed]))
    assert gate.colour == "yellow"
    assert "no lesions were sent" in gate.reasons[0]


def test_each_site_has_its_own_gate(report: Callable[..., SubmissionReport]) -> None:
    gates = decide_site_gates(report(rejected=1, age_years=[None, 71]))
    assert {site: gate.colour for site, gate in gates.items()} == {"S1": "yellow", "S2": "red"}


def test_warnings_are_weighed_table_by_table(report: Callable[..., SubmissionReport]) -> None:
    found = {"rule_id": "C04", "level": "WARN", "file": "f", "column": "x", "n": 1, "row": 0, "record": 1}
    base = report()
    tables = base.tables | {
        "lesions": TableReport("lesions", TABLES["lesions"].empty(), base.tables["patients"].rejected, 100),
        "sites": TableReport("sites", TABLES["sites"].empty(), base.tables["patients"].rejected, 1),
    }
    warned = pl.DataFrame(
        [found | {"table": name} for name in ("procedures", "sites", "lesions")], schema=FINDING_SCHEMA
    )
    gate = decide_gate(SubmissionReport(tables, warned, base.rule_results))
    assert gate.colour == "yellow"
    # One row of 105 in all would be little; a single row of a site's description is no case.
    assert gate.reasons == ("procedures: 50.0% of rows carry a warning; at most 20% may",)


def test_a_row_rejected_for_want_of_a_value_counts_as_sent_without_it(
    report: Callable[..., SubmissionReport],
) -> None:
    lost = {"rule_id": "C05", "level": "ROW", "file": "f", "table": "patients", "column": "sex", "n": 1}
    other = lost | {"rule_id": "K02", "row": 5, "record": 6}  # a key that leads nowhere says nothing of sex
    found = [lost | {"row": 2, "record": 3}, lost | {"rule_id": "C02", "row": 2, "record": 3}, other]
    gate = decide_gate(report(findings=found))
    assert gate.yellow_columns == ("patients.sex",)
    assert gate.reasons == ("filled in less than 98% of rows: patients.sex (67%)",)
