"""Forest figure of published shares, what they come to, and the registry's own rate among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.charts.numbers import format_fraction, format_percent, format_percent_interval
from analytics.charts.theme import INK, MUTED, SERIES_COLOURS, Spec, frame, text_layer

if TYPE_CHECKING:
    from collections.abc import Sequence

ROW_HEIGHT = 23
HEADING_GAP = 8
LONGEST_LABEL = 52
"""Characters of a study's name; the table beside the figure has it in full."""
COUNT_COLUMN = 14
RATE_COLUMN = 96
AXIS_ENDS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0)
SMALL_GROUP = 20
"""Below this denominator a mark is hollow: the share is shown, but should not be leant on."""
FINE = 0.005
"""Shares below this are printed with two decimals."""
PREDICTION_COLOUR = "#c9c9c9"
MARKS = {
    "registry": {"shape": "diamond", "size": 130, "color": SERIES_COLOURS[0]},
    "study": {"shape": "square", "size": 60, "color": INK},
    "pooled": {"shape": "diamond", "size": 130, "color": MUTED},
}
"""How each kind of row is drawn; the label says the kind too."""


@dataclass(frozen=True)
class EvidenceRow:
    """One row of the figure.

    Parameters
    ----------
    kind
        ``heading`` (words only), ``registry``, ``study`` or ``pooled``.
    label
        Words at the left.
    n_events, n_total
        Counts; None where they were not printed.
    share, lower, upper
        Share and 95 % limits, 0 to 1; None for a heading, limits None where counts were not printed.
    prediction
        Prediction interval of a pooled row, 0 to 1.
    """

    kind: str
    label: str
    n_events: int | None = None
    n_total: int | None = None
    share: float | None = None
    lower: float | None = None
    upper: float | None = None
    prediction: tuple[float, float] | None = None


def evidence_chart(rows: Sequence[EvidenceRow], *, title: str, subtitle: str = "", width: int = 380) -> Spec:
    """Draw published shares with the registry's rate.

    Parameters
    ----------
    rows
        In drawing order, headings before their group. The grey bar behind a pooled row is its prediction
        interval; limits beyond the end of the axis are cut, and printed in full.
    title
        Sentence case.
    subtitle
        What is counted.
    width
        Width of the plotting area in pixels.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data.
    """
    end = _domain_end(rows)
    layers: list[Spec] = []
    pixel = 2.0 - ROW_HEIGHT / 2
    for place, row in enumerate(rows):
        pixel += ROW_HEIGHT + (HEADING_GAP if row.kind == "heading" and place else 0)
        if row.share is not None:
            layers.extend(_marks(row, pixel, end))
        layers.extend(_texts(row, pixel))
    layers += _headings()
    outer = frame(title=title, subtitle=subtitle, alt=evidence_alt(rows, title=title))
    return {**outer, "width": width, "height": pixel + ROW_HEIGHT / 2, "layer": layers}


def evidence_alt(rows: Sequence[EvidenceRow], *, title: str) -> str:
    """Return the figure in words, one clause for each row."""
    clauses = [f"{row.label}:" if row.kind == "heading" else f"{row.label} {share_text(row)}" for row in rows]
    return f"{title}. " + "; ".join(clauses).replace(":;", ":") + "."


def share_text(row: EvidenceRow) -> str:
    """Return a share with its limits; an observed zero shows how high the true share may be."""
    if row.share is None:
        return ""
    digits = 2 if 0 < row.share < FINE else 1
    if row.lower is None or row.upper is None:
        return format_percent(row.share, digits=digits)
    if row.n_events == 0 and row.kind != "pooled":
        return f"up to {format_percent(row.upper)}"
    limits = format_percent_interval(row.lower, row.upper, digits=digits)
    return f"{format_percent(row.share, digits=digits)} ({limits})"


def count_text(row: EvidenceRow) -> str:
    """Return ``k/n``, the total alone where events were not printed, or nothing."""
    if row.n_total is None:
        return ""
    return f"n = {row.n_total:,}" if row.n_events is None else format_fraction(row.n_events, row.n_total)


def _domain_end(rows: Sequence[EvidenceRow]) -> float:
    """Right end of the axis in percent: holds every share and the limits of all but tiny groups."""
    shares = [100 * row.share for row in rows if row.share is not None]
    limits = [100 * row.upper for row in rows if row.upper is not None and (row.n_total or 0) >= 50]
    highest = max([*shares, *limits, 1.0])
    return next(end for end in AXIS_ENDS if end >= min(highest, 100.0))


def _marks(row: EvidenceRow, pixel: float, end: float) -> list[Spec]:
    """Prediction bar, interval and point of one row."""
    y: Spec = {"value": pixel}
    style = MARKS[row.kind]
    x: Spec = {
        "field": "share",
        "type": "quantitative",
        "title": "Share, % (95 % interval)",
        "scale": {"domain": [0, end], "nice": False},
        "axis": {"grid": True, "tickCount": 6, "format": ".2~f"},
    }
    marks: list[Spec] = []
    if row.prediction is not None:
        bar = {"type": "rule", "strokeWidth": 11, "color": PREDICTION_COLOUR, "aria": False}
        marks.append(_rule(row.prediction, bar, x, y))
    if row.lower is not None and row.upper is not None:
        line = {"type": "rule", "strokeWidth": 2, "color": style["color"], "aria": False}
        marks.append(_rule((row.lower, row.upper), line, x, y))
    point = {"share": 100 * (row.share or 0.0), "label": row.label, "text": share_text(row)}
    tooltip = [
        {"field": "label", "type": "nominal", "title": "Source"},
        {"field": "text", "type": "nominal", "title": "Share"},
    ]
    is_small = row.n_total is not None and row.n_total < SMALL_GROUP
    look = {"stroke": style["color"], "fill": "white" if is_small else style["color"], "strokeWidth": 1.8}
    marks.append(
        {
            "data": {"values": [point]},
            "mark": {"type": "point", "shape": style["shape"], "size": style["size"], "opacity": 1, **look},
            "encoding": {"x": x, "y": y, "tooltip": tooltip},
        }
    )
    return marks


def _rule(limits: tuple[float, float], mark: Spec, x: Spec, y: Spec) -> Spec:
    """Draw a horizontal line between two shares, cut at the end of the axis."""
    end = x["scale"]["domain"][1]
    values = {"lower": min(100 * limits[0], end), "upper": min(100 * limits[1], end)}
    return {
        "data": {"values": [values]},
        "mark": mark,
        "encoding": {"x": {**x, "field": "lower"}, "x2": {"field": "upper"}, "y": y},
    }


def _texts(row: EvidenceRow, pixel: float) -> list[Spec]:
    """Label left of the plot, counts and shares right of it."""
    y: Spec = {"value": pixel}
    is_cut = row.kind == "study" and len(row.label) > LONGEST_LABEL
    label = row.label[: LONGEST_LABEL - 1].rstrip() + "…" if is_cut else row.label
    weight = 400 if row.kind == "study" else 600
    cells = [_cell(label, {"value": -12}, y, align="right", fontWeight=weight, color=INK)]
    for text, shift in ((count_text(row), COUNT_COLUMN), (share_text(row), RATE_COLUMN)):
        if text:
            cells.append(
                _cell(text, {"value": "width"}, y, align="left", dx=shift, fontWeight=weight, color=INK)
            )
    return cells


def _cell(text: str, x: Spec, y: Spec, **mark: object) -> Spec:
    """One text of the table around the plot."""
    return text_layer([{"text": text}], x=x, y=y, **{"baseline": "middle", **mark})


def _headings() -> list[Spec]:
    """Column headings above the first row."""
    y: Spec = {"value": -12}
    return [
        _cell(text, {"value": "width"}, y, align="left", dx=shift, color=MUTED)
        for text, shift in (("k/n", COUNT_COLUMN), ("Share (95 % interval)", RATE_COLUMN))
    ]
