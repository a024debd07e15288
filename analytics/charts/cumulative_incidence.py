"""Cumulative incidence figure: risk of an endpoint where death competes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.event_curve import CurveText, build_series, compose
from analytics.charts.labels import label_group
from analytics.charts.numbers import format_count, format_percent
from analytics.charts.step_panel import PanelAxes, StepSeries
from analytics.charts.time_axis import choose_time_axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.charts.theme import Spec
    from analytics.charts.time_axis import TimeAxis
    from analytics.survival.results import CumulativeIncidence


def cumulative_incidence_chart(
    incidences: Sequence[CumulativeIncidence], *, text: CurveText, horizon_days: int, to_hundred: bool = False
) -> Spec:
    """Draw the incidence of the first cause with intervals and numbers at risk.

    Parameters
    ----------
    incidences
        One result per group, at least one; the first cause of each is drawn.
    text
        Words of the figure.
    horizon_days
        Right end of the time axis, in days since time zero.
    to_hundred
        Whether the vertical axis runs to 100 %. Otherwise it ends at a round number above the highest
        interval.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data.
    """
    axis = choose_time_axis(horizon_days, first_day=text.first_day, time_unit=text.time_unit)
    series = [_series(one, axis) for one in incidences]
    top = 100.0 if to_hundred else _ceiling(series)
    competes = _has_competitor(incidences)
    axes = PanelAxes(
        axis,
        f"{axis.unit} since {text.time_origin}",
        text.percent_title,
        (0.0, top),
        so_far=("events", "competing", "censored") if competes else ("events", "censored"),
    )
    # A composition that says so already is not repeated.
    is_said = "competes" in text.subtitle or "compete." in text.subtitle
    note = "Death counts as a competing event." if competes and not is_said else ""
    return compose(series, axes, text=text, note=note, alt=cumulative_incidence_alt(incidences, text=text))


def _series(incidence: CumulativeIncidence, axis: TimeAxis) -> StepSeries:
    """First cause as percent points and counts at the ticks."""
    table = _first_cause(incidence).select(
        "time_days", "n_risk", "n_event", "n_censor", "lower", "upper", share="incidence"
    )
    so_far = ["n_event", "n_censor"]
    if len(incidence.causes) > 1:
        table = table.join(_competing(incidence), on="time_days", how="left", maintain_order="left")
        so_far.insert(1, "n_competing")
    return build_series(
        table, axis, group=incidence.group, n=incidence.basis.n, start_percent=0.0, so_far=so_far
    )


def _competing(incidence: CumulativeIncidence) -> pl.DataFrame:
    """Events of all other causes on each day."""
    others = incidence.table.filter(pl.col("cause").is_in(incidence.causes[1:]))
    return others.group_by("time_days").agg(n_competing=pl.col("n_event").sum())


def _first_cause(incidence: CumulativeIncidence) -> pl.DataFrame:
    """Rows of the endpoint of interest, ascending in time."""
    return incidence.table.filter(pl.col("cause") == incidence.causes[0]).sort("time_days")


def _has_competitor(incidences: Sequence[CumulativeIncidence]) -> bool:
    """Whether any group has a second cause."""
    return any(len(one.causes) > 1 for one in incidences)


def _ceiling(series: Sequence[StepSeries]) -> float:
    """Round number above the highest interval limit, at least 2 and at most 100 percent."""
    highest = max(point["upper"] for one in series for point in one.points)
    step = 10 if highest > 20 else 5 if highest > 8 else 2
    return float(min(100, max(2, step * math.ceil((highest + 0.01) / step))))


def cumulative_incidence_alt(incidences: Sequence[CumulativeIncidence], *, text: CurveText) -> str:
    """Return the figure in words: last estimate, patients and events of each group."""
    parts = [
        f"{label_group(one.group)}: {format_percent(_last_incidence(one))} at the end of follow-up, "
        f"{format_count(one.basis.n_events)} events in {format_count(one.basis.n)}"
        for one in incidences
    ]
    return f"{text.title}. Step curves of {text.percent_title}. " + "; ".join(parts) + "."


def _last_incidence(incidence: CumulativeIncidence) -> float:
    """Incidence of the first cause at the last day."""
    table = _first_cause(incidence)
    return float(table["incidence"][-1]) if table.height else 0.0
