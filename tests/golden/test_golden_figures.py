"""Specifications and a report, compared with kept copies: `UPDATE_GOLDEN=1 pytest`, then read the diff."""

from __future__ import annotations

import json
import os
from pathlib import Path

import polars as pl
import pytest

from analytics.charts.complication_rates import complication_rate_chart
from analytics.charts.event_curve import CurveText, event_curve_chart
from analytics.complications.results import ComplicationRate
from analytics.report import ReportContent, render_markdown
from analytics.survival.results import Basis, EventCurve

KEPT = Path(__file__).parent / "kept"
RATES = (
    ComplicationRate(
        "perforation_any", "nc_balloon", "mild", "procedure", 3, 400, 0, "observed", 0.0075, 0.0026, 0.0218
    ),
    ComplicationRate("perforation_any", "elca", "severe", "procedure", 0, 12, 1, "zero", 0.0, 0.0, 0.2646),
)


def curve() -> EventCurve:
    table = pl.DataFrame(
        {
            "time_days": [0, 100, 400],
            "n_risk": [10, 9, 8],
            "n_event": [1, 1, 0],
            "n_censor": [0, 0, 8],
            "survival": [0.9, 0.8, 0.8],
            "lower": [0.47, 0.41, 0.41],
            "upper": [0.99, 0.95, 0.95],
        }
    )
    return EventCurve("severe", table, Basis("Kaplan-Meier", "Greenwood", "log-log, 95 %", 10, 2, 2500.0))


def report() -> str:
    attrition = pl.DataFrame(
        {"step": ["registered", "first_procedure"], "n_patients": [9, 9], "n_procedures": [10, 9],
         "n_lesions": [12, 11], "n_left_out": [0, 1], "reason": ["All.", "Not the first."]}
    )  # fmt: skip
    mix = pl.DataFrame({"strategy": ["elca", "nc_balloon"], "severity": ["severe", "mild"], "n": [12, 400]})
    return render_markdown(
        ReportContent(
            "Outcomes", "Made for a test.", {"snapshot": "000001-abc"}, attrition, mix, complications=RATES
        )
    )


def made() -> dict[str, str]:
    text = CurveText("Freedom from MACE", "Free of MACE, %", "Death, infarction or revascularisation.")
    figures = {
        "event_curve.json": event_curve_chart([curve()], text=text, horizon_days=365),
        "complication_rates.json": complication_rate_chart(RATES),
    }
    drawn = {name: json.dumps(spec, indent=1, ensure_ascii=False) + "\n" for name, spec in figures.items()}
    return {**drawn, "report.md": report()}


@pytest.mark.parametrize("name", ["event_curve.json", "complication_rates.json", "report.md"])
def test_output_equals_the_kept_copy(name: str) -> None:
    text, path = made()[name], KEPT / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
