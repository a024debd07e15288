"""Small panels of drift: one site each, month by month, beside its own past and the other sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.theme import INK, Spec, frame

if TYPE_CHECKING:
    import datetime as dt

MOST_PANELS = 24
"""Sites in one figure; those with alerts come first."""

PANEL_WIDTH, PANEL_HEIGHT, PANELS_IN_ROW = 215, 78, 3
ALERT = "#C0392B"
TOO_FEW = "too few to say"

MEASURES = {
    "volume": "Procedures a month",
    "completeness": "Filled cells, %",
    "stability_index": "Stability index of the mix",
}
"""Measures of the drift table, as the axis names them."""

_THIS, _OWN, _OTHERS = "this site", "its twelve months before", "the other sites"
_BLUE, _GREY, _PLAIN, _DASHED = "#2F7FB5", "#a9a9a9", (1, 0), (4, 2)
# Single months jump at small sites: they stay in the background of what they are held against.
_SERIES = {
    "volume": {
        _THIS: ("value", "own_history", _GREY, _PLAIN),
        _OWN: ("reference", "own_history", _BLUE, _PLAIN),
    },
    "completeness": {
        _THIS: ("value", "own_history", _GREY, _PLAIN),
        _OWN: ("reference", "own_history", _BLUE, _PLAIN),
        _OTHERS: ("reference", "other_sites", INK, _DASHED),
    },
    "stability_index": {
        f"against {_OWN}": ("value", "own_history", _BLUE, _PLAIN),
        f"against {_OTHERS}": ("value", "other_sites", _GREY, _PLAIN),
        "limit": ("reference", "own_history", INK, _DASHED),
    },
}
_PERCENT = {"completeness": 100.0}


def drift_chart(drift: pl.DataFrame, *, column: str, measure: str) -> Spec:
    """Draw one measure of one column, a panel for each site.

    Parameters
    ----------
    drift
        The table ``drift`` of a snapshot: ``site_id``, ``month``, ``column``, ``measure``, ``versus``,
        ``value``, ``reference``, ``n``, ``flag`` (``ok``, ``alert``, ``too_few``).
    column, measure
        Which rows are drawn.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data; no panel where there are no such rows. A month that
        stands out carries a red diamond; a month with too few rows to say anything carries no mark, and no
        index of its mix is drawn.
    """
    rows = drift.filter((pl.col("column") == column) & (pl.col("measure") == measure))
    # The index of a few rows is large by chance alone.
    drawn = rows.filter(pl.col("flag") != "too_few") if measure == "stability_index" else rows
    shown = _order_sites(drawn)[:MOST_PANELS]
    long = _long(drawn.filter(pl.col("site_id").is_in(shown)), measure)
    outer = frame(
        title=f"{MEASURES[measure]}: {column}" if measure != "volume" else MEASURES[measure],
        subtitle=_subtitle(rows, drawn, measure),
        alt=drift_alt(rows, column=column, measure=measure),
    )
    domain = _months(long)
    panels = [_panel(site, long.filter(pl.col("site_id") == site), measure, domain) for site in shown]
    return {**outer, "concat": panels, "columns": PANELS_IN_ROW, "spacing": {"row": 18, "column": 14}}


def drift_alt(rows: pl.DataFrame, *, column: str, measure: str) -> str:
    """Return the figure in words: how many months stand out, and at which sites.

    Parameters
    ----------
    rows
        Rows of one column and measure of the drift table.
    column, measure
        Which they are.
    """
    alerts = rows.filter(pl.col("flag") == "alert").select("site_id", "month").unique()
    sites = alerts["site_id"].unique().sort().to_list()
    where = f" at {', '.join(sites)}" if sites else ""
    return (
        f"{MEASURES[measure]} of {column} for {rows['site_id'].n_unique()} sites, month by month. "
        f"{alerts.height} months stand out{where}."
    )


def _subtitle(rows: pl.DataFrame, drawn: pl.DataFrame, measure: str) -> str:
    """Say how to read the panels, and which sites have none."""
    parts = ["Red diamonds are months that stand out; black dots were judged and do not."]
    if measure != "completeness":
        parts.append("Each site has a scale of its own.")
    n_sites = drawn["site_id"].n_unique()
    if n_sites > MOST_PANELS:
        parts.append(f"{n_sites - MOST_PANELS} further sites are not shown.")
    n_small = rows["site_id"].n_unique() - n_sites
    if n_small:
        parts.append(f"{n_small} sites have too few rows in every month to be judged.")
    return " ".join(parts)


def _order_sites(rows: pl.DataFrame) -> list[str]:
    """Order sites by name, where all fit; else those with most alerts first."""
    counts = rows.group_by("site_id").agg((pl.col("flag") == "alert").sum().alias("n"))
    order = ["site_id"] if counts.height <= MOST_PANELS else ["n", "site_id"]
    found = counts.sort(order, descending=[name == "n" for name in order])
    return [str(site) for site in found["site_id"]]


def _long(rows: pl.DataFrame, measure: str) -> pl.DataFrame:
    """Return one row for each site, month and line, with the verdict of the month."""
    factor = _PERCENT.get(measure, 1.0)
    parts = [
        rows.filter(pl.col("versus") == versus).select(
            "site_id",
            "month",
            "n",
            pl.lit(name).alias("series"),
            (pl.col(source) * factor).alias("y"),
            (pl.col("flag") if source == "value" else pl.lit(None, pl.String)).alias("flag"),
        )
        for name, (source, versus, *_) in _SERIES[measure].items()
    ]
    long = pl.concat(parts)
    if measure != "completeness":
        return long
    # One line stands for both comparisons here: the graver verdict counts.
    verdicts = rows.group_by("site_id", "month").agg(
        pl.when((pl.col("flag") == "alert").any())
        .then(pl.lit("alert"))
        .when((pl.col("flag") == "ok").any())
        .then(pl.lit("ok"))
        .otherwise(pl.lit("too_few"))
        .alias("verdict")
    )
    joined = long.join(verdicts, on=["site_id", "month"], how="left", maintain_order="left")
    is_value = pl.col("flag").is_not_null()
    return joined.with_columns(pl.when(is_value).then("verdict").alias("flag")).drop("verdict")


def _months(long: pl.DataFrame) -> list[str]:
    """Return the first and the last month of all panels, so that they can be read down a column."""
    # A column of dates has dates as its ends; polars types them as any literal.
    ends: list[dt.date | None] = [long["month"].min(), long["month"].max()]  # type: ignore[list-item]
    return [end.isoformat() for end in ends if end is not None]


def _panel(site: str, long: pl.DataFrame, measure: str, domain: list[str]) -> Spec:
    """Return the panel of one site."""
    values = [
        {**row, "month": row["month"].isoformat(), "verdict": _verdict(row["flag"])}
        for row in long.drop("site_id").sort("series", "month").iter_rows(named=True)
    ]
    lines = _SERIES[measure]
    x: Spec = {
        "field": "month",
        "type": "temporal",
        "timeUnit": "utcyearmonth",
        "title": None,
        "scale": {"domain": [{"expr": f"toDate('{end}')"} for end in domain]},
        "axis": {"format": "%Y", "tickCount": "year", "grid": False, "labelOverlap": True},
    }
    y: Spec = {
        "field": "y",
        "type": "quantitative",
        "title": None,
        "axis": {"tickCount": 3},
        "scale": {"domain": [0, 100]} if measure == "completeness" else {"zero": True},
    }
    colour: Spec = {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": list(lines), "range": [line[2] for line in lines.values()]},
        "legend": {"orient": "top", "title": None, "symbolType": "stroke", "labelLimit": 260},
    }
    dash: Spec = {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": list(lines), "range": [list(line[3]) for line in lines.values()]},
        "legend": {"orient": "top", "title": None},
    }
    line: Spec = {
        "mark": {"type": "line", "strokeWidth": 1.3, "aria": False},
        "encoding": {"x": x, "y": y, "color": colour, "strokeDash": dash},
    }
    return {
        "title": {"text": site, "fontSize": 12, "fontWeight": 600, "color": INK, "offset": 4},
        "width": PANEL_WIDTH,
        "height": PANEL_HEIGHT,
        "data": {"values": values},
        "layer": [line, _points("ok", x, y), _points("alert", x, y)],
    }


def _points(flag: str, x: Spec, y: Spec) -> Spec:
    """Return the marks of the months with one verdict."""
    look: Spec = {"size": 11, "color": INK, "shape": "circle"}
    if flag == "alert":
        look = {"size": 70, "color": ALERT, "shape": "diamond"}
    return {
        "transform": [{"filter": f"datum.flag === '{flag}'"}],
        "mark": {"type": "point", "filled": True, "opacity": 1, "aria": False, **look},
        "encoding": {
            "x": x,
            "y": y,
            "tooltip": [
                {"field": "month", "type": "temporal", "timeUnit": "utcyearmonth", "title": "Month"},
                {"field": "series", "type": "nominal", "title": "Line"},
                {"field": "y", "type": "quantitative", "format": ".3~g", "title": "Value"},
                {"field": "n", "type": "quantitative", "title": "Rows"},
                {"field": "verdict", "type": "nominal", "title": "Verdict"},
            ],
        },
    }


def _verdict(flag: str | None) -> str:
    """Return a flag in words."""
    return {"ok": "as expected", "alert": "stands out", "too_few": TOO_FEW}.get(flag or "", "")
