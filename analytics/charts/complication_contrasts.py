"""Risk differences of one complication: the crude one and, under it, the standardised one."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from analytics.charts.labels import UNIT_PLURALS, label_complication, label_severity, label_strategy
from analytics.charts.theme import INK, MUTED, REFERENCE, SERIES_COLOURS, Spec, frame, text_layer
from analytics.complications.comparison_results import AdjustedDifference
from analytics.proportions.results import Comparison

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.complications.comparison_results import GroupContrast

ROW_HEIGHT = 40
OFFSET = 8
"""How far the crude mark stands above, and the standardised one below, the middle of a row."""
LABEL_COLUMN = -12
LABEL_CHARACTERS = 20
TEXT_COLUMN = 14
AXIS_STEPS = (1.0, 2.0, 3.0, 5.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0)
"""Ends of the axis in points, on either side of zero."""
PLAIN_ZERO = "datum.value === 0 ? '0' : datum.label"
COLOUR = SERIES_COLOURS[0]
KEY = "Open: crude. Filled: standardised to the same patients. Right of zero: more often."


def complication_contrast_chart(contrasts: Sequence[GroupContrast], *, width: int = 420) -> Spec:
    """Draw the risk differences of one complication against one reference.

    Parameters
    ----------
    contrasts
        Comparisons of one complication and one grouping, in the order to show.
    width
        Width of the plotting area in pixels.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data.
    """
    rows = [row for place, one in enumerate(contrasts) for row in _rows(one, ROW_HEIGHT * (place + 0.5))]
    end = _end([row for row in rows if row["has_number"]])
    x: Spec = {
        "field": "points",
        "type": "quantitative",
        "title": "Risk difference, percentage points (95 % interval)",
        "scale": {"domain": [-end, end], "nice": False},
        "axis": {"grid": True, "tickCount": 7, "format": "+.3~g", "labelExpr": PLAIN_ZERO},
    }
    first = contrasts[0].first
    title = f"{label_complication(first.complication)}: against {_reference(contrasts[0])}"
    subtitle = f"Counts {UNIT_PLURALS.get(first.unit, first.unit)}. {KEY}"
    marks = [layer for row in rows if row["has_number"] for layer in _marks(row, x, end)]
    labels = [_label(_name(one), ROW_HEIGHT * (place + 0.5)) for place, one in enumerate(contrasts)]
    return {
        **frame(title=title, subtitle=subtitle, alt=complication_contrast_alt(contrasts)),
        "width": width,
        "height": ROW_HEIGHT * max(len(contrasts), 1),
        "layer": [_zero(), *marks, *labels, *(_text(row) for row in rows)],
    }


def _rows(one: GroupContrast, pixel: float) -> list[Spec]:
    """Take the crude and the standardised number of one group."""
    crude, beside = one.difference, one.standardised
    plain = adjusted = None
    if isinstance(crude, Comparison) and crude.upper is not None:
        plain = (crude.estimate, crude.lower, crude.upper)
    if isinstance(beside, AdjustedDifference):
        adjusted = (beside.difference, beside.lower, beside.upper)
    return [
        _row("crude", pixel - OFFSET, plain, "white"),
        _row("standardised", pixel + OFFSET, adjusted, COLOUR),
    ]


def _row(kind: str, pixel: float, limits: tuple[float, float, float] | None, fill: str) -> Spec:
    """Values of one mark, in points."""
    points, lower, upper = (100 * value for value in limits or (0.0, 0.0, 0.0))
    number = f"{_signed(points)} ({_signed(lower)} to {_signed(upper)})"
    return {
        "kind": kind,
        "pixel": pixel,
        "has_number": limits is not None,
        "points": points,
        "lower": lower,
        "upper": upper,
        "fill": fill,
        "text": f"{kind} {number}" if limits is not None else f"{kind}: not estimable",
    }


def _signed(points: float) -> str:
    """One decimal with its sign, and a true minus."""
    text = f"{points:+.1f}"
    return "0.0" if text in {"+0.0", "-0.0"} else text.replace("-", "\N{MINUS SIGN}")


def _end(rows: Sequence[Spec]) -> float:
    """End of the axis: beyond the estimates, and the limits of most."""
    reach = sorted(max(abs(row["lower"]), abs(row["upper"])) for row in rows)
    # One tiny group must not press all others together: its line runs off the axis.
    usual = reach[math.ceil(0.75 * len(reach)) - 1] if reach else 1.0
    farthest = max([usual, *(abs(row["points"]) for row in rows)])
    return next((end for end in AXIS_STEPS if end >= farthest), 100.0)


def _marks(row: Spec, x: Spec, end: float) -> list[Spec]:
    """Interval and point of one number."""
    y: Spec = {"value": row["pixel"]}
    line = {"lower": max(row["lower"], -end), "upper": min(row["upper"], end)}
    return [
        {
            "data": {"values": [line]},
            "mark": {"type": "rule", "color": COLOUR, "strokeWidth": 2, "aria": False},
            "encoding": {"x": {**x, "field": "lower"}, "x2": {"field": "upper"}, "y": y},
        },
        {
            "data": {"values": [{"points": row["points"], "text": row["text"]}]},
            "mark": {
                "type": "point",
                "size": 60,
                "stroke": COLOUR,
                "fill": row["fill"],
                "strokeWidth": 1.8,
                "opacity": 1,
            },
            "encoding": {
                "x": x,
                "y": y,
                "tooltip": [{"field": "text", "type": "nominal", "title": "Difference"}],
            },
        },
    ]


def _zero() -> Spec:
    """Line of no difference."""
    return {
        "data": {"values": [{"points": 0.0}]},
        "mark": {"type": "rule", "color": REFERENCE, "strokeWidth": 1.2, "aria": False},
        "encoding": {"x": {"field": "points", "type": "quantitative"}},
    }


def _label(name: str, pixel: float) -> Spec:
    """Name of a group left of its row; a long one wraps."""
    lines = textwrap.wrap(name, LABEL_CHARACTERS)
    layer = text_layer(
        [{"text": name}],
        x={"value": LABEL_COLUMN},
        y={"value": pixel},
        align="right",
        baseline="middle",
        color=INK,
        lineHeight=14,
        dy=-7 * (len(lines) - 1),
    )
    return {**layer, "data": {"values": [{"text": lines}]}}


def _text(row: Spec) -> Spec:
    """Print the number of one mark right of the plot."""
    return text_layer(
        [{"text": row["text"]}],
        x={"value": "width"},
        y={"value": row["pixel"]},
        align="left",
        baseline="middle",
        dx=TEXT_COLUMN,
        color=INK if row["has_number"] else MUTED,
        fontSize=11,
    )


def _name(one: GroupContrast) -> str:
    """Name the group of a comparison."""
    return label_strategy(one.first.strategy) if one.by == "strategy" else label_severity(one.first.severity)


def _reference(one: GroupContrast) -> str:
    """Name the reference of a comparison."""
    if one.by == "strategy":
        return label_strategy(one.second.strategy).lower()
    return f"{label_severity(one.second.severity).lower()} calcification"


def complication_contrast_alt(contrasts: Sequence[GroupContrast]) -> str:
    """Return the figure in words: one clause for each group."""
    clauses = [f"{_name(one)}: " + ", ".join(row["text"] for row in _rows(one, 0.0)) for one in contrasts]
    head = f"{label_complication(contrasts[0].first.complication)}, risk differences in points"
    return f"{head}, against {_reference(contrasts[0])}. " + "; ".join(clauses) + "."
