"""A canonical row of another width is rejected like any other: kept, counted, and its children with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.intake.submission import PreparedSubmission

HEADER = "procedure_id,patient_id,site_id,procedure_date,discharge_status,age_years,presentation"
HEADER += ",complications_recorded"
FIRST = "S1.p1.1,S1.p1,S1,2024-03-05,alive,70,stable_angina"
SECOND = "S1.p2.1,S1.p2,S1,2024-03-06,alive,81,nstemi,all"


@pytest.mark.parametrize("row", [FIRST, f"{FIRST},all,SENTINEL", f"{FIRST.replace('70', 'SENTINEL')}"])
def test_a_row_of_another_width_is_rejected_once_and_takes_its_children(
    prepare: Callable[..., PreparedSubmission], row: str
) -> None:
    prepared = prepare(procedures=f"{HEADER}\n{row}\n{SECOND}\n")
    report = prepared.report.tables["procedures"]
    assert (report.n_input, report.accepted.height, report.rejected.height) == (2, 1, 1)
    assert report.rejected.select("rule_id", "is_cascade", "record", "line").rows() == [("F04", False, 1, 2)]
    fallen = prepared.report.tables["lesions"].rejected
    assert fallen.select("rule_id", "is_cascade").rows() == [("F04", True)]
    told = prepared.findings.filter(prepared.findings["level"] != "INFO")
    told = told.filter(told["rule_id"] != "K06")
    assert told.select("rule_id", "level", "table", "record", "line").rows() == [
        ("F04", "ROW", "procedures", 1, 2)
    ]
    assert "SENTINEL" not in json.dumps(prepared.findings.to_dicts())


def test_a_misfit_does_not_make_the_gate_red_by_its_children(
    prepare: Callable[..., PreparedSubmission],
) -> None:
    prepared = prepare(patients="patient_id,site_id,sex\nS1.p1,S1\nS1.p2,S1,female\nS1.p3,S1,male\n")
    assert not [reason for reason in prepared.gate.reasons if "key or reference" in reason]
