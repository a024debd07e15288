"""Reports show numbers with their basis, escape all text, ask no server, keep full precision in JSON."""

from __future__ import annotations

import json
import re

import polars as pl
import pytest

from analytics.complications.results import ComplicationRate
from analytics.report import CoxBlock, ReportContent, SurvivalBlock, render_html, render_json, render_markdown
from analytics.report.quality_sections import split_never_filled, sum_findings
from analytics.report.sections import case_mix_table
from analytics.report.serialise import serialise
from analytics.report.survival_tables import comparison_sentence, risk_rows
from analytics.survival.results import Basis, CoxFit, EventCurve, GroupTest, HorizonRisk, NotEstimable

BASIS = Basis("Kaplan-Meier", "Greenwood", "log-log, 95 %", 10, 2, 2500.0, ("Read with care.",))


def event_curve() -> EventCurve:
    table = pl.DataFrame(
        {
            "time_days": [0, 100, 400],
            "n_risk": [10, 9, 8],
            "n_event": [1, 1, 0],
            "n_censor": [0, 0, 8],
            "survival": [0.9, 0.8, 0.8],
            "lower": [0.47, 0.41, 0.41],
            "upper": [0.99, 0.95, float("nan")],
        }
    )
    return EventCurve("severe", table, BASIS)


def content() -> ReportContent:
    refusal = NotEstimable("mild", "Only 3 patients: too few for a curve.", "no_patients")
    block = SurvivalBlock(
        key="mace_by_severity",
        title="MACE by calcification severity",
        endpoint_label="MACE",
        composition="Death, infarction or revascularisation.",
        curves=(event_curve(), refusal),
        risks=(HorizonRisk("severe", 30, 1 / 3, 0.1, 0.05, 0.6, 9, 1, BASIS), refusal),
        tests=(NotEstimable("severity", "Only one group has patients.", "one_group"),),
        horizon_days=365,
    )
    rates = (
        ComplicationRate(
            "burr_entrapment", "elca", "severe", "procedure", 0, 0, 0, "structural_zero", None, None, None
        ),
        ComplicationRate(
            "burr_entrapment", "all", "all", "procedure", 1, 40, 2, "observed", 0.025, 0.004, 0.129
        ),
    )
    return ReportContent(
        title="Outcomes <script>alert(1)</script>",
        description="A registry of Smith & Sons | nobody's data.",
        manifest={"snapshot": "000001-abc", "polars": "2.1.0"},
        attrition=pl.DataFrame(
            {
                "step": ["registered"],
                "n_patients": [9],
                "n_procedures": [10],
                "n_lesions": [12],
                "n_left_out": [0],
                "reason": [None],
            }
        ),
        case_mix=pl.DataFrame(
            {
                "strategy": ["elca", "elca", "nc_balloon"],
                "severity": ["mild", "severe", "mild"],
                "n": [1, 2, 4],
            }
        ),
        complications=rates,
        survival=(block,),
        cox=(
            CoxBlock(
                "cox", "Hazard", "Compared with none.", NotEstimable("Cox model", "No event.", "no_events")
            ),
        ),
        findings=pl.DataFrame(
            {"rule_id": ["K01"], "level": ["ROW"], "sentence": ["x < y"], "remedy": ["Fix it."], "n": [7]}
        ),
    )


def test_html_escapes_text_and_asks_no_server() -> None:
    page = render_html(content())
    assert "<script" not in page
    assert "Outcomes &lt;script&gt;" in page
    assert "x &lt; y" in page
    assert re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?(?!#|data:)(https?:[^"\')\s>]+)', page) == []
    assert "default-src 'none'" in page


def test_html_holds_figures_as_svg_with_an_accessible_name() -> None:
    page = render_html(content())
    assert page.count("<svg") == page.count('role="img" aria-label="')
    assert 'aria-label="From the registry to the cohort.' in page


@pytest.mark.parametrize("render", [render_html, render_markdown], ids=["html", "markdown"])
def test_report_states_composition_refusals_and_limits(render: object) -> None:
    text = render(content())  # type: ignore[operator]  # one of two functions
    for sentence in (
        "Death, infarction or revascularisation.",
        "33.3 % (5.0\u201360.0)",
        "Only 3 patients: too few for a curve.",
        "No test: Only one group has patients.",
        "Not estimable: No event.",
        "n/a (no burr)",
        "000001-abc",
        "Read with care.",
    ):
        assert sentence in text
    assert "gives no advice on one patient" in text


def test_markdown_escapes_what_would_break_a_table() -> None:
    assert "Smith & Sons \\| nobody's data." in render_markdown(content())


def test_json_keeps_full_precision_and_refusals() -> None:
    whole = json.loads(render_json(content()))
    block = whole["survival"][0]
    assert block["risks"][0]["risk"] == 1 / 3
    assert block["risks"][1] == {
        "not_estimable": {
            "group": "mild",
            "code": "no_patients",
            "reason": "Only 3 patients: too few for a curve.",
        }
    }
    assert block["curves"][0]["table"]["upper"] == [0.99, 0.95, None]
    assert whole["format"] == "calcpci-report/1"


def test_serialise_turns_days_into_iso_text() -> None:
    frame = pl.DataFrame({"day": ["2024-02-29"]}).with_columns(pl.col("day").str.to_date("%Y-%m-%d"))
    assert serialise(frame) == [{"day": "2024-02-29"}]


def test_case_mix_adds_up_in_both_directions() -> None:
    table = case_mix_table(content().case_mix)
    assert table.header == ("Device strategy", "Mild", "Severe", "All grades")
    assert table.rows == (
        ("Non-compliant balloon", "4", "0", "4"),
        ("Excimer laser", "1", "2", "3"),
        ("All strategies", "5", "2", "7"),
    )


def test_refused_risk_keeps_its_row() -> None:
    assert risk_rows([NotEstimable("mild", "Too short.", "x")]) == (
        ("Mild", "", "not estimable", "", "Too short."),
    )


def test_a_p_value_never_stands_alone() -> None:
    table = pl.DataFrame({"group": ["a", "b"], "n": [5, 5], "observed": [1.0, 3.0], "expected": [2.0, 2.0]})
    basis = Basis("log-rank", "hypergeometric", "none", 10, 4, 1.0)
    sentence = comparison_sentence(GroupTest(("a", "b"), table, (), 1.23456, 1, 0.2665, basis))
    assert sentence == (
        "Log-rank: chi-square 1.23 on 1 degrees of freedom, p = 0.267, from 4 events in 10. "
        "Not adjusted for differences between the groups."
    )


def test_findings_are_added_up_gravest_first() -> None:
    findings = pl.DataFrame(
        {
            "rule_id": ["K02", "C01", "C01"],
            "level": ["WARN", "ROW", "ROW"],
            "sentence": ["w", "r", "r"],
            "remedy": ["", "", ""],
            "n": [50, 1, 2],
            "site_id": ["A", "A", "B"],
        }
    )
    summed = sum_findings(findings)
    assert summed.select("rule_id", "n", "n_sites").rows() == [("C01", 3, 2), ("K02", 50, 1)]


def test_fields_that_nobody_fills_are_named_apart() -> None:
    frame = pl.DataFrame(
        {
            "site_id": ["A", "B", "A"],
            "table_name": ["t"] * 3,
            "column_name": ["x", "x", "y"],
            "n": [2, 2, 2],
            "n_filled": [0, 1, 0],
        }
    )
    kept, empty = split_never_filled(frame)
    assert (kept.height, empty) == (2, ("y",))


def test_a_fitted_model_is_serialised_with_its_tests() -> None:
    fit = CoxFit((), pl.DataFrame({"term": []}), (), ((1.0,),), -1.5, -2.5, pl.DataFrame(), basis=BASIS)
    assert serialise(fit)["log_likelihood"] == -1.5
