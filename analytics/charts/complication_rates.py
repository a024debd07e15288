"""Dot-and-interval figure of one complication: rows are devices, marks in a row are calcification grades."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from analytics.charts.complication_benchmarks import benchmark_marks, benchmark_note, benchmark_sentences
from analytics.charts.labels import (
    STRUCTURAL_ZERO_TEXT,
    UNIT_PLURALS,
    label_complication,
    label_severity,
    label_strategy,
    order_severities,
    order_strategies,
)
from analytics.charts.numbers import format_count, format_fraction, format_percent, format_percent_interval
from analytics.charts.theme import (
    GRID,
    INK,
    MUTED,
    SEVERITY_COLOURS,
    SEVERITY_SHAPES,
    Spec,
    frame,
    text_layer,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.complications.results import ComplicationRate
    from analytics.evidence.matching import Benchmark

SMALL_GROUP = 20
"""Below this denominator a mark is hollow: the rate is shown, but should not be leant on."""
CLUSTERED = "Intervals are clustered by patient where patients count more than once."
AXIS_ENDS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0)
"""Right ends of the axis in percent at which a tick stands."""
ROW_HEIGHT = 21
DEVICE_GAP = 9
GRADE_COLUMN = -12
DEVICE_COLUMN = -88
DEVICE_CHARACTERS = 16
COUNT_COLUMN = 14
RATE_COLUMN = 92


def complication_rate_chart(
    rates: Sequence[ComplicationRate],
    *,
    width: int = 460,
    benchmarks: Mapping[tuple[str, str], Sequence[Benchmark]] | None = None,
) -> Spec:
    """Draw one complication by device strategy and calcification grade.

    Parameters
    ----------
    rates
        Results of one complication and one unit; one row each. Devices come in the fixed clinical order,
        never sorted by rate.
    width
        Width of the plotting area in pixels.
    benchmarks
        Published figures that may stand beside a rate, by strategy and severity.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data.
    """
    rows = _rows(rates)
    height = rows[-1]["pixel"] + ROW_HEIGHT if rows else ROW_HEIGHT
    marked = [row for row in rows if row["has_rate"]]
    end = _domain_end(marked)
    published = benchmark_marks(rows, benchmarks or {}, end=end)
    layers = [*_interval_layers(marked, end), *published, *_text_columns(rows), *_headings()]
    title = label_complication(rates[0].complication) if rates else "Complication"
    said = benchmark_sentences(benchmarks or {})
    outer = frame(
        title=title,
        subtitle=" ".join(
            part for part in (_subtitle(rates, rows), benchmark_note(rows, benchmarks or {})) if part
        ),
        alt=" ".join([complication_rate_alt(rates), *said]),
    )
    return {**outer, "width": width, "height": height, "layer": layers}


def rate_text(rate: ComplicationRate) -> str:
    """Return the rate as a reader needs it: percent with limits, ``n/a`` with its cause, or an upper limit.

    A structural zero is never a number. An observed zero shows how high the true rate may be, unless records
    that do not tell may be events: then it is no zero. Their number always stands beside the rate.
    """
    if rate.status == "structural_zero":
        return STRUCTURAL_ZERO_TEXT.get(rate.complication, "n/a")
    if rate.status == "no_denominator" or rate.rate is None or rate.lower is None or rate.upper is None:
        return "not recorded"
    unclear = f", {format_count(rate.n_unclear)} unclear" if rate.n_unclear else ""
    if rate.status == "zero":
        return f"none certain{unclear}" if unclear else f"up to {format_percent(rate.upper)}"
    return f"{format_percent(rate.rate)} ({format_percent_interval(rate.lower, rate.upper)}){unclear}"


def count_text(rate: ComplicationRate) -> str:
    """Return ``k/n``, or nothing where the complication cannot happen or was not recorded."""
    if rate.status in {"structural_zero", "no_denominator"}:
        return ""
    return format_fraction(rate.n_events, rate.n_total)


def sort_rates(rates: Sequence[ComplicationRate]) -> list[ComplicationRate]:
    """Return results by device in clinical order, then from least to most calcium."""
    strategies = order_strategies(rate.strategy for rate in rates)
    severities = order_severities(rate.severity for rate in rates)
    return sorted(
        rates, key=lambda rate: (strategies.index(rate.strategy), severities.index(rate.severity), rate.unit)
    )


def _rows(rates: Sequence[ComplicationRate]) -> list[Spec]:
    """One drawn row for each result, with its vertical pixel; a gap before each device."""
    rows: list[Spec] = []
    pixel = 2.0
    previous: str | None = None
    for rate in sort_rates(rates):
        is_first = rate.strategy != previous
        pixel += (
            ROW_HEIGHT + (DEVICE_GAP if is_first and previous is not None else 0) if rows else ROW_HEIGHT / 2
        )
        rows.append(_row(rate, pixel, device=label_strategy(rate.strategy) if is_first else ""))
        previous = rate.strategy
    return rows


def _row(rate: ComplicationRate, pixel: float, *, device: str) -> Spec:
    """Values of one drawn row, in percent."""
    has_rate = rate.rate is not None and rate.lower is not None and rate.upper is not None
    return {
        "pixel": pixel,
        "group": (rate.strategy, rate.severity),
        "device": device,
        "grade": label_severity(rate.severity),
        "has_rate": has_rate,
        "percent": 100 * (rate.rate or 0.0),
        "lower": 100 * (rate.lower or 0.0),
        "upper": 100 * (rate.upper or 0.0),
        "count": count_text(rate),
        "rate": rate_text(rate),
        "colour": SEVERITY_COLOURS.get(rate.severity, INK),
        "shape": SEVERITY_SHAPES.get(rate.severity, "circle"),
        "fill": "white" if rate.n_total < SMALL_GROUP else SEVERITY_COLOURS.get(rate.severity, INK),
    }


def _domain_end(rows: Sequence[Spec]) -> float:
    """Right end of the axis in percent: above the limits of groups that are not tiny, if there are any."""
    solid = [row["upper"] for row in rows if row["fill"] != "white"]
    highest = max([*(solid or (row["upper"] for row in rows)), 1.0])
    return next(end for end in AXIS_ENDS if end >= min(float(highest), 100.0))


def _interval_layers(rows: Sequence[Spec], end: float) -> list[Spec]:
    """Intervals (cut at the end of the axis) and marks, one layer a row so that each keeps its own pixel."""
    x: Spec = {
        "field": "percent",
        "type": "quantitative",
        "title": "Rate, % (95 % interval)",
        "scale": {"domain": [0, end], "nice": False},
        "axis": {"grid": True, "tickCount": 6, "orient": "bottom", "format": ".2~f"},
    }
    return [{"layer": _marks(row, x, end)} for row in rows]


def _marks(row: Spec, x: Spec, end: float) -> list[Spec]:
    """Interval and point of one row."""
    y: Spec = {"value": row["pixel"]}
    # Thin and dashed: what rests on few patients must not catch the eye first.
    line = {"strokeWidth": 1, "strokeDash": [2, 3]} if row["fill"] == "white" else {"strokeWidth": 2}
    interval = {"lower": min(row["lower"], end), "upper": min(row["upper"], end)}
    is_outside = row["percent"] > end
    tooltip = [
        {"field": key, "type": "nominal", "title": title}
        for key, title in (("label", "Group"), ("count", "k/n"), ("rate", "Rate"))
    ]
    label = {"label": f"{row['grade']}", "count": row["count"], "rate": row["rate"]}
    return [
        {
            "data": {"values": [interval]},
            "mark": {"type": "rule", "color": row["colour"], "aria": False, **line},
            "encoding": {"x": {**x, "field": "lower"}, "x2": {"field": "upper"}, "y": y},
        },
        {
            "data": {"values": [{"percent": min(row["percent"], end), **label}]},
            "mark": {
                "type": "point",
                "shape": "triangle-right" if is_outside else row["shape"],
                "size": 75,
                "stroke": row["colour"],
                "fill": row["fill"],
                "strokeWidth": 1.8,
                "opacity": 1,
            },
            "encoding": {"x": x, "y": y, "tooltip": tooltip},
        },
    ]


def _text_columns(rows: Sequence[Spec]) -> list[Spec]:
    """Device and grade left of the plot, counts and rates right of it."""
    layers: list[Spec] = []
    for row in rows:
        y: Spec = {"value": row["pixel"]}
        layers.append(_cell(row["grade"], {"value": GRADE_COLUMN}, y, align="right", color=INK))
        layers.append(_cell(row["rate"], {"value": "width"}, y, align="left", dx=RATE_COLUMN, color=INK))
        if row["device"]:
            layers.append(_device(row["device"], y))
        if row["count"]:
            layers.append(
                _cell(row["count"], {"value": "width"}, y, align="left", dx=COUNT_COLUMN, color=INK)
            )
    return layers


def _device(name: str, y: Spec) -> Spec:
    """Print the name of a device beside its first row; a long one wraps, since width belongs to the plot."""
    lines = textwrap.wrap(name, DEVICE_CHARACTERS)
    cell = _cell(name, {"value": DEVICE_COLUMN}, y, align="right", fontWeight=600, lineHeight=14)
    return {**cell, "data": {"values": [{"text": lines}]}}


def _cell(text: str, x: Spec, y: Spec, **mark: object) -> Spec:
    """One text of the table around the plot."""
    return text_layer([{"text": text}], x=x, y=y, **{"baseline": "middle", **mark})


def _headings() -> list[Spec]:
    """Column headings above the first row, and a line under them."""
    y: Spec = {"value": -8}
    texts = (
        ("Device strategy", {"value": DEVICE_COLUMN}, "right", 0),
        ("Calcium", {"value": GRADE_COLUMN}, "right", 0),
        ("k/n", {"value": "width"}, "left", COUNT_COLUMN),
        ("Rate (95 % interval)", {"value": "width"}, "left", RATE_COLUMN),
    )
    cells = [_cell(text, x, y, align=align, dx=dx, color=MUTED) for text, x, align, dx in texts]
    line: Spec = {
        "data": {"values": [{}]},
        "mark": {"type": "rule", "color": GRID, "aria": False},
        "encoding": {"x": {"value": 0}, "x2": {"value": "width"}, "y": {"value": 0}},
    }
    return [line, *cells]


def _subtitle(rates: Sequence[ComplicationRate], rows: Sequence[Spec]) -> str:
    """Name unit, meaning of hollow marks where there are any, and what was left out."""
    parts = [f"k/n counts {UNIT_PLURALS.get(rates[0].unit, rates[0].unit)}." if rates else ""]
    if any(rate.n_patients is not None for rate in rates):
        parts.append(CLUSTERED)
    if any(row["fill"] == "white" and row["has_rate"] for row in rows):
        parts.append(f"Hollow: fewer than {SMALL_GROUP}; lines may run off the axis.")
    left_out = sum(rate.n_unrecorded for rate in rates if rate.severity != "all" and rate.strategy != "all")
    if left_out:
        parts.append(f"{left_out:,} left out: absence of complications not stated.")
    return " ".join(part for part in parts if part)


def complication_rate_alt(rates: Sequence[ComplicationRate]) -> str:
    """Return the figure in words: one clause for each group."""
    if not rates:
        return "No group to show."
    clauses = [
        f"{label_strategy(rate.strategy)}, {label_severity(rate.severity).lower()}: "
        + " ".join(part for part in (count_text(rate), rate_text(rate)) if part)
        for rate in sort_rates(rates)
    ]
    return f"{label_complication(rates[0].complication)}, by {rates[0].unit}. " + "; ".join(clauses) + "."
