"""Methods: what every word and number means here, and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.complications.definitions import COMPLICATIONS
from analytics.outcomes.blocks import endpoint_of
from analytics.report.document import Table
from analytics.report.methods import ALL_DEFINITIONS, LIMITS, METHODS_VERSION
from dashboard import data_access
from dashboard.components.tables import show_table

if TYPE_CHECKING:
    from dashboard.context import PageContext


def render(context: PageContext) -> None:
    """Draw the page.

    Parameters
    ----------
    context
        Snapshot, filter and role.
    """
    st.title("Methods")
    st.markdown(
        f"Definitions, version {METHODS_VERSION}. A version changes whenever a published number would move."
    )
    for heading, definitions in ALL_DEFINITIONS:
        st.subheader(heading)
        for item in definitions:
            source = f" *{item.source}.*" if item.source else ""
            st.markdown(f"**{item.term}.** {item.meaning}{source}")
    st.subheader("Endpoints and what they are made of")
    endpoints = [endpoint_of(name) for name in data_access.read_choices(context.snapshot).endpoints]
    rows = tuple((one.label, one.composition, one.source) for one in endpoints)
    show_table(
        Table("Compare only where the composition agrees", ("Endpoint", "Composition", "Source"), rows),
        key="endpoints",
        wraps=True,
    )
    st.subheader("Complications and what counts")
    counted = tuple((one.label, one.sentence) for one in COMPLICATIONS.values())
    show_table(
        Table("As recorded by the sites", ("Complication", "What counts"), counted),
        key="definitions",
        wraps=True,
    )
    st.subheader("Limits")
    st.markdown("\n".join(f"- {sentence}" for sentence in LIMITS))
