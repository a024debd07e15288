"""Data quality: can the numbers be believed, and what should be fixed first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import streamlit as st

from analytics.charts.completeness import completeness_chart
from analytics.charts.drift import MEASURES, drift_chart
from analytics.report.drift_table import drift_alerts_table, drift_choices
from analytics.report.quality_sections import (
    emptiest_table,
    findings_table,
    split_never_filled,
    submissions_table,
)
from dashboard import data_access
from dashboard.components.figures import show_figure
from dashboard.components.tables import show_table
from dashboard.components.tiles import follow_up_tile, show_tiles

if TYPE_CHECKING:
    from dashboard.context import PageContext
    from dashboard.data_access import Quality

CLOCKS = {"all_cause_death": "Follow-up for death", "mace_d": "Follow-up for MACE"}


def render(context: PageContext) -> None:
    """Draw the page.

    Parameters
    ----------
    context
        Snapshot, filter and role.
    """
    st.title("Data quality")
    st.markdown("Everything below counts the whole snapshot; only follow-up obeys the filters.")
    quality = data_access.read_quality(context.snapshot)
    _show_follow_up(context)
    st.subheader("Findings of the data checks")
    if quality.findings.is_empty():
        st.write("The data checks found nothing in this snapshot.")
    else:
        show_table(findings_table(quality.findings), key="findings", wraps=True)
    st.subheader("How full are the fields?")
    _show_completeness(quality)
    st.subheader("Has a site changed?")
    _show_drift(data_access.read_drift(context.snapshot))
    st.subheader("Submissions")
    show_table(submissions_table(quality.submissions), key="submissions", wraps=True)


def _show_follow_up(context: PageContext) -> None:
    """Length of follow-up on the two clocks."""
    known = data_access.read_choices(context.snapshot).endpoints
    tiles = []
    for endpoint, label in CLOCKS.items():
        if endpoint in known:
            tile = follow_up_tile(data_access.read_follow_up(context.snapshot, context.key, endpoint))
            tiles.append(type(tile)(f"{label}, median", tile.value, tile.detail))
    if tiles:
        show_tiles(tiles)


def _show_completeness(quality: Quality) -> None:
    """One grid for each canonical table, and the emptiest fields of all."""
    filled = quality.completeness.filter(pl.col("n") > 0)
    tables = filled["table_name"].unique(maintain_order=True).to_list()
    if not tables:
        st.write("This snapshot holds no rows.")
        return
    start = tables.index("procedures") if "procedures" in tables else 0
    chosen = st.pills("Table", tables, default=tables[start], key="completeness_table", required=True)
    table = chosen if chosen in tables else tables[start]
    title = f"Filled cells in the table {table}, %"
    shown, empty = split_never_filled(filled.filter(pl.col("table_name") == table))
    show_figure(completeness_chart(shown, title=title), key=f"completeness-{table}")
    if empty:
        st.markdown(f"Never filled at any site: {', '.join(empty)}.")
    show_table(emptiest_table(filled), key="emptiest")


def _show_drift(drift: pl.DataFrame) -> None:
    """Months that stand out, and every site month by month for one measure."""
    if drift.is_empty():
        st.write("No site has sent enough months with real dates to be held against its own past.")
        return
    st.markdown(
        "Each month of a site is held against its own twelve months before and against the other sites. "
        "A month that stands out is a question to the site, never a reason to leave it out."
    )
    show_table(drift_alerts_table(drift), key="drift-alerts")
    choices = drift_choices(drift)
    chosen = st.selectbox("Shown month by month", choices, format_func=_drift_label, key="drift_shown")
    column, measure = chosen if chosen in choices else choices[0]
    name = f"drift-{measure}-{column}".replace(".", "-")
    show_figure(drift_chart(drift, column=column, measure=measure), key=name)


def _drift_label(choice: tuple[str, str]) -> str:
    """Name a column and a measure in the list."""
    column, measure = choice
    return MEASURES[measure] if measure == "volume" else f"{MEASURES[measure]}: {column}"
