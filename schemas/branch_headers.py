"""Which header a column came from, where the rows of a table came several ways.

A step over numbered columns reads the same canonical column from `Lesion1 length` in one row and from
`Lesion2 length` in the next, and two emits may read it from different headers. A finding about a row names
the header of that row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEADERS = {"branch": pl.Int64, "column": pl.String, "header": pl.String}
_ROWS = {"row": pl.Int64, "branch": pl.Int64}


@dataclass(frozen=True, eq=False)
class BranchHeaders:
    """Headers of the branches that made a table.

    Parameters
    ----------
    headers
        ``branch``, ``column``, ``header``: one row for each column that a branch reads from one header.
    rows
        ``row`` of the canonical text table and the ``branch`` that made it.
    """

    headers: pl.DataFrame
    rows: pl.DataFrame

    @classmethod
    def of(cls, branches: Sequence[Mapping[str, str]]) -> BranchHeaders:
        """Return the headers of branches, each as canonical column to header, still without rows."""
        found = [(at, *pair) for at, branch in enumerate(branches) for pair in branch.items()]
        return cls(pl.DataFrame(found, schema=_HEADERS, orient="row"), pl.DataFrame(schema=_ROWS))

    def with_rows(self, branches: pl.Series) -> BranchHeaders:
        """Return the headers with the branch of each row of the table, in order of rows."""
        rows = pl.DataFrame({"branch": branches.cast(pl.Int64)}).with_row_index("row")
        return replace(self, rows=rows.select(pl.col(name).cast(kind) for name, kind in _ROWS.items()))

    def first_of_columns(self) -> dict[str, str]:
        """Return the first header of each column."""
        firsts = self.headers.unique("column", keep="first", maintain_order=True)
        return dict(firsts.select("column", "header").iter_rows())

    def beside(self, places: pl.DataFrame) -> pl.DataFrame:
        """Return places (``branch``, ``column``) with their ``header``, null where there is no single one."""
        found = places.with_columns(pl.col("branch").cast(pl.Int64))
        return found.join(self.headers, on=["branch", "column"], how="left", maintain_order="left")

    def of_cells(self, cells: pl.DataFrame) -> pl.Series:
        """Return the header of each cell (``row``, ``column``), null where there is no single one."""
        rows = self.rows.filter(pl.col("row").is_in(cells.get_column("row").unique().implode()))
        found = cells.select("row", "column").join(rows, on="row", how="left", maintain_order="left")
        return self.beside(found).get_column("header")
