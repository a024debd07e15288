"""Overview: how much, how often, how long free of MACE, and what needs attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import streamlit as st

from analytics.charts.attrition import attrition_chart
from analytics.charts.labels import label_group
from analytics.charts.numbers import format_count
from analytics.outcomes.blocks import HEADLINE_ENDPOINT, endpoint_of
from analytics.report.quality_sections import LEVEL_WORDS
from analytics.report.sections import case_mix_table
from analytics.report.survival_sections import survival_figure
from dashboard import data_access
from dashboard.components.figures import show_figure
from dashboard.components.states import show_empty_filter
from dashboard.components.tables import show_table
from dashboard.components.tiles import follow_up_tile, rate_tile, risk_tile, show_tiles, volume_tile
from dashboard.filters import describe

if TYPE_CHECKING:
    from dashboard.context import PageContext

HEADLINE_COMPLICATION = "perforation_any"
HEADLINE_DAY = 365
STATUS_ENDPOINT = "all_cause_death"
"""Shown by the last visit where the days of death are unknown."""
MOST_ATTENTION = 6


def render(context: PageContext) -> None:
    """Draw the page.

    Parameters
    ----------
    context
        Snapshot, filter and role.
    """
    st.title("Overview")
    population = data_access.read_population(context.snapshot, context.key)
    if not population.n_procedures:
        codes = (*context.filters.severities, *context.filters.strategies)
        show_empty_filter(describe(context.filters, {code: label_group(code) for code in codes}))
        return
    _show_headline(context, population)
    _show_curve(context)
    st.subheader("What needs attention")
    _show_attention(context)
    st.subheader("Case mix")
    show_table(case_mix_table(population.case_mix), key="case-mix")
    st.subheader("From the registry to the cohort")
    attrition = data_access.read_quality(context.snapshot).attrition
    show_figure(
        attrition_chart(attrition, title="All procedures of this snapshot, before any filter"),
        key="attrition",
    )


def _show_headline(context: PageContext, population: data_access.Population) -> None:
    """Four tiles: volume, a complication, one-year MACE, follow-up."""
    endpoint = endpoint_of(HEADLINE_ENDPOINT)
    rates = data_access.read_one_complication(
        context.snapshot, context.key, HEADLINE_COMPLICATION, "procedure", ""
    )
    overall = [
        rate
        for rate in rates
        if (rate.complication, rate.strategy, rate.severity) == (HEADLINE_COMPLICATION, "all", "all")
    ]
    risk = data_access.read_overall_risk(context.snapshot, context.key, endpoint.name, HEADLINE_DAY)
    follow_up = data_access.read_follow_up(context.snapshot, context.key, endpoint.name)
    by_visit = data_access.read_status_risk(context.snapshot, context.key, STATUS_ENDPOINT)
    show_tiles(
        (
            volume_tile(population),
            rate_tile(overall[0] if overall else None),
            risk_tile(risk, label="MACE within 1 year"),
            *(() if by_visit is None else (risk_tile(by_visit, label=_say_status(by_visit.horizon_days)),)),
            follow_up_tile(follow_up),
        )
    )
    if by_visit is not None:
        st.markdown(
            "Here deaths are known by a visit only, without a day: the share by that visit stands instead "
            "of a curve, with Wilson's interval."
        )
    st.markdown(f"MACE here: {endpoint.composition}")


def _say_status(day: int) -> str:
    """Words for deaths by a visit."""
    return f"{endpoint_of(STATUS_ENDPOINT).label}, by day {day}"


def _show_curve(context: PageContext) -> None:
    """Draw the headline endpoint by calcification severity."""
    block = data_access.read_outcome(context.snapshot, context.key, HEADLINE_ENDPOINT, "severity", "all")
    figure = survival_figure(block)
    if figure is None:
        st.info(f"No curve of {block.endpoint_label} can be drawn; the page Survival says why.")
    else:
        show_figure(figure, key="headline-curve")


def _show_attention(context: PageContext) -> None:
    """List the gravest and most frequent findings, each with its remedy."""
    findings = data_access.read_quality(context.snapshot).findings.filter(pl.col("level") != "INFO")
    if findings.is_empty():
        st.write("The data checks found nothing that needs to be acted on.")
        return
    for row in findings.head(MOST_ATTENTION).iter_rows(named=True):
        count = format_count(int(row["n"]))
        st.markdown(
            f"**{row['rule_id']}** \u00b7 {count} {LEVEL_WORDS.get(row['level'], row['level'])}  "
            f"\n{row['sentence']}"
        )
    st.markdown("All findings and their remedies are on the page Data quality.")
