"""Synthetic registries as files: one CSV per canonical table, `truth.json`, and `faults.csv` where faults were planted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from synthetic.corruption import plant_faults, write_faults

if TYPE_CHECKING:
    from pathlib import Path

    from synthetic.registry import Registry


def as_text(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the tables as text in canonical spelling: ISO dates, point as decimal sign, true and false, null for nothing."""
    return {name: _as_text(table) for name, table in tables.items()}


def _as_text(table: pl.DataFrame) -> pl.DataFrame:
    """Spell one table."""
    columns = []
    for name, dtype in table.schema.items():
        if dtype == pl.Date:
            columns.append(pl.col(name).dt.strftime("%Y-%m-%d"))
        elif dtype == pl.Boolean:
            spelled = pl.when(pl.col(name)).then(pl.lit("true")).otherwise(pl.lit("false"))
            columns.append(pl.when(pl.col(name).is_not_null()).then(spelled).alias(name))
        else:
            columns.append(pl.col(name).cast(pl.String))
    return table.select(columns)


def write_registry(registry: Registry, out: Path, *, faults_seed: int | None = None) -> None:
    """Write a registry: UTF-8, LF, header in canonical order, rows in the order in which they were drawn.

    Parameters
    ----------
    registry
        From `generate_registry`.
    out
        Folder; made if absent, files of the same names replaced.
    faults_seed
        Where given, faults are planted with this seed and listed in ``faults.csv``.
    """
    out.mkdir(parents=True, exist_ok=True)
    texts = as_text(registry.tables)
    if faults_seed is not None:
        texts, faults = plant_faults(texts, faults_seed)
        write_faults(faults, out / "faults.csv")
    write_tables(texts, out)
    write_truth(registry.truth, out / "truth.json")


def write_tables(texts: dict[str, pl.DataFrame], out: Path) -> None:
    """Write each table of text to ``<table>.csv``; an empty cell stands for nothing."""
    for name, table in texts.items():
        table.write_csv(out / f"{name}.csv", line_terminator="\n")


def write_truth(truth: dict[str, Any], path: Path) -> None:
    """Write the truth as JSON with a stable layout."""
    path.write_text(json.dumps(truth, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
