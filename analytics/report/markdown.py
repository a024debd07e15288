"""A report as Markdown: the same sections; a figure is given by its text alternative."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analytics.report.document import Block, Bullets, Paragraph, Section, Table
from analytics.report.sections import build_sections

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.report.content import ReportContent

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def render_markdown(content: ReportContent) -> str:
    """Return the report as Markdown text.

    Parameters
    ----------
    content
        Results and words. Characters that Markdown would read as markup are escaped.
    """
    return render_sections_markdown(content.title, build_sections(content))


def render_sections_markdown(title: str, sections: Sequence[Section]) -> str:
    """Return sections as Markdown text under a title."""
    parts = [f"# {escape_markdown(title)}", *(_section(section) for section in sections)]
    return "\n\n".join(parts) + "\n"


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _section(section: Section) -> str:
    """One section with its heading."""
    heading = f"{'#' * section.level} {escape_markdown(section.title)}"
    return "\n\n".join((heading, *(_block(block) for block in section.blocks)))


def _block(block: Block) -> str:
    """One block as Markdown."""
    if isinstance(block, Paragraph):
        return escape_markdown(block.text)
    if isinstance(block, Bullets):
        return "\n".join(f"- {escape_markdown(item)}" for item in block.items)
    if isinstance(block, Table):
        return _table(block)
    return f"*Figure.* {escape_markdown(str(block.spec.get('description', '')))}"


def _table(table: Table) -> str:
    """One table with its caption."""
    lines = [
        _row(table.header),
        _row(("---",) * len(table.header), escaped=True),
        *(_row(row) for row in table.rows),
    ]
    return f"**{escape_markdown(table.caption)}**\n\n" + "\n".join(lines)


def _row(cells: tuple[str, ...], *, escaped: bool = False) -> str:
    """One line of a table."""
    return "| " + " | ".join(cell if escaped else escape_markdown(cell) for cell in cells) + " |"
