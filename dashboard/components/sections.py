"""Sections of the report on a page: the same blocks, drawn by Streamlit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.report.document import Bullets, Figure, Paragraph, Table
from dashboard.components.figures import show_figure
from dashboard.components.tables import show_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.report.document import Block, Section

LONGEST_CELL = 60
"""Characters that a cell of a table shows in one line; tables with longer ones wrap."""


def show_sections(sections: Sequence[Section]) -> None:
    """Draw sections under their headings.

    Parameters
    ----------
    sections
        As the report has them. The first heading is left to the page, whose title it is.
    """
    for number, section in enumerate(sections):
        if number:
            st.subheader(section.title)
        show_section(section)


def show_section(section: Section) -> None:
    """Draw the blocks of a section; its heading is the page's.

    Parameters
    ----------
    section
        As the report has it.
    """
    for place, block in enumerate(section.blocks):
        _show(block, key=f"{section.key}-{place}")


def _show(block: Block, *, key: str) -> None:
    """Draw one block."""
    if isinstance(block, Paragraph):
        st.markdown(block.text)
    elif isinstance(block, Bullets):
        st.markdown("\n".join(f"- {item}" for item in block.items))
    elif isinstance(block, Table):
        show_table(block, key=key, wraps=_has_sentences(block))
    elif isinstance(block, Figure):
        show_figure(block.spec, key=key)
        if block.caption:
            st.markdown(block.caption)


def _has_sentences(table: Table) -> bool:
    """Whether a cell is too long for one line."""
    return any(len(cell) > LONGEST_CELL for row in table.rows for cell in row)
