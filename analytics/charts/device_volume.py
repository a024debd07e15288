"""Procedures with each device by period: one small panel a device, on one scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.device_labels import label_device
from analytics.charts.numbers import format_count, format_percent
from analytics.charts.theme import INK, SERIES_COLOURS, Spec, frame, text_layer

if TYPE_CHECKING:
    import polars as pl

PANEL_HEIGHT = 130
PANEL_WIDTH = 210


def device_volume_chart(volumes: pl.DataFrame, *, title: str, period_title: str, columns: int = 3) -> Spec:
    """Draw the share of procedures with each device by period, the count above each bar.

    Parameters
    ----------
    volumes
        Result of `analytics.devices.volumes.count_by_period`.
    title, period_title
        Words of the figure, and of the horizontal axis.
    columns
        Panels side by side.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data. All panels have the same vertical scale.
    """
    rows = [_value(row) for row in volumes.iter_rows(named=True)]
    devices = list(dict.fromkeys(row["device"] for row in rows))
    top = max([row["percent"] for row in rows] + [0.5]) * 1.18
    subtitle = "Bars: percent of all procedures of the period. Numbers: procedures with the device."
    outer = frame(title=title, subtitle=subtitle, alt=device_volume_alt(volumes, title=title))
    views = [
        _panel([row for row in rows if row["device"] == device], device, top=top, period_title=period_title)
        for device in devices
    ]
    return {**outer, "concat": views, "columns": columns, "spacing": {"row": 24, "column": 30}}


def device_volume_alt(volumes: pl.DataFrame, *, title: str) -> str:
    """Return the figure in words: first and last period of each device."""
    clauses = []
    for device in volumes["device_class"].unique(maintain_order=True):
        rows = volumes.filter(volumes["device_class"] == device).sort("period").rows(named=True)
        first, last = rows[0], rows[-1]
        clauses.append(
            f"{label_device(device)}: {format_count(first['n_with'])} of {format_count(first['n_all'])} "
            f"procedures in {first['period']}, {format_count(last['n_with'])} of "
            f"{format_count(last['n_all'])} in {last['period']}"
        )
    return f"{title}. " + "; ".join(clauses) + "."


def _value(row: dict[str, object]) -> Spec:
    """Values of one bar."""
    n_with, n_all = int(str(row["n_with"])), int(str(row["n_all"]))
    share = n_with / n_all if n_all else 0.0
    return {
        "device": label_device(str(row["device_class"])),
        "period": str(row["period"]),
        "percent": 100 * share,
        "text": format_count(n_with),
        "count": f"{format_count(n_with)} of {format_count(n_all)}",
        "share": format_percent(share),
    }


def _panel(rows: list[Spec], device: str, *, top: float, period_title: str) -> Spec:
    """One device."""
    x: Spec = {
        "field": "period",
        "type": "ordinal",
        "title": period_title,
        "axis": {"labelAngle": -45 if len(rows) > 4 else 0, "labelOverlap": "parity"},
    }
    y: Spec = {
        "field": "percent",
        "type": "quantitative",
        "title": "% of procedures",
        "scale": {"domain": [0, top], "nice": False},
        "axis": {"tickCount": 4, "grid": True},
    }
    tooltip = [
        {"field": name, "type": "nominal", "title": words}
        for name, words in (("period", "Period"), ("count", "Procedures"), ("share", "Share"))
    ]
    bars: Spec = {
        "data": {"values": rows},
        "mark": {"type": "bar", "color": SERIES_COLOURS[3]},
        "encoding": {"x": x, "y": y, "tooltip": tooltip},
    }
    numbers = text_layer(rows, x=x, y=y, dy=-7, fontSize=11, color=INK)
    title = {"text": device, "anchor": "start", "fontSize": 13, "offset": 6}
    return {"title": title, "width": PANEL_WIDTH, "height": PANEL_HEIGHT, "layer": [bars, numbers]}
