"""Forest figure: ratios of a model on a logarithmic axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.charts.labels import label_level, label_variance
from analytics.charts.numbers import EN_DASH, format_count, format_ratio
from analytics.charts.theme import INK, MUTED, REFERENCE, SERIES_COLOURS, Spec, frame, text_layer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from analytics.survival.results import Basis, CoxFit

ROW_HEIGHT = 24
TICKS = (0.1, 0.2, 0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 10)
WIDEST = 20.0
"""An interval is drawn no further than 20 times either way; its numbers are printed in full."""


@dataclass(frozen=True)
class RatioWords:
    """What a ratio is called, and what it means to lie on either side of 1.

    Parameters
    ----------
    name
        In sentence case, for example ``Hazard ratio``.
    column
        Column of the coefficient table that holds it.
    left, right
        Words for ratios below and above 1.
    """

    name: str
    column: str
    left: str
    right: str


HAZARD_RATIO = RatioWords("Hazard ratio", "hazard_ratio", "fewer events", "more")
SUBDISTRIBUTION_RATIO = RatioWords(
    "Subdistribution hazard ratio", "hazard_ratio", "lower risk of the endpoint", "higher"
)
TIME_RATIO = RatioWords("Time ratio", "time_ratio", "earlier events", "later")
RATE_RATIO = RatioWords("Rate ratio", "rate_ratio", "fewer events", "more")
ODDS_RATIO = RatioWords("Odds ratio", "ratio", "fewer events", "more")


@dataclass(frozen=True, eq=False)
class RatioTable:
    """Ratios to draw, from any model.

    Parameters
    ----------
    table
        One row per ratio: its name in ``term``, the ratio in the column that ``words`` names, ``lower``,
        ``upper``; in drawing order.
    basis
        What they rest on.
    words
        What the ratio is called.
    labels
        Words for each term; a term without words shows its own name.
    """

    table: pl.DataFrame
    basis: Basis
    words: RatioWords = HAZARD_RATIO
    labels: Mapping[str, str] | None = None


def hazard_ratio_chart(
    fit: CoxFit, *, title: str, labels: Mapping[str, str] | None = None, subtitle: str = "", width: int = 420
) -> Spec:
    """Draw the hazard ratio of each term of a Cox model with its interval.

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
    ratios = RatioTable(fit.table, fit.basis, HAZARD_RATIO, labels)
    return ratio_chart(ratios, title=title, subtitle=subtitle, width=width)


def ratio_chart(ratios: RatioTable, *, title: str, subtitle: str = "", width: int = 420) -> Spec:
    """Draw ratios of any model with their intervals.

    Parameters
    ----------
    ratios
        The ratios, at least one, and what they are called.
    title, subtitle, width
        As for `hazard_ratio_chart`.
    """
    rows, words = _rows(ratios), ratios.words
    height = ROW_HEIGHT * max(1, len(rows))
    domain = _domain(rows)
    layers = [_reference_line()]
    for row in rows:
        layers.extend([*_marks(row, domain, words), *_texts(row)])
    layers.append(_heading(f"{words.name} ({label_level(ratios.basis.interval)} interval)"))
    basis = ratios.basis
    counts = f"{format_count(basis.n_events)} events in {format_count(basis.n)}"
    outer = frame(
        title=title,
        subtitle=" ".join(
            part for part in (subtitle, f"{counts}; variance: {label_variance(basis.variance)}.") if part
        ),
        alt=ratio_alt(ratios, title=title),
    )
    return {**outer, "width": width, "height": height, "layer": layers}


def hazard_ratio_text(ratio: float, lower: float, upper: float) -> str:
    """Return ``1.42 (1.10-1.83)`` with an en dash."""
    return f"{format_ratio(ratio)} ({format_ratio(lower)}{EN_DASH}{format_ratio(upper)})"


def _rows(ratios: RatioTable) -> list[Spec]:
    """One drawn row a term, with its vertical pixel."""
    labels = ratios.labels or {}
    return [
        {
            "label": labels.get(row["term"], row["term"]),
            "ratio": row[ratios.words.column],
            "lower": row["lower"],
            "upper": row["upper"],
            "text": hazard_ratio_text(row[ratios.words.column], row["lower"], row["upper"]),
            "pixel": ROW_HEIGHT * (i + 0.5),
        }
        for i, row in enumerate(ratios.table.iter_rows(named=True))
    ]


def _domain(rows: Sequence[Spec]) -> tuple[float, float]:
    """Axis ends: symmetric enough to hold 1, wide enough for every interval up to the cap."""
    low = min([0.8, *(row["lower"] for row in rows if row["lower"] > 0)])
    high = max([1.25, *(row["upper"] for row in rows if math.isfinite(row["upper"]))])
    return max(1 / WIDEST, 0.95 * low), min(WIDEST, 1.05 * high)


def _x_encoding(field: str, domain: tuple[float, float], words: RatioWords) -> Spec:
    """Ratio on the logarithmic axis."""
    return {
        "field": field,
        "type": "quantitative",
        "title": f"{words.name} (log scale): left of 1 {words.left}, right of 1 {words.right}",
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


def _marks(row: Spec, domain: tuple[float, float], words: RatioWords) -> list[Spec]:
    """Interval and square of one term; nothing where the estimate lies outside the axis."""
    y: Spec = {"value": row["pixel"]}
    interval = {"lower": max(row["lower"], domain[0]), "upper": min(row["upper"], domain[1])}
    marks: list[Spec] = []
    if interval["lower"] < interval["upper"]:
        marks.append(
            {
                "data": {"values": [interval]},
                "mark": {"type": "rule", "strokeWidth": 2, "color": INK, "aria": False},
                "encoding": {"x": _x_encoding("lower", domain, words), "x2": {"field": "upper"}, "y": y},
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
                    "x": _x_encoding("ratio", domain, words),
                    "y": y,
                    "tooltip": [
                        {"field": "label", "type": "nominal", "title": "Term"},
                        {"field": "text", "type": "nominal", "title": words.name},
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


def _heading(text: str) -> Spec:
    """Column heading of the numbers."""
    return text_layer(
        [{"text": text}],
        x={"value": "width"},
        y={"value": -8},
        align="left",
        dx=14,
        baseline="middle",
        color=MUTED,
    )


def _reference_line() -> Spec:
    """Vertical line at a ratio of one."""
    return {
        "data": {"values": [{"one": 1.0}]},
        "mark": {"type": "rule", "color": REFERENCE, "strokeDash": [4, 3], "aria": False},
        "encoding": {"x": {"field": "one", "type": "quantitative"}},
    }


def ratio_alt(ratios: RatioTable, *, title: str) -> str:
    """Return the figure in words: one clause for each term."""
    clauses = [f"{row['label']}: {row['text']}" for row in _rows(ratios)]
    level = label_level(ratios.basis.interval)
    return f"{title}. {ratios.words.name}s with {level} intervals. " + "; ".join(clauses) + "."
