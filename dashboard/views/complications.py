"""Complications: how often, with which device, in which calcium; compared with what, counted how."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.chapters.complication_page import USUAL, rate_sections, unit_of_choice
from analytics.charts.labels import label_complication, label_group
from analytics.complications.definitions import COMPLICATIONS, PRINCIPAL, default_unit
from analytics.complications.flags import UNITS
from analytics.report.complication_tables import overview_table
from dashboard import data_access
from dashboard.components.pickers import pick
from dashboard.components.sections import show_sections
from dashboard.components.states import show_empty_filter
from dashboard.components.tables import show_table
from dashboard.filters import describe

if TYPE_CHECKING:
    from dashboard.context import PageContext

USES = {"": "All", "planned": "Planned only", "bailout": "With a bailout"}
"""Plans of use by their key in an address."""

COUNTED = {
    "procedure": "Every procedure counts, staged ones too.",
    "lesion": "Every treated lesion counts; where a record names no lesion and there were several, nobody "
    "can tell which, and they are left out.",
    "patient": "Every patient counts once, with device and grade of the first procedure; a complication of "
    "any procedure counts once.",
}
BASIS = {
    "intended": "Devices as intended: the first modification device that was tried.",
    "as_treated": "Devices as treated: the set of devices that was used.",
}
CRUDE = "Rates are crude: a device is chosen for the lesion, so differences are not its effect."


def render(context: PageContext) -> None:
    """Draw the page.

    Parameters
    ----------
    context
        Snapshot, filter and role.
    """
    st.title("Complications")
    chosen, unit, use_plan = _choose(context)
    rates = data_access.read_one_complication(context.snapshot, context.key, chosen, unit, use_plan)
    if not any(rate.n_total or rate.n_unrecorded for rate in rates):
        codes = (*context.filters.severities, *context.filters.strategies)
        show_empty_filter(describe(context.filters, {code: label_group(code) for code in codes}))
        return
    words = _explain(chosen, unit, context)
    show_sections(rate_sections(rates, chosen, words=words, population=context.filters))
    st.subheader("Compared")
    st.markdown(
        f"{label_complication(chosen)} by {default_unit(chosen)}, whatever is chosen above: crude, and "
        "beside it for the same patients."
    )
    sections = data_access.read_complication_comparisons(context.snapshot, context.key, chosen)
    for section in sections:
        st.markdown(f"#### {section.title}")
        show_sections((section,))
    st.subheader("All complications")
    usual = data_access.read_complication_rates(context.snapshot, context.key)
    principal = [rate for rate in usual if rate.complication in PRINCIPAL]
    show_table(overview_table(principal), key="complications-overview")


def _choose(context: PageContext) -> tuple[str, str, str]:
    """One complication, what is counted, and which use of devices; the address carries all three."""
    first, second, third = st.columns([3, 2, 2])
    with first:
        chosen = pick("Complication", PRINCIPAL, parameter="comp", word=label_complication)
    with second:
        unit = pick(
            "Counted by", (USUAL, *UNITS), parameter="unit", word=lambda code: _unit_word(code, chosen)
        )
    use_plan = ""
    if data_access.read_offers_use_plan(context.snapshot, context.key):
        with third:
            use_plan = pick("Use of devices", tuple(USES), parameter="use", word=lambda code: USES[code])
    return chosen, unit_of_choice(chosen, unit), use_plan


def _unit_word(code: str, complication: str) -> str:
    """Words for a unit; the usual one names itself."""
    return f"{default_unit(complication)} (usual)" if code == USUAL else code


def _explain(complication: str, unit: str, context: PageContext) -> str:
    """Say what counts, what the denominator is, and how devices are counted."""
    sentence = COMPLICATIONS[complication].sentence
    return " ".join((sentence, BASIS[context.filters.strategy_basis], COUNTED[unit], CRUDE))
