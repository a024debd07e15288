"""An answer as blocks: tables, figures and sentences, for a terminal and for a report alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import polars as pl

from analytics.charts.cumulative_incidence import cumulative_incidence_chart
from analytics.charts.event_curve import CurveText, event_curve_chart
from analytics.charts.forest import HAZARD_RATIO, SUBDISTRIBUTION_RATIO
from analytics.charts.labels import label_group, label_term, label_variance
from analytics.charts.numbers import format_p_value
from analytics.estimation.answer_tables import (
    contrast_table,
    hierarchy_sentence,
    hierarchy_table,
    mean_table,
    pair_table,
)
from analytics.estimation.model_presenters import counts_sentence, forest_block
from analytics.estimation.part_presenters import PRESENTERS
from analytics.estimation.part_tables import ratio_table
from analytics.estimation.presentation_words import Words, find_references
from analytics.report.document import Block, Bullets, Figure, Paragraph
from analytics.report.survival_tables import (
    comparison_sentence,
    comparison_table,
    proportionality_table,
    risk_table,
)
from analytics.survival.results import (
    CoxFit,
    CumulativeIncidence,
    EventCurve,
    GroupTest,
    NotEstimable,
    ProportionalityTest,
)
from analytics.survival.results_competing import FineGrayFit
from analytics.survival.results_frailty import FrailtyFit
from analytics.survival.results_win_ratio import WinRatio

if TYPE_CHECKING:
    from analytics.estimation.outcome_data import OutcomeData
    from analytics.estimation.results import Part, Results
    from analytics.estimation.specification import Specification

SEPARATED = ' With few events or separation, penalty = "firth" gives an answer.'


def answer_blocks(spec: Specification, data: OutcomeData, results: Results) -> tuple[Block, ...]:
    """Return everything about an answer in reading order; figures stand before their tables."""
    words = find_words(spec, data, results)
    figure = curve_figure(spec, data, results)
    return (
        *((Figure(figure),) if figure is not None else ()),
        *_curve_blocks(spec, data, results),
        *_comparison_blocks(spec, data, results),
        *_model_blocks(results, words),
        *(block for part in results.parts for block in _part_blocks(part, words)),
        *_note_blocks(results),
    )


def find_words(spec: Specification, data: OutcomeData, results: Results) -> Words:
    """Put the words together that tables and figures share."""
    return Words(
        title=spec.question or spec.name,
        subtitle=data.composition,
        endpoint=data.endpoint_label,
        estimator=spec.estimator,
        unit=spec.outcome.time_unit,
        origin=_origin(spec, data),
        days=spec.horizons_days,
        horizon=_horizon(spec),
        parts={part.key: part.found for part in results.parts},
        references=find_references([results.fit, *(one for part in results.parts for one in part.found)]),
    )


def _horizon(spec: Specification) -> int:
    """Right end of the figures."""
    first, last = spec.landmark_days or 0, spec.until_days
    return max(spec.horizons_days) if last is None else min(max(spec.horizons_days), last - first)


def _origin(spec: Specification, data: OutcomeData) -> str:
    """Say what time zero is; behind a landmark it is a day after it."""
    if spec.landmark_days is None:
        return data.time_origin
    return f"{spec.outcome.time_unit.rstrip('s')} {spec.landmark_days} after {data.time_origin}"


def curve_figure(spec: Specification, data: OutcomeData, results: Results) -> dict[str, object] | None:
    """Draw the curves of an answer, or nothing where there are none."""
    label = data.endpoint_label
    curves = [one for one in results.curves if isinstance(one, EventCurve)]
    if curves:
        bands = [one for part in results.parts if part.key == "bands" for one in part.found]
        return event_curve_chart(
            curves,
            text=_curve_text(spec, data, f"Free of {label}, %"),
            horizon_days=_horizon(spec),
            bands=[one for one in bands if not isinstance(one, NotEstimable)],  # type: ignore[misc]  # of one kind
        )
    incidences = [one for one in results.curves if isinstance(one, CumulativeIncidence)]
    if not incidences:
        return None
    return cumulative_incidence_chart(
        incidences, text=_curve_text(spec, data, f"{label}, %"), horizon_days=_horizon(spec)
    )


def _curve_text(spec: Specification, data: OutcomeData, percent_title: str) -> CurveText:
    """Put the words of a curve figure together."""
    return CurveText(
        title=spec.question or spec.name,
        percent_title=percent_title,
        subtitle=data.composition,
        time_origin=_origin(spec, data),
        time_unit=spec.outcome.time_unit,
    )


def _curve_blocks(spec: Specification, data: OutcomeData, results: Results) -> list[Block]:
    """Refused curves, risks at the horizons, tests."""
    blocks: list[Block] = [_refusal(one) for one in results.curves if isinstance(one, NotEstimable)]
    if results.risks:
        caption = f"Risk of {data.endpoint_label}"
        blocks.append(risk_table(results.risks, caption=caption, time_unit=spec.outcome.time_unit))
    for test in results.tests:
        blocks.append(Paragraph(comparison_sentence(test, competing=len(data.causes) > 1)))
        if isinstance(test, GroupTest):
            blocks.append(comparison_table(test))
    return blocks


def _comparison_blocks(spec: Specification, data: OutcomeData, results: Results) -> list[Block]:
    """Restricted means, tests of pairs, and a comparison by a hierarchy of outcomes."""
    unit = spec.outcome.time_unit
    blocks: list[Block] = []
    if results.means:
        caption = f"Mean time free of {data.endpoint_label}, in {unit}"
        blocks.append(mean_table(results.means, caption=caption, time_unit=unit))
    if results.contrasts:
        blocks.append(contrast_table(results.contrasts, time_unit=unit))
    if isinstance(results.pairs, pl.DataFrame):
        blocks.append(pair_table(results.pairs))
    if isinstance(results.win_ratio, WinRatio):
        blocks += [Paragraph(hierarchy_sentence(results.win_ratio)), hierarchy_table(results.win_ratio)]
    if isinstance(results.win_ratio, NotEstimable):
        blocks.append(Paragraph(f"Not estimable: {end_sentence(results.win_ratio.reason)}"))
    return blocks


def _model_blocks(results: Results, words: Words) -> list[Block]:
    """Coefficients of a Cox or Fine-Gray model with their forest, and the test of proportional hazards."""
    fit = results.fit
    if fit is None:
        return []
    if isinstance(fit, NotEstimable):
        advice = SEPARATED if fit.code == "separation" else ""
        return [Paragraph(f"Not estimable: {end_sentence(fit.reason)}{advice}")]
    ratio = SUBDISTRIBUTION_RATIO if isinstance(fit, FineGrayFit) else HAZARD_RATIO
    basis = fit.basis
    kind = "Fine-Gray model" if isinstance(fit, FineGrayFit) else "Cox model"
    ties = f", ties: {fit.ties}" if isinstance(fit, CoxFit) else ""
    caption = f"{kind}{ties}, variance: {label_variance(basis.variance)}"
    blocks: list[Block] = [Paragraph(counts_sentence(basis, words.unit))]
    if "by_period" not in words.parts:
        blocks.append(forest_block(fit.table, basis, ratio, words))
    blocks.append(ratio_table(fit.table, basis, ratio, caption=caption, label=words.term))
    if isinstance(fit, FrailtyFit):
        blocks.append(Paragraph(frailty_sentence(fit)))
    if isinstance(results.proportionality, ProportionalityTest):
        own = {term: label_term(term) for term in results.proportionality.table["term"]}
        blocks.append(proportionality_table(results.proportionality, own))
    return blocks


def frailty_sentence(fit: FrailtyFit) -> str:
    """Say how far clusters differ beyond chance."""
    limits = ""
    if fit.theta_lower == fit.theta_lower:  # not a number where no likelihood is profiled
        limits = f" ({fit.theta_lower:.3f} to {fit.theta_upper:.3f})"
    test = f", {format_p_value(fit.test.p_value)}" if fit.test is not None else ""
    boundary = " No spread beyond chance was found." if fit.is_at_boundary else ""
    return (
        f"Spread between {fit.clusters.height} clusters (variance of the frailty, {fit.estimator}): "
        f"{fit.theta:.3f}{limits}{test}.{boundary} A hazard ratio here compares patients of one cluster."
    )


def _part_blocks(part: Part, words: Words) -> list[Block]:
    """Show one part: refusals as sentences, the rest by its presenter."""
    refused = [_refusal(one) for one in part.found if isinstance(one, NotEstimable)]
    known = tuple(one for one in part.found if not isinstance(one, NotEstimable))
    if not known:
        return cast("list[Block]", refused)
    return [*refused, *PRESENTERS[part.key].present(known, words)]


def _refusal(one: NotEstimable) -> Paragraph:
    """Say of whom there is no number, and why."""
    return Paragraph(f"{label_group(one.group)}: not estimable. {end_sentence(one.reason)}")


def _note_blocks(results: Results) -> list[Block]:
    """Sentences that must stand beside the numbers, each once."""
    found = (
        *results.curves,
        *results.risks,
        results.fit,
        results.win_ratio,
        *(one for part in results.parts for one in part.found),
    )
    warnings = (warning for one in found for warning in _warnings(one))
    notes = dict.fromkeys((*results.notes, *warnings))
    return [Bullets(tuple(end_sentence(note) for note in notes))] if notes else []


def _warnings(result: object) -> tuple[str, ...]:
    """Collect sentences that must be shown beside a number."""
    basis = getattr(result, "basis", None)
    return basis.warnings if basis is not None else ()


def end_sentence(text: str) -> str:
    """Begin a text with a capital and end it with one full stop."""
    return text[:1].upper() + text[1:].rstrip(".") + "."
