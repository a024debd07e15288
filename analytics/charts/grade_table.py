"""Cross table of two gradings as a heat grid: counts, and how a row spreads over the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.labels import label_severity
from analytics.charts.numbers import format_count, format_percent
from analytics.charts.theme import COMPLETENESS_RAMP, INK, Spec, frame

if TYPE_CHECKING:
    from analytics.imaging.results import GradeAgreement

CELL = 62
"""Height of a cell, pixels."""
DARK_FROM = 0.78
"""From this share of its row on a cell is dark and its number is white."""


def grade_table_chart(agreement: GradeAgreement, *, rows: str, columns: str, width: int = 460) -> Spec:
    """Draw the table of two gradings.

    Parameters
    ----------
    agreement
        The result.
    rows, columns
        Names of the first and of the second grading.
    width
        Width of the grid in pixels.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data: count and percent of its row in each cell, darker where
        more of the row lies; equal grades are framed.
    """
    values = _cells(agreement)
    labels = [label_severity(level) for level in agreement.levels]
    outer = frame(
        title=f"Grade by {rows} against grade by {columns}",
        subtitle=(
            f"{format_count(agreement.n_lesions)} lesions: number, and percent of its row. Framed: the same "
            f"grade in both. {format_count(agreement.n_second_higher)} were graded higher by {columns}, "
            f"{format_count(agreement.n_second_lower)} lower."
        ),
        alt=grade_table_alt(agreement, rows=rows, columns=columns),
    )
    axis = {"domain": False, "ticks": False, "labelAngle": 0, "labelPadding": 8, "titlePadding": 10}
    y = {"field": "first", "type": "nominal", "sort": labels, "title": f"Grade by {rows}", "axis": axis}
    x = {
        "field": "second",
        "type": "nominal",
        "sort": labels,
        "title": f"Grade by {columns}",
        "axis": {**axis, "orient": "top"},
    }
    return {
        **outer,
        "width": width,
        "height": CELL * len(labels),
        "layer": [
            {
                "data": {"values": values},
                "encoding": {"x": x, "y": y},
                "layer": [_fill(), _frame(), _numbers()],
            }
        ],
    }


def grade_table_alt(agreement: GradeAgreement, *, rows: str, columns: str) -> str:
    """Return the figure in words: one clause a row."""
    clauses = []
    for level, counts in zip(agreement.levels, agreement.counts, strict=True):
        parts = [
            f"{format_count(n)} {label_severity(other).lower()}"
            for n, other in zip(counts, agreement.levels, strict=True)
        ]
        clauses.append(f"{label_severity(level).lower()} by {rows}: {', '.join(parts)} by {columns}")
    return f"{format_count(agreement.n_lesions)} lesions. " + "; ".join(clauses) + "."


def _cells(agreement: GradeAgreement) -> list[Spec]:
    """One value for each pair of grades."""
    values: list[Spec] = []
    for i, (level, counts) in enumerate(zip(agreement.levels, agreement.counts, strict=True)):
        total = sum(counts)
        for j, (other, n) in enumerate(zip(agreement.levels, counts, strict=True)):
            share = n / total if total else 0.0
            values.append(
                {
                    "first": label_severity(level),
                    "second": label_severity(other),
                    "n": n,
                    "share": share,
                    "text": [format_count(n), format_percent(share, digits=0) if total else ""],
                    "is_same": i == j,
                }
            )
    return values


def _fill() -> Spec:
    """Cells shaded by their share of the row."""
    return {
        "mark": {"type": "rect", "stroke": "white", "strokeWidth": 2, "aria": False},
        "encoding": {
            "color": {
                "field": "share",
                "type": "quantitative",
                "scale": {"domain": [0, 1], "range": list(COMPLETENESS_RAMP)},
                "legend": None,
            },
            "tooltip": [
                {"field": "first", "type": "nominal", "title": "Row"},
                {"field": "second", "type": "nominal", "title": "Column"},
                {"field": "n", "type": "quantitative", "title": "Lesions"},
                {"field": "share", "type": "quantitative", "format": ".0%", "title": "Of the row"},
            ],
        },
    }


def _frame() -> Spec:
    """Frame of the cells in which both agree."""
    return {
        "transform": [{"filter": "datum.is_same"}],
        "mark": {"type": "rect", "filled": False, "stroke": INK, "strokeWidth": 2, "aria": False},
    }


def _numbers() -> Spec:
    """Count and percent, white on dark cells."""
    return {
        "mark": {"type": "text", "fontSize": 13, "lineHeight": 16, "dy": -7, "aria": False},
        "encoding": {
            "text": {"field": "text", "type": "nominal"},
            "color": {"condition": {"test": f"datum.share >= {DARK_FROM}", "value": "white"}, "value": INK},
        },
    }
