"""Kaplan-Meier and cumulative incidence figures hold the numbers of their results."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl
import pytest

from analytics.charts.cumulative_incidence import cumulative_incidence_chart
from analytics.charts.event_curve import CurveText, event_curve_alt, event_curve_chart
from analytics.charts.step_panel import spread_labels
from analytics.charts.time_axis import choose_time_axis
from analytics.survival.results import Basis, CumulativeIncidence, EventCurve

TEXT = CurveText("Freedom from MACE", "Free of MACE, %", "Death, infarction or revascularisation.")


def curve(group: str = "severe") -> EventCurve:
    # 10 patients: events on days 0 and 100, censored on day 200 (4 patients) and day 400 (4 patients).
    table = pl.DataFrame(
        {
            "time_days": [0, 100, 200, 400],
            "n_risk": [10, 9, 8, 4],
            "n_event": [1, 1, 0, 0],
            "n_censor": [0, 0, 4, 4],
            "survival": [0.9, 0.8, 0.8, 0.8],
            "lower": [0.47, 0.41, 0.41, 0.41],
            "upper": [0.99, 0.95, 0.95, 0.95],
        }
    )
    return EventCurve(group, table, Basis("Kaplan-Meier", "Greenwood", "log-log, 95 %", 10, 2, 2500.0))


def incidence() -> CumulativeIncidence:
    base = pl.DataFrame(
        {
            "time_days": [10, 50, 365],
            "n_risk": [20, 18, 15],
            "n_event": [1, 0, 0],
            "n_censor": [0, 0, 15],
            "incidence": [0.05, 0.05, 0.05],
            "lower": [0.01, 0.01, 0.01],
            "upper": [0.11, 0.11, 0.11],
        }
    )
    rows = pl.concat([base.with_columns(cause=pl.lit(cause)) for cause in ("mi", "death")])
    return CumulativeIncidence(
        "mild", ("mi", "death"), rows, Basis("Aalen-Johansen", "Greenwood", "log-log", 20, 1, 9.0)
    )


def texts(node: Any) -> list[str]:  # noqa: ANN401
    if isinstance(node, dict):
        own = [node["text"]] if isinstance(node.get("text"), str) else []
        return own + [text for value in node.values() for text in texts(value)]
    return [text for value in node for text in texts(value)] if isinstance(node, list) else []


def values_with(node: Any, key: str) -> list[dict[str, Any]]:  # noqa: ANN401
    if isinstance(node, dict):
        own = [node] if key in node and not isinstance(node[key], dict) and "field" not in node else []
        return own + [hit for value in node.values() for hit in values_with(value, key)]
    return [hit for value in node for hit in values_with(value, key)] if isinstance(node, list) else []


def test_at_risk_counts_those_with_time_at_or_after_the_tick_and_what_became_of_the_others() -> None:
    spec = event_curve_chart([curve()], text=TEXT, horizon_days=365)
    # Ticks at 0, 3, 6, 9 and 12 months are days 0, 91, 183, 274 and 365.
    assert [text for text in texts(spec) if text[0].isdigit()] == [
        "10", "9", "8", "4", "4", "1, 0", "1, 0", "2, 0", "2, 4", "2, 4",
    ]  # fmt: skip
    assert "At risk, and so far: events, censored" in texts(spec)


def test_curve_starts_at_one_hundred_percent_and_falls_on_the_day_of_an_event() -> None:
    points = values_with(event_curve_chart([curve()], text=TEXT, horizon_days=365), "percent")
    assert [(round(p["time"], 3), round(p["percent"], 6)) for p in points] == [
        (0.0, 100.0), (0.0, 90.0), (3.285, 80.0), (11.992, 80.0),
    ]  # fmt: skip


def test_curve_is_cut_where_fewer_than_a_tenth_is_at_risk() -> None:
    table = curve().table.with_columns(pl.Series("n_risk", [100, 99, 98, 9]), n_event=pl.Series([1, 1, 1, 1]))
    long = EventCurve("severe", table, Basis("Kaplan-Meier", "Greenwood", "log-log, 95 %", 100, 4, 1.0))
    spec = event_curve_chart([long], text=TEXT, horizon_days=1095)
    days = [point["time"] * 365.25 for point in values_with(spec, "percent")]
    assert max(days) == pytest.approx(200)
    assert [text for text in texts(spec) if text[0].isdigit()] == ["100", "98", "1, 0", "2, 0"]


def test_axis_that_does_not_start_at_zero_says_so() -> None:
    spec = event_curve_chart([curve()], text=TEXT, horizon_days=365)
    assert "Vertical axis starts at 40 %." in spec["title"]["subtitle"]
    whole = event_curve_chart([curve()], text=TEXT, horizon_days=365, from_zero=True)
    assert "starts at" not in whole["title"]["subtitle"]


def test_more_than_four_groups_become_small_multiples() -> None:
    groups = ["rotational_atherectomy", "intravascular_lithotripsy", "cutting_balloon", "nc_balloon", "elca"]
    spec = event_curve_chart([curve(group) for group in groups], text=TEXT, horizon_days=365)
    assert [panel["title"]["text"] for panel in spec["concat"]][1] == "Intravascular lithotripsy"
    assert len(spec["concat"]) == 5


@pytest.mark.parametrize("horizon", [30, 365, 1095, 1825])
def test_specification_is_valid_vega_lite(horizon: int) -> None:
    alt.Chart.from_dict(event_curve_chart([curve(), curve("mild")], text=TEXT, horizon_days=horizon))
    spec = cumulative_incidence_chart([incidence()], text=TEXT, horizon_days=horizon)
    alt.Chart.from_dict(spec)
    assert spec["$schema"].endswith("/v6.json")


def test_incidence_draws_the_first_cause_only_and_names_the_competitor() -> None:
    spec = cumulative_incidence_chart([incidence()], text=TEXT, horizon_days=365)
    assert [round(p["percent"], 6) for p in values_with(spec, "percent")] == [0.0, 5.0, 5.0]
    assert "Death counts as a competing event." in spec["title"]["subtitle"]


def test_a_composition_that_names_the_competitor_is_not_repeated() -> None:
    text = CurveText("t", "%", "Definite or probable stent thrombosis; death competes.")
    subtitle = str(
        cumulative_incidence_chart([incidence()], text=text, horizon_days=365)["title"]["subtitle"]
    )
    assert "death competes" in subtitle
    assert "competing" not in subtitle


def test_text_alternative_gives_estimate_events_and_patients() -> None:
    assert event_curve_alt([curve()], text=TEXT) == (
        "Freedom from MACE. Step curves of Free of MACE, %. "
        "Severe: 80.0 % at the end of follow-up, 2 events in 10."
    )


def test_landmark_curve_starts_at_the_landmark() -> None:
    late = CurveText("Late", "Free, %", first_day=30)
    after = EventCurve("severe", curve().table.filter(pl.col("time_days") > 30), curve().basis)
    spec = event_curve_chart([after], text=late, horizon_days=365)
    assert min(point["time"] for point in values_with(spec, "percent")) == pytest.approx(30 / 30.4375)
    assert choose_time_axis(365, first_day=30).tick_days() == (30, 91, 183, 274, 365)


def test_direct_labels_keep_their_order_and_their_distance() -> None:
    placed = spread_labels([100.0, 102.0, 300.0], gap=15, lowest=320)
    assert placed == [100.0, 115.0, 300.0]
    assert spread_labels([319.0, 318.0], gap=15, lowest=320) == [320.0, 305.0]


@pytest.mark.parametrize(
    ("horizon", "unit"), [(30, "Days"), (365, "Months"), (1095, "Years"), (1825, "Years")]
)
def test_time_axis_speaks_the_unit_of_its_horizon(horizon: int, unit: str) -> None:
    axis = choose_time_axis(horizon)
    assert axis.unit == unit
    assert axis.tick_days()[-1] <= horizon
