"""Complications: how often, with which device, in which calcium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.charts.complication_rates import complication_rate_chart
from analytics.charts.labels import label_complication, label_group
from analytics.complications.definitions import COMPLICATIONS
from analytics.report.complication_tables import known_groups, overview_table, rate_table
from dashboard import data_access
from dashboard.components.figures import show_figure
from dashboard.components.states import show_empty_filter
from dashboard.components.tables import show_table
from dashboard.filters import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.complications.results import ComplicationRate
    from dashboard.context import PageContext


def render(context: PageContext) -> None:
    """Draw the page.

    Parameters
    ----------
    context
        Snapshot, filter and role.
    """
    st.title("Complications")
    rates = data_access.read_complication_rates(context.snapshot, context.key)
    if not any(rate.n_total or rate.n_unrecorded for rate in rates):
        codes = (*context.filters.severities, *context.filters.strategies)
        show_empty_filter(describe(context.filters, {code: label_group(code) for code in codes}))
        return
    chosen = _choose(rates)
    shown = [
        rate
        for rate in rates
        if rate.complication == chosen and (rate.strategy, rate.severity) != ("all", "all")
    ]
    st.markdown(_explain(chosen, context))
    drawn = known_groups(shown)
    if drawn:
        show_figure(complication_rate_chart(drawn), key=f"complication-{chosen}")
        st.markdown("Groups whose device or grade is unknown stand in the table only.")
    show_table(rate_table(shown), key=f"complication-{chosen}-rates")
    st.subheader("All complications")
    show_table(overview_table(rates), key="complications-overview")


def _choose(rates: Sequence[ComplicationRate]) -> str:
    """One complication; the address carries its key."""
    keys = list(dict.fromkeys(rate.complication for rate in rates))
    asked = st.query_params.get("comp", "")
    start = keys.index(asked) if asked in keys else 0
    chosen = st.selectbox(
        "Complication", keys, index=start, format_func=label_complication, key="complication"
    )
    if chosen not in keys:
        return keys[0]
    st.query_params["comp"] = chosen
    return str(chosen)


def _explain(complication: str, context: PageContext) -> str:
    """Say what counts, what the denominator is, and how devices are counted."""
    known = COMPLICATIONS.get(complication)
    sentence = known.sentence if known else ""
    basis = {
        "intended": "Devices as intended: the first modification device that was tried.",
        "as_treated": "Devices as treated: the set of devices that was used.",
    }[context.filters.strategy_basis]
    return (
        f"{sentence} {basis} Every procedure counts, staged ones too. Rates are crude: a device is chosen "
        f"for the lesion, "
        "so differences between devices are not their effect."
    )
