"""Look of every figure: colours, dashes, shapes, fonts, and the outer frame of a specification.

Each colour has a contrast of at least 3:1 on white. Colour is never the only code: series also differ by
dash or shape and carry a direct label; severity is a ramp that darkens with the grade.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

Spec = dict[str, Any]
"""A Vega-Lite specification, or a part of one."""

INK = "#1a1a1a"
MUTED = "#595959"
GRID = "#e4e4e4"
REFERENCE = "#8a8a8a"

SERIES_COLOURS = ("#8432EC", "#93940C", "#9B4C5A", "#668DA5")
DASHES = ((1, 0), (7, 3), (2, 2), (9, 3, 2, 3))
SHAPES = ("circle", "square", "triangle-up", "diamond")

SEVERITY_COLOURS = {
    "none": "#35998A",
    "none or mild": "#35998A",
    "none_mild": "#35998A",
    "mild": "#2F7FB5",
    "not_severe": "#2F7FB5",
    "moderate": "#4B4FA6",
    "severe": "#3B0F55",
    "unknown": "#767676",
    "all": "#3d3d3d",
}
SEVERITY_SHAPES = {
    "none": "circle",
    "none or mild": "circle",
    "none_mild": "circle",
    "mild": "square",
    "not_severe": "square",
    "moderate": "triangle-up",
    "severe": "diamond",
    "unknown": "cross",
    "all": "circle",
}
SEVERITY_DASHES = {
    "none": (2, 2),
    "none or mild": (2, 2),
    "none_mild": (2, 2),
    "mild": (7, 3),
    "not_severe": (7, 3),
    "moderate": (9, 3, 2, 3),
    "severe": (1, 0),
    "unknown": (1, 3),
    "all": (1, 0),
}
COMPLETENESS_RAMP = ("#f1eef6", "#bdc9e1", "#74a9cf", "#2b8cbe", "#045a8d")
"""Ordered fill of a heat grid, from empty to full; the number is printed in each cell."""

FONT = "Source Sans, Liberation Sans, Helvetica, Arial, sans-serif"
SCHEMA_URL = "https://vega.github.io/schema/vega-lite/v6.json"
SUBTITLE_WIDTH = 112
"""Characters of a subtitle line; longer ones would be cut off at the edge of the figure."""
TITLE_WIDTH = 84
"""Characters of a title line; questions may be longer."""
MAX_SERIES = 4
"""Most curves in one view; more become small multiples."""


@dataclass(frozen=True)
class SeriesStyle:
    """How one group is drawn.

    Parameters
    ----------
    colour
        Hex colour.
    dash
        Lengths of ink and gap, in pixels.
    shape
        Vega point shape.
    """

    colour: str
    dash: tuple[int, ...]
    shape: str


def series_styles(groups: Sequence[str]) -> dict[str, SeriesStyle]:
    """Return the style of each group: the severity ramp where all are grades, else the categorical palette.

    Parameters
    ----------
    groups
        Group codes in drawing order. From the fifth on the palette starts again, so callers draw at most
        `MAX_SERIES` groups in one view.
    """
    if all(group in SEVERITY_COLOURS for group in groups):
        return {
            group: SeriesStyle(SEVERITY_COLOURS[group], SEVERITY_DASHES[group], SEVERITY_SHAPES[group])
            for group in groups
        }
    return {
        group: SeriesStyle(SERIES_COLOURS[i % MAX_SERIES], DASHES[i % MAX_SERIES], SHAPES[i % MAX_SERIES])
        for i, group in enumerate(groups)
    }


def frame(*, title: str, subtitle: str = "", alt: str = "") -> Spec:
    """Return the outer part of a specification, without marks.

    Parameters
    ----------
    title
        Sentence case, no full stop.
    subtitle
        Lines in muted ink under the title; left out when empty.
    alt
        Text for readers who cannot see the figure; becomes the accessible name.
    """
    wrapped = textwrap.wrap(title, TITLE_WIDTH)
    heading: Spec = {"text": wrapped if len(wrapped) > 1 else title}
    if subtitle:
        lines = textwrap.wrap(subtitle, SUBTITLE_WIDTH)
        heading["subtitle"] = lines[0] if len(lines) == 1 else lines
    return {
        "$schema": SCHEMA_URL,
        "title": heading,
        "description": alt,
        "config": chart_config(),
        "usermeta": {"embedOptions": {"renderer": "svg", "actions": False}},
    }


def chart_config() -> Spec:
    """Return the configuration shared by all figures."""
    axis = {
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": GRID,
        "domainColor": MUTED,
        "tickColor": MUTED,
    }
    return {
        "font": FONT,
        "background": "white",
        "padding": {"left": 8, "right": 12, "top": 8, "bottom": 8},
        "view": {"stroke": None},
        "axis": axis,
        "title": {
            "anchor": "start",
            "frame": "bounds",
            "fontSize": 15,
            "fontWeight": 600,
            "color": INK,
            "subtitleFontSize": 12,
            "subtitleColor": MUTED,
            "subtitlePadding": 4,
            "offset": 14,
        },
        "text": {"fontSize": 12, "color": INK},
    }


def fit_to_container(spec: Spec) -> Spec:
    """Return a copy of a single-view specification that takes the width of its container.

    Concatenated views cannot follow a container; they are returned as they are.
    """
    if "concat" in spec or "hconcat" in spec or "vconcat" in spec:
        return dict(spec)
    return {**spec, "width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}


def is_concatenated(spec: Spec) -> bool:
    """Whether the specification holds several views side by side."""
    return any(key in spec for key in ("concat", "hconcat", "vconcat"))


def text_layer(values: Sequence[Spec], *, x: Spec, y: Spec, **mark: object) -> Spec:
    """Return a layer of text marks that print the field ``text`` of each value.

    Parameters
    ----------
    values
        One row per text.
    x, y
        Position encodings.
    mark
        Further properties of the text mark.
    """
    return {
        "data": {"values": list(values)},
        "mark": {"type": "text", "clip": False, "aria": False, **mark},
        "encoding": {"x": x, "y": y, "text": {"field": "text", "type": "nominal"}},
    }
