"""The study's figure: what crude and adjusted comparisons of two devices find, beside the truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from analytics.charts.theme import INK, frame, series_styles
from synthetic.study.summary import is_mostly_refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from analytics.charts.theme import Spec

_NAMES = {"crude_cox_device": "crude", "adjusted_cox_device": "adjusted for all that is recorded"}
_TICKS = (0.25, 0.5, 1, 2, 4, 8, 16)
_SPREAD = 1.96
_ROW_HEIGHT = 34
_OFFSET = 6.0


def device_figure(estimates: Mapping[str, pl.DataFrame]) -> Spec:
    """Draw the hazard ratio of cardiac death between two devices, by scenario and analysis.

    Parameters
    ----------
    estimates
        Tables of `synthetic.study.tables` by scenario; those without either analysis are left out, and an
        analysis that refuses in most registries.

    Returns
    -------
    dict
        Vega-Lite specification: a dot for the average estimate, a line for where 95 % of registries lie, a
        tick for the truth.
    """
    rows = [
        _row(scenario, row)
        for scenario, table in estimates.items()
        for row in table.iter_rows(named=True)
        if row["analysis"] in _NAMES and not is_mostly_refused(row)
    ]
    y = {"field": "scenario", "type": "nominal", "sort": None, "title": None}
    order = list(dict.fromkeys(row["scenario"] for row in rows))
    return frame(
        title="Rotational atherectomy against plain balloon, cardiac death: crude and adjusted",
        subtitle="Dot: average hazard ratio over the registries of a scenario. "
        "Line: where 95 % of them lie. Tick: the truth.",
        alt="Dot and interval of crude and adjusted hazard ratios for each scenario, with the true ratio",
    ) | {
        "data": {"values": rows},
        "width": 460,
        "height": {"step": _ROW_HEIGHT},
        "encoding": {"y": y | {"axis": {"ticks": False, "domain": False, "labelPadding": 8}}},
        "layer": [_truth(order), *(_marks(name) for name in _NAMES.values())],
    }


def _row(scenario: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return one estimate as drawn."""
    mean = row["truth"] + row["bias"]
    half = _SPREAD * row["empirical_error"]
    return {
        "scenario": scenario,
        "analysis": _NAMES[row["analysis"]],
        "ratio": math.exp(mean),
        "lower": max(math.exp(mean - half), _TICKS[0]),
        "upper": min(math.exp(mean + half), _TICKS[-1]),
        "truth": math.exp(row["truth"]),
    }


def _x(field: str) -> Spec:
    """Return the axis of ratios."""
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"type": "log", "domain": [_TICKS[0], _TICKS[-1]]},
        "title": "Hazard ratio",
        "axis": {"values": list(_TICKS), "format": "~g"},
    }


def _truth(order: list[str]) -> Spec:
    """Return the ticks of the truth."""
    mark = {"type": "tick", "color": INK, "thickness": 2, "size": _ROW_HEIGHT - 8, "aria": False}
    y = {"field": "scenario", "type": "nominal", "sort": order}
    return {"mark": mark, "encoding": {"x": _x("truth"), "y": y}}


def _marks(name: str) -> Spec:
    """Return dots and lines of one analysis."""
    place = list(_NAMES.values()).index(name)
    style = series_styles(tuple(_NAMES.values()))[name]
    offset = _OFFSET * (2 * place - 1)
    colour, shape = _channel("colour"), _channel("shape")
    rule = {"type": "rule", "color": style.colour, "strokeWidth": 1.5, "yOffset": offset}
    point = {"type": "point", "filled": True, "size": 70, "opacity": 1, "yOffset": offset}
    return {
        "transform": [{"filter": {"field": "analysis", "equal": name}}],
        "layer": [
            {"mark": rule, "encoding": {"x": _x("lower"), "x2": {"field": "upper"}}},
            {
                "mark": point,
                "encoding": {"x": _x("ratio"), "color": colour, "shape": shape},
            },
        ],
    }


def _channel(part: str) -> Spec:
    """Return the encoding that tells the analyses apart by colour or shape."""
    styles = series_styles(tuple(_NAMES.values()))
    scale = {"domain": list(styles), "range": [getattr(style, part) for style in styles.values()]}
    return {
        "field": "analysis",
        "type": "nominal",
        "title": None,
        "legend": {"orient": "bottom"},
        "scale": scale,
    }
