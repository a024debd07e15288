"""Flow figure: who entered the cohort, who was left out at each step, and why."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from analytics.charts.labels import STEP_LABELS
from analytics.charts.numbers import format_count
from analytics.charts.theme import INK, MUTED, Spec, frame, text_layer

if TYPE_CHECKING:
    import polars as pl

BOX_WIDTH = 300
BOX_HEIGHT = 46
STEP_HEIGHT = 78
SIDE_LEFT = 350
SIDE_WIDTH = 330
SIDE_CHARACTERS = 54


def attrition_chart(attrition: pl.DataFrame, *, title: str = "From the registry to the cohort") -> Spec:
    """Draw the steps of the cohort from top to bottom.

    Parameters
    ----------
    attrition
        ``step``, ``n_patients``, ``n_procedures``, ``n_lesions``, ``n_left_out`` (procedures), ``reason``;
        in order. The reason of a row says why its ``n_left_out`` procedures did not reach this step.
    title
        Sentence case.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data.
    """
    rows = drawn_steps(attrition)
    layers: list[Spec] = []
    for i, row in enumerate(rows):
        layers.extend(_step(row, top=i * STEP_HEIGHT))
        if i:
            layers.append(_arrow(top=(i - 1) * STEP_HEIGHT + BOX_HEIGHT))
        if row["n_left_out"]:
            layers.extend(_left_out(row, middle=i * STEP_HEIGHT - (STEP_HEIGHT - BOX_HEIGHT) / 2))
    height = STEP_HEIGHT * max(0, len(rows) - 1) + BOX_HEIGHT
    subtitle = "Steps that left nobody out are not drawn." if len(rows) < attrition.height else ""
    outer = frame(title=title, subtitle=subtitle, alt=attrition_alt(attrition, title=title))
    return {**outer, "width": SIDE_LEFT + SIDE_WIDTH, "height": height, "layer": layers}


def drawn_steps(attrition: pl.DataFrame) -> list[Spec]:
    """Return the first and the last step and every step that left somebody out, in words.

    Parameters
    ----------
    attrition
        As for `attrition_chart`.
    """
    last = attrition.height - 1
    return [
        {
            **row,
            "step": STEP_LABELS.get(row["step"], row["step"]),
            "reason": _as_clause(row["reason"]),
        }
        for i, row in enumerate(attrition.iter_rows(named=True))
        if i in {0, last} or row["n_left_out"]
    ]


def _as_clause(reason: str | None) -> str:
    """Turn a sentence into what may follow a colon."""
    text = (reason or "").rstrip(".")
    return text[:1].lower() + text[1:]


def counts_text(row: dict[str, object]) -> str:
    """Return the three counts of a step with their units; a count that is missing is left out."""
    units = (("n_procedures", "procedures"), ("n_patients", "patients"), ("n_lesions", "lesions"))
    return " · ".join(
        f"{format_count(int(str(row[key])))} {unit}" for key, unit in units if row.get(key) is not None
    )


def _step(row: dict[str, object], *, top: float) -> list[Spec]:
    """One box with the name of the step and its counts."""
    middle: Spec = {"value": BOX_WIDTH / 2}
    return [
        _box(left=0, right=BOX_WIDTH, top=top, bottom=top + BOX_HEIGHT),
        text_layer(
            [{"text": row["step"]}],
            x=middle,
            y={"value": top + 15},
            align="center",
            baseline="middle",
            fontWeight=600,
            limit=BOX_WIDTH - 12,
        ),
        text_layer(
            [{"text": counts_text(row)}],
            x=middle,
            y={"value": top + 33},
            align="center",
            baseline="middle",
            color=INK,
        ),
    ]


def _left_out(row: dict[str, object], *, middle: float) -> list[Spec]:
    """Branch to the right: how many procedures left, and why."""
    words = f"{format_count(int(str(row['n_left_out'])))} left out: {row['reason']}"
    text = textwrap.wrap(words, SIDE_CHARACTERS)
    branch: Spec = {
        "data": {"values": [{}]},
        "mark": {"type": "rule", "color": MUTED, "aria": False},
        "encoding": {"x": {"value": BOX_WIDTH / 2}, "x2": {"value": SIDE_LEFT - 8}, "y": {"value": middle}},
    }
    label = text_layer(
        [{"text": text}],
        x={"value": SIDE_LEFT},
        y={"value": middle},
        align="left",
        baseline="middle",
        lineHeight=14,
        dy=-7 * (len(text) - 1),
    )
    return [branch, label]


def _box(*, left: float, right: float, top: float, bottom: float) -> Spec:
    """Draw a rectangle at fixed pixels."""
    return {
        "data": {"values": [{}]},
        "mark": {
            "type": "rect",
            "fill": "#f5f5f7",
            "stroke": MUTED,
            "strokeWidth": 1,
            "cornerRadius": 3,
            "aria": False,
        },
        "encoding": {
            "x": {"value": left},
            "x2": {"value": right},
            "y": {"value": top},
            "y2": {"value": bottom},
        },
    }


def _arrow(*, top: float) -> Spec:
    """Line from one box down to the next."""
    bottom = top + STEP_HEIGHT - BOX_HEIGHT
    return {
        "data": {"values": [{}]},
        "mark": {"type": "rule", "color": MUTED, "aria": False},
        "encoding": {"x": {"value": BOX_WIDTH / 2}, "y": {"value": top}, "y2": {"value": bottom}},
    }


def attrition_alt(attrition: pl.DataFrame, *, title: str) -> str:
    """Return the figure in words: each step with its counts and what was left out."""
    clauses = []
    for row in drawn_steps(attrition):
        left = f", {format_count(row['n_left_out'])} left out: {row['reason']}" if row["n_left_out"] else ""
        clauses.append(f"{row['step']}: {counts_text(row)}{left}")
    return f"{title}. " + "; ".join(clauses) + "."
