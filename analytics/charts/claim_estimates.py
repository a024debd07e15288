"""Estimates of one claim: a row each, crude and adjusted, against the line of no difference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.charts.theme import INK, MUTED, REFERENCE, SERIES_COLOURS, Spec, frame, text_layer

if TYPE_CHECKING:
    from collections.abc import Sequence

ROW_HEIGHT = 26
WIDEST = 20.0
"""A ratio's interval is drawn no further than 20 times either way; its numbers are printed in full."""
_STYLES = {"crude": ("circle", MUTED), "adjusted": ("square", SERIES_COLOURS[0])}


@dataclass(frozen=True)
class EstimateRow:
    """One drawn estimate.

    Parameters
    ----------
    label
        What is estimated.
    kind
        ``crude`` or ``adjusted``.
    value, lower, upper
        Number and limits on the axis; `upper` may be infinite.
    text
        The numbers as printed.
    """

    label: str
    kind: str
    value: float
    lower: float
    upper: float
    text: str


@dataclass(frozen=True)
class EstimateAxis:
    """The axis of a claim's estimates.

    Parameters
    ----------
    title
        What is on it, with its unit.
    null
        Value of no difference, or None.
    limits
        Limits of the range or margin that is claimed; empty where there are none.
    is_log
        Whether it is logarithmic.
    """

    title: str
    null: float | None
    limits: tuple[float, ...] = ()
    is_log: bool = False


def claim_chart(rows: Sequence[EstimateRow], axis: EstimateAxis, *, title: str, subtitle: str = "") -> Spec:
    """Draw the estimates of one claim.

    Parameters
    ----------
    rows
        At least one, in drawing order.
    axis
        What they are.
    title, subtitle
        Sentence case; what the claim expects.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data.
    """
    domain = _domain(rows, axis)
    marks = [_line(value) for value in ((axis.null,) if axis.null is not None else ())]
    layers = [*marks, *(_line(value, is_limit=True) for value in axis.limits)]
    for place, row in enumerate(rows):
        layers.extend(_draw(row, ROW_HEIGHT * (place + 0.5), domain, axis))
    said = "; ".join(f"{row.label}, {row.kind}: {row.text}" for row in rows)
    outer = frame(title=title, subtitle=subtitle, alt=f"{title}. {axis.title}, 95 % intervals. {said}.")
    return {**outer, "width": 380, "height": ROW_HEIGHT * len(rows), "layer": layers}


def _domain(rows: Sequence[EstimateRow], axis: EstimateAxis) -> tuple[float, float]:
    """Axis ends that hold every interval, the null and the limits."""
    fixed = [*axis.limits, *([] if axis.null is None else [axis.null])]
    low = min([*(row.lower for row in rows), *fixed])
    high = max([*(row.upper if math.isfinite(row.upper) else row.value for row in rows), *fixed])
    if axis.is_log:
        return max(1 / WIDEST, 0.9 * min(low, 0.8)), min(WIDEST, 1.1 * max(high, 1.25))
    reach = 0.06 * (high - low or 1.0)
    return low - reach, high + reach


def _draw(row: EstimateRow, pixel: float, domain: tuple[float, float], axis: EstimateAxis) -> list[Spec]:
    """Interval, mark, label and numbers of one estimate."""
    y: Spec = {"value": pixel}
    shape, colour = _STYLES[row.kind]
    low, high = max(row.lower, domain[0]), min(row.upper, domain[1])
    inside = domain[0] <= row.value <= domain[1]
    name = row.label if row.kind == "crude" else "adjusted"
    left = {"fontSize": 12} if row.kind == "crude" else {"color": MUTED, "fontSize": 12}
    layers = [
        text_layer([{"text": name}], x={"value": -10}, y=y, align="right", baseline="middle", **left),
        text_layer([{"text": row.text}], x={"value": "width"}, y=y, align="left", dx=12, baseline="middle"),
        {
            "data": {"values": [{"low": low, "high": max(low, high)}]},
            "mark": {"type": "rule", "strokeWidth": 2, "color": INK, "aria": False},
            "encoding": {"x": _x("low", domain, axis), "x2": {"field": "high"}, "y": y},
        },
    ]
    if inside:
        mark = {"type": "point", "shape": shape, "filled": True, "size": 75, "opacity": 1, "color": colour}
        tooltip = [
            {"field": "label", "type": "nominal", "title": row.kind},
            {"field": "text", "type": "nominal"},
        ]
        values = [{"value": row.value, "label": row.label, "text": row.text}]
        encoding = {"x": _x("value", domain, axis), "y": y, "tooltip": tooltip}
        layers.append({"data": {"values": values}, "mark": mark, "encoding": encoding})
    return layers


def _x(field: str, domain: tuple[float, float], axis: EstimateAxis) -> Spec:
    """Position on the axis."""
    ticks: Spec = {"grid": False, "tickCount": 6}
    if axis.is_log:
        is_wide = domain[1] > 8 * domain[0]
        wanted = (
            (0.1, 0.25, 0.5, 1, 2, 4, 10, 20)
            if is_wide
            else (0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4)
        )
        ticks = {
            "grid": False,
            "values": [v for v in wanted if domain[0] <= v <= domain[1]],
            "format": ".2~f",
        }
    scale = {"type": "log" if axis.is_log else "linear", "domain": list(domain), "nice": False, "zero": False}
    if axis.is_log:
        del scale["zero"]
    return {"field": field, "type": "quantitative", "title": axis.title, "scale": scale, "axis": ticks}


def _line(value: float, *, is_limit: bool = False) -> Spec:
    """Draw a vertical line: no difference dashed, a limit that is claimed dotted."""
    dash = [1, 3] if is_limit else [4, 3]
    return {
        "data": {"values": [{"at": value}]},
        "mark": {"type": "rule", "color": REFERENCE, "strokeDash": dash, "aria": False},
        "encoding": {"x": {"field": "at", "type": "quantitative"}},
    }
