"""Kaplan-Meier figure: freedom from an endpoint, by group."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.labels import label_group
from analytics.charts.numbers import format_count, format_percent
from analytics.charts.step_panel import PanelAxes, StepSeries, step_panel
from analytics.charts.theme import (
    DASHES,
    MAX_SERIES,
    SERIES_COLOURS,
    SHAPES,
    SeriesStyle,
    Spec,
    frame,
    series_styles,
)
from analytics.charts.time_axis import choose_time_axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.charts.time_axis import TimeAxis
    from analytics.survival.results import EventCurve
    from analytics.survival.simultaneous_bands import SurvivalBand

MIN_SHARE_AT_RISK = 0.10
"""A curve stops where fewer than this share of its patients is still at risk (Pocock and others 2002)."""


@dataclass(frozen=True)
class CurveText:
    """Words of a curve figure.

    Parameters
    ----------
    title
        Sentence case.
    percent_title
        Title of the vertical axis, for example ``Free of MACE, %``.
    subtitle
        Composition of the endpoint, population, or both.
    time_origin
        What time zero is, for example ``PCI``.
    first_day
        Day at the left end: 0, or a landmark; the curves must hold only patients who reached it.
    time_unit
        Unit of the data; a registry has days.
    """

    title: str
    percent_title: str
    subtitle: str = ""
    time_origin: str = "PCI"
    first_day: int = 0
    time_unit: str = "days"


def event_curve_chart(
    curves: Sequence[EventCurve],
    *,
    text: CurveText,
    horizon_days: int,
    from_zero: bool = False,
    bands: Sequence[SurvivalBand] = (),
) -> Spec:
    """Draw freedom from an endpoint with intervals and numbers at risk.

    Parameters
    ----------
    curves
        One curve per group, at least one. More than four become small multiples.
    text
        Words of the figure.
    horizon_days
        Right end of the time axis, in days since time zero.
    from_zero
        Whether the vertical axis starts at 0 %. Otherwise it starts at the ten below the lowest interval,
        and the subtitle says so.
    bands
        Bands that hold for whole curves, outlined around the pointwise intervals of their groups.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data.
    """
    axis = choose_time_axis(horizon_days, first_day=text.first_day, time_unit=text.time_unit)
    by_group = {band.group: band for band in bands}
    series = [_series(curve, axis, by_group.get(curve.group)) for curve in curves]
    low = 0.0 if from_zero else _floor(series)
    notes = (
        f"Vertical axis starts at {low:.0f} %." if low else "",
        "Dotted: bands that hold for the whole curve at once." if bands else "",
    )
    note = " ".join(filter(None, notes))
    axes = PanelAxes(
        axis, f"{axis.unit} since {text.time_origin}", text.percent_title, percent_domain=(low, 100.0)
    )
    return compose(series, axes, text=text, note=note, alt=event_curve_alt(curves, text=text))


def compose(series: Sequence[StepSeries], axes: PanelAxes, *, text: CurveText, note: str, alt: str) -> Spec:
    """Return one panel for up to four groups, else one small panel a group.

    Parameters
    ----------
    series
        Groups in drawing order.
    axes
        Axes of the single panel.
    text
        Words of the figure.
    note
        Sentence added to the subtitle.
    alt
        Text alternative.
    """
    subtitle = " ".join(part for part in (text.subtitle, note) if part)
    outer = frame(title=text.title, subtitle=subtitle, alt=alt)
    styles = series_styles([one.group for one in series])
    if len(series) > MAX_SERIES:
        styles = dict.fromkeys(styles, SeriesStyle(SERIES_COLOURS[0], DASHES[0], SHAPES[0]))
    if len(series) <= MAX_SERIES:
        return {**outer, **step_panel(series, styles, axes)}
    small = PanelAxes(
        axes.time.every_other_tick(),
        axes.time_title,
        axes.percent_title,
        axes.percent_domain,
        width=360,
        height=180,
    )
    panels = [
        {
            "title": {"text": one.label, "fontSize": 13, "anchor": "start", "frame": "group", "offset": 6},
            **step_panel([_for_small_panel(one)], styles, small),
        }
        for one in series
    ]
    return {**outer, "columns": 2, "spacing": 30, "concat": panels}


def _for_small_panel(series: StepSeries) -> StepSeries:
    """Keep the counts of every other tick and drop the name that the panel's title already gives."""
    return replace(series, label="", at_risk=series.at_risk[::2])


def _series(curve: EventCurve, axis: TimeAxis, band: SurvivalBand | None) -> StepSeries:
    """Turn a result into percent points, counts at the ticks, and perhaps a band."""
    table = curve.table.select(
        "time_days", "n_risk", "n_event", "n_censor", share="survival", lower="lower", upper="upper"
    ).sort("time_days")
    series = build_series(
        table, axis, group=curve.group, n=curve.basis.n, start_percent=100.0, so_far=("n_event", "n_censor")
    )
    return series if band is None else replace(series, band=_band_points(band, axis, series))


def _band_points(band: SurvivalBand, axis: TimeAxis, series: StepSeries) -> tuple[Spec, ...]:
    """Limits of a band in percent, as far as the curve is drawn."""
    last = series.points[-1]["time"]
    points = [
        {"time": axis.position(row["time_days"]), "lower": 100 * row["lower"], "upper": 100 * row["upper"]}
        for row in band.table.iter_rows(named=True)
    ]
    return tuple(point for point in points if point["time"] <= last)


def build_series(
    table: pl.DataFrame,
    axis: TimeAxis,
    *,
    group: str,
    n: int,
    start_percent: float,
    so_far: Sequence[str],
) -> StepSeries:
    """Return the drawn points of one group and its numbers at risk.

    Parameters
    ----------
    table
        ``time_days`` ascending, ``n_risk``, ``n_event``, ``share``, ``lower``, ``upper`` (0 to 1).
    axis
        Time axis; nothing is drawn past its horizon.
    group, n
        Code of the group, and its patients.
    start_percent
        Value at time zero: 100 for freedom, 0 for incidence.
    so_far
        Columns that are added up to each tick.
    """
    horizon_days = axis.horizon_days
    shown = table.filter(pl.col("time_days") <= horizon_days, pl.col("n_risk") >= MIN_SHARE_AT_RISK * n)
    steps = shown.filter(pl.col("n_event") > 0)
    start = {"time": axis.start, "percent": start_percent, "lower": start_percent, "upper": start_percent}
    points = [start, *(_point(row, axis) for row in steps.iter_rows(named=True))]
    last_day = _last_day(table, shown, horizon_days)
    end = {**points[-1], "time": axis.position(last_day)}
    counts = tuple(_at_risk(table, day, last_day, so_far) for day in axis.tick_days())
    return StepSeries(group, label_group(group), (*points, end), counts)


def _last_day(table: pl.DataFrame, shown: pl.DataFrame, horizon_days: int) -> int:
    """Last day drawn: the horizon, unless follow-up or the share at risk ends before it."""
    if (
        shown.height < table.filter(pl.col("time_days") <= horizon_days).height
        or table.height == shown.height
    ):
        return int(shown["time_days"].max() or 0)  # type: ignore[arg-type]  # whole days
    return horizon_days


def _point(row: dict[str, float], axis: TimeAxis) -> Spec:
    """One step in percent; a limit that is not defined falls on the estimate."""
    share = row["share"]
    lower = share if row["lower"] is None or math.isnan(row["lower"]) else row["lower"]
    upper = share if row["upper"] is None or math.isnan(row["upper"]) else row["upper"]
    return {
        "time": axis.position(row["time_days"]),
        "percent": 100 * share,
        "lower": 100 * lower,
        "upper": 100 * upper,
    }


def _at_risk(table: pl.DataFrame, day: int, last_day: int, so_far: Sequence[str]) -> tuple[int, ...] | None:
    """Count those with T >= day, and others up to and on that day; none once the drawn curve has ended."""
    if day > last_day:
        return None
    later = table.filter(pl.col("time_days") >= day)
    n_risk = int(later["n_risk"][0]) if later.height else 0
    past = table.filter(pl.col("time_days") <= day)
    return n_risk, *(int(past[name].sum()) for name in so_far)


def _floor(series: Sequence[StepSeries]) -> float:
    """Ten below the lowest interval limit, between 0 and 90 percent."""
    lowest = min(point["lower"] for one in series for point in one.points)
    return float(min(90, max(0, 10 * math.floor((lowest - 1) / 10))))


def event_curve_alt(curves: Sequence[EventCurve], *, text: CurveText) -> str:
    """Return the figure in words: last estimate, patients and events of each group."""
    parts = [
        f"{label_group(curve.group)}: {format_percent(float(curve.table['survival'][-1]))} at the end of "
        f"follow-up, {format_count(curve.basis.n_events)} events in {format_count(curve.basis.n)}"
        for curve in curves
    ]
    return f"{text.title}. Step curves of {text.percent_title}. " + "; ".join(parts) + "."
