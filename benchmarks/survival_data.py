"""Outcomes of a made-up registry as Parquet and as a DuckDB table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from analytics.store.engine import opened, run

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 500_000
FLAGS, NUMBERS = 21, 3
COVARIATES = tuple(f"x{number}" for number in range(FLAGS + NUMBERS))
SITES = 400
LAST_DAY = 1_825
SMALL = "small"
"""Folder beside the outcomes with a few rows of the same kind, for a first call."""


def write_outcomes(folder: Path, n: int) -> None:
    """Write ``outcomes.parquet`` and ``outcomes.duckdb`` with a table ``outcomes``.

    Parameters
    ----------
    folder
        Where to write.
    n
        Rows: whole days up to five years, about 20 % events, two causes, 24 covariates (21 of them 0 or 1),
        7 devices, 4 severities, 400 sites.
    """
    writer = None
    for seed, low in enumerate(range(0, n, CHUNK)):
        table = _draw(min(CHUNK, n - low), seed).to_arrow()
        writer = writer or pq.ParquetWriter(folder / "outcomes.parquet", table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()
    with opened(folder / "outcomes.duckdb", read_only=False) as connection:
        run(
            connection,
            "create table outcomes (device tinyint, severity tinyint, time_days smallint, cause tinyint)",
        )
        for batch in pq.ParquetFile(folder / "outcomes.parquet").iter_batches(
            columns=["device", "severity", "time_days", "cause"]
        ):
            connection.register("incoming", batch)
            run(connection, "insert into outcomes select * from incoming")
            connection.unregister("incoming")


def _draw(n: int, seed: int) -> pl.DataFrame:
    """Draw some rows."""
    draw = np.random.default_rng(seed)
    shares = np.linspace(0.1, 0.5, FLAGS)
    flags = (draw.random((n, FLAGS)) < shares).astype(np.int8)
    numbers = draw.normal(size=(n, NUMBERS))
    risk = flags @ np.linspace(-0.3, 0.3, FLAGS) + numbers @ np.array([0.2, -0.1, 0.05])
    event = np.ceil(draw.exponential(6_500 * np.exp(-risk)))
    gone = np.minimum(np.ceil(draw.uniform(0, 1.5 * LAST_DAY, n)), LAST_DAY)
    cause = np.where(event <= gone, 1 + (draw.random(n) < 0.35), 0)
    x = [*flags.T, *numbers.T]
    return pl.DataFrame(
        {
            "device": draw.integers(0, 7, n).astype(np.int8),
            "severity": draw.integers(0, 4, n).astype(np.int8),
            "site": draw.integers(0, SITES, n).astype(np.int16),
            "time_days": np.minimum(event, gone).astype(np.int16),
            "cause": cause.astype(np.int8),
            "event": (cause > 0).astype(np.int8),
            **dict(zip(COVARIATES, x, strict=True)),
        }
    )
