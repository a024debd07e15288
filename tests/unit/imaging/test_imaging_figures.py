"""Figures of agreement, grades and shares hold the numbers of their results."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl
import pytest

from analytics.charts.bland_altman import (
    MeasurementWords,
    bland_altman_alt,
    bland_altman_chart,
    estimate_text,
    signed,
)
from analytics.charts.export import render_svg
from analytics.charts.grade_table import grade_table_alt, grade_table_chart
from analytics.charts.share_rows import ShareRow, share_rows_alt, share_rows_chart, share_text
from analytics.imaging.agreement import estimate_grade_agreement
from analytics.imaging.bland_altman import estimate_limits_of_agreement
from analytics.imaging.results import Estimate, GradeAgreement, LimitsOfAgreement
from analytics.proportions.intervals import estimate_proportion
from analytics.proportions.results import Proportion
from analytics.refusals import NotEstimable

WORDS = MeasurementWords("IVUS", "OCT", "calcium arc", "degrees")
MINUS = "\u2212"


def texts(spec: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for layer in spec.get("layer", []):
        found += texts(layer)
    values = spec.get("data", {}).get("values", [])
    return found + [row["text"] for row in values if isinstance(row.get("text"), str)]


def arcs(n: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "patient_id": range(n),
            "ivus": [float(i % 300) for i in range(n)],
            "oct": [float(i % 300) - 10.0 * (i % 7) for i in range(n)],
        }
    )


def limits(rows: pl.DataFrame) -> LimitsOfAgreement:
    found = estimate_limits_of_agreement(rows, first="ivus", second="oct")
    assert isinstance(found, LimitsOfAgreement)
    return found


def test_bland_altman_draws_one_point_a_lesion_and_names_its_lines() -> None:
    rows = arcs(70)
    spec = bland_altman_chart(limits(rows), rows, words=WORDS)
    points = next(one for one in spec["layer"] if one["mark"]["type"] == "point")["data"]["values"]
    assert len(points) == 70
    assert points[1] == {"middle": (1.0 - 9.0) / 2, "difference": -10.0}
    # Differences are 0, -10, ... -60 in turn: their mean is -30.
    assert any(text.startswith(f"Mean {MINUS}30 (") for text in texts(spec))
    alt.LayerChart.from_dict(spec)
    assert "<svg" in render_svg(spec)


def test_bland_altman_counts_lesions_in_squares_when_there_are_many() -> None:
    rows = arcs(2100)
    spec = bland_altman_chart(limits(rows), rows, words=WORDS)
    cells = next(one for one in spec["layer"] if "color" in one["encoding"])["data"]["values"]
    assert sum(cell["n"] for cell in cells) == 2100
    assert all(layer["mark"]["type"] != "point" for layer in spec["layer"])
    assert "<svg" in render_svg(spec)


def test_bland_altman_says_itself_in_words() -> None:
    text = bland_altman_alt(limits(arcs(70)), WORDS)
    assert "70 lesions" in text
    assert "Upper limit" in text
    assert "lie between the limits" in text


def test_a_measurement_has_a_true_minus_and_nought_has_none() -> None:
    assert (signed(-123.4, digits=0), signed(-0.04), signed(-2.25)) == (f"{MINUS}123", "0.0", f"{MINUS}2.2")
    assert estimate_text(Estimate(-2.0, None, None, "none")) == f"{MINUS}2.0"
    assert estimate_text(Estimate(30.0, 21.0, 41.0, "t"), digits=0) == "30 (21 to 41)"


def agreement() -> GradeAgreement:
    rows = pl.DataFrame(
        {
            "patient_id": range(12),
            "one": ["none"] * 4 + ["severe"] * 8,
            "other": ["none"] * 3 + ["severe"] * 6 + ["none"] * 3,
        }
    )
    found = estimate_grade_agreement(rows, first="one", second="other", levels=("none", "mild", "severe"))
    assert isinstance(found, GradeAgreement)
    return found


def test_grade_table_prints_counts_and_percent_of_the_row() -> None:
    spec = grade_table_chart(agreement(), rows="angiography", columns="OCT")
    cells = {(row["first"], row["second"]): row for row in spec["layer"][0]["data"]["values"]}
    assert cells["None", "None"]["text"] == ["3", "75 %"]
    assert cells["Severe", "None"]["text"] == ["3", "38 %"]
    # A row without lesions has no percent.
    assert cells["Mild", "None"]["text"] == ["0", ""]
    assert [key for key, row in cells.items() if row["is_same"]] == [
        ("None", "None"),
        ("Mild", "Mild"),
        ("Severe", "Severe"),
    ]
    assert "1 were graded higher by OCT, 3 lower" in " ".join(spec["title"]["subtitle"])
    assert "<svg" in render_svg(spec)
    assert "severe by angiography: 3 none, 0 mild, 5 severe by OCT" in grade_table_alt(
        agreement(), rows="angiography", columns="OCT"
    )


def share(k: int, n: int) -> Proportion:
    found = estimate_proportion(k, n)
    assert isinstance(found, Proportion)
    return found


ROWS = (
    ShareRow("All", "", share(30, 100)),
    ShareRow("Score", "0 to 3", share(0, 80)),
    ShareRow("Score", "4", share(9, 10)),
    ShareRow("Score", "open", NotEstimable("open", "Nobody is in the denominator.", "no_patients")),
)


def drawn() -> dict[str, Any]:
    return share_rows_chart(ROWS, title="Under-expanded", subtitle="By lesion.", axis_title="Share, %")


def test_rows_print_count_and_share_and_refusals_keep_their_row() -> None:
    found = texts(drawn())
    assert {"30/100", "0/80", "9/10", "up to 4.5 %", "not estimable", "open", "Score", "All"} <= set(found)
    assert found.count("Score") == 1


def test_small_groups_are_hollow_and_do_not_stretch_the_axis() -> None:
    spec = drawn()
    points = [
        layer for layer in spec["layer"] if layer["mark"]["type"] == "point" and "fill" in layer["mark"]
    ]
    assert [layer["mark"]["fill"] == "white" for layer in points] == [False, False, True]
    # 30/100 reaches 39.6 %: the axis ends at 40, and 9/10 lies beyond it.
    assert points[0]["encoding"]["x"]["scale"]["domain"] == [0, 40.0]
    assert points[2]["mark"]["shape"] == "triangle-right"
    assert "Hollow: fewer than 20" in str(spec["title"]["subtitle"])
    assert "<svg" in render_svg(spec)


def test_full_axis_ends_at_all() -> None:
    spec = share_rows_chart(ROWS[:1], title="t", subtitle="", axis_title="Share, %", full=True)
    assert spec["layer"][1]["encoding"]["x"]["scale"]["domain"] == [0, 100.0]
    assert "Hollow" not in str(spec["title"])


def test_rows_in_words() -> None:
    assert share_rows_alt(ROWS, "Under-expanded") == (
        "Under-expanded. All: 30/100 30.0 % (21.9\u201339.6); Score, 0 to 3: 0/80 up to 4.5 %; "
        "Score, 4: 9/10 90.0 % (59.6\u201398.2); Score, open: not estimable."
    )


@pytest.mark.parametrize(("k", "n", "text"), [(0, 20, "up to 16.8 %"), (20, 20, "100.0 % (83.9\u2013100.0)")])
def test_extreme_shares_say_their_limits(k: int, n: int, text: str) -> None:
    assert share_text(share(k, n)) == text
