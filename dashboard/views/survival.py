"""Survival: how long free of an endpoint, by calcification or by device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.charts.forest import hazard_ratio_chart
from analytics.charts.labels import label_group
from analytics.charts.theme import is_concatenated
from analytics.outcomes.blocks import GROUPINGS, HEADLINE_ENDPOINT, WINDOWS, endpoint_of
from analytics.report.survival_sections import has_competitor, refusal_sentences, survival_figure
from analytics.report.survival_tables import (
    comparison_sentence,
    comparison_table,
    cox_table,
    proportionality_table,
    risk_table,
    warning_sentences,
)
from analytics.survival.results import GroupTest, NotEstimable, ProportionalityTest
from dashboard import data_access
from dashboard.components.figures import show_figure
from dashboard.components.pickers import pick
from dashboard.components.states import show_empty_filter
from dashboard.components.tables import show_table
from dashboard.filters import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.report.content import CoxBlock, SurvivalBlock
    from dashboard.context import PageContext


def render(context: PageContext) -> None:
    """Draw the page.

    Parameters
    ----------
    context
        Snapshot, filter and role.
    """
    st.title("Survival")
    if not data_access.read_population(context.snapshot, context.key).n_procedures:
        codes = (*context.filters.severities, *context.filters.strategies)
        show_empty_filter(describe(context.filters, {code: label_group(code) for code in codes}))
        return
    endpoint, by, window = _choose(data_access.read_choices(context.snapshot).endpoints)
    block = data_access.read_outcome(context.snapshot, context.key, endpoint, by, window)
    st.markdown(f"**{block.endpoint_label}.** {block.composition} {block.note}")
    _show_block(block, key=f"{endpoint}-{by}-{window}")
    st.subheader("Calcification and device together")
    if st.toggle("Fit the Cox model", value=True, key="fit"):
        _show_hazards(
            data_access.read_hazards(context.snapshot, context.key, endpoint), key=f"{endpoint}-hazards"
        )


def _choose(endpoints: Sequence[str]) -> tuple[str, str, str]:
    """Endpoint, grouping and stretch of follow-up, each held against what exists."""
    first, second, third = st.columns([3, 2, 3])
    with first:
        endpoint = pick(
            "Endpoint",
            endpoints,
            parameter="ep",
            word=lambda name: endpoint_of(name).label,
            default=HEADLINE_ENDPOINT,
        )
    with second:
        by = pick("Compare by", list(GROUPINGS), parameter="by", word=lambda key: GROUPINGS.get(key, key))
    with third:
        window = pick(
            "Stretch of follow-up", list(WINDOWS), parameter="win", word=lambda key: WINDOWS[key].name
        )
    return endpoint, by, window


def _show_block(block: SurvivalBlock, *, key: str) -> None:
    """Figure, risks, refusals, warnings, and the test behind a fold."""
    figure = survival_figure(block)
    if figure is None:
        st.info("No curve can be drawn. The reason stands below, group by group.")
    else:
        show_figure(figure, key=key)
        if is_concatenated(figure):
            st.markdown("Choose up to four device strategies in the sidebar to see them in one figure.")
    for sentence in (*refusal_sentences(block), *warning_sentences((*block.curves, *block.risks))):
        st.markdown(f"- {sentence}")
    show_table(risk_table(block.risks, caption="Risk by a fixed day"), key=f"{key}-risks")
    with st.expander("Do the groups differ by more than chance?"):
        for test in block.tests:
            st.write(comparison_sentence(test, competing=has_competitor(block)))
            if isinstance(test, GroupTest):
                show_table(comparison_table(test), key=f"{key}-test")


def _show_hazards(block: CoxBlock, *, key: str) -> None:
    """Hazard ratios as a figure, as a table, and whether they are constant."""
    st.markdown(f"{block.subtitle} The whole follow-up counts here, whatever stretch is chosen above.")
    if isinstance(block.fit, NotEstimable):
        st.info(f"Not estimable: {block.fit.reason}")
        return
    show_figure(hazard_ratio_chart(block.fit, title=block.title, labels=block.labels), key=key)
    with st.expander("Coefficients, and whether the ratios stay constant over time"):
        show_table(cox_table(block.fit, block.labels), key=f"{key}-table")
        if isinstance(block.proportionality, ProportionalityTest):
            show_table(
                proportionality_table(block.proportionality, block.labels), key=f"{key}-proportionality"
            )
    for sentence in warning_sentences((block.fit,)):
        st.markdown(f"- {sentence}")
