"""Synthetic registries as files: one CSV per canonical table, and `truth.json`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from synthetic.registry import Registry, generate_registry

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "Registry",
    "generate_registry",
    "tables_as_text",
    "write_registry",
    "write_text_tables",
    "write_truth",
]


def tables_as_text(registry: Registry) -> dict[str, pl.DataFrame]:
    """Return the tables as text: ISO dates, point as decimal sign, true and false, null for nothing."""
    return {name: _as_text(table) for name, table in registry.tables.items()}


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


def write_registry(registry: Registry, out: Path) -> None:
    """Write a registry: UTF-8, LF, header in canonical order, rows in the order in which they were drawn.

    Parameters
    ----------
    registry
        From `generate_registry`.
    out
        Folder; made if absent, files of the same names replaced.
    """
    out.mkdir(parents=True, exist_ok=True)
    write_text_tables(tables_as_text(registry), out)
    write_truth(registry.truth, out)


def write_text_tables(texts: dict[str, pl.DataFrame], out: Path) -> None:
    """Write each table of text to ``<table>.csv`` in an existing folder; an empty cell stands for nothing."""
    for name, table in texts.items():
        table.write_csv(out / f"{name}.csv", line_terminator="\n")


def write_truth(truth: dict[str, Any], out: Path) -> None:
    """Write ``truth.json`` into an existing folder, with a stable layout."""
    text = json.dumps(truth, indent=2, ensure_ascii=False) + "\n"
    (out / "truth.json").write_text(text, encoding="utf-8", newline="\n")
