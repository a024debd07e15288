"""Whole columns that give another unit or another order of dates away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.intake.suspicion import find_empty_columns, find_swapped_dates, find_unit_suspicions
from schemas.mapping.format import parse_mapping
from schemas.submission import FINDING_SCHEMA, TextTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.mapping.raw import RawFile

DATED = """
format = 1
[source]
name = "x"
[read]
dates = ["%d/%m/%Y", "%Y-%m-%d"]
[[emit]]
table = "follow_up"
[emit.set]
contact_date = { from = "seen" }
"""


def table(name: str, **columns: list[str | None]) -> TextTable:
    """Return a canonical table of text with its headers."""
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return TextTable(name, frame, "f.csv", {column: f"the {column}" for column in columns})


@pytest.mark.parametrize(
    ("name", "column", "value", "is_suspect"),
    [
        ("procedures", "creatinine_umol_l", "1.1", True),
        ("procedures", "creatinine_umol_l", "88", False),
        ("procedures", "hemoglobin_g_l", "13.2", True),
        ("procedures", "ldl_mmol_l", "130", True),
        ("lesions", "lesion_length_mm", "2.4", True),
        ("lesions", "lesion_length_mm", "24", False),
        ("device_uses", "rotation_speed_krpm", "160000", True),
    ],
)
def test_a_median_in_the_range_of_another_unit_refuses_the_file(
    name: str, column: str, value: str, *, is_suspect: bool
) -> None:
    found = find_unit_suspicions([table(name, **{column: [value] * 25})])
    expected = [("F09", "FILE", column, f"the {column}", 25)] if is_suspect else []
    assert found.select("rule_id", "level", "column", "header", "n").rows() == expected


def test_a_declared_unit_is_believed_and_a_few_values_prove_nothing() -> None:
    long = table("lesions", lesion_length_mm=["2.4"] * 25)
    assert find_unit_suspicions([long], confirmed={("lesions", "lesion_length_mm")}).is_empty()
    assert find_unit_suspicions([table("lesions", lesion_length_mm=["2.4"] * 5)]).is_empty()


def test_an_empty_column_is_counted_as_not_applicable() -> None:
    found = find_empty_columns([table("lesions", lesion_length_mm=[None, None], vessel=["LAD", None])])
    assert found.select("rule_id", "level", "column", "n").rows() == [("F13", "INFO", "lesion_length_mm", 1)]


def test_dates_in_the_other_order_refuse_the_file(read_text: Callable[..., RawFile]) -> None:
    mapping = parse_mapping(DATED.encode(), name="site.toml")
    swapped = read_text("seen\n03/25/2024\n04/02/2024\n12/31/2024\n")
    assert find_swapped_dates(mapping, swapped).select("rule_id", "level", "header", "n").rows() == [
        ("F08", "FILE", "seen", 2)
    ]
    right = read_text("seen\n25/03/2024\n04/02/2024\n2024-12-31\n")
    assert find_swapped_dates(mapping, right).is_empty()


def test_one_slip_among_dates_is_left_to_its_cell(read_text: Callable[..., RawFile]) -> None:
    mapping = parse_mapping(DATED.encode(), name="site.toml")
    raw = read_text("seen\n" + "25/03/2024\n" * 30 + "03/25/2024\n")
    assert find_swapped_dates(mapping, raw).is_empty()


def test_days_of_a_site_that_dates_and_dates_of_one_that_counts_are_not_called_empty() -> None:
    dated = table("events", event_date=["2024-01-02"], event_day=[None], mi_type=[None])
    counted = table("procedures", procedure_day=["0"], procedure_date=[None], discharge_date=[None])
    sites = table("sites", date_policy=["actual"], data_cutoff_date=[None], data_cutoff_day=[None])
    found = find_empty_columns([dated, counted, sites])
    assert found.select("table", "column").rows() == [("events", "mi_type"), ("sites", "data_cutoff_date")]


def test_a_column_whose_cells_a_finding_took_is_not_called_empty() -> None:
    lesions = table("lesions", lesion_length_mm=[None, None], timi_post=[None, None], cto=[None, None])
    taken = {"rule_id": "C07", "file": "f.csv", "table": "lesions", "row": 0, "n": 1}
    earlier = pl.DataFrame(
        [taken | {"level": "NULL", "column": "timi_post"}, taken | {"level": "INFO", "column": "cto"}],
        schema=FINDING_SCHEMA,
    )
    found = find_empty_columns([lesions], earlier=earlier)
    assert found["column"].to_list() == ["lesion_length_mm", "cto"]
    assert find_empty_columns([lesions]).height == 3
    other_file = earlier.with_columns(file=pl.lit("g.csv"))
    assert find_empty_columns([lesions], earlier=other_file).height == 3
