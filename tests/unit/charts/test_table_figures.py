"""Dot-and-interval, forest, heat grid and flow figures hold the numbers of their results."""

from __future__ import annotations

from dataclasses import replace

import altair as alt
import polars as pl

from analytics.charts.attrition import attrition_alt, attrition_chart, drawn_steps
from analytics.charts.completeness import completeness_alt, completeness_chart, percent_text
from analytics.charts.complication_rates import (
    complication_rate_alt,
    complication_rate_chart,
    count_text,
    rate_text,
    sort_rates,
)
from analytics.charts.export import render_png, render_svg
from analytics.charts.forest import hazard_ratio_chart, hazard_ratio_text
from analytics.complications.results import ComplicationRate
from analytics.survival.results import Basis, CoxFit


def rate(strategy: str, severity: str, k: int, n: int, status: str = "observed") -> ComplicationRate:
    known = status in {"observed", "zero"}
    share = k / n if n else 0.0
    limits = (share / 2, 0.0303 if status == "zero" else min(1.0, 2 * share)) if known else (None, None)
    key = "burr_entrapment" if status == "structural_zero" else "perforation_any"
    return ComplicationRate(
        key, strategy, severity, "procedure", k, n, 3, status, share if known else None, *limits
    )


RATES = [
    rate("nc_balloon", "severe", 9, 1902),
    rate("intravascular_lithotripsy", "mild", 0, 120, "zero"),
    rate("rotational_atherectomy", "severe", 2, 15),
    rate("rotational_atherectomy", "moderate", 14, 1940),
]


def test_devices_stand_in_clinical_order_and_never_by_rate() -> None:
    assert [(one.strategy, one.severity) for one in sort_rates(RATES)] == [
        ("rotational_atherectomy", "moderate"),
        ("rotational_atherectomy", "severe"),
        ("intravascular_lithotripsy", "mild"),
        ("nc_balloon", "severe"),
    ]


def test_observed_zero_shows_how_high_the_rate_may_be() -> None:
    assert (count_text(RATES[1]), rate_text(RATES[1])) == ("0/120", "up to 3.0 %")


def test_a_zero_with_records_that_do_not_tell_is_not_called_none_seen() -> None:
    assert rate_text(replace(RATES[1], n_unclear=2)) == "none certain, 2 unclear"
    assert rate_text(replace(RATES[3], n_unclear=1)) == "0.7 % (0.4\u20131.4), 1 unclear"


def test_structural_zero_is_not_a_number() -> None:
    impossible = rate("intravascular_lithotripsy", "severe", 0, 0, "structural_zero")
    assert (count_text(impossible), rate_text(impossible)) == ("", "n/a (no burr)")


def test_rate_shows_counts_and_interval() -> None:
    assert (count_text(RATES[3]), rate_text(RATES[3])) == ("14/1,940", "0.7 % (0.4\u20131.4)")


def test_marks_of_small_groups_are_hollow() -> None:
    svg_marks = str(complication_rate_chart(RATES))
    assert svg_marks.count("'fill': 'white'") == 1
    assert "Hollow: fewer than 20;" in svg_marks


def test_rate_figure_says_how_many_were_left_out() -> None:
    assert "12 left out" in " ".join(complication_rate_chart(RATES)["title"]["subtitle"])


def test_rate_alternative_text_has_one_clause_a_group() -> None:
    assert "Intravascular lithotripsy, mild: 0/120 up to 3.0 %" in complication_rate_alt(RATES)


def cox() -> CoxFit:
    table = pl.DataFrame(
        {
            "term": ["severity=severe", "age"],
            "hazard_ratio": [1.7, 60.0],
            "lower": [1.3, 0.001],
            "upper": [2.2, 900.0],
        }
    )
    basis = Basis("Cox", "sandwich by patient_id", "Wald, 95 %", 5000, 612, 0.0)
    return CoxFit(("severity=severe", "age"), table, (), (), 0.0, 0.0, pl.DataFrame(), basis=basis)


def test_hazard_ratios_are_printed_in_full_even_where_the_axis_ends() -> None:
    spec = hazard_ratio_chart(cox(), title="Hazard of MACE", labels={"severity=severe": "Severe"})
    assert hazard_ratio_text(1.7, 1.3, 2.2) == "1.70 (1.30\u20132.20)"
    assert "60.0 (0.00\u2013900.0)" in str(spec)
    assert "612 events in 5,000" in spec["title"]["subtitle"]
    assert "'type': 'log'" in str(spec)


COMPLETENESS = pl.DataFrame(
    {
        "site_id": ["B", "A", "A"],
        "table_name": ["procedures"] * 3,
        "column_name": ["lvef_pct", "lvef_pct", "smoking"],
        "n": [200, 3, 0],
        "n_filled": [199, 1, 0],
    }
)


def test_completeness_is_never_rounded_to_full() -> None:
    assert percent_text(1999, 2000) == "99"
    assert percent_text(2000, 2000) == "100"
    assert percent_text(1, 1000) == "1"


def test_grid_leaves_out_fields_without_rows() -> None:
    spec = completeness_chart(COMPLETENESS, title="Filled cells")
    assert [(cell["site"], cell["text"]) for cell in spec["layer"][0]["data"]["values"]] == [
        ("B", "99"),
        ("A", "33"),
    ]
    assert "lvef_pct 99 %" in completeness_alt(COMPLETENESS, title="Filled cells")


ATTRITION = pl.DataFrame(
    {
        "step": ["registered", "has_lesion", "known_day", "first_procedure"],
        "n_patients": [90, 88, 88, 88],
        "n_procedures": [100, 97, 97, 88],
        "n_lesions": [130, 130, 130, 120],
        "n_left_out": [0, 3, 0, 9],
        "reason": ["All.", "No lesion is recorded.", "Day unknown.", "Not the first."],
    }
)


def test_flow_draws_first_last_and_every_step_that_left_somebody_out() -> None:
    assert [row["step"] for row in drawn_steps(ATTRITION)] == [
        "Procedures in the registry", "With a recorded lesion", "Index procedures",
    ]  # fmt: skip
    spec = attrition_chart(ATTRITION)
    assert "9 left out: not the first" in str(spec)
    assert "Index procedures: 88 procedures" in attrition_alt(ATTRITION, title="Flow")


def test_figures_are_valid_vega_lite_and_become_files_with_text() -> None:
    for spec in (
        complication_rate_chart(RATES),
        hazard_ratio_chart(cox(), title="Hazard"),
        completeness_chart(COMPLETENESS, title="Filled"),
        attrition_chart(ATTRITION),
    ):
        alt.Chart.from_dict(spec)
        svg = render_svg(spec)
        assert "<svg" in svg
        assert "</text>" in svg
        assert "http://" not in svg.replace("http://www.w3.org", "")
    assert render_png(attrition_chart(ATTRITION), scale=1).startswith(b"\x89PNG")
