"""Who was meant for which device: features of lesions down, strategies across, percent in each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.labels import STRATEGY_SHORT, label_strategy
from analytics.charts.numbers import format_count, format_fraction
from analytics.charts.theme import COMPLETENESS_RAMP, INK, MUTED, Spec, frame, text_layer
from analytics.proportions.results import Proportion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.devices.choice import ChoiceCell

ROW = 20
GAP = 8
COLUMN = 58
DARK_FROM = 40.0
"""From this percent on a cell is dark and its number is white."""


def choice_matrix_chart(
    cells: Sequence[ChoiceCell], *, labels: Mapping[str, str], strategies: Sequence[str], title: str
) -> Spec:
    """Draw the share of each strategy by feature of the lesion.

    Parameters
    ----------
    cells
        Results, features and levels in the order to draw.
    labels
        Words of each feature by key.
    strategies
        Codes of the columns, in order.
    title
        Words of the figure.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data: percent of the lesions of a row, darker where more.
    """
    rows = _rows(cells)
    height = (rows[-1][1] + ROW) if rows else ROW
    names = [STRATEGY_SHORT.get(code, code) for code in strategies]
    subtitle = (
        "Percent of the lesions of a row, by the strategy intended first. n: lesions with devices on record. "
        "Lesions of which a feature is not known stand in none of its rows."
    )
    outer = frame(title=title, subtitle=subtitle, alt=choice_matrix_alt(cells, labels=labels, title=title))
    x: Spec = {
        "field": "strategy",
        "type": "nominal",
        "sort": names,
        "title": None,
        "axis": {"orient": "top", "labelAngle": 0, "domain": False, "ticks": False, "labelPadding": 6},
        "scale": {"domain": names, "paddingInner": 0.02},
    }
    values = [_value(cell, dict(rows)) for cell in cells]
    return {
        **outer,
        "width": COLUMN * max(1, len(names)),
        "height": height,
        "layer": [*_grid(values, x), *_row_texts(cells, rows, labels)],
    }


def choice_matrix_alt(cells: Sequence[ChoiceCell], *, labels: Mapping[str, str], title: str) -> str:
    """Return the figure in words: the three most frequent strategies of each row."""
    clauses = []
    for (feature, level), _ in _rows(cells):
        row = [cell for cell in cells if (cell.feature, cell.level) == (feature, level)]
        best = sorted(row, key=lambda cell: -cell.share.n_events)[:3]
        parts = ", ".join(
            f"{label_strategy(cell.strategy)} {format_fraction(cell.share.n_events, cell.share.n_total)}"
            for cell in best
        )
        clauses.append(f"{labels.get(feature, feature)}, {level}: {parts}")
    return f"{title}. " + "; ".join(clauses) + "."


def _rows(cells: Sequence[ChoiceCell]) -> list[tuple[tuple[str, str], float]]:
    """Each row once, with its vertical pixel; a gap and a line for the heading before each feature."""
    placed: list[tuple[tuple[str, str], float]] = []
    pixel, previous = 0.0, None
    for key in dict.fromkeys((cell.feature, cell.level) for cell in cells):
        if key[0] != previous:
            pixel += ROW + (GAP if placed else 0)
            previous = key[0]
        placed.append((key, pixel))
        pixel += ROW
    return placed


def _value(cell: ChoiceCell, pixels: Mapping[tuple[str, str], float]) -> Spec:
    """Values of one cell."""
    share = cell.share
    percent = 100 * share.n_events / share.n_total if share.n_total else None
    interval = share.interval
    pixel = pixels[cell.feature, cell.level]
    return {
        "strategy": STRATEGY_SHORT.get(cell.strategy, cell.strategy),
        "top": pixel,
        "bottom": pixel + ROW - 1,
        "middle": pixel + ROW / 2,
        "percent": percent,
        "text": _percent_text(share.n_events, share.n_total),
        "row": cell.level,
        "name": label_strategy(cell.strategy),
        "count": format_fraction(share.n_events, share.n_total),
        "limits": f"{100 * interval.lower:.1f}\u2013{100 * interval.upper:.1f} %"
        if isinstance(interval, Proportion)
        else "not estimable",
    }


def _percent_text(n_events: int, n_total: int) -> str:
    """Return a whole percent, never rounded down to 0 where there was one; an en dash for none."""
    if not n_total or not n_events:
        return "\u2013"
    percent = 100 * n_events / n_total
    return "<1" if percent < 1 else f"{percent:.0f}"


def _grid(values: Sequence[Spec], x: Spec) -> list[Spec]:
    """Shaded cells and their numbers."""
    shown = [value for value in values if value["percent"] is not None]
    tooltip = [
        {"field": field, "type": "nominal", "title": words}
        for field, words in (
            ("row", "Lesions"),
            ("name", "Strategy"),
            ("count", "k/n"),
            ("limits", "95 % interval"),
        )
    ]
    fill = {
        "field": "percent",
        "type": "quantitative",
        "scale": {"type": "sqrt", "domain": [0, 100], "range": ["#ffffff", *COMPLETENESS_RAMP]},
        "legend": None,
    }
    pixel: Spec = {"type": "quantitative", "scale": None, "axis": None}
    return [
        {
            "data": {"values": shown},
            "mark": {"type": "rect", "stroke": "white", "strokeWidth": 1},
            "encoding": {
                "x": x,
                "y": {**pixel, "field": "top"},
                "y2": {"field": "bottom"},
                "color": fill,
                "tooltip": tooltip,
            },
        },
        {
            "data": {"values": shown},
            "mark": {"type": "text", "fontSize": 11, "aria": False, "baseline": "middle"},
            "encoding": {
                "x": x,
                "y": {**pixel, "field": "middle"},
                "text": {"field": "text", "type": "nominal"},
                "color": {
                    "condition": {"test": f"datum.percent >= {DARK_FROM}", "value": "white"},
                    "value": INK,
                },
            },
        },
    ]


def _row_texts(
    cells: Sequence[ChoiceCell], rows: Sequence[tuple[tuple[str, str], float]], labels: Mapping[str, str]
) -> list[Spec]:
    """Headings and levels left of the grid, numbers of lesions right of it."""
    totals = {(cell.feature, cell.level): cell.share.n_total for cell in cells}
    left: Spec = {"value": -10}
    right: Spec = {"value": "width"}
    layers = [text_layer([{"text": "n"}], x=right, y={"value": -14}, align="left", dx=10, color=MUTED)]
    previous = None
    for (feature, level), pixel in rows:
        middle: Spec = {"value": pixel + ROW / 2}
        if feature != previous:
            above: Spec = {"value": pixel - ROW / 2}
            words = [{"text": labels.get(feature, feature)}]
            layers.append(
                text_layer(words, x=left, y=above, align="right", baseline="middle", fontWeight=600)
            )
            previous = feature
        layers.append(text_layer([{"text": level}], x=left, y=middle, align="right", baseline="middle"))
        count = [{"text": format_count(totals[feature, level])}]
        layers.append(text_layer(count, x=right, y=middle, align="left", dx=10, baseline="middle"))
    return layers
