"""Smooth curves with intervals and direct labels; what lies beyond the data is thin and dotted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.charts.labels import label_group
from analytics.charts.step_panel import LABEL_GAP, spread_labels
from analytics.charts.theme import (
    DASHES,
    MAX_SERIES,
    SERIES_COLOURS,
    SHAPES,
    SeriesStyle,
    Spec,
    series_styles,
    text_layer,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.charts.time_axis import TimeAxis


@dataclass(frozen=True)
class SmoothAxes:
    """Axes and size of one panel.

    Parameters
    ----------
    time
        The time axis.
    time_title, value_title
        Axis titles in plain words.
    top
        Upper end of the vertical axis, which begins at 0.
    width, height
        Size of the plotting area, in pixels.
    """

    time: TimeAxis
    time_title: str
    value_title: str
    top: float
    width: int = 640
    height: int = 320

    def x(self) -> Spec:
        """Encode time."""
        return {
            "field": "time",
            "type": "quantitative",
            "title": self.time_title,
            "scale": {"domain": [self.time.start, self.time.end], "nice": False, "zero": False},
            "axis": {"values": list(self.time.ticks), "grid": False, "format": ".1~f", "labelFlush": False},
        }

    def y(self, field: str) -> Spec:
        """Encode a value, from zero up."""
        return {
            "field": field,
            "type": "quantitative",
            "title": self.value_title,
            "scale": {"domain": [0.0, self.top], "nice": False},
            "axis": {"tickCount": 6, "format": ",.3~f", "titlePadding": 10},
        }


def smooth_panels(points: Mapping[str, Sequence[Spec]], axes: SmoothAxes) -> Spec:
    """Return one panel for up to four groups, else one small panel a group; no title, no configuration.

    Parameters
    ----------
    points
        Group to its rows, ascending in time: ``time`` (axis unit), ``value``, ``lower``, ``upper``,
        ``is_extrapolated``.
    axes
        Axes and size of the single panel.
    """
    if len(points) <= MAX_SERIES:
        return _panel(points, series_styles(list(points)), axes)
    time = axes.time.every_other_tick()
    small = SmoothAxes(time, axes.time_title, axes.value_title, axes.top, 360, 180)
    plain = SeriesStyle(SERIES_COLOURS[0], DASHES[0], SHAPES[0])
    panels = [
        {
            "title": {"text": label_group(group), "fontSize": 13, "anchor": "start", "frame": "group"},
            **_panel({group: own}, {group: plain}, small, is_named=False),
        }
        for group, own in points.items()
    ]
    return {"columns": 2, "spacing": 30, "concat": panels}


def _panel(
    points: Mapping[str, Sequence[Spec]],
    styles: dict[str, SeriesStyle],
    axes: SmoothAxes,
    *,
    is_named: bool = True,
) -> Spec:
    """Return a layered view: bands, lines, and the names at the right edge."""
    layers = [layer for group, own in points.items() for layer in _layers(group, own, styles[group], axes)]
    if is_named:
        layers += _names(points, axes)
    return {"width": axes.width, "height": axes.height, "layer": layers}


def _layers(group: str, points: Sequence[Spec], style: SeriesStyle, axes: SmoothAxes) -> list[Spec]:
    """Draw one group: what was seen with its band, and what is extrapolated."""
    seen = [row for row in points if not row["is_extrapolated"]]
    beyond = seen[-1:] + [row for row in points if row["is_extrapolated"]]
    band: Spec = {
        "data": {"values": list(points)},
        "mark": {"type": "area", "opacity": 0.14, "color": style.colour, "aria": False, "clip": True},
        "encoding": {"x": axes.x(), "y": axes.y("lower"), "y2": {"field": "upper"}},
    }
    line = _line(seen, axes, strokeWidth=2.2, strokeDash=list(style.dash), color=style.colour)
    line["mark"]["description"] = label_group(group)
    if len(beyond) < 2:
        return [band, line]
    return [band, line, _line(beyond, axes, strokeWidth=1.2, strokeDash=[1, 3], color=style.colour)]


def _line(points: Sequence[Spec], axes: SmoothAxes, **mark: object) -> Spec:
    """Draw a line through points."""
    return {
        "data": {"values": list(points)},
        "mark": {"type": "line", "clip": True, **mark},
        "encoding": {"x": axes.x(), "y": axes.y("value")},
    }


def _names(points: Mapping[str, Sequence[Spec]], axes: SmoothAxes) -> list[Spec]:
    """Write each group's name at the right edge, moved apart where two ends are close."""
    drawn = {group: own for group, own in points.items() if own}
    wanted = [(1 - min(own[-1]["value"] / axes.top, 1.0)) * axes.height for own in drawn.values()]
    pixels = spread_labels(wanted, gap=LABEL_GAP, lowest=float(axes.height))
    return [
        text_layer(
            [{"text": label_group(group)}],
            x={"value": "width"},
            y={"value": pixel},
            align="left",
            dx=7,
            baseline="middle",
        )
        for group, pixel in zip(drawn, pixels, strict=True)
    ]
