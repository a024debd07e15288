"""Colours can be told from white; severity darkens with the grade; series never differ by colour alone."""

from __future__ import annotations

import pytest

from analytics.charts.theme import (
    DASHES,
    FONT,
    SERIES_COLOURS,
    SEVERITY_COLOURS,
    fit_to_container,
    series_styles,
)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", sorted({*SERIES_COLOURS, *SEVERITY_COLOURS.values()}))
def test_every_colour_stands_out_from_white_by_three_to_one(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= 3.0


def test_severity_is_a_ramp_that_darkens_with_the_grade() -> None:
    shades = [luminance(SEVERITY_COLOURS[grade]) for grade in ("none", "mild", "moderate", "severe")]
    assert shades == sorted(shades, reverse=True)
    assert len(set(shades)) == 4


def test_series_differ_by_dash_as_well_as_by_colour() -> None:
    styles = series_styles(["rotational_atherectomy", "elca", "nc_balloon", "cutting_balloon"])
    assert len({style.dash for style in styles.values()}) == 4
    assert len({style.shape for style in styles.values()}) == 4
    assert set(DASHES) == {style.dash for style in styles.values()}


def test_grades_take_the_severity_ramp() -> None:
    styles = series_styles(["mild", "severe"])
    assert styles["severe"].colour == SEVERITY_COLOURS["severe"]
    assert styles["mild"].dash != styles["severe"].dash


def test_font_names_need_no_quotes() -> None:
    # A word such as '3' is no identifier in CSS: unquoted, it makes every text vanish from a PNG.
    assert all(not word[0].isdigit() for word in FONT.replace(",", " ").split())


def test_a_figure_that_follows_its_container_leaves_the_original_alone() -> None:
    spec = {"width": 640, "layer": []}
    assert fit_to_container(spec)["width"] == "container"
    assert fit_to_container(spec)["autosize"] == {"type": "fit-x", "contains": "padding"}
    assert spec == {"width": 640, "layer": []}


def test_views_side_by_side_keep_their_width() -> None:
    spec = {"concat": [{"width": 300}]}
    assert fit_to_container(spec) == spec
