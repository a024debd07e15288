"""`calcpci estimate`: read a specification, find its data, estimate, say it in words, JSON, a figure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analytics.charts.cumulative_incidence import cumulative_incidence_chart
from analytics.charts.event_curve import CurveText, event_curve_chart
from analytics.charts.export import render_png, render_svg
from analytics.charts.forest import hazard_ratio_chart
from analytics.charts.labels import label_term
from analytics.estimation import Results, estimate
from analytics.outcome_frames import OutcomeData, read_csv_outcomes, read_snapshot_outcomes
from analytics.report.plain_text import render_table
from analytics.report.serialise import serialise
from analytics.report.survival_tables import (
    comparison_sentence,
    comparison_table,
    cox_table,
    proportionality_table,
    risk_table,
)
from analytics.specification import Specification, read_specification
from analytics.store.publishing import find_current_snapshot, snapshot_folder
from analytics.store.queries import read_snapshot_info
from analytics.survival.results import (
    CoxFit,
    CumulativeIncidence,
    EventCurve,
    GroupTest,
    NotEstimable,
    ProportionalityTest,
)

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.charts.theme import Spec


@dataclass(frozen=True, eq=False)
class Answer:
    """A specification, the data it met, and what came out.

    Parameters
    ----------
    spec
        What was asked.
    data
        What it was asked of.
    results
        What came out.
    """

    spec: Specification
    data: OutcomeData
    results: Results


def run_file(path: Path, *, db: Path | None = None, data: Path | None = None) -> Answer:
    """Run the specification of a file on a registry store or on a CSV file (exactly one of the two).

    Raises
    ------
    InputFileError, SpecificationError, StoreError
        Each says where, what, and how to fix it.
    """
    spec = read_specification(path)
    return run_on_csv(spec, data) if data is not None else run_on_store(spec, db or path)


def run_on_csv(spec: Specification, data: Path) -> Answer:
    """Run a specification on a CSV file with one row per patient."""
    outcomes = read_csv_outcomes(data, spec)
    return Answer(spec, outcomes, estimate(outcomes.frame, spec, causes=outcomes.causes))


def run_on_store(spec: Specification, db: Path) -> Answer:
    """Run a specification on the current snapshot of a registry store."""
    return run_on_snapshot(spec, find_current_snapshot(snapshot_folder(db)))


def run_on_snapshot(spec: Specification, snapshot: Path) -> Answer:
    """Run a specification on one snapshot."""
    identity = read_snapshot_info(snapshot)["snapshot_id"]
    outcomes = read_snapshot_outcomes(snapshot, spec, source=f"snapshot {identity}")
    return Answer(spec, outcomes, estimate(outcomes.frame, spec, causes=outcomes.causes))


def describe_answer(answer: Answer) -> dict[str, Any]:
    """Return everything about an answer, JSON-ready, floats in full precision."""
    return {
        "analysis": serialise(answer.spec),
        "source": answer.data.source,
        "endpoint": answer.data.endpoint_label,
        "composition": answer.data.composition,
        "n_rows": answer.results.n_rows,
        "n_incomplete": answer.results.n_incomplete + answer.data.n_left_out,
        "curves": serialise(answer.results.curves),
        "risks": serialise(answer.results.risks),
        "tests": serialise(answer.results.tests),
        "cox": serialise(answer.results.fit),
        "proportionality": serialise(answer.results.proportionality),
    }


def render_answer(answer: Answer) -> str:
    """Return the answer in words and aligned columns, for a terminal."""
    head = [answer.spec.question or answer.spec.name, answer.data.composition, f"Data: {answer.data.source}."]
    if answer.spec.landmark_days is not None:
        head.append(
            f"Days count from day {answer.spec.landmark_days}, among those event-free and followed beyond it."
        )
    left_out = answer.results.n_incomplete + answer.data.n_left_out
    if left_out:
        head.append(f"{left_out:,} rows without outcome or group are left out.")
    return "\n\n".join(["\n".join(head), *_render_results(answer)])


def _render_results(answer: Answer) -> list[str]:
    """Render each part of the results as a block of text."""
    results, unit = answer.results, answer.spec.outcome.time_unit
    parts = [
        f"{one.group}: not estimable. {_sentence(one.reason)}"
        for one in results.curves
        if isinstance(one, NotEstimable)
    ]
    if results.risks:
        caption = f"Risk of {answer.data.endpoint_label}"
        parts.append(render_table(risk_table(results.risks, caption=caption, time_unit=unit)))
    for test in results.tests:
        parts.append(comparison_sentence(test))
        if isinstance(test, GroupTest):
            parts.append(render_table(comparison_table(test)))
    parts.extend(_render_model(results))
    warnings = dict.fromkeys(
        warning for one in (*results.curves, *results.risks, results.fit) for warning in _warnings(one)
    )
    return [*parts, *(f"Note: {_sentence(warning)}" for warning in warnings)]


def _render_model(results: Results) -> list[str]:
    """Render the Cox model and its test of proportional hazards."""
    if isinstance(results.fit, NotEstimable):
        return [f"Not estimable: {_sentence(results.fit.reason)}"]
    if results.fit is None:
        return []
    basis = results.fit.basis
    labels = {term: label_term(term) for term in results.fit.terms}
    parts = [f"{basis.n_events:,} events in {basis.n:,} rows.", render_table(cox_table(results.fit, labels))]
    if isinstance(results.proportionality, ProportionalityTest):
        own = {term: label_term(term) for term in results.proportionality.table["term"]}
        parts.append(render_table(proportionality_table(results.proportionality, own)))
    return parts


def _sentence(text: str) -> str:
    """End a text with one full stop."""
    return text.rstrip(".") + "."


def _warnings(result: object) -> tuple[str, ...]:
    """Collect sentences that must be shown beside a number."""
    basis = getattr(result, "basis", None)
    return basis.warnings if basis is not None else ()


def write_answer(answer: Answer, out: Path) -> tuple[Path, ...]:
    """Write ``<name>.json`` and, where there is a figure, ``<name>.svg`` and ``<name>.png``."""
    out.mkdir(parents=True, exist_ok=True)
    stem = answer.spec.name
    written = [out / f"{stem}.json"]
    text = json.dumps(describe_answer(answer), indent=2, ensure_ascii=False, allow_nan=False)
    written[0].write_text(text + "\n", encoding="utf-8")
    figure = draw_answer(answer)
    if figure is not None:
        written += [out / f"{stem}.svg", out / f"{stem}.png"]
        written[1].write_text(render_svg(figure), encoding="utf-8")
        written[2].write_bytes(render_png(figure))
    return tuple(written)


def draw_answer(answer: Answer) -> Spec | None:
    """Draw an answer, or None where there is nothing to draw."""
    spec, label = answer.spec, answer.data.endpoint_label
    horizon = max(spec.horizons_days)
    curves = [one for one in answer.results.curves if isinstance(one, EventCurve)]
    if curves:
        return event_curve_chart(curves, text=_words(answer, f"Free of {label}, %"), horizon_days=horizon)
    incidences = [one for one in answer.results.curves if isinstance(one, CumulativeIncidence)]
    if incidences:
        return cumulative_incidence_chart(
            incidences, text=_words(answer, f"{label}, %"), horizon_days=horizon
        )
    if isinstance(answer.results.fit, CoxFit):
        title = spec.question or spec.name
        return hazard_ratio_chart(answer.results.fit, title=title, subtitle=answer.data.composition)
    return None


def _words(answer: Answer, percent_title: str) -> CurveText:
    """Put the words of a curve figure together."""
    spec = answer.spec
    origin = answer.data.time_origin
    if spec.landmark_days is not None:
        origin = f"{spec.outcome.time_unit.rstrip('s')} {spec.landmark_days} after {origin}"
    return CurveText(
        title=spec.question or spec.name,
        percent_title=percent_title,
        subtitle=answer.data.composition,
        time_origin=origin,
        time_unit=spec.outcome.time_unit,
    )
