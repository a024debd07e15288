"""A file and a mapping written out in the test become canonical text."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import polars as pl
import pytest

from schemas.mapping.apply import apply_mapping
from schemas.mapping.format import parse_mapping
from schemas.mapping.raw import MappedFile, RawFile
from schemas.submission import TextTable, empty_findings

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = """
format = 1
[source]
name = "a site"
site_id = "S1"
"""


def raw_file(text: str) -> RawFile:
    """Read a small CSV without any check."""
    headers, *rows = csv.reader(io.StringIO(text.strip("\n")))
    columns = {
        f"#{place + 1}": pl.Series([row[place] for row in rows], dtype=pl.String)
        for place in range(len(headers))
    }
    frame = pl.DataFrame(columns).with_columns(
        pl.int_range(1, pl.len() + 1).alias("record"), pl.int_range(2, pl.len() + 2).alias("line")
    )
    return RawFile("site.csv", tuple(headers), frame, len(rows), empty_findings())


class Mapped:
    """Canonical text of one test, easy to ask."""

    def __init__(self, mapped: MappedFile) -> None:
        self.mapped = mapped
        self.findings = mapped.findings
        self.tables: dict[str, TextTable] = {table.table: table for table in mapped.tables}

    def column(self, table: str, column: str) -> list[str | None]:
        """Return the texts of one column."""
        return self.tables[table].frame.get_column(column).to_list()

    def rules(self) -> list[tuple[str, str, str | None, int | None]]:
        """Return rule, level, column and line of each finding that is no mere count."""
        return (
            self.findings.filter(pl.col("level") != "INFO")
            .select("rule_id", "level", "column", "line")
            .rows()
        )


@pytest.fixture
def map_csv() -> Callable[..., Mapped]:
    """Return a function of mapping text (after the head) and CSV text."""

    def run(toml: str, text: str, *, secret: bytes | None = b"secret") -> Mapped:
        mapping = parse_mapping((HEAD + toml).encode(), name="site.toml")
        return Mapped(apply_mapping(mapping, raw_file(text), secret=secret))

    return run


@pytest.fixture
def set_one(map_csv: Callable[..., Mapped]) -> Callable[..., Mapped]:
    """Return a function that sets one column of procedures; ``read`` is the section ``[read]``."""

    def run(column: str, expression: str, text: str, *, read: str = "") -> Mapped:
        emit = f'[read]\n{read}\n[[emit]]\ntable = "procedures"\n[emit.set]\n{column} = {expression}\n'
        return map_csv(emit, text)

    return run
