"""The forest figure of published shares says what it draws, and draws nothing beyond its axis."""

import pytest

from analytics.charts.evidence_forest import EvidenceRow, count_text, evidence_alt, evidence_chart, share_text
from analytics.charts.export import render_svg
from analytics.charts.numbers import EN_DASH
from analytics.charts.theme import Spec

ROWS = [
    EvidenceRow("heading", "Lithotripsy, severe, per patient"),
    EvidenceRow("registry", "This registry", 0, 12, 0.0, 0.0, 0.265),
    EvidenceRow("study", "Study one 2020", 4, 200, 0.02, 0.008, 0.05),
    EvidenceRow("study", "Study two 2021", None, 435, 0.0094),
    EvidenceRow("pooled", "Pooled, 2 studies", 9, 600, 0.015, 0.006, 0.04, (0.001, 0.2)),
]


def points(spec: Spec) -> list[Spec]:
    return [layer for layer in spec["layer"] if layer["mark"]["type"] == "point"]


def test_every_share_is_drawn_and_headings_are_not() -> None:
    spec = evidence_chart(ROWS, title="Perforation")
    shares = [layer["data"]["values"][0]["share"] for layer in points(spec)]
    assert shares == pytest.approx([0.0, 2.0, 0.94, 1.5])


def test_limits_beyond_the_axis_are_cut_and_printed_in_full() -> None:
    spec = evidence_chart(ROWS, title="Perforation")
    ends = [layer["data"]["values"][0]["upper"] for layer in spec["layer"] if layer["mark"]["type"] == "rule"]
    # The axis holds the limits of all but tiny groups: 5 %.
    assert max(ends) == 5.0
    assert "up to 26.5 %" in spec["description"]


def test_tiny_groups_are_hollow() -> None:
    fills = [layer["mark"]["fill"] for layer in points(evidence_chart(ROWS, title="Perforation"))]
    assert fills[0] == "white"
    assert "white" not in fills[1:]


def test_texts_tell_counts_totals_and_upper_limits() -> None:
    assert [count_text(row) for row in ROWS] == ["", "0/12", "4/200", "n = 435", "9/600"]
    assert [share_text(row) for row in ROWS[:4]] == ["", "up to 26.5 %", f"2.0 % (0.8{EN_DASH}5.0)", "0.9 %"]
    assert share_text(EvidenceRow("study", "Rare", None, 435, 0.0001)) == "0.01 %"


def test_the_alternative_text_names_every_row() -> None:
    words = evidence_alt(ROWS, title="Perforation")
    assert words.startswith("Perforation. Lithotripsy, severe, per patient: This registry up to 26.5 %;")
    assert f"Pooled, 2 studies 1.5 % (0.6{EN_DASH}4.0)." in words


def test_the_figure_renders_and_long_names_are_cut() -> None:
    long = EvidenceRow(
        "study", "A registry with a name that goes on and on and on and on and on", 1, 90, 0.011, 0.0, 0.06
    )
    svg = render_svg(evidence_chart([*ROWS, long], title="Perforation"))
    assert "Study one 2020" in svg
    assert "on and on and on and on…" not in svg
    assert "…" in svg
