"""`calcpci estimate`: read a specification, find its data, estimate, say it in words, JSON, a figure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from analytics.answer_tables import (
    contrast_table,
    hierarchy_sentence,
    hierarchy_table,
    mean_table,
    pair_table,
    subdistribution_table,
)
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
    CumulativeIncidence,
    EventCurve,
    GroupTest,
    NotEstimable,
    ProportionalityTest,
)
from analytics.survival.results_competing import FineGrayFit
from analytics.survival.results_win_ratio import WinRatio

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.charts.theme import Spec
    from analytics.survival.results import CoxFit


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
        "restricted_means": serialise(answer.results.means),
        "contrasts": serialise(answer.results.contrasts),
        "pairs": serialise(answer.results.pairs),
        "win_ratio": serialise(answer.results.win_ratio),
        "fine_gray": serialise(answer.results.fit) if answer.spec.estimator == "fine_gray" else None,
        "cox": serialise(answer.results.fit) if answer.spec.estimator == "cox" else None,
        "proportionality": serialise(answer.results.proportionality),
    }


def render_answer(answer: Answer) -> str:
    """Return the answer in words and aligned columns, for a terminal."""
    head = [answer.spec.question or answer.spec.name, answer.data.composition, f"Data: {answer.data.source}."]
    if answer.spec.landmark_days is not None:
        head.append(
            f"Days count from day {answer.spec.landmark_days}, among those event-free and followed beyond it."
        )
    if answer.spec.until_days is not None:
        head.append(f"Events after day {answer.spec.until_days} do not count.")
    if answer.spec.weights:
        head.append("Curves are weighted; the weights are taken as known. Groups are not tested.")
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
    parts.extend(_render_comparisons(answer))
    parts.extend(_render_model(results))
    warnings = dict.fromkeys(
        warning
        for one in (*results.curves, *results.risks, results.fit, results.win_ratio)
        for warning in _warnings(one)
    )
    return [*parts, *(f"Note: {_sentence(warning)}" for warning in warnings)]


def _render_comparisons(answer: Answer) -> list[str]:
    """Render restricted means, tests of pairs, and a comparison by a hierarchy of outcomes."""
    results, unit = answer.results, answer.spec.outcome.time_unit
    parts = []
    if results.means:
        caption = f"Mean time free of {answer.data.endpoint_label}, in {unit}"
        parts.append(render_table(mean_table(results.means, caption=caption, time_unit=unit)))
    if results.contrasts:
        parts.append(render_table(contrast_table(results.contrasts, time_unit=unit)))
    if isinstance(results.pairs, pl.DataFrame):
        parts.append(render_table(pair_table(results.pairs)))
    if isinstance(results.win_ratio, WinRatio):
        parts += [hierarchy_sentence(results.win_ratio), render_table(hierarchy_table(results.win_ratio))]
    if isinstance(results.win_ratio, NotEstimable):
        parts.append(f"Not estimable: {_sentence(results.win_ratio.reason)}")
    return parts


def _render_model(results: Results) -> list[str]:
    """Render the Cox model and its test of proportional hazards."""
    if isinstance(results.fit, NotEstimable):
        return [f"Not estimable: {_sentence(results.fit.reason)}"]
    if results.fit is None:
        return []
    basis = results.fit.basis
    if isinstance(results.fit, FineGrayFit):
        count = f"{basis.n_events:,} events in {basis.n:,} rows."
        return [count, render_table(subdistribution_table(results.fit))]
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
    first, last = spec.landmark_days or 0, spec.until_days
    horizon = max(spec.horizons_days) if last is None else min(max(spec.horizons_days), last - first)
    curves = [one for one in answer.results.curves if isinstance(one, EventCurve)]
    if curves:
        return event_curve_chart(curves, text=_words(answer, f"Free of {label}, %"), horizon_days=horizon)
    incidences = [one for one in answer.results.curves if isinstance(one, CumulativeIncidence)]
    if incidences:
        return cumulative_incidence_chart(
            incidences, text=_words(answer, f"{label}, %"), horizon_days=horizon
        )
    return _draw_model(answer)


def _draw_model(answer: Answer) -> Spec | None:
    """Draw the ratios of a model; those of subdistributions are named as such."""
    spec, fit = answer.spec, answer.results.fit
    if fit is None or isinstance(fit, NotEstimable):
        return None
    words = {term: label_term(term) for term in fit.terms}
    title, subtitle = spec.question or spec.name, answer.data.composition
    if isinstance(fit, FineGrayFit):
        subtitle = f"{subtitle} Ratios of subdistribution hazards."
    # The figure reads the table, the basis and the terms, which both kinds of model have.
    return hazard_ratio_chart(cast("CoxFit", fit), title=title, labels=words, subtitle=subtitle)


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
