"""Complications: how often, with which device, in which calcium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.charts.complication_rates import complication_rate_chart
from analytics.charts.labels import label_complication, label_group
from analytics.complications.definitions import COMPLICATIONS
from analytics.complications.flags import UNITS
from analytics.report.complication_tables import known_groups, overview_table, rate_table
from dashboard import data_access
from dashboard.components.figures import show_figure
from dashboard.components.pickers import pick
from dashboard.components.states import show_empty_filter
from dashboard.components.tables import show_table
from dashboard.filters import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.context import PageContext


def render(context: PageContext) -> None:
    """Draw the page.

    Parameters
    ----------
    context
        Snapshot, filter and role.
    """
    st.title("Complications")
    chosen, unit = _choose(tuple(COMPLICATIONS))
    rates = data_access.read_complication_rates(context.snapshot, context.key, unit)
    if not any(rate.n_total or rate.n_unrecorded for rate in rates):
        codes = (*context.filters.severities, *context.filters.strategies)
        show_empty_filter(describe(context.filters, {code: label_group(code) for code in codes}))
        return
    shown = [
        rate
        for rate in rates
        if rate.complication == chosen and (rate.strategy, rate.severity) != ("all", "all")
    ]
    st.markdown(_explain(chosen, unit, context))
    drawn = known_groups(shown)
    if drawn:
        show_figure(complication_rate_chart(drawn), key=f"complication-{chosen}-{unit}")
        st.markdown("Groups whose device or grade is unknown stand in the table only.")
    show_table(rate_table(shown), key=f"complication-{chosen}-{unit}-rates")
    st.subheader("All complications")
    show_table(overview_table(rates), key=f"complications-{unit}-overview")


def _choose(keys: Sequence[str]) -> tuple[str, str]:
    """One complication and what is counted; the address carries both."""
    first, second = st.columns([3, 2])
    with first:
        chosen = pick("Complication", keys, parameter="comp", word=label_complication)
    with second:
        unit = pick("Counted by", UNITS, parameter="unit", word=str)
    return chosen, unit


def _explain(complication: str, unit: str, context: PageContext) -> str:
    """Say what counts, what the denominator is, and how devices are counted."""
    known = COMPLICATIONS.get(complication)
    sentence = known.sentence if known else ""
    basis = {
        "intended": "Devices as intended: the first modification device that was tried.",
        "as_treated": "Devices as treated: the set of devices that was used.",
    }[context.filters.strategy_basis]
    counted = {
        "procedure": "Every procedure counts, staged ones too.",
        "lesion": "Every treated lesion counts; where a record names no lesion and there were several, "
        "nobody can tell which, and they are left out.",
    }[unit]
    crude = "Rates are crude: a device is chosen for the lesion, so differences are not its effect."
    return f"{sentence} {basis} {counted} {crude}"
