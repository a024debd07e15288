"""The groups that a procedure and its lesions carry into the cohort."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from analytics.cohort.eligibility import derive_cohort
from analytics.cohort.specification import EXCLUSIONS, CohortSpec
from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.cohort.tables import RegistryTables

    Build = Callable[..., RegistryTables]


def day(number: int) -> dt.date:
    return dt.date(2020, 1, 1) + dt.timedelta(days=number)


def pci(name: str, number: int, **more: object) -> dict[str, Any]:
    return {"procedure_id": name, "patient_id": name[0], "procedure_date": day(number), **more}


def test_strategy_of_a_procedure_is_that_of_its_most_calcified_lesion(registry: Build) -> None:
    tables = registry(
        procedures=[pci("A1", 0)],
        lesions=[
            {"lesion_id": "1", "procedure_id": "A1", "lesion_number": 1, "calcification_angio": "mild"},
            {"lesion_id": "2", "procedure_id": "A1", "lesion_number": 2, "calcification_angio": "severe"},
        ],
        device_uses=[
            {"lesion_id": "1", "sequence_no": 1, "device_class": "rotational_atherectomy"},
            {"lesion_id": "2", "sequence_no": 1, "device_class": "sc_balloon", "role": "pre_dilation"},
        ],
    )
    row = derive_cohort(tables).procedures.row(0, named=True)
    assert (row["severity"], row["strategy_intended"], row["strategy_as_treated"]) == (
        "severe",
        "plain_balloon",
        "plain_balloon",
    )
    assert row["used_rotational_atherectomy"]
    assert row["n_lesions"] == 2


def test_equally_calcified_lesions_give_the_stronger_strategy(registry: Build) -> None:
    tables = registry(
        procedures=[pci("A1", 0)],
        lesions=[{"lesion_id": str(n), "procedure_id": "A1", "lesion_number": n} for n in (1, 2)],
        device_uses=[
            {"lesion_id": "1", "sequence_no": 1, "device_class": "nc_balloon"},
            {"lesion_id": "2", "sequence_no": 1, "device_class": "intravascular_lithotripsy"},
        ],
    )
    assert derive_cohort(tables).procedures.item(0, "strategy_intended") == "intravascular_lithotripsy"


def test_ungraded_lesion_does_not_choose_the_strategy_but_blurs_the_severity(registry: Build) -> None:
    tables = registry(
        procedures=[pci("A1", 0)],
        lesions=[
            {"lesion_id": "1", "procedure_id": "A1", "lesion_number": 1, "calcification_angio": "unknown"},
            {"lesion_id": "2", "procedure_id": "A1", "lesion_number": 2, "calcification_angio": "moderate"},
        ],
        device_uses=[
            {"lesion_id": "1", "sequence_no": 1, "device_class": "sc_balloon", "role": "pre_dilation"},
            {"lesion_id": "2", "sequence_no": 1, "device_class": "rotational_atherectomy"},
        ],
    )
    row = derive_cohort(tables).procedures.row(0, named=True)
    assert (row["severity"], row["strategy_intended"]) == ("unknown", "rotational_atherectomy")


@pytest.mark.parametrize(
    ("presentation", "group"),
    [
        ("stable_angina", "chronic"),
        ("nstemi", "acute"),
        ("acs_unspecified", "acute"),
        ("unknown", "other_unknown"),
    ],
)
def test_presentation_is_grouped(registry: Build, presentation: str, group: str) -> None:
    cohort = derive_cohort(registry(procedures=[pci("A1", 0, presentation=presentation)]))
    assert cohort.procedures.item(0, "presentation_group") == group


@pytest.mark.parametrize(
    ("diabetes", "claim"),
    [("no", False), ("insulin", True), ("yes_unspecified", True), ("unknown", None), (None, None)],
)
def test_unknown_diabetes_is_no_claim(registry: Build, *, diabetes: str | None, claim: bool | None) -> None:
    cohort = derive_cohort(registry(procedures=[pci("A1", 0, diabetes=diabetes)]))
    assert cohort.procedures.item(0, "has_diabetes") is claim


def test_lesions_carry_their_own_groups_and_the_patients_columns(registry: Build) -> None:
    tables = registry(
        procedures=[pci("A1", 0)],
        lesions=[
            {"lesion_id": str(n), "procedure_id": "A1", "lesion_number": n, "calcification_angio": grade}
            for n, grade in ((1, "mild"), (2, "severe"))
        ],
    )
    lesions = derive_cohort(tables).lesions
    assert lesions.select("lesion_id", "severity", "age_years", "is_index").rows() == [
        ("1", "mild", 70, True),
        ("2", "severe", 70, True),
    ]


@pytest.mark.parametrize(
    "options",
    [
        {"index": "last"},
        {"exclusions": ("age",)},
        {"severity_preference": ("ct",)},
        {"severity_preference": ()},
    ],
)
def test_unknown_settings_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(SpecificationError, match="cohort"):
        CohortSpec(**options)


def test_empty_window_is_refused() -> None:
    with pytest.raises(SpecificationError, match="Swap"):
        CohortSpec(first_day=day(2), last_day=day(1))


def test_every_exclusion_has_a_reason() -> None:
    assert all(EXCLUSIONS.values())
