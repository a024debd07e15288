"""Tables on a page, and the same rows as a CSV file that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Literal

import polars as pl
import streamlit as st

if TYPE_CHECKING:
    from analytics.report.document import Table

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins with one of these for a formula."""


LONGEST = 40
"""Rows shown at full height; a longer table scrolls."""


def show_table(table: Table, *, key: str, wraps: bool = False) -> None:
    """Show a table under its caption, and offer it as CSV.

    Parameters
    ----------
    table
        Text cells.
    key
        Stable name; also the name of the file.
    wraps
        Whether cells hold sentences, which then wrap instead of being cut off.
    """
    st.markdown(f"**{table.caption}**")
    if not table.rows:
        st.markdown("Nothing to show.")
        return
    if wraps:
        st.table(as_frame(table), hide_index=True)
    else:
        height: Literal["auto", "content"] = "content" if len(table.rows) <= LONGEST else "auto"
        st.dataframe(
            as_frame(table),
            hide_index=True,
            width="stretch",
            height=height,
            key=f"table-{key}",
            alt=table.caption,
        )
    st.download_button(
        "Save as CSV",
        csv_text(table),
        file_name=f"{key}.csv",
        mime="text/csv",
        key=f"csv-{key}",
        on_click="ignore",
    )


def as_frame(table: Table) -> pl.DataFrame:
    """Return a table as a frame of text."""
    return pl.DataFrame(
        {name: [row[i] for row in table.rows] for i, name in enumerate(table.header)},
        schema=dict.fromkeys(table.header, pl.String),
    )


def csv_text(table: Table) -> str:
    """Return a table as CSV; cells that a spreadsheet would run get an apostrophe in front."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow([_harmless(cell) for cell in table.header])
    writer.writerows([_harmless(cell) for cell in row] for row in table.rows)
    return sheet.getvalue()


def _harmless(cell: str) -> str:
    """One cell that is text and nothing else."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
