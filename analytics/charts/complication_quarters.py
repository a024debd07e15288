"""A complication by calendar quarter: dots with intervals in the order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.complication_rates import SMALL_GROUP, count_text, rate_text
from analytics.charts.labels import UNIT_PLURALS, label_complication
from analytics.charts.theme import INK, SERIES_COLOURS, Spec, frame

if TYPE_CHECKING:
    from analytics.complications.comparison_results import QuarterlyRates

COLOUR = SERIES_COLOURS[0]
MOST_LABELS = 12
"""Quarters named on the axis; of more only every second or fourth is."""


def quarterly_rate_chart(quarterly: QuarterlyRates, *, subtitle: str = "", width: int = 620) -> Spec:
    """Draw a complication by calendar quarter.

    Parameters
    ----------
    quarterly
        Rates of one complication; quarters in which nothing was recorded have no mark.
    subtitle
        Sentence under the title, for example the test of a trend.
    width
        Width of the plotting area in pixels.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data.
    """
    rows = _rows(quarterly)
    return {
        **frame(
            title=_title(quarterly),
            subtitle=_subtitle(quarterly, rows, subtitle),
            alt=quarterly_rate_alt(quarterly),
        ),
        "width": width,
        "height": 220,
        "data": {"values": rows},
        "layer": _layers(quarterly.quarters, is_counted=len(rows) <= MOST_LABELS),
    }


def _title(quarterly: QuarterlyRates) -> str:
    """Name the complication."""
    if not quarterly.rates:
        return "By quarter"
    return f"{label_complication(quarterly.rates[0].complication)} by quarter"


def _subtitle(quarterly: QuarterlyRates, rows: list[Spec], said: str) -> str:
    """Name the unit, what the caller says, and the meaning of hollow marks where there are any."""
    unit = quarterly.rates[0].unit if quarterly.rates else ""
    parts = [f"k/n counts {UNIT_PLURALS.get(unit, unit)}." if unit else "", said]
    if any(row["fill"] == "white" for row in rows):
        parts.append(f"Hollow: fewer than {SMALL_GROUP}.")
    return " ".join(part for part in parts if part)


def _layers(quarters: tuple[str, ...], *, is_counted: bool) -> list[Spec]:
    """Intervals, marks, and above few of them their counts."""
    x: Spec = {
        "field": "quarter",
        "type": "ordinal",
        "sort": list(quarters),
        "title": "Quarter of PCI",
        "scale": {"domain": list(quarters)},
        "axis": {"labelAngle": 0, "values": _named(quarters), "grid": False},
    }
    y: Spec = {"type": "quantitative", "title": "Rate, % (95 % interval)", "scale": {"zero": True}}
    tooltip = [
        {"field": name, "type": "nominal", "title": title}
        for name, title in (("quarter", "Quarter"), ("count", "k/n"), ("rate", "Rate"))
    ]
    intervals: Spec = {
        "mark": {"type": "rule", "color": COLOUR, "strokeWidth": 1.5, "aria": False},
        "encoding": {"x": x, "y": {**y, "field": "lower"}, "y2": {"field": "upper"}},
    }
    fill = {"field": "fill", "type": "nominal", "scale": None}
    marks: Spec = {
        "mark": {"type": "point", "size": 60, "strokeWidth": 1.8, "opacity": 1, "stroke": COLOUR},
        "encoding": {"x": x, "y": {**y, "field": "percent"}, "fill": fill, "tooltip": tooltip},
    }
    above = {"type": "text", "dy": -8, "baseline": "bottom", "color": INK, "fontSize": 10, "aria": False}
    counts: Spec = {
        "mark": above,
        "encoding": {
            "x": x,
            "y": {**y, "field": "upper"},
            "text": {"field": "count", "type": "nominal"},
        },
    }
    return [intervals, marks, counts] if is_counted else [intervals, marks]


def _rows(quarterly: QuarterlyRates) -> list[Spec]:
    """One drawn row for each quarter with a rate, in percent."""
    return [
        {
            "quarter": quarter,
            "percent": 100 * rate.rate,
            "lower": 100 * (rate.lower or 0.0),
            "upper": 100 * (rate.upper or 0.0),
            "count": count_text(rate),
            "rate": rate_text(rate),
            "fill": "white" if rate.n_total < SMALL_GROUP else COLOUR,
        }
        for quarter, rate in zip(quarterly.quarters, quarterly.rates, strict=True)
        if rate.rate is not None
    ]


def _named(quarters: tuple[str, ...]) -> list[str]:
    """Quarters that the axis names: all of few, the first of every year of many."""
    return list(quarters) if len(quarters) <= MOST_LABELS else [one for one in quarters if one.endswith("Q1")]


def quarterly_rate_alt(quarterly: QuarterlyRates) -> str:
    """Return the figure in words: one clause for each quarter."""
    if not quarterly.rates:
        return "No quarter to show."
    clauses = [
        f"{quarter}: {count_text(rate)} {rate_text(rate)}"
        for quarter, rate in zip(quarterly.quarters, quarterly.rates, strict=True)
    ]
    return f"{label_complication(quarterly.rates[0].complication)} by quarter. " + "; ".join(clauses) + "."
