"""A page that is one chapter of the report, for the chosen cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import data_access
from dashboard.components.pickers import pick
from dashboard.components.sections import show_section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.report.document import Section
    from dashboard.context import PageContext

AT_ONCE = 4
"""Parts that are drawn one below the other; of more the reader chooses one, or all."""

ALL = "all"
"""Key that stands for all parts."""


def render(name: str, context: PageContext) -> None:
    """Draw the page.

    Parameters
    ----------
    name
        Key of `analytics.chapters.register.CHAPTERS`.
    context
        Snapshot, filter and role.
    """
    chapter = data_access.read_chapter(context.snapshot, context.key, name)
    head, *parts = chapter.sections
    st.title(head.title)
    show_section(head)
    for part in _chosen(parts) if len(parts) > AT_ONCE else parts:
        st.header(part.title)
        show_section(part)


def _chosen(parts: Sequence[Section]) -> Sequence[Section]:
    """Let the reader choose a part; the address carries it."""
    titles = {part.key: part.title for part in parts} | {ALL: "All parts, on a long page"}
    key = pick("Part of this page", list(titles), parameter="part", word=lambda key: titles[key])
    return parts if key == ALL else [part for part in parts if part.key == key]
