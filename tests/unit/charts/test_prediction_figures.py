"""Figures of predictions and sums: what is drawn, what is marked, what is said in words."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from analytics.charts.calibration import calibration_chart
from analytics.charts.event_curve import CurveText, event_curve_chart
from analytics.charts.export import render_png, render_svg
from analytics.charts.forest import SUBDISTRIBUTION_RATIO, TIME_RATIO, RatioTable, ratio_chart
from analytics.charts.mean_count import cumulative_hazard_chart, mean_count_chart
from analytics.charts.predicted_risk import predicted_risk_chart
from analytics.survival.cumulative_hazards import CumulativeHazard
from analytics.survival.results import Basis, EventCurve
from analytics.survival.results_prediction import CalibrationCurve, GroupCalibration
from analytics.survival.results_recurrence import MeanCumulativeCount
from analytics.survival.simultaneous_bands import SurvivalBand

BASIS = Basis("m", "v", "log, 90 %", 20, 5, 900.0)
TEXT = CurveText("Title", "MACE, %", "Composition.")


def _values(node: Any, key: str) -> list[dict[str, Any]]:  # noqa: ANN401 - any part of a specification
    if isinstance(node, dict):
        own = (
            [row for row in node.get("values", []) if isinstance(row, dict) and key in row]
            if isinstance(node.get("values"), list)
            else []
        )
        return own + [found for value in node.values() for found in _values(value, key)]
    return [found for value in node for found in _values(value, key)] if isinstance(node, list) else []


def _texts(spec: Any) -> list[str]:  # noqa: ANN401 - any part of a specification
    return [str(row["text"]) for row in _values(spec, "text")]


def _calibration(*, smooth: bool = True) -> dict[str, Any]:
    table = pl.DataFrame(
        {
            "group": [1, 2, 3],
            "n": [10, 10, 10],
            "mean_predicted": [0.05, 0.10, 0.20],
            "observed": [0.04, 0.12, 0.9],
            "lower": [0.01, 0.05, 0.8],
            "upper": [0.10, 0.24, 0.95],
            "is_beyond_follow_up": [False, False, True],
        }
    )
    groups = GroupCalibration(365.0, table, 0.08, 0.10, 0.8, 0.5, 1.2, BASIS)
    line = pl.DataFrame(
        {"predicted": [0.02, 0.2], "observed": [0.03, 0.21], "lower": [0.01, 0.1], "upper": [0.05, 0.3]}
    )
    curve = CalibrationCurve(365.0, line, 0.01, 0.01, 0.02, BASIS) if smooth else None
    spread = pl.DataFrame({"lower": [0.0, 0.1], "upper": [0.1, 0.2], "n": [20, 10]})
    return calibration_chart(groups, curve=curve, spread=spread, title="Calibration")


def test_calibration_has_one_scale_on_both_axes_and_leaves_out_what_lies_beyond_follow_up() -> None:
    spec = _calibration()
    (diagonal,) = (layer for layer in spec["layer"] if layer.get("mark", {}).get("strokeDash") == [5, 4])
    assert diagonal["encoding"]["x"]["scale"]["domain"] == diagonal["encoding"]["y"]["scale"]["domain"]
    assert [row["observed"] for row in _values(spec, "mean_predicted")] == pytest.approx([4, 12, 4, 12])
    assert "Observed over predicted 0.80 (0.50\N{EN DASH}1.20)" in " ".join(spec["title"]["subtitle"])
    assert "90 % intervals" in " ".join(spec["title"]["subtitle"])
    assert "10 patients: predicted 5.0 %, observed 4.0 %" in spec["description"]


def test_bars_under_a_calibration_are_as_high_as_their_share_of_the_fullest() -> None:
    bars = _values(_calibration(), "pixel")
    foot = 380 + 46 + 5
    assert [foot - row["pixel"] for row in bars] == [46, 23]


def test_calibration_without_a_curve_is_drawn() -> None:
    assert len(_calibration(smooth=False)["layer"]) == len(_calibration()["layer"]) - 2


def test_a_prediction_beyond_follow_up_is_dotted_and_said() -> None:
    table = pl.DataFrame(
        {
            "profile": ["p"] * 3,
            "time_days": [100.0, 500.0, 1000.0],
            "risk": [0.1, 0.2, 0.3],
            "lower": [0.05, 0.1, 0.2],
            "upper": [0.2, 0.3, 0.45],
            "is_beyond_follow_up": [False, False, True],
        }
    )
    spec = predicted_risk_chart(table, text=TEXT, horizon_days=1000)
    assert "Dotted: beyond the last event, by the model alone." in spec["title"]["subtitle"]
    lines = [layer for layer in spec["layer"] if layer["mark"]["type"] == "line"]
    assert [len(line["data"]["values"]) for line in lines] == [3, 2]
    assert lines[1]["mark"]["strokeDash"] == [1, 3]
    assert "p: 30.0 %" in spec["description"]
    seen = predicted_risk_chart(table.head(2), text=TEXT, horizon_days=500)
    assert "Dotted" not in str(seen["title"])


def test_a_mean_count_may_pass_one_hundred_and_counts_deaths() -> None:
    table = pl.DataFrame(
        {
            "time_days": [10, 200],
            "n_risk": [20, 10],
            "n_event": [15, 12],
            "n_terminal": [0, 2],
            "survival": [1.0, 0.8],
            "mean_count": [0.75, 1.9],
            "std_error": [0.1, 0.2],
            "lower": [0.6, 1.5],
            "upper": [0.9, 2.4],
        }
    )
    spec = mean_count_chart([MeanCumulativeCount("severe", table, 20, BASIS)], text=TEXT, horizon_days=200)
    assert max(row["percent"] for row in _values(spec, "percent")) == pytest.approx(190)
    assert "At risk, and so far: events, deaths" in _texts(spec)
    assert "15, 0" in _texts(spec)
    assert "5 events in 20 patients" in spec["description"]


def test_a_cumulative_hazard_says_that_it_is_no_risk() -> None:
    table = pl.DataFrame(
        {"time_days": [10], "n_risk": [20], "n_event": [2], "cumulative_hazard": [0.1], "std_error": [0.07],
         "lower": [0.03], "upper": [0.3]}
    )  # fmt: skip
    spec = cumulative_hazard_chart([CumulativeHazard("all", table, table, BASIS)], text=TEXT, horizon_days=10)
    assert "A cumulative hazard is no risk" in spec["title"]["subtitle"]
    assert [row["percent"] for row in _values(spec, "percent")] == pytest.approx([0, 10, 10])


@pytest.mark.parametrize(
    ("words", "heading"),
    [
        (SUBDISTRIBUTION_RATIO, "Subdistribution hazard ratio (90 % interval)"),
        (TIME_RATIO, "Time ratio (90 % interval)"),
    ],
)
def test_a_forest_names_its_ratio_and_the_level(words: Any, heading: str) -> None:  # noqa: ANN401 - of one kind
    table = pl.DataFrame({"term": ["x"], words.column: [1.5], "lower": [1.1], "upper": [2.0]})
    spec = ratio_chart(RatioTable(table, BASIS, words), title="t")
    assert heading in _texts(spec)
    assert f"{words.name} (log scale)" in str(spec["layer"])


def test_a_band_is_drawn_as_far_as_its_curve() -> None:
    table = pl.DataFrame(
        {"time_days": [10, 100, 400], "n_risk": [20, 18, 15], "n_event": [1, 1, 0], "n_censor": [0, 0, 15],
         "survival": [0.95, 0.9, 0.9], "lower": [0.8, 0.75, 0.75], "upper": [0.99, 0.97, 0.97]}
    )  # fmt: skip
    limits = pl.DataFrame(
        {"time_days": [10, 100], "survival": [0.95, 0.9], "lower": [0.7, 0.65], "upper": [1.0, 0.99]}
    )
    band = SurvivalBand("severe", "equal-precision", 10, 100, 2.9, limits, BASIS)
    spec = event_curve_chart([EventCurve("severe", table, BASIS)], text=TEXT, horizon_days=365, bands=[band])
    assert "bands that hold for the whole curve" in spec["title"]["subtitle"]
    outlines = [row for row in _values(spec, "upper") if "percent" not in row]
    assert {row["upper"] for row in outlines} == {100.0, 99.0}


def test_a_long_question_is_broken_into_lines() -> None:
    spec = ratio_chart(
        RatioTable(
            pl.DataFrame({"term": ["x"], "hazard_ratio": [1.0], "lower": [0.9], "upper": [1.1]}), BASIS
        ),
        title="word " * 40,
    )
    assert all(len(line) <= 84 for line in spec["title"]["text"])


def test_a_calibration_figure_is_exported_without_a_network() -> None:
    assert render_svg(_calibration()).startswith("<svg")
    assert render_png(_calibration(), scale=1.0)[:4] == b"\x89PNG"
