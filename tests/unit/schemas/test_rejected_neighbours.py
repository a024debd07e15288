"""A rejected row is one fault: what is missing because of it is not reported as a second one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.submission import SubmissionReport

    Rows = dict[str, list[dict[str, str | None]]]
    Validate = Callable[..., SubmissionReport]
    Found = Callable[[SubmissionReport], list[tuple[object, ...]]]

Edit = tuple[str, int, dict[str, str | None]]

SECOND_VISIT = {"procedure_id": "Q9", "patient_id": "P001", "site_id": "A", "procedure_date": "2023-06-01"}
SECOND_VISIT |= {"discharge_date": "2023-06-03", "discharge_status": "alive", "age_years": "71"}
SECOND_VISIT |= {"presentation": "stable_angina", "complications_recorded": "all", "prior_pci": "true"}
ITS_LESION = {"lesion_id": "L9", "procedure_id": "Q9", "lesion_number": "1", "vessel": "LAD"}
ITS_LESION |= {"calcification_angio": "severe", "crossability": "wire_failure"}
SECOND_LESION = ITS_LESION | {"procedure_id": "Q1", "lesion_number": "2", "vessel": "LCX"}
TAMPONADE = {"complication_id": "C9", "procedure_id": "Q1", "complication_type": "tamponade"}
PERFORATION = {"complication_id": "C8", "procedure_id": "Q1", "complication_type": "perforation"}
THROMBOSIS = {"event_id": "E9", "patient_id": "P002", "event_type": "stent_thrombosis"}
THROMBOSIS |= {"event_date": "2022-03-04", "event_date_precision": "day", "target_relation": "target_lesion"}
THROMBOSIS |= {"stent_thrombosis_certainty": "definite"}
STAGE = {"event_id": "E9", "patient_id": "P001", "event_type": "revasc_pci", "event_date": "2023-07-01"}
STAGE |= {"event_date_precision": "day", "target_relation": "non_target_vessel", "planned_staged": "true"}

CASES = {
    "K04 lesion": ([("lesions", 2, {"vessel": "?"})], ("C02", "lesions", "vessel")),
    "K05 lesion": (
        [("lesions", 3, SECOND_LESION), ("lesions", 0, {"vessel": "?"}), ("complications", 0, None)],
        ("C02", "lesions", "vessel"),
    ),
    "K06 X10 device": ([("device_uses", 4, {"device_class": "?"})], ("C02", "device_uses", "device_class")),
    "X10 device": ([("device_uses", 3, {"device_class": "?"})], ("C02", "device_uses", "device_class")),
    "K08 device": ([("device_uses", 0, {"device_class": "?"})], ("C02", "device_uses", "device_class")),
    "T15 device": (
        [
            ("imaging", 1, {"stage": "after_modification"}),
            ("device_uses", 0, {"sequence_no": "x"}),
            ("complications", 0, None),
        ],
        ("C01", "device_uses", "sequence_no"),
    ),
    "K12 procedure": (
        [("procedures", 2, {"discharge_status": "?"})],
        ("C02", "procedures", "discharge_status"),
    ),
    "T04 T08 T09 procedure": (
        [
            ("procedures", 3, SECOND_VISIT),
            ("lesions", 3, ITS_LESION),
            ("procedures", 0, {"procedure_date": "x"}),
        ],
        ("C01", "procedures", "procedure_date"),
    ),
    "T04 T08 procedure with a date": (
        [
            ("procedures", 3, SECOND_VISIT),
            ("lesions", 3, ITS_LESION),
            ("procedures", 0, {"discharge_status": "?"}),
        ],
        ("C02", "procedures", "discharge_status"),
    ),
    "T04 T08 procedure in the future": (
        [("procedures", 0, {"procedure_date": "2099-01-01", "discharge_date": ""})],
        ("T01", "procedures", "procedure_date"),
    ),
    "T07 event": ([("events", 1, {"event_date_precision": "?"})], ("C02", "events", "event_date_precision")),
    "X35 event": (
        [
            ("follow_up", 2, {"vital_status": "dead", "contact_day": "200", "planned_window": ""}),
            ("events", 2, {"event_day": ""}),
        ],
        ("T00", "events", "event_day"),
    ),
    "X14 complication": (
        [
            ("lesions", 0, {"timi_post": "1"}),
            ("complications", 0, {"complication_type": "?", "grade": "", "grade_scale": ""}),
        ],
        ("C02", "complications", "complication_type"),
    ),
    "X26 complication": (
        [("complications", 1, TAMPONADE), ("complications", 2, PERFORATION | {"complication_id": "C 8"})],
        ("C13", "complications", "complication_id"),
    ),
    "X32 lesion": (
        [
            ("events", 3, THROMBOSIS),
            ("lesions", 3, ITS_LESION | {"procedure_id": "Q2", "lesion_number": "2"}),
            ("lesions", 3, {"stent_type": "none"}),
            ("lesions", 1, {"vessel": "?"}),
        ],
        ("C02", "lesions", "vessel"),
    ),
    "X33 procedure": (
        [
            ("procedures", 3, SECOND_VISIT | {"staged_pci_planned": "false"}),
            ("lesions", 3, ITS_LESION),
            ("events", 3, STAGE),
            ("procedures", 0, {"discharge_status": "?"}),
        ],
        ("C02", "procedures", "discharge_status"),
    ),
    "C06 grade": (
        [("complications", 0, {"grade": "#", "grade_scale": "", "complication_type": "other"})],
        ("C13", "complications", "grade"),
    ),
}


@pytest.mark.parametrize(("edits", "expected"), list(CASES.values()), ids=list(CASES))
def test_what_a_rejected_row_leaves_behind_is_no_second_fault(
    base: Rows,
    validate: Validate,
    found: Found,
    edits: list[tuple[str, int, dict[str, str | None] | None]],
    expected: tuple[str, str, str],
) -> None:
    for table, row, values in edits:
        if values is None:
            del base[table][row]
        elif row < len(base[table]):
            base[table][row].update(values)
        else:
            base[table].append(dict(values))
    report = validate(base)
    own = [(rule, table, column) for rule, _, table, column, _ in found(report) if rule not in {"K14", "C04"}]
    assert own == [expected]
    assert report.n_accepted + report.n_rejected == report.n_input


def test_a_row_with_two_faults_shows_both_and_is_rejected_once(
    base: Rows, validate: Validate, found: Found
) -> None:
    base["complications"][0].update({"complication_type": "?", "grade_scale": ""})
    report = validate(base)
    rules = sorted((rule, column) for rule, _, _, column, _ in found(report))
    assert rules == [("C02", "complication_type"), ("C06", "grade_scale")]
    assert report.tables["complications"].rejected["rule_id"].to_list() == ["C02"]
