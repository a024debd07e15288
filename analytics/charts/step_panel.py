"""Step curves with intervals, direct labels and numbers at risk, in ONE layered view.

Views stacked by ``vconcat`` do not follow the width of a page, so the table under the axis is drawn as text
at fixed pixels below the plot, inside the same view; it can never slide out of line with the axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.charts.numbers import format_count
from analytics.charts.theme import INK, MUTED, SeriesStyle, Spec, text_layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.charts.time_axis import TimeAxis

ROW_HEIGHT = 32
SECOND_LINE = 13
"""Pixels from the numbers at risk down to what became of the others."""
TABLE_TOP = 58
FIRST_ROW = 18
LABEL_GAP = 15
"""Pixels between two direct labels, at least."""
SWATCH = (-66, -48)


@dataclass(frozen=True)
class StepSeries:
    """One group, ready to draw.

    Parameters
    ----------
    group
        Code of the group.
    label
        Its words.
    points
        Rows with ``time`` (axis unit), ``percent``, ``lower``, ``upper`` (percent), ``day``, ``n_risk``;
        ascending.
    at_risk
        For each tick the number at risk and, in the order of `PanelAxes.so_far`, what had become of the
        others up to and on that day; or None where the curve has ended.
    band
        Rows with ``time``, ``lower``, ``upper`` (percent) of a band that holds for the whole curve; empty
        where there is none.
    """

    group: str
    label: str
    points: tuple[Spec, ...]
    at_risk: tuple[tuple[int, ...] | None, ...]
    band: tuple[Spec, ...] = ()


@dataclass(frozen=True)
class PanelAxes:
    """Axes and size of one panel.

    Parameters
    ----------
    time
        The time axis.
    time_title, percent_title
        Axis titles in plain words.
    percent_domain
        Lower and upper end of the vertical axis, in percent.
    width, height
        Size of the plotting area, in pixels.
    so_far
        What is counted beside the number at risk, up to each tick.
    """

    time: TimeAxis
    time_title: str
    percent_title: str
    percent_domain: tuple[float, float]
    width: int = 640
    height: int = 320
    so_far: tuple[str, ...] = ("events", "censored")


def step_panel(series: Sequence[StepSeries], styles: dict[str, SeriesStyle], axes: PanelAxes) -> Spec:
    """Return a layered view (no title, no configuration) of up to four groups.

    Parameters
    ----------
    series
        Groups in drawing order.
    styles
        Style of each group code.
    axes
        Axes and size.
    """
    layers = [_band_and_line(one, styles[one.group], axes) for one in series]
    layers.append(_direct_labels(series, axes))
    layers.extend(_risk_table(series, styles, axes))
    return {"width": axes.width, "height": axes.height, "layer": layers}


def _band_and_line(series: StepSeries, style: SeriesStyle, axes: PanelAxes) -> Spec:
    """Interval band under the step line of one group."""
    x = _time_encoding(axes)
    band: Spec = {
        "mark": {
            "type": "area",
            "interpolate": "step-after",
            "opacity": 0.14,
            "color": style.colour,
            "aria": False,
        },
        "encoding": {"x": x, "y": _percent_encoding("lower", axes), "y2": {"field": "upper"}},
    }
    line: Spec = {
        "mark": {
            "type": "line",
            "interpolate": "step-after",
            "strokeWidth": 2.2,
            "strokeDash": list(style.dash),
            "color": style.colour,
            "description": series.label,
        },
        "encoding": {"x": x, "y": _percent_encoding("percent", axes)},
    }
    layers = [*_whole_band(series, style, axes), band, line]
    return {"data": {"values": [dict(point) for point in series.points]}, "layer": layers}


def _whole_band(series: StepSeries, style: SeriesStyle, axes: PanelAxes) -> list[Spec]:
    """Outline the band that holds for the whole curve."""
    return [
        {
            "data": {"values": [dict(point) for point in series.band]},
            "mark": {
                "type": "line",
                "interpolate": "step-after",
                "strokeWidth": 1,
                "strokeDash": [1, 2],
                "color": style.colour,
                "aria": False,
                "clip": True,
            },
            "encoding": {"x": _time_encoding(axes), "y": _percent_encoding(limit, axes)},
        }
        for limit in ("lower", "upper")
        if series.band
    ]


def _time_encoding(axes: PanelAxes) -> Spec:
    """Encode time on the shared horizontal axis."""
    return {
        "field": "time",
        "type": "quantitative",
        "title": axes.time_title,
        "scale": {"domain": [axes.time.start, axes.time.end], "nice": False, "zero": False},
        "axis": {"values": list(axes.time.ticks), "grid": False, "format": ".1~f", "labelFlush": False},
    }


def _percent_encoding(field: str, axes: PanelAxes) -> Spec:
    """Encode percent on the shared vertical axis."""
    return {
        "field": field,
        "type": "quantitative",
        "title": axes.percent_title,
        "scale": {"domain": list(axes.percent_domain), "nice": False, "zero": False},
        "axis": {"tickCount": 6, "format": ".1~f", "titlePadding": 10},
    }


def _direct_labels(series: Sequence[StepSeries], axes: PanelAxes) -> Spec:
    """Write each group's name at the right edge, moved apart where two ends are close."""
    low, high = axes.percent_domain
    scale = axes.height / (high - low)
    wanted = [(high - float(one.points[-1]["percent"])) * scale for one in series]
    pixels = spread_labels(wanted, gap=LABEL_GAP, lowest=float(axes.height))
    rows = [{"text": one.label, "pixel": pixel} for one, pixel in zip(series, pixels, strict=True)]
    layers = [
        text_layer(
            [row], x={"value": "width"}, y={"value": row["pixel"]}, align="left", dx=7, baseline="middle"
        )
        for row in rows
    ]
    return {"layer": layers}


def spread_labels(wanted: Sequence[float], *, gap: float, lowest: float) -> list[float]:
    """Return pixel positions close to the wanted ones, in the same order, at least ``gap`` apart.

    Parameters
    ----------
    wanted
        Wanted positions, pixels from the top.
    gap
        Smallest distance between two labels.
    lowest
        Largest position allowed for the bottom label.
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = [0.0] * len(wanted)
    below = -gap
    for i in order:
        placed[i] = max(wanted[i], below + gap)
        below = placed[i]
    ceiling = lowest + gap
    for i in reversed(order):
        placed[i] = min(placed[i], ceiling - gap)
        ceiling = placed[i]
    return placed


def _risk_table(series: Sequence[StepSeries], styles: dict[str, SeriesStyle], axes: PanelAxes) -> list[Spec]:
    """Numbers at risk under the axis, and under each what became of the others."""
    top = axes.height + TABLE_TOP
    is_named = any(one.label for one in series)
    header = text_layer(
        [{"text": f"At risk, and so far: {', '.join(axes.so_far)}"}],
        x={"value": SWATCH[0] - 6 - 100 if is_named else -40},
        y={"value": top - 2},
        align="left",
        baseline="middle",
        fontSize=11,
        color=MUTED,
    )
    layers = [header]
    for i, one in enumerate(series):
        layers.extend(_risk_row(one, styles[one.group], axes, top + FIRST_ROW + i * ROW_HEIGHT))
    return layers


def _risk_row(series: StepSeries, style: SeriesStyle, axes: PanelAxes, pixel: float) -> list[Spec]:
    """One line of the table: name, line sample, counts."""
    y: Spec = {"value": pixel}
    numbers = _risk_numbers(series, axes, pixel)
    if not series.label:
        return numbers
    name = text_layer(
        [{"text": series.label}],
        x={"value": SWATCH[0] - 6},
        y=y,
        align="right",
        baseline="middle",
        fontSize=11,
    )
    swatch: Spec = {
        "data": {"values": [{}]},
        "mark": {
            "type": "rule",
            "strokeWidth": 2.2,
            "strokeDash": list(style.dash),
            "color": style.colour,
            "clip": False,
            "aria": False,
        },
        "encoding": {"x": {"value": SWATCH[0]}, "x2": {"value": SWATCH[1]}, "y": y},
    }
    return [name, swatch, *numbers]


def _risk_numbers(series: StepSeries, axes: PanelAxes, pixel: float) -> list[Spec]:
    """Print counts at the ticks, as long as the curve is drawn."""
    cells = [
        (tick, cell) for tick, cell in zip(axes.time.ticks, series.at_risk, strict=True) if cell is not None
    ]
    x = _time_encoding(axes)
    at_risk = [{"time": tick, "text": format_count(cell[0])} for tick, cell in cells]
    others = [{"time": tick, "text": ", ".join(map(format_count, cell[1:]))} for tick, cell in cells]
    below: Spec = {"value": pixel + SECOND_LINE}
    return [
        text_layer(at_risk, x=x, y={"value": pixel}, baseline="middle", fontSize=11, color=INK),
        text_layer(others, x=x, y=below, baseline="middle", fontSize=10, color=MUTED),
    ]
