"""Figures of devices: what is drawn, and what a reader who cannot see it is told."""

from __future__ import annotations

from typing import Any

import polars as pl

from analytics.charts.choice_matrix import choice_matrix_chart
from analytics.charts.device_labels import DEVICE_LABELS, label_device
from analytics.charts.device_settings import setting_panels_chart
from analytics.charts.device_volume import device_volume_chart
from analytics.charts.export import render_svg
from analytics.charts.learning_curve import learning_chart
from analytics.devices.choice import ChoiceCell
from analytics.devices.learning import CaseBand, LearningCurve
from analytics.devices.setting_histograms import SettingHistogram
from analytics.devices.setting_ranges import read_settings
from analytics.devices.settings import SettingSummary
from analytics.devices.shares import Share
from analytics.proportions.intervals import estimate_proportion
from analytics.refusals import NotEstimable
from schemas.vocabulary import DEVICE_CLASSES

SETTINGS = {setting.key: setting for setting in read_settings()}


def share(n_events: int, n_total: int) -> Share:
    return Share(n_events, n_total, 0, estimate_proportion(n_events, n_total))


def marks(view: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [layer for layer in view["layer"] if layer["mark"]["type"] == kind]


def panel(key: str) -> tuple[SettingHistogram, SettingSummary]:
    setting = SETTINGS[key]
    bars = SettingHistogram(setting, (0.4, 0.45), (3, 1)) if key == "burr_to_artery_ratio" else None
    bars = bars or SettingHistogram(setting, (5.0, 20.0), (2, 2))
    return bars, SettingSummary(key, (), 4, 4, 0, 0, 0.43, 0.41, 0.45, {})


def test_the_range_is_shaded_only_where_a_setting_is_judged() -> None:
    spec = setting_panels_chart([panel("burr_to_artery_ratio"), panel("burr_activation")], title="Settings")
    judged, described = spec["concat"]
    shade, bars = marks(judged, "rect")
    assert shade["data"]["values"] == [{"start": 0.4, "end": 0.6}]
    assert [value["n"] for value in bars["data"]["values"]] == [3, 1]
    assert len(marks(described, "rect")) == 1
    assert "0.4 to 0.6 (advice)" in judged["title"]["subtitle"]
    assert "median 0.43" in spec["description"]
    assert "<svg" in render_svg(spec)


def test_a_limit_of_values_in_steps_shades_its_whole_bar() -> None:
    setting = SETTINGS["cutting_diameter"]
    bars = SettingHistogram(setting, (1.875, 2.125), (1, 1))
    summary = SettingSummary(setting.key, (), 2, 2, 0, 0, 2.1, 2.0, 2.2, {})
    spec = setting_panels_chart([(bars, summary)], title="Settings")
    assert marks(spec["concat"][0], "rect")[0]["data"]["values"] == [{"start": 1.875, "end": 4.125}]


def test_a_setting_without_values_has_no_panel() -> None:
    empty = SettingHistogram(SETTINGS["laser_fluence"], (), ())
    summary = SettingSummary("laser_fluence", (), 1, 0, 1, 0, None, None, None, {})
    assert setting_panels_chart([(empty, summary)], title="Settings")["concat"] == []


def test_volumes_share_one_scale_and_print_their_counts() -> None:
    volumes = pl.DataFrame(
        {
            "period": [2023, 2024, 2023, 2024],
            "device_class": ["elca", "elca", "cutting_balloon", "cutting_balloon"],
            "n_with": [0, 1, 10, 20],
            "n_all": [100, 100, 100, 100],
        }
    )
    spec = device_volume_chart(volumes, title="Volumes", period_title="Year")
    tops = {view["layer"][0]["encoding"]["y"]["scale"]["domain"][1] for view in spec["concat"]}
    assert len(tops) == 1
    texts = [row["text"] for row in spec["concat"][1]["layer"][1]["data"]["values"]]
    assert texts == ["10", "20"]
    assert "Excimer laser: 0 of 100 procedures in 2023, 1 of 100 in 2024" in spec["description"]
    assert "<svg" in render_svg(spec)


def curve(*counts: tuple[str, int, int]) -> LearningCurve:
    bands = tuple(CaseBand(label, 6, share(k, n)) for label, k, n in counts)
    none = NotEstimable("x", "y", "one_group")
    return LearningCurve("Laser: complication", "operator_id", bands, none, none, 0)


def test_learning_prints_counts_and_the_caution() -> None:
    spec = learning_chart([curve(("1\u201310", 3, 30), ("11 or more", 1, 20))], title="T", y_title="%")
    counts = spec["concat"][0]["layer"][-1]["data"]["values"]
    assert [row["text"] for row in counts] == ["3/30", "1/20"]
    assert "no proof of learning" in " ".join(spec["title"]["subtitle"])
    assert "cases 1\u201310 3/30 10.0 %" in spec["description"]
    assert "<svg" in render_svg(spec)


def test_an_axis_that_does_not_begin_at_zero_says_so() -> None:
    spec = learning_chart([curve(("1\u201310", 195, 200), ("11 or more", 199, 200))], title="T", y_title="%")
    assert "The axis begins at 90 %." in " ".join(spec["title"]["subtitle"])


def test_matrix_prints_percent_and_never_rounds_one_lesion_to_zero() -> None:
    cells = [
        ChoiceCell("severity", "Severe", "rotational_atherectomy", share(30, 100)),
        ChoiceCell("severity", "Severe", "elca", share(0, 100)),
        ChoiceCell("severity", "Mild", "rotational_atherectomy", share(1, 400)),
        ChoiceCell("severity", "Mild", "elca", share(0, 400)),
    ]
    strategies = ("rotational_atherectomy", "elca")
    spec = choice_matrix_chart(cells, labels={"severity": "Calcification"}, strategies=strategies, title="T")
    texts = [value["text"] for value in spec["layer"][0]["data"]["values"]]
    assert texts == ["30", "\u2013", "<1", "\u2013"]
    assert "Calcification, Severe: Rotational atherectomy 30/100" in spec["description"]
    assert "<svg" in render_svg(spec)


def test_every_class_has_words() -> None:
    assert set(DEVICE_LABELS) == set(DEVICE_CLASSES)
    assert label_device("new") == "new"
