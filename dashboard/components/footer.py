"""The line under every page: which data, up to when, by which methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.report.methods import METHODS_VERSION, NO_ADVICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboard.roles import Role


def show_footer(information: Mapping[str, str], role: Role) -> None:
    """Show the footer.

    Parameters
    ----------
    information
        Key-value pairs of the snapshot.
    role
        Who is looking.
    """
    st.divider()
    st.markdown(footer_text(information, role))
    st.markdown(NO_ADVICE)


def footer_text(information: Mapping[str, str], role: Role) -> str:
    """Return the footer as one line; what the snapshot does not say is left out."""
    parts = [f"Snapshot {information.get('snapshot_id', 'unknown')}"]
    if information.get("data_to"):
        parts.append(f"procedures to {information['data_to']}")
    if information.get("published"):
        parts.append(f"published {information['published']}")
    parts.extend((f"methods {METHODS_VERSION}", f"shown to: {role.value} (exact counts)"))
    return " \u00b7 ".join(parts)
