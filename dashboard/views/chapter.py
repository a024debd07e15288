"""A page that is one chapter of the report, for the chosen cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import data_access
from dashboard.components.sections import show_sections

if TYPE_CHECKING:
    from dashboard.context import PageContext


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
    st.title(chapter.sections[0].title)
    show_sections(chapter.sections)
