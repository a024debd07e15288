"""What each key of an expression does to a cell."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import pytest

from schemas.errors import SchemaFileError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.mapping.conftest import Mapped


def test_missing_codes_become_null_and_are_counted_once_per_column(set_one: Callable[..., Mapped]) -> None:
    mapped = set_one("lvef_pct", '{ from = "EF", missing = ["0", "-9"] }', "EF,x\n55,1\n0,1\n,1\n-9,1\n")
    assert mapped.column("procedures", "lvef_pct") == ["55", None, None, None]
    assert mapped.findings.select("rule_id", "level", "column", "header", "line", "n").rows() == [
        ("C14", "INFO", "lvef_pct", "EF", None, 2)
    ]


def test_a_column_can_take_a_code_off_the_list_of_the_file(set_one: Callable[..., Mapped]) -> None:
    read = 'missing = ["999"]'
    assert set_one("contrast_ml", '{ from = "c" }', "c\n999\n", read=read).column(
        "procedures", "contrast_ml"
    ) == [None]
    kept = set_one("contrast_ml", '{ from = "c", missing = [] }', "c\n999\n", read=read)
    assert kept.column("procedures", "contrast_ml") == ["999"]


def test_a_value_outside_the_map_is_null_with_its_header_record_and_line(
    set_one: Callable[..., Mapped],
) -> None:
    mapped = set_one(
        "dialysis", '{ from = "Dial", map = { "Yes" = true, "No" = false } }', "Dial\nYes\nMaybe\nNo\n"
    )
    assert mapped.column("procedures", "dialysis") == ["true", None, "false"]
    found = mapped.findings.row(0, named=True)
    assert (found["rule_id"], found["level"], found["header"]) == ("C02", "NULL", "Dial")
    assert (found["row"], found["record"], found["line"]) == (1, 2, 3)


def test_a_value_outside_the_map_of_a_required_column_rejects_the_row(set_one: Callable[..., Mapped]) -> None:
    mapped = set_one("presentation", '{ from = "p", map = { "SA" = "stable_angina" } }', "p\nXX\n")
    assert mapped.rules() == [("C02", "ROW", "presentation", 2)]


@pytest.mark.parametrize(("otherwise", "expected"), [("null", None), ("keep", "urgent")])
def test_else_decides_about_values_outside_the_map(
    set_one: Callable[..., Mapped], otherwise: str, expected: object
) -> None:
    expression = f'{{ from = "u", map = {{ "E" = "elective" }}, else = "{otherwise}" }}'
    mapped = set_one("urgency", expression, "u\nE\nurgent\n")
    assert mapped.column("procedures", "urgency") == ["elective", expected]
    assert mapped.rules() == []


def test_contains_takes_the_first_key_in_file_order(set_one: Callable[..., Mapped]) -> None:
    expression = (
        '{ from = "d", match = "contains", map = { "不稳定" = "unstable_angina", "稳定" = "stable_angina" } }'
    )
    mapped = set_one("presentation", expression, "d\n冠心病 不稳定型心绞痛\n稳定型\n")
    assert mapped.column("procedures", "presentation") == ["unstable_angina", "stable_angina"]


def test_prefix_does_not_look_inside(set_one: Callable[..., Mapped]) -> None:
    expression = '{ from = "d", match = "prefix", map = { "NSTE" = "nstemi" } }'
    mapped = set_one("presentation", expression, "d\nNSTE - ACS\nno NSTE\n")
    assert mapped.column("procedures", "presentation") == ["nstemi", None]


def test_a_pattern_takes_its_first_group_or_leaves_a_finding(set_one: Callable[..., Mapped]) -> None:
    mapped = set_one("age_years", r"""{ from = "age", regex = '(\d+)' }""", "age,x\n68岁,1\nold,1\n,1\n")
    assert mapped.column("procedures", "age_years") == ["68", None, None]
    assert [(rule, line) for rule, _, _, line in mapped.rules()] == [("C07", 3)]


def test_a_soft_pattern_leaves_no_finding(set_one: Callable[..., Mapped]) -> None:
    mapped = set_one("contrast_ml", r"""{ from = "c", regex = '(\d+) ml', soft = true }""", "c\nlots\n")
    assert mapped.column("procedures", "contrast_ml") == [None]
    assert mapped.rules() == []


def test_default_stands_for_what_was_not_sent_and_never_for_what_was_not_understood(
    set_one: Callable[..., Mapped],
) -> None:
    expression = '{ from = "s", map = { "A" = "alive" }, default = "unknown" }'
    mapped = set_one("discharge_status", expression, "s,t\nA,1\n,1\nB,1\n")
    assert mapped.column("procedures", "discharge_status") == ["alive", "unknown", None]


def test_then_replaces_any_value(set_one: Callable[..., Mapped]) -> None:
    mapped = set_one(
        "complications_recorded", '{ from = "c", then = "all", default = "none" }', "c,x\n无,1\n,1\n"
    )
    assert mapped.column("procedures", "complications_recorded") == ["all", "none"]


def test_the_first_header_that_is_not_missing_counts(set_one: Callable[..., Mapped]) -> None:
    mapped = set_one("lvef_pct", '{ from = ["echo", "cath"] }', "echo,cath\n40,50\n,50\n")
    assert mapped.column("procedures", "lvef_pct") == ["40", "50"]


def test_a_template_is_null_if_a_part_is(map_csv: Callable[..., Mapped]) -> None:
    toml = '[let]\na = { from = "A" }\n[[emit]]\ntable = "procedures"\n[emit.set]\n'
    toml += 'procedure_id = { fmt = "{@a}.L{B}" }'
    mapped = map_csv(toml, "A,B\nx,1\n,1\nx,\n")
    assert mapped.column("procedures", "procedure_id") == ["x.L1", None, None]


def test_full_width_digits_and_outer_blanks_are_normalised(set_one: Callable[..., Mapped]) -> None:
    mapped = set_one("contrast_ml", '{ from = "造影剂 量" }', "造影剂量\n \uff11\uff12\uff10 \n\u22125\n")
    assert mapped.column("procedures", "contrast_ml") == ["120", "-5"]


@pytest.mark.parametrize(
    ("read", "sent", "expected"),
    [
        ('decimal = ","', "2,75", "2.75"),
        ('decimal = ","', "2.75", None),
        ('decimal = ","\nthousands = "."', "1.234,5", "1234.5"),
        ('decimal = ","\nthousands = "."', "1.23", None),
        ('thousands = ","', "1,234", "1234"),
        ("", "1,234", None),
        ("", "1.5mm", None),
        ("", "nan", None),
        ("", "1e2", "1e2"),
    ],
)
def test_numbers_are_read_by_the_declared_signs_only(
    set_one: Callable[..., Mapped], read: str, sent: str, expected: object
) -> None:
    mapped = set_one("contrast_ml", '{ from = "c" }', f'c\n"{sent}"\n', read=read)
    assert mapped.column("procedures", "contrast_ml") == [expected]
    assert [rule for rule, *_ in mapped.rules()] == ([] if expected else ["C01"])


def test_whole_numbers_lose_an_empty_fraction_and_nothing_else(set_one: Callable[..., Mapped]) -> None:
    mapped = set_one("age_years", '{ from = "a" }', "a\n68.0\n68.5\n")
    assert mapped.column("procedures", "age_years") == ["68", "68.5"]


def test_units_are_converted_to_the_unit_of_the_schema(set_one: Callable[..., Mapped]) -> None:
    mapped = set_one("creatinine_umol_l", '{ from = "crea", unit = "mg/dL" }', "crea\n1.30\n1.1\nhigh\n")
    assert mapped.column("procedures", "creatinine_umol_l") == ["114.946", "97.262", None]
    assert mapped.rules() == [("C01", "NULL", "creatinine_umol_l", 4)]


def test_dates_follow_the_declared_formats_and_impossible_days_fail(set_one: Callable[..., Mapped]) -> None:
    read = 'dates = ["%Y年%m月%d日", "%d.%m.%Y", "excel1900"]'
    text = "d\n2024年3月5日\n05.03.2024\n45356\n2024年4月31日\n2024-03-05\n"
    mapped = set_one("procedure_date", '{ from = "d" }', text, read=read)
    assert mapped.column("procedures", "procedure_date") == ["2024-03-05"] * 3 + [None, None]
    assert mapped.rules() == [("C01", "ROW", "procedure_date", 5), ("C01", "ROW", "procedure_date", 6)]


def test_a_pseudonym_is_site_code_and_keyed_hash(map_csv: Callable[..., Mapped]) -> None:
    toml = '[[emit]]\ntable = "patients"\n[emit.set]\npatient_id = { from = "mrn", pseudonym = true }'
    mapped = map_csv(toml, "mrn,x\n0042,1\n,1\n0042,1\n")
    expected = "S1." + hmac.new(b"secret", b"0042", hashlib.sha256).hexdigest()[:20]
    assert mapped.column("patients", "patient_id") == [expected, None, expected]


def test_a_pseudonym_without_a_secret_is_refused(map_csv: Callable[..., Mapped]) -> None:
    toml = '[[emit]]\ntable = "patients"\n[emit.set]\npatient_id = { from = "mrn", pseudonym = true }'
    with pytest.raises(SchemaFileError, match="CALCPCI_PSEUDONYM_SECRET"):
        map_csv(toml, "mrn\n0042\n", secret=None)


def test_a_bad_cell_behind_a_let_is_reported_once_and_what_hangs_on_it_follows(
    map_csv: Callable[..., Mapped],
) -> None:
    toml = """
[let]
day = { from = "date", as = "date" }
proc = { fmt = "{id}.{@day}" }
[[emit]]
table = "procedures"
[emit.set]
procedure_id = { from = "@proc" }
procedure_date = { from = "date" }
[[emit]]
table = "lesions"
[emit.set]
lesion_id = { fmt = "{@proc}.L1" }
procedure_id = { from = "@proc" }
"""
    mapped = map_csv(toml, "id,date\na,2024-03-05\nb,2024-02-30\n")
    assert mapped.rules() == [("C01", "ROW", "procedure_date", 3)]
    follows = mapped.findings.filter(mapped.findings["rule_id"] == "C17")
    assert follows.select("table", "column", "row").rows() == [
        ("procedures", "procedure_id", 1),
        ("lesions", "lesion_id", 1),
        ("lesions", "procedure_id", 1),
    ]
    assert mapped.column("lesions", "lesion_id") == ["a.2024-03-05.L1", None]


def test_a_let_that_no_row_needs_still_reports_its_bad_cell(map_csv: Callable[..., Mapped]) -> None:
    toml = """
[let]
day = { from = "date", as = "date" }
[[emit]]
table = "patients"
where = { "keep" = "1" }
[emit.set]
patient_id = { fmt = "p{@day}" }
"""
    mapped = map_csv(toml, "date,keep\nnever,0\n")
    assert mapped.findings.select("rule_id", "table", "record", "line").rows() == [
        ("C01", "file", 1, 2),
        ("F17", "file", 1, 2),
    ]


def test_a_blank_header_is_addressed_by_position(map_csv: Callable[..., Mapped]) -> None:
    toml = '[[emit]]\ntable = "patients"\n[emit.set]\npatient_id = { from = "#1" }\nsex = { from = "#2" }'
    mapped = map_csv(toml, ",sex\n17,male\n")
    assert mapped.column("patients", "patient_id") == ["17"]
    assert mapped.tables["patients"].headers == {"patient_id": "#1", "sex": "sex"}
