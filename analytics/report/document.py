"""A report as a list of sections, before it becomes HTML or Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analytics.charts.theme import Spec


@dataclass(frozen=True)
class Paragraph:
    """One paragraph of plain text."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """Sentences as a list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table of plain text.

    Parameters
    ----------
    caption
        What the table shows, with its unit.
    header
        Column headings.
    rows
        Cells, each row as long as the header.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure.

    Parameters
    ----------
    spec
        Vega-Lite specification; its ``description`` is the text alternative.
    caption
        Sentence under the figure.
    """

    spec: Spec
    caption: str = ""


Block = Paragraph | Bullets | Table | Figure


@dataclass(frozen=True, eq=False)
class Section:
    """A heading and what stands under it.

    Parameters
    ----------
    key
        Anchor: lower case, words joined by hyphens.
    title
        Heading in sentence case.
    blocks
        Contents in order.
    level
        2 for a section, 3 for a part of one.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]
    level: int = 2
