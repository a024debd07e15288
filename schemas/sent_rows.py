"""The rows of one table as they were sent: with their types, and as text where somebody asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import polars as pl

from schemas.parsing import UNREAD_SCHEMA, completed, typed_columns, unreadable_cells
from schemas.registry import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.registry import Table
    from schemas.submission import TextTable


@dataclass(frozen=True, eq=False)
class SentRows:
    """Parts of one table, numbered through.

    Parameters
    ----------
    table
        Table of the registry.
    parts
        The parts as they came, in order.
    typed
        ``at`` and every canonical column with its type; an unreadable cell is null.
    unread
        ``at``, ``column`` and ``text`` of the cells that hold text but no value of their type, in order of
        column and row.
    """

    table: Table
    parts: Sequence[TextTable]
    typed: pl.DataFrame
    unread: pl.DataFrame

    @property
    def starts(self) -> list[int]:
        """Number of the first row of each part, and of all rows."""
        return list(accumulate((part.frame.height for part in self.parts), initial=0))

    def texts(self, at: pl.Series) -> pl.DataFrame:
        """Return ``at`` and the canonical columns of some rows as text, in ascending order."""
        found = [pl.DataFrame(schema={"at": pl.Int64} | dict.fromkeys(self.table.dtypes, pl.String))]
        wanted = at.sort()
        for part, (first, last) in zip(self.parts, pairwise(self.starts), strict=True):
            own = wanted.filter((wanted >= first) & (wanted < last))
            if not own.is_empty():
                found.append(self._texts_of(part, own - first).insert_column(0, own.alias("at")))
        return pl.concat(found)

    def _texts_of(self, part: TextTable, rows: pl.Series) -> pl.DataFrame:
        """Return the canonical columns of some rows of a part as text, absent ones as null."""
        frame = part.frame[rows] if part.read is None else part.read.of_rows(rows)
        return frame.select(text_or_null(frame, name) for name in self.table.dtypes)


def sent_rows(table: str, parts: Sequence[TextTable]) -> SentRows:
    """Join the parts of one table, each cell by its type.

    Parameters
    ----------
    table
        Name of a canonical table.
    parts
        Its parts, in order; none for a table that was not sent.
    """
    definition = TABLES[table]
    frames, unread, first = (
        [typed_columns(pl.DataFrame(), definition)],
        [pl.DataFrame(schema=UNREAD_SCHEMA)],
        0,
    )
    for part in parts:
        frame, cells = _typed_part(part, definition)
        frames.append(frame)
        unread.append(cells.with_columns(pl.col("at") + first))
        first += frame.height
    filled = [frame for frame in frames if frame.height] or frames[:1]
    typed = filled[0] if len(filled) == 1 else pl.concat(filled)
    typed = typed.select(pl.int_range(pl.len(), dtype=pl.Int64).alias("at"), *definition.dtypes)
    return SentRows(definition, parts, typed, _in_order(pl.concat(unread), definition))


def text_or_null(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Return a column of text, null where it is blank, or nulls where the frame lacks it."""
    if frame.schema.get(name, pl.Null) == pl.Null:
        return pl.lit(None, pl.String).alias(name)
    if not (frame[name] == "").any():
        return pl.col(name)
    return pl.when(pl.col(name) != "").then(pl.col(name)).alias(name)


def _typed_part(part: TextTable, table: Table) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the typed columns of a part, and its unreadable cells."""
    if part.read is not None:
        return completed(part.read.take(), table, part.frame.height), part.read.unread.rename({"row": "at"})
    offered = [name for name in table.dtypes if name in part.frame.columns]
    text = part.frame.select(text_or_null(part.frame, name) for name in offered)
    text = text.with_columns(pl.int_range(part.frame.height, dtype=pl.Int64, eager=True).alias("at"))
    typed = typed_columns(text, table)
    return typed, unreadable_cells(text, typed, table)


def _in_order(unread: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Sort unreadable cells by column and row."""
    order = {name: place for place, name in enumerate(table.dtypes)}
    place = pl.col("column").replace_strict(order, return_dtype=pl.Int64)
    return unread.sort(place, "at")
