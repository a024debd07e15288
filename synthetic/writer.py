"""Synthetic registries as files: one per canonical table, `truth.json` and `scenario.json`."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import polars as pl
import polars.selectors as cs
import pyarrow.parquet as pq

from synthetic.leftovers import refuse_leftovers
from synthetic.registry import Registry, generate_registry
from synthetic.scenario_json import write_scenario

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "Registry",
    "TableFiles",
    "generate_registry",
    "spell_tables",
    "tables_as_text",
    "write_registry",
    "write_text_tables",
    "write_truth",
    "written_together",
]

TRUTH_FILE = "truth.json"


def tables_as_text(registry: Registry) -> dict[str, pl.DataFrame]:
    """Return the tables of a registry as text; see `spell_tables`."""
    return spell_tables(registry.tables)


def spell_tables(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return tables as text: ISO dates, point as decimal sign, true and false, null for nothing."""
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


def write_registry(registry: Registry, out: Path) -> None:
    """Write a registry: UTF-8, LF, header in canonical order, rows in the order in which they were drawn.

    The files appear together, when all are written.

    Parameters
    ----------
    registry
        From `generate_registry`.
    out
        Folder; made if absent, files of the same names replaced.

    Raises
    ------
    SchemaFileError
        If parts of another registry would stay in the folder.
    """
    refuse_leftovers(out, {f"{name}.csv" for name in registry.tables})
    with written_together(out) as work:
        with TableFiles(work) as files:
            files.add(registry.tables)
        write_scenario(registry.scenario, work)
        write_truth(registry.truth, work)


@contextmanager
def written_together(out: Path) -> Iterator[Path]:
    """Yield an empty folder whose files move to another one at the end, so that no half registry looks whole.

    Parameters
    ----------
    out
        Folder; made if absent, files of the same names replaced. ``truth.json`` comes last: a registry that
        has one is whole. Where writing ends early, all is left as it was; only a process that is killed
        leaves its hidden folder ``.unfinished-*`` behind.
    """
    is_new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(prefix=".unfinished-", dir=out) as name:
            yield Path(name)
            _move_files(Path(name), out)
    finally:
        if is_new and not any(out.iterdir()):
            out.rmdir()


def _move_files(work: Path, out: Path) -> None:
    """Move files into a folder, subfolders kept, the truth last."""
    (out / TRUTH_FILE).unlink(missing_ok=True)
    files = sorted(path for path in work.rglob("*") if path.is_file())
    for path in sorted(files, key=lambda path: path.name == TRUTH_FILE):
        target = out / path.relative_to(work)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)


class TableFiles(AbstractContextManager["TableFiles"]):
    """Files of tables that grow block by block, so that a registry of any size needs the memory of a block.

    Parameters
    ----------
    out
        Folder; made if absent, files of the same names replaced.
    kind
        ``csv``: one CSV per table. ``parquet``: one Parquet file per table, typed, a row group per block.

    Attributes
    ----------
    rows
        Rows written so far, by table.
    """

    def __init__(self, out: Path, kind: Literal["csv", "parquet"] = "csv") -> None:
        """Prepare the folder."""
        out.mkdir(parents=True, exist_ok=True)
        self.rows: dict[str, int] = {}
        self._out, self._kind = out, kind
        self._open = ExitStack()
        self._csv: dict[str, BinaryIO] = {}
        self._parquet: dict[str, pq.ParquetWriter] = {}

    def add(self, tables: Mapping[str, pl.DataFrame]) -> None:
        """Append a block of typed tables."""
        if self._kind == "csv":
            self.add_text(spell_tables(tables))
            return
        for name, table in tables.items():
            arrow = table.with_columns(cs.by_dtype(pl.Categorical, pl.Enum).cast(pl.String)).to_arrow()
            if name not in self._parquet:
                writer = pq.ParquetWriter(self._out / f"{name}.parquet", arrow.schema, compression="zstd")
                self._parquet[name] = self._open.enter_context(writer)
            self._parquet[name].write_table(arrow)
            self._count(name, table)

    def add_text(self, texts: Mapping[str, pl.DataFrame]) -> None:
        """Append a block of tables of text to the CSV files; an empty cell stands for nothing."""
        for name, table in texts.items():
            is_new = name not in self._csv
            if is_new:
                self._csv[name] = self._open.enter_context((self._out / f"{name}.csv").open("wb"))
            table.write_csv(self._csv[name], include_header=is_new, line_terminator="\n")
            self._count(name, table)

    def _count(self, name: str, table: pl.DataFrame) -> None:
        """Add a block's rows."""
        self.rows[name] = self.rows.get(name, 0) + table.height

    def __exit__(self, *problem: object) -> None:
        """Close every file."""
        self._open.close()


def write_text_tables(texts: Mapping[str, pl.DataFrame], out: Path) -> None:
    """Write each table of text to ``<table>.csv``; an empty cell stands for nothing."""
    with TableFiles(out) as files:
        files.add_text(texts)


def write_truth(truth: dict[str, Any], out: Path) -> None:
    """Write ``truth.json`` into an existing folder, with a stable layout."""
    text = json.dumps(truth, indent=2, ensure_ascii=False) + "\n"
    (out / TRUTH_FILE).write_text(text, encoding="utf-8", newline="\n")
