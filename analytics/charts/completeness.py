"""Heat grid of completeness: which fields a site fills."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.theme import COMPLETENESS_RAMP, INK, Spec, frame

if TYPE_CHECKING:
    from collections.abc import Sequence

CELL_HEIGHT = 20
DARK_FROM = 70
"""From this percent on the cell is dark and its number is white."""


def completeness_chart(
    completeness: pl.DataFrame, *, title: str, subtitle: str = "", width: int = 640
) -> Spec:
    """Draw the share of filled cells for each field and site.

    Parameters
    ----------
    completeness
        ``site_id``, ``table_name``, ``column_name``, ``n`` (rows), ``n_filled``. Fields stand in the order
        given; pairs with ``n`` 0 stay blank.
    title
        Sentence case.
    subtitle
        Second line.
    width
        Width of the grid in pixels.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data.
    """
    rows = _cells(completeness)
    fields = list(dict.fromkeys(row["field"] for row in rows))
    sites = sorted({row["site"] for row in rows})
    outer = frame(title=title, subtitle=subtitle, alt=completeness_alt(completeness, title=title))
    y: Spec = {
        "field": "field",
        "type": "nominal",
        "sort": fields,
        "title": None,
        "axis": {"domain": False, "ticks": False, "labelLimit": 260, "labelPadding": 8},
    }
    x: Spec = {
        "field": "site",
        "type": "nominal",
        "sort": sites,
        "title": "Site",
        "axis": {
            "orient": "top",
            "labelAngle": -45 if len(sites) > 8 else 0,
            "domain": False,
            "ticks": False,
            "labelOverlap": False,
        },
    }
    return {
        **outer,
        "width": width,
        "height": CELL_HEIGHT * max(1, len(fields)),
        "layer": [
            {"data": {"values": rows}, "encoding": {"x": x, "y": y}, "layer": [_fill(), _numbers()]},
        ],
    }


def _cells(completeness: pl.DataFrame) -> list[Spec]:
    """One value for each field and site with at least one row."""
    return [
        {
            "field": row["column_name"],
            "site": row["site_id"],
            "percent": 100 * row["n_filled"] / row["n"],
            "text": percent_text(row["n_filled"], row["n"]),
            "count": f"{row['n_filled']:,}/{row['n']:,}",
        }
        for row in completeness.iter_rows(named=True)
        if row["n"]
    ]


def percent_text(n_filled: int, n: int) -> str:
    """Return a whole percent that is never rounded up to 100 or down to 0."""
    percent = 100 * n_filled / n
    if n_filled < n and percent > 99:
        return "99"
    return "1" if 0 < percent < 1 else f"{percent:.0f}"


def _fill() -> Spec:
    """Coloured cells, darker where fuller."""
    return {
        "mark": {"type": "rect", "stroke": "white", "strokeWidth": 1},
        "encoding": {
            "color": {
                "field": "percent",
                "type": "quantitative",
                "scale": {"domain": [0, 100], "range": list(COMPLETENESS_RAMP)},
                "legend": None,
            },
            "tooltip": [
                {"field": "field", "type": "nominal", "title": "Field"},
                {"field": "site", "type": "nominal", "title": "Site"},
                {"field": "text", "type": "nominal", "title": "Filled, %"},
                {"field": "count", "type": "nominal", "title": "k/n"},
            ],
        },
    }


def _numbers() -> Spec:
    """Print the percent in each cell, white on dark cells."""
    return {
        "mark": {"type": "text", "fontSize": 11, "aria": False},
        "encoding": {
            "text": {"field": "text", "type": "nominal"},
            "color": {"condition": {"test": f"datum.percent >= {DARK_FROM}", "value": "white"}, "value": INK},
        },
    }


def completeness_alt(completeness: pl.DataFrame, *, title: str) -> str:
    """Return the figure in words: the five emptiest fields over all sites."""
    by_field = (
        completeness.group_by("column_name", maintain_order=True)
        .agg(pl.col("n").sum(), pl.col("n_filled").sum())
        .filter(pl.col("n") > 0)
        .with_columns(share=pl.col("n_filled") / pl.col("n"))
        .sort("share", maintain_order=True)
    )
    worst: Sequence[str] = [
        f"{row['column_name']} {percent_text(row['n_filled'], row['n'])} %"
        for row in by_field.head(5).iter_rows(named=True)
    ]
    return (
        f"{title}. Percent of filled cells for each field and site. Least filled: " + ", ".join(worst) + "."
    )
