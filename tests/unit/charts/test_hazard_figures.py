"""Hazard-over-time figures hold the numbers of their results."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from analytics.charts.event_curve import CurveText
from analytics.charts.export import render_svg
from analytics.charts.hazard import hazard_alt, hazard_chart
from analytics.survival.results import Basis
from analytics.survival.results_parametric import HazardCurve

TEXT = CurveText("Hazard of MACE", "MACE per 100 patient-years", "Death or infarction.")


def curve(group: str = "severe", upper: float = 0.002) -> HazardCurve:
    table = pl.DataFrame(
        {
            "time_days": [10.0, 100.0, 365.0, 500.0],
            "hazard": [0.001, 0.0005, 0.0002, 0.0001],
            "lower": [0.0005, 0.0002, 0.0001, None],
            "upper": [upper, 0.001, 0.0004, None],
            "is_extrapolated": [False, False, True, True],
        }
    )
    return HazardCurve(group, table, Basis("Royston-Parmar", "", "", 1200, 90, 1e5))


def lines(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [layer for layer in spec["layer"] if layer["mark"].get("type") == "line"]


def test_rates_are_per_hundred_patient_years_up_to_the_horizon() -> None:
    seen, beyond = lines(hazard_chart([curve()], text=TEXT, horizon_days=365))
    assert [row["value"] for row in seen["data"]["values"]] == pytest.approx([36.525, 18.2625])
    assert [row["value"] for row in beyond["data"]["values"]] == pytest.approx([18.2625, 7.305])


def test_what_is_extrapolated_is_dotted_and_said() -> None:
    spec = hazard_chart([curve()], text=TEXT, horizon_days=365)
    seen, beyond = lines(spec)
    assert seen["mark"]["strokeDash"] != beyond["mark"]["strokeDash"]
    assert "beyond the last event" in str(spec["title"]["subtitle"])
    short = hazard_chart([curve()], text=TEXT, horizon_days=200)
    assert len(lines(short)) == 1
    assert "beyond" not in str(short["title"]["subtitle"])


def test_a_wild_interval_is_cut_and_said() -> None:
    spec = hazard_chart([curve(upper=0.5)], text=TEXT, horizon_days=365)
    assert "Intervals are cut" in str(spec["title"]["subtitle"])
    top = lines(spec)[0]["encoding"]["y"]["scale"]["domain"][1]
    assert top == pytest.approx(36.525 * 1.6 * 1.02)


def test_an_interval_without_limits_falls_on_the_curve() -> None:
    spec = hazard_chart([curve()], text=TEXT, horizon_days=500)
    last = spec["layer"][0]["data"]["values"][-1]
    assert last["lower"] == last["value"] == last["upper"]


def test_up_to_four_groups_share_a_panel_and_carry_their_names() -> None:
    spec = hazard_chart([curve("mild"), curve("severe")], text=TEXT, horizon_days=365)
    names = [row["text"] for layer in spec["layer"] for row in layer["data"]["values"] if "text" in row]
    assert names == ["Mild", "Severe"]
    many = [curve(group) for group in ("a", "b", "c", "d", "e")]
    assert len(hazard_chart(many, text=TEXT, horizon_days=365)["concat"]) == 5


def test_alternative_text_tells_first_and_last_rate_of_what_was_seen() -> None:
    words = hazard_alt([curve()], text=TEXT)
    assert "from 36.5 to 18.3 per 100 patient-years, 90 events in 1,200" in words


def test_figure_is_drawn() -> None:
    assert "MACE per 100 patient-years" in render_svg(hazard_chart([curve()], text=TEXT, horizon_days=365))
