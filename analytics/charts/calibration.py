"""Calibration figure: observed against predicted risk at one horizon, and how the predictions are spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.labels import label_level
from analytics.charts.numbers import EN_DASH, format_count, format_percent, format_ratio
from analytics.charts.theme import INK, MUTED, REFERENCE, SERIES_COLOURS, Spec, frame
from analytics.survival.results_prediction import CalibrationCurve

if TYPE_CHECKING:
    from analytics.survival.results import NotEstimable
    from analytics.survival.results_prediction import GroupCalibration

SIDE = 380
"""Width and height of the square, pixels."""
SPREAD_HEIGHT = 46
"""Height of the bars under the square, pixels."""


def calibration_chart(
    groups: GroupCalibration,
    *,
    curve: CalibrationCurve | NotEstimable | None,
    spread: pl.DataFrame,
    title: str,
    subtitle: str = "",
) -> Spec:
    """Draw observed risks of groups, a smooth curve, and the number of patients at each predicted risk.

    Parameters
    ----------
    groups
        Observed and mean predicted risk of groups.
    curve
        Observed as a smooth function of predicted risk; left out where it could not be had.
    spread
        ``lower``, ``upper`` (predicted risk) and ``n`` of patients between them.
    title, subtitle
        Words of the figure.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data. Both axes have one scale, so that the diagonal is perfect
        calibration.
    """
    points = groups.table.filter(~pl.col("is_beyond_follow_up"))
    top = _top(points, curve, spread)
    layers = [_diagonal(top)]
    if isinstance(curve, CalibrationCurve):
        layers += _curve_layers(curve, top)
    layers += _group_layers(points, top)
    layers.append(_spread_layer(spread, top))
    level = label_level(groups.basis.interval)
    ratio = (
        f"Observed over predicted {format_ratio(groups.ratio)} "
        f"({format_ratio(groups.ratio_lower)}{EN_DASH}{format_ratio(groups.ratio_upper)}). "
        f"Squares: groups of predicted risk with {level} intervals; line: smooth curve; dashes: perfect "
        "calibration; bars: number of patients."
    )
    outer = frame(
        title=title, subtitle=" ".join(filter(None, (subtitle, ratio))), alt=calibration_alt(groups, title)
    )
    return {**outer, "width": SIDE, "height": SIDE, "layer": layers}


def calibration_alt(groups: GroupCalibration, title: str) -> str:
    """Return the figure in words: predicted and observed risk of every group."""
    clauses = [
        f"{format_count(row['n'])} patients: predicted {format_percent(row['mean_predicted'])}, observed "
        f"{format_percent(row['observed'])}"
        for row in groups.table.iter_rows(named=True)
    ]
    return f"{title}. Groups of predicted risk. " + "; ".join(clauses) + "."


def _top(points: pl.DataFrame, curve: CalibrationCurve | NotEstimable | None, spread: pl.DataFrame) -> float:
    """Upper end of both axes in percent: the highest interval, or what nearly all are predicted."""
    nearly_all = spread.filter(pl.col("n").cum_sum() <= 0.995 * pl.col("n").sum())["upper"].max()
    values = [0.05, *points["upper"].drop_nulls().to_list(), *points["mean_predicted"].to_list()]
    if isinstance(nearly_all, float):
        values.append(nearly_all)
    if isinstance(curve, CalibrationCurve):
        values.append(float(curve.table["observed"].max()))  # type: ignore[arg-type]  # a column of numbers
    highest = 100 * max(values)
    step = 10 if highest > 20 else 5
    return float(min(100, step * -(-highest // step)))


def _x(field: str, top: float) -> Spec:
    """Encode predicted risk."""
    return {
        "field": field,
        "type": "quantitative",
        "title": "Predicted risk, %",
        "scale": {"domain": [0.0, top], "nice": False},
        "axis": {"tickCount": 6, "grid": False, "offset": SPREAD_HEIGHT + 6},
    }


def _y(field: str, top: float) -> Spec:
    """Encode observed risk."""
    return {
        "field": field,
        "type": "quantitative",
        "title": "Observed risk, %",
        "scale": {"domain": [0.0, top], "nice": False},
        "axis": {"tickCount": 6, "titlePadding": 10},
    }


def _diagonal(top: float) -> Spec:
    """Line of perfect calibration."""
    ends = [{"predicted": 0.0, "observed": 0.0}, {"predicted": top, "observed": top}]
    return {
        "data": {"values": ends},
        "mark": {"type": "line", "color": REFERENCE, "strokeDash": [5, 4], "strokeWidth": 1.5, "aria": False},
        "encoding": {"x": _x("predicted", top), "y": _y("observed", top)},
    }


def _percent(table: pl.DataFrame) -> list[Spec]:
    """Turn shares into percent."""
    shares = [name for name in ("predicted", "mean_predicted", "observed", "lower", "upper") if name in table]
    return table.with_columns(pl.col(name) * 100 for name in shares).to_dicts()


def _curve_layers(curve: CalibrationCurve, top: float) -> list[Spec]:
    """Smooth curve with its band."""
    inside = curve.table.filter(100 * pl.col("predicted") <= top)
    data: Spec = {"values": _percent(inside)}
    colour = SERIES_COLOURS[0]
    band: Spec = {
        "data": data,
        "mark": {"type": "area", "opacity": 0.14, "color": colour, "aria": False, "clip": True},
        "encoding": {"x": _x("predicted", top), "y": _y("lower", top), "y2": {"field": "upper"}},
    }
    line: Spec = {
        "data": data,
        "mark": {"type": "line", "strokeWidth": 2.2, "color": colour, "clip": True, "aria": False},
        "encoding": {"x": _x("predicted", top), "y": _y("observed", top)},
    }
    return [band, line]


def _group_layers(points: pl.DataFrame, top: float) -> list[Spec]:
    """Squares with intervals."""
    data: Spec = {
        "values": _percent(points.with_columns(pl.col("lower", "upper").fill_null(pl.col("observed"))))
    }
    x = _x("mean_predicted", top)
    rule: Spec = {
        "data": data,
        "mark": {"type": "rule", "strokeWidth": 1.6, "color": INK, "aria": False, "clip": True},
        "encoding": {"x": x, "y": _y("lower", top), "y2": {"field": "upper"}},
    }
    square: Spec = {
        "data": data,
        "mark": {"type": "point", "shape": "square", "filled": True, "size": 55, "opacity": 1, "color": INK},
        "encoding": {
            "x": x,
            "y": _y("observed", top),
            "tooltip": [
                {"field": "n", "type": "quantitative", "title": "Patients"},
                {"field": "mean_predicted", "type": "quantitative", "format": ".1f", "title": "Predicted, %"},
                {"field": "observed", "type": "quantitative", "format": ".1f", "title": "Observed, %"},
            ],
        },
    }
    return [rule, square]


def _spread_layer(spread: pl.DataFrame, top: float) -> Spec:
    """Bars between the square and its horizontal axis, as high as the share of the fullest class."""
    fullest = max([1, *spread["n"].to_list()])
    rows = [
        {
            "left": 100 * row["lower"],
            "right": min(100 * row["upper"], top),
            "pixel": SIDE + SPREAD_HEIGHT + 5 - SPREAD_HEIGHT * row["n"] / fullest,
        }
        for row in spread.iter_rows(named=True)
        if row["n"] and 100 * row["lower"] < top
    ]
    layers = [
        {
            "data": {"values": [row]},
            "mark": {"type": "rect", "color": MUTED, "opacity": 0.8, "clip": False, "aria": False},
            "encoding": {
                "x": _x("left", top),
                "x2": {"field": "right"},
                "y": {"value": row["pixel"]},
                "y2": {"value": SIDE + SPREAD_HEIGHT + 5},
            },
        }
        for row in rows
    ]
    return {"layer": layers}
