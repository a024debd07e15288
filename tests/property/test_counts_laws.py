"""Laws of event counts: SQL and polars agree, and the parts add up to the whole."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.store.filters import CohortFilter
from analytics.store.risk_tables import count_events, merge_counts

SITES, GRADES, DEVICES = ("A", "B", "O'C"), ("mild", "severe", None), ("elca", "nc_balloon")
KEYS = ["strategy", "severity", "site_id", "time_days", "cause"]

procedure = st.tuples(
    st.sampled_from(SITES),
    st.sampled_from(GRADES),
    st.sampled_from(DEVICES),
    st.one_of(st.none(), st.integers(2020, 2023)),
    st.booleans(),
    st.integers(0, 4),
    st.integers(0, 2),
)
chosen_filters = st.builds(
    CohortFilter,
    years=st.sampled_from([None, (2020, 2021), (2023, 2023)]),
    sites=st.sampled_from([(), ("A",), ("B", "O'C")]),
    severities=st.sampled_from([(), ("severe",)]),
    strategies=st.sampled_from([(), ("elca",)]),
    first_procedures_only=st.booleans(),
)


def frames_of(procedures: list[tuple[object, ...]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split drawn procedures into a cohort and its outcomes."""
    schema = {
        "site_id": pl.String,
        "severity": pl.String,
        "strategy_intended": pl.String,
        "procedure_year": pl.Int32,
        "is_index": pl.Boolean,
        "time_days": pl.Int64,
        "cause": pl.Int8,
    }
    rows = pl.DataFrame(procedures, schema=schema, orient="row").with_row_index("number")
    rows = rows.with_columns(pl.format("q{}", "number").alias("procedure_id"), endpoint=pl.lit("mace"))
    return rows.drop("time_days", "cause", "endpoint", "number"), rows.select(
        "endpoint", "procedure_id", "time_days", "cause", time_is_exact=pl.col("time_days") % 3 != 0
    )


def count_in_polars(cohort: pl.DataFrame, outcomes: pl.DataFrame, filters: CohortFilter) -> pl.DataFrame:
    """Count the same without SQL."""
    rows = outcomes.join(cohort, on="procedure_id").with_columns(
        pl.col("strategy_intended").alias("strategy"), pl.col("severity")
    )
    for column, values in (
        ("site_id", filters.sites),
        ("severity", filters.severities),
        ("strategy", filters.strategies),
    ):
        rows = rows.filter(pl.col(column).is_in(values)) if values else rows
    rows = rows.filter(pl.col("procedure_year").is_between(*filters.years)) if filters.years else rows
    rows = rows.filter("is_index") if filters.first_procedures_only else rows
    inexact = (~pl.col("time_is_exact")).sum().cast(pl.Int64).alias("n_inexact")
    counts = rows.group_by(KEYS).agg(pl.len().cast(pl.Int64).alias("n"), inexact)
    return counts.sort(KEYS, nulls_last=True)


def count_in_sql(cohort: pl.DataFrame, outcomes: pl.DataFrame, filters: CohortFilter) -> pl.DataFrame:
    """Count with the query of the store, on a file that holds only these two tables."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counts.duckdb"
        with duckdb.connect(path) as connection:
            for name, frame in (("cohort_procedures", cohort), ("time_to_event", outcomes)):
                connection.register("frame", frame)
                columns = ", ".join(frame.columns)
                connection.execute(f"create table {name} as select {columns} from frame").fetchall()  # noqa: S608
        return count_events(
            path, endpoint="mace", strata=("strategy", "severity", "site_id"), filters=filters
        )


@settings(deadline=None, max_examples=20)
@given(st.lists(procedure, min_size=1, max_size=30), chosen_filters)
def test_counts_in_sql_equal_counts_in_polars(
    procedures: list[tuple[object, ...]], filters: CohortFilter
) -> None:
    cohort, outcomes = frames_of(procedures)
    in_sql = count_in_sql(cohort, outcomes, filters)
    assert in_sql.equals(count_in_polars(cohort, outcomes, filters))
    assert in_sql.schema["n"] == pl.Int64


@settings(deadline=None, max_examples=15)
@given(st.lists(procedure, min_size=1, max_size=30), st.data())
def test_counts_of_any_split_add_up_to_the_whole(
    procedures: list[tuple[object, ...]], data: st.DataObject
) -> None:
    cohort, outcomes = frames_of(procedures)
    everybody = CohortFilter(first_procedures_only=False)
    part_of = data.draw(st.lists(st.integers(0, 2), min_size=cohort.height, max_size=cohort.height))
    marked = cohort.with_columns(pl.Series("part", part_of, dtype=pl.Int64))
    parts = [marked.filter(pl.col("part") == part).drop("part") for part in range(3)]
    counted = [count_in_sql(part, outcomes, everybody) for part in parts]
    assert merge_counts(counted).equals(count_in_sql(cohort, outcomes, everybody))
    assert merge_counts(counted)["n"].sum() == cohort.height
