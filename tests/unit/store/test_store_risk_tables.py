"""Counts by stratum, day and cause, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.store.connection import open_snapshot
from analytics.store.filters import CohortFilter
from analytics.store.risk_tables import (
    count_events,
    count_in_hospital,
    merge_counts,
    read_endpoints,
    write_count_query,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_index_procedures_are_counted_by_day_and_cause(snapshot: Path) -> None:
    counts = count_events(snapshot, endpoint="mace")
    assert counts.rows() == [(0, 2, 1, 1), (10, 0, 1, 0), (10, 1, 1, 0)]
    whole = {"time_days": pl.Int64, "cause": pl.Int8, "n": pl.Int64, "n_inexact": pl.Int64}
    assert dict(counts.schema) == whole


def test_strata_take_basis_and_source_from_the_filter(snapshot: Path) -> None:
    intended = count_events(snapshot, endpoint="mace", strata=("strategy", "severity"))
    assert intended.rows() == [
        ("elca", "severe", 0, 2, 1, 1),
        ("nc_balloon", "moderate", 10, 0, 1, 0),
        ("nc_balloon", "severe", 10, 1, 1, 0),
    ]
    treated = CohortFilter(
        strategy_basis="as_treated", severity_source="angiography", first_procedures_only=False
    )
    assert count_events(
        snapshot, endpoint="mace", strata=("strategy", "severity"), filters=treated
    ).rows() == [
        ("elca", "severe", 0, 2, 1, 1),
        ("elca_ra", "severe", 30, 1, 1, 0),
        ("nc_balloon", "moderate", 10, 1, 1, 0),
        ("rotational_atherectomy", "moderate", 10, 0, 1, 0),
    ]


def test_stays_of_unknown_end_are_not_counted(snapshot: Path) -> None:
    by_site = count_in_hospital(snapshot, endpoint="mace", strata=("site_id",))
    assert by_site.rows() == [("ALP", 2, 1)]
    everything = CohortFilter(first_procedures_only=False)
    assert count_in_hospital(snapshot, endpoint="mace", filters=everything).rows() == [(3, 1)]
    assert count_in_hospital(snapshot, endpoint="mace", filters=CohortFilter(sites=("BET",))).is_empty()


def test_filter_without_anybody_gives_typed_emptiness(snapshot: Path) -> None:
    counts = count_events(
        snapshot, endpoint="mace", strata=("site_id",), filters=CohortFilter(sites=("nowhere",))
    )
    assert counts.is_empty()
    assert counts.columns == ["site_id", "time_days", "cause", "n", "n_inexact"]


def test_endpoint_that_was_never_derived_is_an_error(snapshot: Path) -> None:
    with pytest.raises(SpecificationError, match=r"'mace_x' is not in this snapshot.*death, mace"):
        count_events(snapshot, endpoint="mace_x")


def test_a_snapshot_of_nobody_has_no_counts_and_no_error(snapshot_of_nobody: Path) -> None:
    assert count_events(snapshot_of_nobody, endpoint="mace").is_empty()


@pytest.mark.parametrize("stratum", ["patient_id", "procedure_id", "unknown", '"; drop table patients'])
def test_stratum_that_is_no_group_is_an_error(snapshot: Path, stratum: str) -> None:
    with pytest.raises(SpecificationError, match="no grouping column"):
        count_events(snapshot, endpoint="mace", strata=(stratum,))


def test_query_keeps_to_portable_sql(snapshot: Path) -> None:
    with open_snapshot(snapshot) as connection:
        sql, parameters = write_count_query(connection, ("strategy",), CohortFilter(sites=("ALP",)))
    assert parameters == ["ALP"]
    assert not {"filter", "qualify", "pivot", "unnest", "*,"} & set(sql.lower().split())
    assert "select *" not in sql


def test_merged_parts_keep_a_stratum_without_a_name() -> None:
    part = pl.DataFrame({"site_id": [None, "A"], "time_days": [1, 1], "cause": [0, 0]}).with_columns(
        n=pl.Series([2, 3]), n_inexact=pl.Series([0, 1])
    )
    assert merge_counts([part, part]).rows() == [("A", 1, 0, 6, 2), (None, 1, 0, 4, 0)]


def test_endpoints_of_a_snapshot_are_named(snapshot: Path) -> None:
    assert "mace" in read_endpoints(snapshot)
    assert list(read_endpoints(snapshot)) == sorted(read_endpoints(snapshot))
