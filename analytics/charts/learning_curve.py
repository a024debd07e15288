"""An outcome by the running case number: one panel a device, points with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.numbers import format_fraction, format_percent, format_percent_interval
from analytics.charts.theme import MUTED, SERIES_COLOURS, Spec, frame, text_layer
from analytics.proportions.results import Proportion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.devices.learning import CaseBand, LearningCurve

PANEL_HEIGHT = 170
BAND_WIDTH = 74


def learning_chart(curves: Sequence[LearningCurve], *, title: str, y_title: str, columns: int = 3) -> Spec:
    """Draw an outcome by the running case number.

    Parameters
    ----------
    curves
        One panel each; their labels are the headings.
    title, y_title
        Words of the figure, and of the vertical axis with its unit.
    columns
        Panels side by side.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data; counts stand under the points, the caution above them.
    """
    domain = _domain(curves)
    caution = curves[0].caution if curves else ""
    cut = f" The axis begins at {domain[0]:.0f} %." if domain[0] else ""
    outer = frame(title=title, subtitle=caution + cut, alt=learning_alt(curves, title))
    views = [_panel(curve, y_title=y_title, domain=domain) for curve in curves]
    return {**outer, "concat": views, "columns": columns, "spacing": {"row": 28, "column": 36}}


def learning_alt(curves: Sequence[LearningCurve], title: str) -> str:
    """Return the figure in words: one clause a device."""
    clauses = [
        f"{curve.label}: "
        + ", ".join(f"cases {band.label} {_count(band)} {_share(band)}".rstrip() for band in curve.bands)
        for curve in curves
    ]
    return f"{title}. " + "; ".join(clauses) + "."


def _count(band: CaseBand) -> str:
    """Cases with the outcome of all cases."""
    return format_fraction(band.share.n_events, band.share.n_total)


def _share(band: CaseBand) -> str:
    """Share and interval in words."""
    share = band.share.interval
    if not isinstance(share, Proportion):
        return ""
    return f"{format_percent(share.estimate)} ({format_percent_interval(share.lower, share.upper)})"


def _domain(curves: Sequence[LearningCurve]) -> list[float]:
    """Return the ends of the vertical axis in percent, common to all panels."""
    shares = [band.share.interval for curve in curves for band in curve.bands]
    known = [share for share in shares if isinstance(share, Proportion)]
    low = min((share.lower for share in known), default=0.0)
    high = max((share.upper for share in known), default=1.0)
    bottom = 0.0 if low < 0.5 else float(int(low * 10) * 10)
    return [bottom, 100.0 if high > 0.5 else float((int(high * 20) + 1) * 5)]


def _panel(curve: LearningCurve, *, y_title: str, domain: list[float]) -> Spec:
    """One device."""
    rows = [_value(band) for band in curve.bands]
    x: Spec = {
        "field": "band",
        "type": "ordinal",
        "sort": [row["band"] for row in rows],
        "title": "Running case number",
        "axis": {"labelAngle": 0},
    }
    y: Spec = {
        "field": "percent",
        "type": "quantitative",
        "title": y_title,
        "scale": {"domain": domain, "nice": False},
        "axis": {"tickCount": 5, "grid": True},
    }
    drawn = [row for row in rows if row["percent"] is not None]
    counts = [{"band": row["band"], "text": row["count"]} for row in rows]
    return {
        "title": {"text": curve.label, "anchor": "start", "fontSize": 13, "offset": 20},
        "width": BAND_WIDTH * max(2, len(rows)),
        "height": PANEL_HEIGHT,
        "layer": [
            *_marks(drawn, x, y),
            text_layer(counts, x=x, y={"value": -9}, fontSize=11, color=MUTED),
        ],
    }


def _value(band: CaseBand) -> Spec:
    """Values of one point, in percent."""
    share = band.share.interval
    ends = (share.estimate, share.lower, share.upper) if isinstance(share, Proportion) else (None,) * 3
    percent = [None if end is None else 100 * end for end in ends]
    return {
        "band": band.label,
        **dict(zip(("percent", "lower", "upper"), percent, strict=True)),
        "count": _count(band),
        "words": _share(band),
        "owners": band.n_owners,
    }


def _marks(rows: Sequence[Spec], x: Spec, y: Spec) -> list[Spec]:
    """Intervals, the line between the points, and the points."""
    colour = SERIES_COLOURS[0]
    tooltip = [
        {"field": name, "type": "nominal", "title": words}
        for name, words in (
            ("band", "Cases"),
            ("count", "k/n"),
            ("words", "Share"),
            ("owners", "Operators or sites"),
        )
    ]
    return [
        {
            "data": {"values": list(rows)},
            "mark": {"type": "rule", "color": colour, "strokeWidth": 2, "aria": False},
            "encoding": {"x": x, "y": {**y, "field": "lower"}, "y2": {"field": "upper"}},
        },
        {
            "data": {"values": list(rows)},
            "mark": {"type": "line", "color": colour, "strokeWidth": 1, "strokeDash": [3, 3], "aria": False},
            "encoding": {"x": x, "y": y},
        },
        {
            "data": {"values": list(rows)},
            "mark": {"type": "point", "filled": True, "color": colour, "size": 70, "opacity": 1},
            "encoding": {"x": x, "y": y, "tooltip": tooltip},
        },
    ]
