"""Figures of sums that may pass 100: mean cumulative counts, and cumulative hazards."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from analytics.charts.event_curve import CurveText, build_series, compose
from analytics.charts.labels import label_group
from analytics.charts.numbers import format_count
from analytics.charts.step_panel import PanelAxes, StepSeries
from analytics.charts.time_axis import choose_time_axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.charts.theme import Spec
    from analytics.survival.cumulative_hazards import CumulativeHazard
    from analytics.survival.results_recurrence import MeanCumulativeCount


def mean_count_chart(counts: Sequence[MeanCumulativeCount], *, text: CurveText, horizon_days: int) -> Spec:
    """Draw the mean number of events per 100 patients, with intervals and numbers under observation.

    Parameters
    ----------
    counts
        One result per group, at least one.
    text
        Words of the figure; ``percent_title`` titles the vertical axis, for example ``MI per 100 patients``.
    horizon_days
        Right end of the time axis, in days since time zero.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data.
    """
    axis = choose_time_axis(horizon_days, first_day=text.first_day, time_unit=text.time_unit)
    series = []
    for one in counts:
        table = one.table.select(
            "time_days", "n_risk", "n_event", "n_terminal", "lower", "upper", share="mean_count"
        )
        series.append(
            build_series(
                table,
                axis,
                group=one.group,
                n=one.n_patients,
                start_percent=0.0,
                so_far=("n_event", "n_terminal"),
            )
        )
    axes = PanelAxes(
        axis,
        f"{axis.unit} since {text.time_origin}",
        text.percent_title,
        (0.0, _top(series)),
        so_far=("events", "deaths"),
    )
    clauses = [
        f"{label_group(one.group)}: {format_count(one.basis.n_events)} events in "
        f"{format_count(one.n_patients)} patients"
        for one in counts
    ]
    note = "Death ends the count."
    return compose(series, axes, text=text, note=note, alt=_alt(text, clauses))


def cumulative_hazard_chart(
    hazards: Sequence[CumulativeHazard], *, text: CurveText, horizon_days: int
) -> Spec:
    """Draw cumulative hazards times 100, with intervals and numbers at risk.

    Parameters
    ----------
    hazards
        One result per group, at least one.
    text, horizon_days
        As for `mean_count_chart`.
    """
    axis = choose_time_axis(horizon_days, first_day=text.first_day, time_unit=text.time_unit)
    series = []
    for one in hazards:
        table = one.table.select(
            "time_days", "n_risk", "n_event", "lower", "upper", share="cumulative_hazard"
        )
        series.append(
            build_series(table, axis, group=one.group, n=one.basis.n, start_percent=0.0, so_far=("n_event",))
        )
    axes = PanelAxes(
        axis,
        f"{axis.unit} since {text.time_origin}",
        text.percent_title,
        (0.0, _top(series)),
        so_far=("events",),
    )
    clauses = [
        f"{label_group(one.group)}: {format_count(one.basis.n_events)} events in {format_count(one.basis.n)}"
        for one in hazards
    ]
    note = "A cumulative hazard is no risk: it may pass 100."
    return compose(series, axes, text=text, note=note, alt=_alt(text, clauses))


def _top(series: Sequence[StepSeries]) -> float:
    """Round number above the highest interval limit."""
    highest = max(point["upper"] for one in series for point in one.points)
    step = 50 if highest > 100 else 10 if highest > 20 else 5 if highest > 8 else 2
    return float(max(2, step * math.ceil((highest + 0.01) / step)))


def _alt(text: CurveText, clauses: Sequence[str]) -> str:
    """Return a figure in words."""
    return f"{text.title}. Step curves of {text.percent_title}. " + "; ".join(clauses) + "."
