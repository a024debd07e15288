"""Asking Pandera only where an expression finds something gives what asking it about everything gives."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from schemas.check_expressions import looks_beyond_row
from schemas.checking import CheckProgramError, broken_rows, failing_cells, judged_cells
from schemas.registry import TABLES
from schemas.rules.catalogue import ROW_CHECKS

if TYPE_CHECKING:
    from schemas.registry import Column, Table

DAYS = (dt.date(1889, 1, 1), dt.date(1990, 1, 1), dt.date(2020, 2, 29), dt.date(2031, 1, 1), None)
SCHEMAS = [
    pytest.param(schema, table, id=f"{table.name} {kind}")
    for table in TABLES.values()
    for kind, schema in (("hard", table.schema), ("soft", table.soft_schema))
]


def _values(column: Column) -> st.SearchStrategy[Any]:
    """Draw cells of a column, those at its limits and beyond among them."""
    if column.kind == "bool":
        return st.sampled_from([True, False, None])
    if column.kind == "date":
        return st.sampled_from(DAYS)
    if column.kind in {"string", "enum"}:
        return st.sampled_from([*column.codes[:4], "s1", "p 1", "", "é", "x" * 70, None])
    bounds = [bound for pair in (column.hard, column.warn) if pair for bound in pair if bound is not None]
    near = [float(bound) + step for bound in bounds for step in (-1, 0, 1)]  # type: ignore[arg-type]  # numbers
    if column.kind == "int":
        return st.sampled_from([*map(int, near), *(int(code) for code in column.codes[:3]), None])
    return st.sampled_from([*near, float("nan"), float("inf"), -0.0, None])


@pytest.mark.parametrize(("schema", "table"), SCHEMAS)
@settings(deadline=None, max_examples=6)
@given(data=st.data())
def test_both_ways_of_asking_find_the_same_cells(
    schema: pa.DataFrameSchema, table: Table, data: st.DataObject
) -> None:
    n = data.draw(st.integers(1, 8))
    drawn = {
        column.name: data.draw(st.lists(_values(column), min_size=n, max_size=n)) for column in table.columns
    }
    frame = pl.DataFrame(drawn, schema=table.dtypes).with_columns(at=pl.int_range(pl.len()) * 3)
    expected = judged_cells(schema, frame)
    assert_frame_equal(failing_cells(schema, frame), expected)
    assert set(expected["at"]) == set(broken_rows(schema, frame))
    assert_frame_equal(failing_cells(schema, frame, among=broken_rows(schema, frame)), expected)


@pytest.mark.parametrize(("schema", "table"), SCHEMAS)
def test_only_the_age_that_others_of_the_site_have_looks_beyond_its_row(
    schema: pa.DataFrameSchema, table: Table
) -> None:
    wide = {name for name, column in schema.columns.items() if looks_beyond_row(column)}
    assert wide == ({"age_years"} if table.name == "procedures" and schema.strict else set())


def test_a_check_with_a_window_says_so() -> None:
    windows = {check.column for check in ROW_CHECKS if ".over(" in str(check.passes)}
    assert windows == {check.column for check in ROW_CHECKS if check.is_beyond_row} == {"age_years"}


def test_a_check_that_nobody_knows_is_left_to_pandera() -> None:
    is_even = pa.Check(lambda data: data.lazyframe.select(pl.col(data.key) % 2 == 0), error="EVEN")
    schema = pa.DataFrameSchema({"n": pa.Column(pl.Int64, is_even)})
    frame = pl.DataFrame({"n": [2, 3, 4], "at": [0, 1, 2]})
    assert failing_cells(schema, frame).rows() == [(1, "n", "EVEN")]


@pytest.mark.parametrize(
    ("low", "high", "failing"), [(True, True, [0, 4]), (False, True, [0, 1, 4]), (True, False, [0, 3, 4])]
)
def test_ranges_with_open_ends_are_told_apart(*, low: bool, high: bool, failing: list[int]) -> None:
    check = pa.Check.in_range(1, 3, include_min=low, include_max=high, error="C03")
    schema = pa.DataFrameSchema({"n": pa.Column(pl.Int64, check)})
    frame = pl.DataFrame({"n": [0, 1, 2, 3, 4], "at": [0, 1, 2, 3, 4]})
    assert failing_cells(schema, frame)["at"].to_list() == failing


def test_a_column_of_another_type_stops_the_program() -> None:
    schema = pa.DataFrameSchema({"n": pa.Column(pl.Int64)})
    with pytest.raises(CheckProgramError, match="n dtype"):
        failing_cells(schema, pl.DataFrame({"n": ["1"], "at": [0]}))
