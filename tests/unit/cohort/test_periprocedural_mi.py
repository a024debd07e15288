"""Three definitions of periprocedural infarction on one set of biomarkers each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analytics.cohort.periprocedural_mi import INFARCTION_DEFINITIONS, derive_periprocedural_mi

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.cohort.tables import RegistryTables

    Build = Callable[..., RegistryTables]

YES, NO, OPEN = "met", "not_met", "cannot_tell"


@pytest.mark.parametrize(
    ("before", "peak", "ckmb", "evidence", "expected"),
    [
        # troponin before, troponin after, CK-MB after, flow-limiting complication; UDMI-4, ARC-2, SCAI
        (0.5, 3.0, None, None, (NO, NO, NO)),
        (0.5, 5.0, None, None, (NO, NO, NO)),
        (0.5, 6.0, None, None, (OPEN, NO, NO)),
        (0.5, 6.0, None, "slow_flow_no_reflow", (YES, NO, NO)),
        (0.5, 34.9, None, "abrupt_closure", (YES, NO, NO)),
        (0.5, 35.0, None, None, (OPEN, OPEN, OPEN)),
        (0.5, 35.0, None, "abrupt_closure", (YES, YES, OPEN)),
        (0.5, 70.0, None, None, (OPEN, OPEN, YES)),
        # CK-MB goes before troponin in SCAI
        (0.5, 80.0, 4.0, None, (OPEN, OPEN, NO)),
        (0.5, 80.0, 5.0, None, (OPEN, OPEN, OPEN)),
        (0.5, 80.0, 10.0, None, (OPEN, OPEN, YES)),
        # a raised baseline cannot be judged from one value, unless the rise is too small
        (10.0, 40.0, None, "abrupt_closure", (OPEN, NO, NO)),
        (10.0, 90.0, None, "abrupt_closure", (OPEN, YES, OPEN)),
        # no baseline: small peaks still exclude
        (None, 4.0, None, None, (NO, NO, NO)),
        (None, 100.0, 20.0, "abrupt_closure", (OPEN, OPEN, OPEN)),
        # no biomarker
        (0.5, None, None, "abrupt_closure", (OPEN, OPEN, OPEN)),
        # a complication that does not limit flow is no evidence
        (0.5, 50.0, None, "tamponade", (OPEN, OPEN, OPEN)),
    ],
)
def test_biomarkers_and_evidence_give_three_verdicts(
    one_patient: Build,
    before: float | None,
    peak: float | None,
    ckmb: float | None,
    evidence: str | None,
    expected: tuple[str, str, str],
) -> None:
    values = {"troponin_pre_xuln": before, "troponin_post_xuln": peak, "ckmb_post_xuln": ckmb}
    records = [{"procedure_id": "X", "complication_type": evidence}] if evidence else []
    tables = one_patient(procedure=values, complications=records)
    assert derive_periprocedural_mi(tables).row(0) == ("X", *expected)


def test_definition_from_memory_is_marked_as_such() -> None:
    assert {item.key: item.is_confirmed for item in INFARCTION_DEFINITIONS} == {
        "pmi_udmi4": False,
        "pmi_arc2": False,
        "pmi_scai": True,
    }
