"""Batches and counts of tables in DuckDB and Parquet files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from analytics.errors import StoreError
from analytics.store.batches import count_entries, count_rows, scan_batches
from analytics.store.engine import opened, registered, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def rows() -> pl.DataFrame:
    draw = np.random.default_rng(3)
    return pl.DataFrame(
        {
            "device": draw.choice(["ivl", "nc"], 5_000),
            "time_days": draw.integers(0, 30, 5_000),
            "cause": draw.integers(0, 3, 5_000).astype(np.int8),
        }
    )


@pytest.fixture(params=["duckdb", "parquet"])
def path(request: pytest.FixtureRequest, rows: pl.DataFrame, tmp_path: Path) -> Path:
    file = tmp_path / f"outcomes.{request.param}"
    if request.param == "parquet":
        rows.write_parquet(file)
        return file
    with opened(file, read_only=False) as connection, registered(connection, rows.to_arrow()) as name:
        run(connection, f"create table outcomes as from {name}")
    return file


def test_batches_hold_every_row_at_each_reading(path: Path, rows: pl.DataFrame) -> None:
    scan = scan_batches(path, ["time_days", "cause"], table="outcomes", batch_rows=2_048)
    for _ in range(2):
        batches = list(scan)
        assert len(batches) > 1
        assert isinstance(batches[0], pa.RecordBatch)
        read = pl.concat([pl.DataFrame(pl.from_arrow(batch)) for batch in batches])
        assert read.sort(read.columns).equals(rows.select("time_days", "cause").sort("time_days", "cause"))


def test_counts_are_those_of_the_frame(path: Path, rows: pl.DataFrame) -> None:
    keys = ["device", "time_days", "cause"]
    counts = count_rows(path, strata=["device"], table="outcomes").sort(keys)
    expected = rows.group_by(keys).agg(n=pl.len().cast(pl.Int64)).sort(keys)
    assert counts.rows() == expected.rows()
    assert counts.columns == [*keys, "n"]


def test_absent_values_are_counted_as_a_stratum_of_their_own(tmp_path: Path) -> None:
    frame = pl.DataFrame({"device": ["ivl", None, None], "time_days": [1, 2, 2], "cause": [0, 1, 1]})
    frame.write_parquet(tmp_path / "outcomes.parquet")
    counts = count_rows(tmp_path / "outcomes.parquet", strata=["device"]).sort("n")
    assert counts.rows() == [("ivl", 1, 0, 1), (None, 2, 1, 2)]


def test_weights_and_late_entries_are_added_up(tmp_path: Path) -> None:
    frame = pl.DataFrame({"time_days": [5, 5, 9], "cause": [1, 1, 0], "w": [1, 3, 2], "entry": [None, 2, 2]})
    frame.write_parquet(tmp_path / "rows.parquet")
    with (
        opened(tmp_path / "rows.duckdb", read_only=False) as connection,
        registered(connection, frame.to_arrow()) as name,
    ):
        run(connection, f"create table rows as from {name}")
    for file in ("rows.parquet", "rows.duckdb"):
        counts = count_rows(tmp_path / file, table="rows", weight="w").sort("time_days")
        assert counts.rows() == [(5, 1, 2, 4.0, 10.0), (9, 0, 1, 2.0, 4.0)]
        assert counts.columns == ["time_days", "cause", "n", "sum_w", "sum_w2"]
        late = count_entries(tmp_path / file, table="rows", entry="entry", weight="w")
        assert late.rows(named=True) == [{"time_days": 2, "n": 2, "sum_w": 5.0}]


def test_other_column_names_are_given_the_usual_ones(path: Path) -> None:
    counts = count_rows(path, time="cause", cause="time_days", table="outcomes")
    assert counts.columns == ["time_days", "cause", "n"]
    assert counts["n"].sum() == 5_000


def test_absent_files_and_columns_are_one_line(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        count_rows(path, strata=["nothing"], table="outcomes")
    with pytest.raises(StoreError):
        list(scan_batches(path, ["nothing"], table="outcomes"))
    with pytest.raises(StoreError):
        list(scan_batches(tmp_path / f"other{path.suffix}", ["cause"], table="outcomes"))
    with pytest.raises(StoreError):
        count_rows(tmp_path / f"other{path.suffix}", table="outcomes")
