"""Rows of shares with intervals, under headings: one dot a row, its count and its percent beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.charts.numbers import format_fraction, format_percent, format_percent_interval
from analytics.charts.theme import GRID, INK, MUTED, SERIES_COLOURS, SHAPES, Spec, frame, text_layer
from analytics.proportions.results import Proportion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.refusals import NotEstimable

SMALL_GROUP = 20
"""Below this denominator a mark is hollow: the share is shown, but should not be leant on."""
ROW_HEIGHT = 24
HEADING_GAP = 10
COUNT_COLUMN = 14
SHARE_COLUMN = 96
TICKS = (5.0, 10.0, 20.0, 25.0, 40.0, 50.0, 60.0, 80.0, 100.0)


@dataclass(frozen=True)
class ShareRow:
    """One row of the figure.

    Parameters
    ----------
    heading
        What the rows above and below belong to; printed before the first of them.
    label
        What the row is; empty where the heading says it all.
    share
        The share, or why there is none.
    kind
        0 to 3: colour and shape.
    """

    heading: str
    label: str
    share: Proportion | NotEstimable
    kind: int = 0


def share_rows_chart(
    rows: Sequence[ShareRow], *, title: str, subtitle: str, axis_title: str, full: bool = False
) -> Spec:
    """Draw shares with their intervals.

    Parameters
    ----------
    rows
        Rows in order; those of one heading follow one another.
    title, subtitle
        Words of the figure; what hollow marks mean is added.
    axis_title
        Title of the horizontal axis, with its unit.
    full
        Whether the axis goes to 100 %, else just beyond the widest interval of a group that is not small.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data.
    """
    placed, height = _place(rows)
    end = 100.0 if full else _domain_end(rows)
    x: Spec = {
        "field": "percent",
        "type": "quantitative",
        "title": axis_title,
        "scale": {"domain": [0, end], "nice": False},
        "axis": {"grid": True, "tickCount": 6, "orient": "bottom"},
    }
    layers: list[Spec] = [_rule_above(), _axis_holder(x)]
    for row, pixel in placed:
        layers += _marks(row, pixel, x=x, end=end)
        layers += _texts(row, pixel)
    layers += _headings(placed)
    outer = frame(
        title=title,
        subtitle=" ".join(filter(None, (subtitle, _hollow(rows)))),
        alt=share_rows_alt(rows, title),
    )
    return {**outer, "width": 400, "height": height, "layer": layers}


def share_rows_alt(rows: Sequence[ShareRow], title: str) -> str:
    """Return the figure in words: one clause a row."""
    names = [", ".join(filter(None, (row.heading, row.label))) for row in rows]
    clauses = [
        f"{name}: {count_text(row.share)} {share_text(row.share)}"
        for name, row in zip(names, rows, strict=True)
    ]
    return f"{title}. " + "; ".join(" ".join(clause.split()) for clause in clauses) + "."


def share_text(share: Proportion | NotEstimable) -> str:
    """Return a share with its interval, an upper limit where nothing was seen, or that there is none."""
    if not isinstance(share, Proportion):
        return "not estimable"
    if share.n_events == 0:
        return f"up to {format_percent(share.upper)}"
    return f"{format_percent(share.estimate)} ({format_percent_interval(share.lower, share.upper)})"


def count_text(share: Proportion | NotEstimable) -> str:
    """Return ``k/n``, or nothing where there is no denominator."""
    return format_fraction(share.n_events, share.n_total) if isinstance(share, Proportion) else ""


def _place(rows: Sequence[ShareRow]) -> tuple[list[tuple[ShareRow, float]], float]:
    """Give every row its vertical pixel, with a line for each heading."""
    placed: list[tuple[ShareRow, float]] = []
    pixel, heading = 0.0, None
    for row in rows:
        if row.heading != heading:
            pixel += (ROW_HEIGHT if row.label else 0) + (HEADING_GAP if placed else 0)
            heading = row.heading
        placed.append((row, pixel + ROW_HEIGHT / 2))
        pixel += ROW_HEIGHT
    return placed, pixel + 6


def _domain_end(rows: Sequence[ShareRow]) -> float:
    """Right end of the axis in percent."""
    shares = [row.share for row in rows if isinstance(row.share, Proportion)]
    solid = [100 * share.upper for share in shares if share.n_total >= SMALL_GROUP]
    highest = max([*(solid or [100 * share.upper for share in shares]), 1.0])
    return next(end for end in TICKS if end >= min(highest, 100.0))


def _marks(row: ShareRow, pixel: float, *, x: Spec, end: float) -> list[Spec]:
    """Interval and dot of one row, cut at the end of the axis."""
    share = row.share
    if not isinstance(share, Proportion):
        return []
    colour = SERIES_COLOURS[row.kind % len(SERIES_COLOURS)]
    is_small = share.n_total < SMALL_GROUP
    line = {"strokeWidth": 1, "strokeDash": [2, 3]} if is_small else {"strokeWidth": 2}
    y: Spec = {"value": pixel}
    percent = 100 * share.estimate
    interval = {"lower": min(100 * share.lower, end), "upper": min(100 * share.upper, end)}
    shape = "triangle-right" if percent > end else SHAPES[row.kind % len(SHAPES)]
    text = {"label": row.label, "count": count_text(share), "share": share_text(share)}
    tooltip = [
        {"field": key, "type": "nominal", "title": name}
        for key, name in (("label", "Group"), ("count", "k/n"), ("share", "Share"))
    ]
    return [
        {
            "data": {"values": [interval]},
            "mark": {"type": "rule", "color": colour, "aria": False, **line},
            "encoding": {"x": {**x, "field": "lower"}, "x2": {"field": "upper"}, "y": y},
        },
        {
            "data": {"values": [{"percent": min(percent, end), **text}]},
            "mark": {
                "type": "point",
                "shape": shape,
                "size": 75,
                "stroke": colour,
                "fill": "white" if is_small else colour,
                "strokeWidth": 1.8,
                "opacity": 1,
            },
            "encoding": {"x": x, "y": y, "tooltip": tooltip},
        },
    ]


def _texts(row: ShareRow, pixel: float) -> list[Spec]:
    """Label left of the plot, count and share right of it."""
    y: Spec = {"value": pixel}
    right: Spec = {"value": "width"}
    return [
        _cell(row.label, {"value": -12}, y, align="right", color=INK),
        _cell(count_text(row.share), right, y, align="left", dx=COUNT_COLUMN, color=INK),
        _cell(share_text(row.share), right, y, align="left", dx=SHARE_COLUMN, color=INK),
    ]


def _headings(placed: Sequence[tuple[ShareRow, float]]) -> list[Spec]:
    """Headings of the rows, and of the columns of text."""
    y: Spec = {"value": -8}
    right: Spec = {"value": "width"}
    cells = [
        _cell("k/n", right, y, align="left", dx=COUNT_COLUMN, color=MUTED),
        _cell("Share (95 % interval)", right, y, align="left", dx=SHARE_COLUMN, color=MUTED),
    ]
    previous = None
    for row, pixel in placed:
        if row.heading != previous:
            above: Spec = {"value": pixel - (ROW_HEIGHT if row.label else 0)}
            cells.append(_cell(row.heading, {"value": -12}, above, align="right", fontWeight=600, color=INK))
            previous = row.heading
    return cells


def _cell(text: str, x: Spec, y: Spec, **mark: object) -> Spec:
    """One text around the plot."""
    return text_layer([{"text": text}], x=x, y=y, **{"baseline": "middle", **mark})


def _rule_above() -> Spec:
    """Line under the headings of the columns."""
    return {
        "data": {"values": [{}]},
        "mark": {"type": "rule", "color": GRID, "aria": False},
        "encoding": {"x": {"value": 0}, "x2": {"value": "width"}, "y": {"value": 0}},
    }


def _axis_holder(x: Spec) -> Spec:
    """Draw the axis also where no row has a share."""
    return {
        "data": {"values": [{"percent": 0}]},
        "mark": {"type": "point", "opacity": 0, "aria": False},
        "encoding": {"x": x, "y": {"value": 0}},
    }


def _hollow(rows: Sequence[ShareRow]) -> str:
    """Say what hollow marks mean where there are any."""
    shares = [row.share for row in rows if isinstance(row.share, Proportion)]
    if any(share.n_total < SMALL_GROUP for share in shares):
        return f"Hollow: fewer than {SMALL_GROUP}; lines may run off the axis."
    return ""
