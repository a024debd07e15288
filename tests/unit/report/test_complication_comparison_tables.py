"""Tables of compared complications: signs, refusals, notes; and the figures that go with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analytics.charts.complication_benchmarks import benchmark_text
from analytics.charts.complication_contrasts import complication_contrast_chart
from analytics.charts.complication_quarters import quarterly_rate_chart
from analytics.charts.complication_rates import complication_rate_chart
from analytics.complications.comparison_results import (
    AdjustedDifference,
    GroupContrast,
    QuarterlyRates,
    SeverityTrend,
)
from analytics.complications.comparisons import adjust_contrasts, contrast_rates
from analytics.complications.results import ComplicationRate
from analytics.evidence.matching import Benchmark, Benchmarks, Difference
from analytics.proportions.results import CountTest
from analytics.refusals import NotEstimable
from analytics.report.complication_benchmark_tables import BenchmarkedRate, benchmark_table
from analytics.report.complication_comparison_tables import (
    adjustment_notes,
    comparison_notes,
    contrast_table,
    quarter_sentence,
    quarter_table,
    trend_table,
)
from analytics.report.complication_tables import detail_table, drawn_groups, rate_table

FEW = NotEstimable("standardised", "The data do not carry the covariates.", "too_few_events")
ADJUSTED = AdjustedDifference(
    0.0061, -0.0002, 0.0123, 2.2, 1.1, 4.4, 0.03, ("age_years", "dialysis"), "logistic regression"
)


def rate(n_events: int, n_total: int, **given: object) -> ComplicationRate:
    blank = ComplicationRate(
        "perforation_any", "all", "severe", "lesion", n_events, n_total, 0,
        "observed" if n_events else "zero", n_events / max(n_total, 1), 0.0, 0.05,
    )  # fmt: skip
    return replace(blank, **given)


def contrast(standardised: AdjustedDifference | NotEstimable, k: int = 33) -> GroupContrast:
    second = rate(9, 1902, severity="none_mild")
    found = contrast_rates(rate(k, 2115), second, by="severity", standardised=standardised)
    return adjust_contrasts([found])[0]


def test_crude_and_standardised_numbers_stand_side_by_side() -> None:
    table = contrast_table([contrast(ADJUSTED)], caption="Against none or mild")
    row = dict(zip(table.header, table.rows[0], strict=True))
    # 33/2,115 - 9/1,902 = 0.015603 - 0.004732 = 1.1 points; ratio 3.30 (Koopman 1.61 to 6.77).
    assert row["k/n"] == "33/2,115"
    assert table.caption == "Against none or mild (9/1,902)"
    assert row["Crude difference, points"].startswith("+1.1 (+0.5 to +1.7)")
    assert row["Crude ratio"] == "3.30 (1.61\u20136.77)"
    assert row["Standardised difference, points"] == "+0.6 (0.0 to +1.2)"
    assert row["Standardised ratio"] == "2.20 (1.10\u20134.40)"
    assert (row["p"], row["p adjusted"]) == ("< 0.001", "< 0.001 (Holm)")


def test_why_there_is_no_standardised_number_stands_in_its_place() -> None:
    table = contrast_table([contrast(FEW)], caption="Against none or mild")
    row = dict(zip(table.header, table.rows[0], strict=True))
    assert row["Standardised difference, points"] == "not estimable: too few events"
    assert row["Standardised ratio"] == ""


def test_a_group_without_events_shows_no_ratio() -> None:
    table = contrast_table([contrast(FEW, k=0)], caption="Against none or mild")
    row = dict(zip(table.header, table.rows[0], strict=True))
    assert row["Crude ratio"] == ""
    assert row["Crude difference, points"].startswith("\N{MINUS SIGN}0.5")


def test_several_complications_are_named_with_their_unit() -> None:
    other = contrast(ADJUSTED)
    named = replace(other, first=replace(other.first, complication="av_block", unit="procedure"))
    table = contrast_table([contrast(ADJUSTED), named], caption="Against none or mild")
    assert [row[0] for row in table.rows] == ["Perforation, any, by lesion", "AV block, by procedure"]
    assert {row[table.header.index("Reference k/n")] for row in table.rows} == {"9/1,902"}


def test_notes_say_what_was_adjusted_for() -> None:
    assert adjustment_notes([contrast(ADJUSTED)])[0].endswith("adjusted for age and dialysis.")
    assert adjustment_notes([contrast(FEW)]) == ()
    fewer = replace(ADJUSTED, adjusted_for=("age_years",))
    block = contrast(fewer)
    named = replace(block, first=replace(block.first, complication="av_block"))
    both = adjustment_notes([contrast(ADJUSTED), named])[0]
    assert "Perforation, any: age and dialysis; AV block: age." in both


def test_notes_say_how_many_comparisons_there_were() -> None:
    notes = " ".join(comparison_notes(n_compared=7))
    assert "for 7 comparisons" in notes
    assert "Holm" in notes


def test_trend_table_has_a_column_for_each_grade() -> None:
    rates = (rate(1, 50, severity="none_mild"), rate(2, 40, severity="moderate"), rate(6, 60))
    trends = [
        SeverityTrend("all", rates, CountTest("exact trend", 0.043), 0.086),
        SeverityTrend("elca", rates, NotEstimable("trend", "Nobody had the event.", "no_events"), None),
    ]
    table = trend_table(trends, caption="Perforation")
    assert table.header[1:4] == ("None or mild", "Moderate", "Severe")
    assert table.rows[0][-2:] == ("0.043", "0.086")
    assert table.rows[1][-2] == "not estimable: no events"


QUARTERS = QuarterlyRates(
    ("2024 Q1", "2024 Q2"), (rate(1, 50), rate(0, 12)), CountTest("exact trend", 0.6), 4
)


def test_quarters_stand_in_order_with_their_counts() -> None:
    table = quarter_table(QUARTERS, caption="By quarter")
    assert [row[:2] for row in table.rows] == [("2024 Q1", "1/50"), ("2024 Q2", "0/12")]
    assert table.rows[1][2] == "up to 5.0 %"
    assert quarter_sentence(QUARTERS) == (
        "Trend over quarters: p = 0.600 (exact trend). 4 without a calendar date are in no quarter."
    )


def test_quarter_figure_draws_a_hollow_mark_for_few() -> None:
    spec = quarterly_rate_chart(QUARTERS, subtitle="Trend.")
    rows = spec["data"]["values"]
    assert [row["percent"] for row in rows] == [pytest.approx(2.0), 0.0]
    assert [row["fill"] == "white" for row in rows] == [False, True]
    assert "2024 Q2: 0/12 up to 5.0 %" in spec["description"]
    assert "Hollow: fewer than 20." in str(spec["title"])


def test_many_quarters_are_drawn_without_their_counts() -> None:
    names = tuple(f"{year} Q{quarter}" for year in range(2019, 2023) for quarter in range(1, 5))
    many = QuarterlyRates(names, tuple(rate(1, 50) for _ in names), CountTest("exact trend", 0.6), 0)
    assert [layer["mark"]["type"] for layer in quarterly_rate_chart(QUARTERS)["layer"]][-1] == "text"
    layers = quarterly_rate_chart(many)["layer"]
    assert [layer["mark"]["type"] for layer in layers] == ["rule", "point"]
    assert layers[0]["encoding"]["x"]["axis"]["values"] == ["2019 Q1", "2020 Q1", "2021 Q1", "2022 Q1"]


BENCHMARK = Benchmark(
    "cad4", "Disrupt CAD IV 2021, DOI 10.1/x", "https://doi.org/10.1/x", 1.5, 1, 64, 2021, "single_arm", "",
    "patient", 0, "any, as recorded", "",
)  # fmt: skip


def test_crude_and_standardised_differences_are_drawn_in_one_row() -> None:
    spec = complication_contrast_chart([contrast(ADJUSTED), contrast(FEW)])
    points = [layer for layer in spec["layer"] if layer["mark"]["type"] == "point"]
    assert [layer["mark"]["fill"] == "white" for layer in points] == [True, False, True]
    assert points[1]["data"]["values"][0]["points"] == pytest.approx(0.61)
    assert points[1]["encoding"]["y"]["value"] - points[0]["encoding"]["y"]["value"] == 16
    assert "standardised: not estimable" in spec["description"]
    assert "against none or mild calcification" in spec["description"]


def test_one_wide_interval_does_not_press_the_others_together() -> None:
    wide = replace(ADJUSTED, lower=-0.6, upper=0.7)
    spec = complication_contrast_chart([contrast(ADJUSTED), contrast(ADJUSTED), contrast(wide)])
    x = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "point")["encoding"]["x"]
    assert x["scale"]["domain"] == [-2.0, 2.0]


def test_published_figures_are_drawn_on_the_row_that_they_agree_with() -> None:
    rates = [rate(2, 40, strategy="elca"), rate(1, 40, strategy="nc_balloon")]
    plain = complication_rate_chart(rates)
    spec = complication_rate_chart(rates, benchmarks={("elca", "severe"): (BENCHMARK,)})
    ticks = [layer for layer in spec["layer"] if layer.get("mark", {}).get("type") == "tick"]
    assert len(spec["layer"]) == len(plain["layer"]) + 1
    assert ticks[0]["data"]["values"][0]["percent"] == 1.5
    first_row = next(layer for layer in plain["layer"] if "layer" in layer)["layer"][0]["encoding"]["y"]
    # The laser comes after the balloon: one row and one gap lower.
    assert ticks[0]["encoding"]["y"] == {"value": first_row["value"] + 30.0}
    assert "DOI 10.1/x" in spec["description"]
    assert "Grey bars" not in str(plain["title"])
    subtitle = " ".join(spec["title"]["subtitle"])
    assert "Disrupt CAD IV 2021, 1/64: 1.5 % (excimer laser, severe)." in subtitle


def test_a_published_zero_says_how_many_there_may_be() -> None:
    # 1 - 0.025^(1/64) = 5.6 %.
    assert benchmark_text(replace(BENCHMARK, n_events=0, percent=0.0)) == "0/64: up to 5.6 %"
    assert benchmark_text(replace(BENCHMARK, n_events=None, n_total=None)) == "1.5 %"


def test_near_figures_never_stand_without_their_difference() -> None:
    near = replace(BENCHMARK, differences=(Difference("unit", "patients, not lesions"),))
    found = [BenchmarkedRate(rate(2, 40, strategy="elca"), Benchmarks((BENCHMARK,), (near,)))]
    table = benchmark_table(found)
    assert [row[-1] for row in table.rows] == ["none: may stand beside", "patients, not lesions"]
    assert table.rows[0][2:4] == ("1/64: 1.5 %", "Disrupt CAD IV 2021, DOI 10.1/x")


def test_a_device_that_cannot_cause_it_takes_one_row() -> None:
    blank = {"status": "structural_zero", "rate": None, "lower": None, "upper": None}
    rates = [
        rate(1, 40, strategy="rotational_atherectomy"),
        rate(1, 90, strategy="rotational_atherectomy", severity="all"),
        *(rate(0, 0, strategy="nc_balloon", severity=grade, **blank) for grade in ("mild", "severe", "all")),
        rate(0, 0, strategy="elca", severity="mild", **blank),
        rate(0, 30, strategy="elca", severity="severe"),
    ]
    drawn = [(one.strategy, one.severity) for one in drawn_groups(rates)]
    assert drawn == [
        ("rotational_atherectomy", "severe"),
        ("elca", "mild"),
        ("elca", "severe"),
        ("nc_balloon", "all"),
    ]


def test_clustered_intervals_are_named_in_figure_and_table() -> None:
    plain, clustered = rate(2, 40, strategy="elca"), rate(2, 40, strategy="elca", n_patients=31)
    assert "clustered by patient" not in rate_table([plain]).caption + str(complication_rate_chart([plain]))
    assert "clustered by patient" in rate_table([clustered]).caption
    assert "clustered by patient" in str(complication_rate_chart([clustered])["title"])


def test_grades_stand_in_rows_and_devices_in_columns() -> None:
    rates = [
        rate(2, 40, complication="perforation_ellis_i", strategy="elca", severity="all"),
        rate(1, 40, complication="perforation_ellis_ii", strategy="elca", severity="all"),
        rate(0, 90, complication="perforation_ellis_i", strategy="all", severity="all"),
    ]
    table = detail_table(rates)
    assert table.header == ("Grade or form", "Excimer laser", "All strategies")
    assert [row[0] for row in table.rows] == ["Perforation, Ellis I", "Perforation, Ellis II"]
    assert table.rows[0][2] == "0/90: up to 5.0 %"
    assert table.rows[1][2] == ""
