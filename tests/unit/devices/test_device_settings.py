"""Settings against ranges: counts by hand on a few uses."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from analytics.devices.labels import LabelUse, estimate_cutting_label_use
from analytics.devices.setting_histograms import count_values
from analytics.devices.setting_ranges import Setting
from analytics.devices.settings import (
    SettingSpread,
    SettingSummary,
    derive_setting_values,
    describe_spread,
    estimate_settings,
)
from analytics.devices.sources import Source
from analytics.proportions.results import Proportion
from analytics.refusals import NotEstimable

SOURCE = (Source("a text", doi="10.1000/x"),)
RATIO = Setting(
    "ratio", "Ratio", "rotational_atherectomy", "diameter_to_reference", "ratio", 2, 0.05,
    (0.2, 1.0), (0.4, 0.6), "advice", SOURCE,
)  # fmt: skip
SPEED = Setting(
    "speed",
    "Speed",
    "rotational_atherectomy",
    "rotation_speed_krpm",
    "1000 rpm",
    0,
    5.0,
    (100.0, 220.0),
)
PULSES = Setting(
    "pulses", "Pulses", "intravascular_lithotripsy", "ivl_pulses", "pulses", 0, 10.0, (1.0, 400.0)
)


def burrs() -> pl.DataFrame:
    """Six burrs: ratio 0.5, 0.6, 0.375, 0.7, none (no vessel), 2.0 (implausible); and one balloon."""
    return pl.DataFrame(
        {
            "device_class": ["rotational_atherectomy"] * 6 + ["nc_balloon"],
            "diameter_mm": [1.5, 1.5, 1.5, 1.75, 1.5, 2.0, 3.0],
            "reference_diameter_mm": [3.0, 2.5, 4.0, 2.5, None, 1.0, 3.0],
            "rotation_speed_krpm": [150.0, 160.0, 170.0, 180.0, None, 20.0, None],
            "ivl_pulses": [None] * 7,
            "patient_id": ["a", "b", "c", "d", "e", "f", "g"],
            "site_id": ["s1", "s1", "s1", "s2", "s2", "s2", "s2"],
        },
        schema_overrides={"ivl_pulses": pl.Int64},
    )


def summary(setting: Setting) -> SettingSummary:
    (found,) = estimate_settings(derive_setting_values(burrs(), [setting]), [setting])
    assert isinstance(found, SettingSummary)
    return found


def test_recorded_missing_and_implausible_add_up_to_the_uses() -> None:
    found = summary(RATIO)
    assert (found.n_uses, found.n_recorded, found.n_missing, found.n_implausible) == (6, 4, 1, 1)


def test_median_and_quartiles_are_of_the_plausible_values() -> None:
    # 0.375, 0.5, 0.6, 0.7: positions 0.75, 1.5, 2.25 of linear interpolation.
    found = summary(RATIO)
    assert found.median == pytest.approx(0.55)
    assert found.lower_quartile == pytest.approx(0.375 + 0.75 * 0.125)
    assert found.upper_quartile == pytest.approx(0.6 + 0.25 * 0.1)


def test_a_limit_belongs_to_the_range_and_shares_have_wilson_intervals() -> None:
    found = summary(RATIO)
    counts = {name: (share.n_events, share.n_total) for name, share in found.positions.items()}
    assert counts == {"below": (1, 4), "within": (2, 4), "above": (1, 4)}
    interval = found.positions["within"].interval
    assert isinstance(interval, Proportion)
    # Wilson for 2 of 4: 0.5 -/+ sqrt(1/16 + z2/64) z / (1 + z2/4), z = 1.959964
    assert (interval.lower, interval.upper) == (
        pytest.approx(0.1500, abs=5e-5),
        pytest.approx(0.8500, abs=5e-5),
    )


def test_a_ratio_on_the_limit_is_not_thrown_out_by_rounding() -> None:
    limit = Setting(
        "r",
        "R",
        "cutting_balloon",
        "diameter_to_reference",
        "ratio",
        2,
        0.05,
        (0.5, 1.5),
        (1.0, 1.1),
        "advice",
        SOURCE,
    )
    rows = pl.DataFrame(
        {"device_class": ["cutting_balloon"], "diameter_mm": [2.75], "reference_diameter_mm": [2.5]}
    )
    assert derive_setting_values(rows, [limit])["position"].to_list() == ["within"]


def test_a_setting_without_a_source_is_described_and_not_judged() -> None:
    found = summary(SPEED)
    assert found.positions == {}
    assert found.median == 165.0
    assert found.n_implausible == 1


def test_a_device_that_was_never_used_is_refused() -> None:
    (found,) = estimate_settings(derive_setting_values(burrs(), [PULSES]), [PULSES])
    assert isinstance(found, NotEstimable)
    assert found.code == "no_patients"


def test_groups_are_summarised_apart_and_missing_groups_are_kept() -> None:
    rows = burrs().with_columns(site_id=pl.when(pl.col("patient_id") == "d").then(None).otherwise("site_id"))
    found = estimate_settings(derive_setting_values(rows, [RATIO]), [RATIO], by=("site_id",))
    sizes = {item.group: item.n_uses for item in found if isinstance(item, SettingSummary)}
    assert sizes == {("not recorded",): 1, ("s1",): 3, ("s2",): 2}


def test_intervals_know_patients_that_count_twice() -> None:
    rows = burrs().with_columns(patient_id=pl.Series(["a", "a", "b", "b", "c", "c", "d"]))
    values = derive_setting_values(rows, [RATIO])
    (found,) = estimate_settings(values, [RATIO], clusters="patient_id")
    assert isinstance(found, SettingSummary)
    interval = found.positions["within"].interval
    assert isinstance(interval, Proportion)
    assert interval.n_clusters == 2


def test_spread_names_no_group_and_refuses_few_of_them() -> None:
    groups = [
        SettingSummary("speed", (f"s{i}",), 10, 10, 0, 0, 150.0 + i, 150.0, 160.0, {}) for i in range(5)
    ]
    small = SettingSummary("speed", ("s9",), 3, 3, 0, 0, 500.0, 150.0, 160.0, {})
    found = describe_spread([*groups, small], "speed", by="site_id")
    assert isinstance(found, SettingSpread)
    assert (found.n_groups, found.n_left_out) == (5, 1)
    assert (found.lowest, found.median, found.highest) == (150.0, 152.0, 154.0)
    assert isinstance(describe_spread([*groups[:4], small], "speed", by="site_id"), NotEstimable)


def test_cutting_balloons_in_visible_calcium_are_counted_and_coarse_grades_are_unknown() -> None:
    grades = ["none", "mild", "severe", "none_mild", None, "severe"]
    rows = pl.DataFrame(
        {"device_class": ["cutting_balloon"] * 5 + ["nc_balloon"], "severity_angiography": grades}
    )
    found = estimate_cutting_label_use(rows, grades=("none", "none_mild", "mild", "severe", "unknown"))
    assert isinstance(found, LabelUse)
    assert (found.outside.n_events, found.outside.n_total, found.outside.n_unknown) == (2, 3, 2)
    assert found.by_grade == {"none": 1, "none_mild": 1, "mild": 1, "severe": 1, "unknown": 1}
    assert "neither" not in found.note
    assert "advises" in found.note
    assert found.source.url.startswith("https://")


def test_no_cutting_balloon_is_no_share() -> None:
    rows = pl.DataFrame({"device_class": ["nc_balloon"], "severity_angiography": ["none"]})
    assert isinstance(estimate_cutting_label_use(rows, grades=("none",)), NotEstimable)


def test_bars_of_a_ratio_begin_at_multiples_and_leave_no_gap() -> None:
    # 0.375, 0.5, 0.6, 0.7 in bars of 0.05: a value on a limit belongs to its bar.
    found = count_values(derive_setting_values(burrs(), [RATIO]), RATIO)
    assert found.starts == (0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)
    assert found.counts == (1, 0, 0, 1, 0, 1, 0, 1)


def test_bars_of_a_speed_have_the_multiple_in_their_middle() -> None:
    speed = replace(SPEED, step=10.0, centred=True)
    found = count_values(derive_setting_values(burrs(), [speed]), speed)
    assert found.starts == (145.0, 155.0, 165.0, 175.0)
    assert sum(found.counts) == 4


def test_no_value_is_no_bar() -> None:
    assert count_values(derive_setting_values(burrs(), [PULSES]), PULSES).counts == ()
