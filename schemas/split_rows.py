"""Typed rows of one table, the accepted apart from the rejected; each is held once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.parsing import nulls

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class SplitRows:
    """Typed rows that fall apart as rows are rejected.

    Parameters
    ----------
    typed
        ``at``, the number of each row from 0, and typed columns.
    texts
        Columns of text of which it may be asked what was sent.
    """

    def __init__(self, typed: pl.DataFrame, texts: Collection[str] = ()) -> None:
        self._kept = typed
        self._texts = texts
        self._lost = typed.clear()
        self._due: list[pl.Series] = []  # rejected rows that still stand among the kept ones
        self._sent: dict[str, pl.Series] = {}  # texts as they were before a cell of theirs was emptied

    def kept(self) -> pl.DataFrame:
        """Return the rows that were not rejected."""
        self._part()
        return self._kept

    def lost(self) -> pl.DataFrame:
        """Return the rows that were rejected, in order of their number."""
        self._part()
        return self._lost

    def lose(self, at: pl.Series) -> None:
        """Reject rows by their numbers."""
        if not at.is_empty():
            self._due.append(at)

    def undivided(self) -> pl.DataFrame:
        """Return all rows, in order of their number."""
        if self._lost.is_empty():
            return self._kept
        return pl.concat([self._kept, self._lost]).sort("at")

    def columns(self, names: Sequence[str]) -> pl.DataFrame:
        """Return ``at`` and some columns of all rows, in order of their number."""
        wanted = list(dict.fromkeys(["at", *names]))
        if self._lost.is_empty():
            return self._kept.select(wanted)
        return self._kept.select(wanted).merge_sorted(self._lost.select(wanted), key="at")

    def as_sent(self, name: str) -> pl.DataFrame:
        """Return ``at`` and one of the columns of text as it was sent, of all rows."""
        if name not in self._texts:
            raise KeyError(name)
        if name in self._sent:
            return pl.DataFrame(
                {"at": pl.int_range(len(self._sent[name]), eager=True), name: self._sent[name]}
            )
        return self.columns([name])

    def empty(self, cells: pl.DataFrame) -> None:
        """Set cells (``at``, ``column``) to null."""
        for (column,), rows in cells.group_by("column", maintain_order=True):
            name, at = str(column), rows["at"].implode()
            if name in self._texts and name not in self._sent:
                self._sent[name] = self.columns([name])[name]
            emptied = pl.when(~pl.col("at").is_in(at)).then(pl.col(name)).alias(name)
            self._kept = self._kept.with_columns(emptied)
            self._lost = self._lost.with_columns(emptied)

    def fill(self, cells: pl.DataFrame) -> None:
        """Set decimals (``at``, ``column``, ``value``)."""
        for (column,), rows in cells.group_by("column", maintain_order=True):
            named = rows.select("at", pl.col("value").alias(str(column)))
            self._kept = self._kept.update(named, on="at", how="left")
            self._lost = self._lost.update(named, on="at", how="left")

    def _part(self) -> None:
        """Move the rejected rows, column by column: never are more columns than one held twice."""
        if not self._due:
            return
        is_lost = self._kept["at"].is_in(pl.concat(self._due).implode())
        self._due = []
        if not is_lost.any():
            return
        self._lost = pl.concat([self._lost, self._kept.filter(is_lost)]).sort("at")
        is_kept = ~is_lost
        height = int(is_kept.sum())
        columns, kept = self._kept.get_columns(), []
        del self._kept
        while columns:
            column = columns.pop(0)
            is_blank = column.null_count() == len(column)
            kept.append(nulls(column.name, column.dtype, height) if is_blank else column.filter(is_kept))
        self._kept = pl.DataFrame(kept)
