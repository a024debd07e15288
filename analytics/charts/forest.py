"""Forest figure: hazard ratios of a Cox model on a logarithmic axis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from analytics.charts.labels import label_variance
from analytics.charts.numbers import EN_DASH, format_count, format_ratio
from analytics.charts.theme import INK, MUTED, REFERENCE, SERIES_COLOURS, Spec, frame, text_layer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.survival.results import CoxFit

ROW_HEIGHT = 24
TICKS = (0.1, 0.2, 0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 10)
WIDEST = 20.0
"""An interval is drawn no further than 20 times either way; its numbers are printed in full."""


def hazard_ratio_chart(
    fit: CoxFit, *, title: str, labels: Mapping[str, str] | None = None, subtitle: str = "", width: int = 420
) -> Spec:
    """Draw the hazard ratio of each term with its interval.

    Parameters
    ----------
    fit
        A fitted model.
    title
        Sentence case.
    labels
        Words for each term; a term without words shows its own name.
    subtitle
        Reference groups, adjustment, number of events.
    width
        Width of the plotting area in pixels.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data.
    """
    rows = _rows(fit, labels or {})
    height = ROW_HEIGHT * max(1, len(rows))
    domain = _domain(rows)
    layers = [_reference_line()]
    for row in rows:
        layers.extend([*_marks(row, domain), *_texts(row)])
    layers.extend(_headings())
    counts = f"{format_count(fit.basis.n_events)} events in {format_count(fit.basis.n)}"
    basis = f"{counts}; variance: {label_variance(fit.basis.variance)}."
    outer = frame(
        title=title,
        subtitle=" ".join(part for part in (subtitle, basis) if part),
        alt=hazard_ratio_alt(fit, title=title, labels=labels),
    )
    return {**outer, "width": width, "height": height, "layer": layers}


def hazard_ratio_text(ratio: float, lower: float, upper: float) -> str:
    """Return ``1.42 (1.10-1.83)`` with an en dash."""
    return f"{format_ratio(ratio)} ({format_ratio(lower)}{EN_DASH}{format_ratio(upper)})"


def _rows(fit: CoxFit, labels: Mapping[str, str]) -> list[Spec]:
    """One drawn row a term, with its vertical pixel."""
    return [
        {
            "label": labels.get(row["term"], row["term"]),
            "ratio": row["hazard_ratio"],
            "lower": row["lower"],
            "upper": row["upper"],
            "text": hazard_ratio_text(row["hazard_ratio"], row["lower"], row["upper"]),
            "pixel": ROW_HEIGHT * (i + 0.5),
        }
        for i, row in enumerate(fit.table.iter_rows(named=True))
    ]


def _domain(rows: Sequence[Spec]) -> tuple[float, float]:
    """Axis ends: symmetric enough to hold 1, wide enough for every interval up to the cap."""
    low = min([0.8, *(row["lower"] for row in rows if row["lower"] > 0)])
    high = max([1.25, *(row["upper"] for row in rows if math.isfinite(row["upper"]))])
    return max(1 / WIDEST, 0.95 * low), min(WIDEST, 1.05 * high)


def _x_encoding(field: str, domain: tuple[float, float]) -> Spec:
    """Hazard ratio on the logarithmic axis."""
    return {
        "field": field,
        "type": "quantitative",
        "title": "Hazard ratio (log scale): left of 1 fewer events, right of 1 more",
        "scale": {"type": "log", "domain": list(domain), "nice": False},
        "axis": {
            "values": _ticks(domain),
            "format": ".2~f",
            "grid": False,
        },
    }


def _ticks(domain: tuple[float, float]) -> list[float]:
    """Readable ratios inside the axis; fewer where the axis is long."""
    inside = [tick for tick in TICKS if domain[0] <= tick <= domain[1]]
    if len(inside) <= 9:
        return inside
    return [tick for tick in inside if tick in {0.1, 0.25, 0.5, 1, 2, 4, 10}]


def _marks(row: Spec, domain: tuple[float, float]) -> list[Spec]:
    """Interval and square of one term; nothing where the estimate lies outside the axis."""
    y: Spec = {"value": row["pixel"]}
    interval = {"lower": max(row["lower"], domain[0]), "upper": min(row["upper"], domain[1])}
    marks: list[Spec] = []
    if interval["lower"] < interval["upper"]:
        marks.append(
            {
                "data": {"values": [interval]},
                "mark": {"type": "rule", "strokeWidth": 2, "color": INK, "aria": False},
                "encoding": {"x": _x_encoding("lower", domain), "x2": {"field": "upper"}, "y": y},
            }
        )
    if domain[0] <= row["ratio"] <= domain[1]:
        marks.append(
            {
                "data": {"values": [{"ratio": row["ratio"], "label": row["label"], "text": row["text"]}]},
                "mark": {
                    "type": "point",
                    "shape": "square",
                    "filled": True,
                    "size": 75,
                    "opacity": 1,
                    "color": SERIES_COLOURS[0],
                },
                "encoding": {
                    "x": _x_encoding("ratio", domain),
                    "y": y,
                    "tooltip": [
                        {"field": "label", "type": "nominal", "title": "Term"},
                        {"field": "text", "type": "nominal", "title": "Hazard ratio"},
                    ],
                },
            }
        )
    return marks


def _texts(row: Spec) -> list[Spec]:
    """Term left of the plot, numbers right of it."""
    y: Spec = {"value": row["pixel"]}
    return [
        text_layer([{"text": row["label"]}], x={"value": -12}, y=y, align="right", baseline="middle"),
        text_layer(
            [{"text": row["text"]}], x={"value": "width"}, y=y, align="left", dx=14, baseline="middle"
        ),
    ]


def _headings() -> list[Spec]:
    """Column heading of the numbers."""
    return [
        text_layer(
            [{"text": "Hazard ratio (95 % interval)"}],
            x={"value": "width"},
            y={"value": -8},
            align="left",
            dx=14,
            baseline="middle",
            color=MUTED,
        )
    ]


def _reference_line() -> Spec:
    """Vertical line at a ratio of one."""
    return {
        "data": {"values": [{"one": 1.0}]},
        "mark": {"type": "rule", "color": REFERENCE, "strokeDash": [4, 3], "aria": False},
        "encoding": {"x": {"field": "one", "type": "quantitative"}},
    }


def hazard_ratio_alt(fit: CoxFit, *, title: str, labels: Mapping[str, str] | None = None) -> str:
    """Return the figure in words: one clause for each term."""
    clauses = [f"{row['label']}: {row['text']}" for row in _rows(fit, labels or {})]
    return f"{title}. Hazard ratios with 95 % intervals. " + "; ".join(clauses) + "."
