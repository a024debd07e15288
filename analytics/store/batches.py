"""Tables of any size, read in batches or counted where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from analytics.errors import StoreError
from analytics.store.connection import open_snapshot
from analytics.store.engine import fetch_frame
from analytics.store.statements import quote_name, quote_names
from analytics.store.tallies import tally_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# Large enough to hide the cost of a call. A Parquet reader holds several buffers of so many rows per column.
BATCH_ROWS = 16_384
# Bytes of a column read ahead; by default the reader holds whole row groups of all columns.
READ_AHEAD = 65_536


@dataclass(frozen=True)
class BatchScan:
    """Columns of a table that can be read again and again, one Arrow batch at a time.

    Parameters
    ----------
    path
        A Parquet file, or a DuckDB file.
    columns
        Names of the columns, in order.
    table
        Table of the DuckDB file; not looked at for Parquet.
    batch_rows
        Rows of a batch, at most.
    """

    path: Path
    columns: tuple[str, ...]
    table: str = ""
    batch_rows: int = BATCH_ROWS

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Read the table from its beginning."""
        if _is_parquet(self.path):
            yield from _read_parquet(self)
            return
        sql = f"select {quote_names(self.columns)} from {quote_name(self.table)}"  # noqa: S608 - checked names
        with open_snapshot(self.path) as connection:
            yield from connection.sql(sql).to_arrow_reader(self.batch_rows)


def scan_batches(
    path: Path, columns: Sequence[str], *, table: str = "", batch_rows: int = BATCH_ROWS
) -> BatchScan:
    """Prepare to read columns of a table in batches; nothing is read yet.

    Parameters
    ----------
    path
        A Parquet file (its name ends on ``.parquet``), or a DuckDB file.
    columns
        Names of the columns.
    table
        Table of the DuckDB file.
    batch_rows
        Rows of a batch, at most.

    Returns
    -------
    BatchScan
        Reading raises `StoreError` where the file or a column is not there.
    """
    return BatchScan(path, tuple(columns), table, batch_rows)


def count_rows(
    path: Path,
    *,
    strata: Sequence[str] = (),
    time: str = "time_days",
    cause: str = "cause",
    table: str = "",
    weight: str | None = None,
) -> pl.DataFrame:
    """Count the rows of a table by stratum, last day and cause, without bringing them in.

    Parameters
    ----------
    path
        A Parquet file or a DuckDB file, one row per patient.
    strata
        Columns to count by.
    time, cause
        Columns with the last day (whole days) and the cause (0 censored, 1 the endpoint, 2 and more competing
        events).
    table
        Table of the DuckDB file.
    weight
        Column with sampling weights, >= 0; None for unweighted counts.

    Returns
    -------
    pl.DataFrame
        The strata, ``time_days``, ``cause`` and ``n``, as `EventCounts.from_counts` takes them, in no order;
        with weights also ``sum_w`` and ``sum_w2`` (sums of the weights and of their squares).

    Raises
    ------
    StoreError
        The file or a column is not there.
    """
    keys = {**{name: name for name in strata}, "time_days": time, "cause": cause}
    squares = {"sum_w": 1, "sum_w2": 2} if weight else {}
    return _count(path, table, keys, sums={name: (str(weight), power) for name, power in squares.items()})


def count_entries(
    path: Path, *, entry: str, strata: Sequence[str] = (), table: str = "", weight: str | None = None
) -> pl.DataFrame:
    """Count late entries of a table by stratum and day, as `EventCounts.from_counts` takes them.

    Parameters
    ----------
    path, strata, table, weight
        As for `count_rows`.
    entry
        Column with the day on which observation began; rows without one were observed from the start.

    Returns
    -------
    pl.DataFrame
        The strata, ``time_days`` of entry, ``n`` and, with weights, ``sum_w``, in no order.

    Raises
    ------
    StoreError
        The file or a column is not there.
    """
    keys = {**{name: name for name in strata}, "time_days": entry}
    counts = _count(path, table, keys, sums={"sum_w": (weight, 1)} if weight else {})
    return counts.drop_nulls("time_days")


def _count(path: Path, table: str, keys: dict[str, str], *, sums: dict[str, tuple[str, int]]) -> pl.DataFrame:
    """Count rows by keys (new names and columns), and add up powers of columns."""
    if _is_parquet(path):
        return _count_parquet(path, keys, sums)
    picked = [f"{quote_name(column)} as {quote_name(name)}" for name, column in keys.items()]
    picked.append("count(*) as n")
    for name, (column, power) in sums.items():
        value = f"cast({quote_name(column)} as double)"
        picked.append(f"sum({' * '.join([value] * power)}) as {quote_name(name)}")
    groups = quote_names(tuple(keys.values()))
    sql = f"select {', '.join(picked)} from {quote_name(table)} group by {groups}"  # noqa: S608 - checked names
    with open_snapshot(path) as connection:
        return fetch_frame(connection, sql)


def _is_parquet(path: Path) -> bool:
    """Tell a Parquet file by its name."""
    return path.suffix == ".parquet"


def _unreadable(path: Path) -> StoreError:
    """Build the error of a Parquet file without quoting what the library says."""
    return StoreError(
        where=str(path), what="no Parquet file with these columns", fix="Check the path and the column names."
    )


def _read_parquet(scan: BatchScan) -> Iterator[pa.RecordBatch]:
    """Read a Parquet file batch by batch."""
    try:
        with _open_parquet(scan.path) as file:
            if set(scan.columns) - set(file.schema_arrow.names):
                raise _unreadable(scan.path)
            columns = list(scan.columns)
            yield from file.iter_batches(batch_size=scan.batch_rows, columns=columns, use_threads=False)
    except (OSError, pa.ArrowException):
        raise _unreadable(scan.path) from None


def _open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file so that its buffers return to where numpy takes its memory from."""
    # Arrow's own allocator keeps what the reader frees, and a fit of compact columns would hold both.
    usual = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        return pq.ParquetFile(path, buffer_size=READ_AHEAD, pre_buffer=False)
    finally:
        pa.set_memory_pool(usual)


def _count_parquet(path: Path, keys: dict[str, str], sums: dict[str, tuple[str, int]]) -> pl.DataFrame:
    """Count the rows of a Parquet file."""
    rows = pl.scan_parquet(path)
    picked = rows.select(pl.col(column).alias(name) for name, column in keys.items())
    added = {name: pl.col(column).cast(pl.Float64).pow(power).sum() for name, (column, power) in sums.items()}
    try:
        # Most strata have few values: then a place for every cell beats a hash of every row.
        counts = None if sums else tally_rows(picked.collect_batches(maintain_order=False), list(keys))
        if counts is not None:
            return counts
        grouped = rows.group_by(pl.col(column).alias(name) for name, column in keys.items())
        return grouped.agg(n=pl.len().cast(pl.Int64), **added).collect(engine="streaming")
    except (OSError, pl.exceptions.PolarsError):
        raise _unreadable(path) from None
