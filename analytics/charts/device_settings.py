"""Settings of devices as small histograms, the judged range shaded behind the bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.numbers import format_count
from analytics.charts.theme import INK, SERIES_COLOURS, Spec, frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.devices.setting_histograms import SettingHistogram
    from analytics.devices.settings import SettingSummary

PANEL_WIDTH = 300
PANEL_HEIGHT = 120
SHADES = {"advice": "#d9ead9", "label": "#dde6f3", "limit": "#ececec"}
"""Colour of the shaded range by what it rests on; the words above each panel say the same."""

MARGIN = 1
"""Bars of room on either side of values and range."""


def setting_panels_chart(
    panels: Sequence[tuple[SettingHistogram, SettingSummary]], *, title: str, columns: int = 2
) -> Spec:
    """Draw the spread of each setting.

    Parameters
    ----------
    panels
        Histogram and summary of each setting, in order; settings without a value are left out.
    title
        Words of the figure.
    columns
        Panels side by side.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data: counts in bars, the judged range shaded, the median as a
        line.
    """
    shown = [(bars, summary) for bars, summary in panels if bars.counts]
    subtitle = (
        "Number of uses. Shaded: the range that values are held against (green: advice; blue: label; grey: "
        "limit of the device). Line: median. The range describes; it judges no single use."
    )
    outer = frame(title=title, subtitle=subtitle, alt=setting_panels_alt(shown, title=title))
    views = [_panel(bars, summary) for bars, summary in shown]
    return {**outer, "concat": views, "columns": columns, "spacing": {"row": 28, "column": 40}}


def setting_panels_alt(panels: Sequence[tuple[SettingHistogram, SettingSummary]], *, title: str) -> str:
    """Return the figure in words: one clause a setting."""
    clauses = [
        f"{bars.setting.label}: median {_number(summary.median, bars)} {bars.setting.unit}, middle half "
        f"{_number(summary.lower_quartile, bars)} to {_number(summary.upper_quartile, bars)}, "
        f"{format_count(summary.n_recorded)} uses, range {bars.setting.range_text}"
        for bars, summary in panels
    ]
    return f"{title}. " + "; ".join(clauses) + "."


def _number(value: float | None, bars: SettingHistogram) -> str:
    """Write a value with the decimals of its setting."""
    return "not recorded" if value is None else f"{value:.{bars.setting.decimals}f}"


def _panel(bars: SettingHistogram, summary: SettingSummary) -> Spec:
    """One setting."""
    setting = bars.setting
    title = {
        "text": f"{setting.label}",
        "subtitle": _panel_subtitle(bars, summary),
        "anchor": "start",
        "fontSize": 13,
        "subtitleFontSize": 11,
        "offset": 6,
    }
    unit = "device : vessel" if setting.unit == "ratio" else setting.unit
    axis: Spec = {"title": unit, "grid": False, "tickCount": 6, "format": ".2~f"}
    scale = {"domain": _domain(bars), "nice": False, "zero": False}
    x: Spec = {"field": "start", "type": "quantitative", "scale": scale, "axis": axis}
    layers = [*_shade(bars, x), _bars(bars, x), *_median(summary, x)]
    return {"title": title, "width": PANEL_WIDTH, "height": PANEL_HEIGHT, "layer": layers}


def _panel_subtitle(bars: SettingHistogram, summary: SettingSummary) -> str:
    """Say number and range; the heading already names the device."""
    setting = bars.setting
    judged = f"{setting.range_text} ({setting.basis})" if setting.judged else "no range to hold it against"
    return f"n = {format_count(summary.n_recorded)}; {judged}"


def _domain(bars: SettingHistogram) -> list[float]:
    """Return the ends of the axis: around values and range; an open lower end is not drawn out."""
    step = bars.setting.step
    low, high = bars.starts[0], bars.starts[-1] + step
    if bars.setting.judged:
        bottom, top = bars.setting.judged
        low, high = min(low, bottom if bottom > 0 else low), max(high, top)
    return [low - MARGIN * step, high + MARGIN * step]


def _shade(bars: SettingHistogram, x: Spec) -> list[Spec]:
    """Shade the judged range behind the bars."""
    if bars.setting.judged is None:
        return []
    # A limit belongs to the range, and so does the whole bar that stands around it.
    room = bars.setting.step / 2 if bars.setting.centred else 0.0
    low, high = bars.setting.judged
    low, high = max(low - room, _domain(bars)[0]), high + room
    return [
        {
            "data": {"values": [{"start": low, "end": high}]},
            "mark": {"type": "rect", "color": SHADES[bars.setting.basis], "aria": False},
            "encoding": {"x": x, "x2": {"field": "end"}},
        }
    ]


def _bars(bars: SettingHistogram, x: Spec) -> Spec:
    """Bars of the counts."""
    step = bars.setting.step
    gap = step * 0.06
    values = [
        {
            "start": start + gap,
            "end": start + step - gap,
            "n": n,
            "base": 0,
            "words": f"{start:g} to {start + step:g}",
        }
        for start, n in zip(bars.starts, bars.counts, strict=True)
        if n
    ]
    y: Spec = {
        "field": "n",
        "type": "quantitative",
        "title": "Uses",
        "scale": {"domain": [0, 1.08 * max(bars.counts)], "nice": False},
        "axis": {"tickCount": 4, "tickMinStep": 1, "grid": True},
    }
    tooltip = [
        {"field": "words", "type": "nominal", "title": bars.setting.unit},
        {"field": "n", "type": "quantitative", "title": "Uses"},
    ]
    return {
        "data": {"values": values},
        "mark": {"type": "rect", "color": SERIES_COLOURS[3], "opacity": 0.95},
        "encoding": {
            "x": x,
            "x2": {"field": "end"},
            "y": y,
            "y2": {"field": "base"},
            "tooltip": tooltip,
        },
    }


def _median(summary: SettingSummary, x: Spec) -> list[Spec]:
    """Draw the median as a line."""
    if summary.median is None:
        return []
    return [
        {
            "data": {"values": [{"start": summary.median}]},
            "mark": {"type": "rule", "color": INK, "strokeWidth": 1.6, "strokeDash": [4, 2], "aria": False},
            "encoding": {"x": x},
        }
    ]
