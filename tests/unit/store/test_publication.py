"""What is derived for a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.cohort.tables import RegistryTables
from analytics.publication import NOT_DERIVED_FROM, derive_tables
from schemas.registry import TABLES
from synthetic.registry import generate_registry
from synthetic.scenario import load_scenario

if TYPE_CHECKING:
    import polars as pl


def _tables(*, leave_out: bool) -> dict[str, pl.DataFrame]:
    """Derive from a small registry, with or without the columns that publication does not read."""
    tables = generate_registry(load_scenario("default"), procedures=300, seed=2).tables
    left_out = NOT_DERIVED_FROM if leave_out else {}
    return derive_tables(
        RegistryTables(**{name: frame.drop(left_out.get(name, ())) for name, frame in tables.items()})
    )


def test_columns_that_are_not_read_change_nothing_that_is_published() -> None:
    whole, narrow = _tables(leave_out=False), _tables(leave_out=True)
    assert whole["time_to_event"].height > 0
    assert {name: frame.equals(narrow[name]) for name, frame in whole.items()} == dict.fromkeys(whole, True)


def test_every_column_that_is_not_read_is_one_of_its_table() -> None:
    assert all(set(names) <= set(TABLES[table].dtypes) for table, names in NOT_DERIVED_FROM.items())
