"""Headers against the mapping, and identifiers that nobody declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analytics.intake.headers import check_headers
from analytics.intake.identifiers import identifier_columns
from schemas.mapping.format import parse_mapping

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.mapping.raw import RawFile

MAPPING = """
format = 1
[source]
name = "x"
site_id = "S1"
require = ["Date of PCI"]
drop = ["Last name"]
ignore = ["Ward"]
[let]
pid = { from = "Patient e-mail", pseudonym = true }
[[emit]]
table = "patients"
[emit.set]
patient_id = { from = "@pid" }
sex = { from = "Sex" }
research_use_allowed = { from = "Consent" }
[[emit]]
table = "lesions"
each = [ { i = "1..2", exists = "Les{i}" } ]
[emit.set]
lesion_id = { fmt = "{@pid}.{i}" }
timi_post = { from = ["TIMI end", "TIMI"] }
"""
ALL = "Patient e-mail,Date of PCI,Sex,Consent,Les1"


def found(raw: RawFile) -> list[tuple[str, str, str | None]]:
    """Return rule, level and header of each finding."""
    mapping = parse_mapping(MAPPING.encode(), name="site.toml")
    return check_headers(mapping, raw).select("rule_id", "level", "header").rows()


def test_a_file_with_all_headers_has_no_finding(read_text: Callable[..., RawFile]) -> None:
    assert found(read_text(f"{ALL}\na@b.org,1,m,1,1\n")) == []


def test_headers_are_compared_without_case_width_blanks_and_underscores(
    read_text: Callable[..., RawFile],
) -> None:
    assert found(read_text("patientE-Mail,DATE_OF PCI,\uff53\uff45\uff58,consent,LES 1\na,1,m,1,1\n")) == []


def test_a_required_header_that_is_absent_refuses_the_file(read_text: Callable[..., RawFile]) -> None:
    assert found(read_text("Patient e-mail,Sex,Consent,Les1\na,m,1,1\n")) == [("F02", "FILE", "Date of PCI")]


def test_a_header_behind_a_key_or_required_column_refuses_the_file_when_absent(
    read_text: Callable[..., RawFile],
) -> None:
    assert found(read_text("Date of PCI,Consent,Les1\n1,1,1\n")) == [
        ("F02", "FILE", "Patient e-mail"),
        ("F02", "FILE", "Sex"),
    ]


def test_an_optional_header_that_is_absent_is_listed(read_text: Callable[..., RawFile]) -> None:
    assert found(read_text("Patient e-mail,Date of PCI,Sex,Les1\na,1,m,1\n")) == [("F15", "WARN", "Consent")]


def test_headers_that_the_mapping_does_not_know_are_listed(read_text: Callable[..., RawFile]) -> None:
    raw = read_text(f"{ALL},Ward,Last name,IVL次数,\na,1,m,1,1,w,x,3,4\n", drop=("Last name",))
    assert found(raw) == [("F12", "WARN", "IVL次数"), ("F12", "WARN", "#9")]


@pytest.mark.parametrize(
    "header",
    [
        *("First Name", "姓名", "身份证号", "E-Mail", "Date of birth", "phone_number", "SSN"),
        *("Geb.-Datum", "Straße", "Tel.", "NHS No.", "患者电话", "patient_dob"),
    ],
)
def test_an_identifier_that_is_not_dropped_refuses_the_file(
    read_text: Callable[..., RawFile], header: str
) -> None:
    raw = read_text(f"{ALL},{header}\na,1,m,1,1,x\n")
    assert found(raw) == [("F07", "FILE", header)]


def test_a_file_without_any_known_header_names_none_of_its_cells(read_text: Callable[..., RawFile]) -> None:
    raw = read_text("SECRETMARKER,1\nx,2\n")
    assert found(raw) == [("F02", "FILE", None)]


@pytest.mark.parametrize(
    ("cell", "is_identifier"),
    [
        ("someone@hospital.example", True),
        ("123-45-6789", True),
        ("11010519491231002X", True),
        ("110105194912310021", False),
        ("2024-03-05", False),
        ("750315-14-5021", True),
        ("751315-14-5021", False),
        ("+49 171 2345678", True),
        ("13800138000", True),
        ("20240305", False),
        ("1955-03-04", False),
        ("Device Name X", False),
    ],
)
def test_cells_in_the_form_of_personal_numbers_give_a_column_away(
    read_text: Callable[..., RawFile], cell: str, *, is_identifier: bool
) -> None:
    assert identifier_columns(read_text(f"a,b\n1,{cell}\n")) == (["#2"] if is_identifier else [])


def test_one_stray_address_in_a_remark_is_no_column_of_addresses(read_text: Callable[..., RawFile]) -> None:
    assert identifier_columns(read_text("a,remark\n1,a@b.org\n2,none\n3,late\n")) == []


def test_a_column_of_nhs_numbers_is_known_by_its_check_digits(read_text: Callable[..., RawFile]) -> None:
    right = ["943 476 5919", "9434765870", "943-476-5838", "4505577104", "9876543210"]
    wrong = ["9434765918", "9434765871", "9434765837", "4505577103", "9876543211"]
    rows = "".join(f"{one},{other}\n" for one, other in zip(right, wrong, strict=True))
    assert identifier_columns(read_text("a,b\n" + rows)) == ["#1"]


@pytest.mark.parametrize(
    ("cell", "is_birth"),
    [
        ("1955-03-04", True),
        ("4.3.1955", True),
        ("1955年3月4日", True),
        ("19550304", True),
        ("01/01/1900", False),
        ("1990-01-01", False),
    ],
)
def test_a_column_of_dates_before_any_registry_holds_births(
    read_text: Callable[..., RawFile], cell: str, *, is_birth: bool
) -> None:
    assert identifier_columns(read_text("a,b\n" + f"1,{cell}\n" * 5)) == (["#2"] if is_birth else [])
