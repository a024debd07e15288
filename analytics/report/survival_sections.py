"""Sections on endpoints over time: composites, components and regression models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.cumulative_incidence import cumulative_incidence_chart
from analytics.charts.event_curve import CurveText, event_curve_chart
from analytics.charts.forest import hazard_ratio_chart
from analytics.charts.labels import label_group
from analytics.report.document import Block, Bullets, Figure, Paragraph, Section
from analytics.report.survival_tables import (
    comparison_sentence,
    comparison_table,
    cox_table,
    proportionality_table,
    risk_table,
    warning_sentences,
)
from analytics.survival.results import (
    CumulativeIncidence,
    EventCurve,
    GroupTest,
    NotEstimable,
    ProportionalityTest,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.charts.theme import Spec
    from analytics.report.content import CoxBlock, SurvivalBlock


def survival_sections(blocks: Sequence[SurvivalBlock]) -> tuple[Section, ...]:
    """Return the heading and one part for each composite endpoint."""
    if not blocks:
        return ()
    return (
        Section("outcomes", "Outcomes after the procedure", ()),
        *(survival_section(one) for one in blocks),
    )


def component_sections(blocks: Sequence[SurvivalBlock]) -> tuple[Section, ...]:
    """Return the heading and one part for each component."""
    if not blocks:
        return ()
    lead = Paragraph("Where death prevents the event, it counts as a competing event and not as censoring.")
    return (Section("components", "Components", (lead,)), *(survival_section(one) for one in blocks))


def survival_section(block: SurvivalBlock) -> Section:
    """Return one endpoint: composition, figure, risks, refusals, warnings and tests."""
    parts: list[Block] = [Paragraph(block.composition)]
    if block.note:
        parts.append(Paragraph(block.note))
    spec = survival_figure(block)
    if spec is not None:
        parts.append(Figure(spec))
    if block.risks:
        parts.append(risk_table(block.risks, caption=_risk_caption(block)))
    remarks = (*refusal_sentences(block), *warning_sentences((*block.curves, *block.risks)))
    if remarks:
        parts.append(Bullets(remarks))
    for test in block.tests:
        parts.append(Paragraph(comparison_sentence(test, competing=has_competitor(block))))
        if isinstance(test, GroupTest):
            parts.append(comparison_table(test))
    return Section(block.key.replace("_", "-"), block.title, tuple(parts), 3)


def has_competitor(block: SurvivalBlock) -> bool:
    """Whether another kind of event competes with the endpoint of a block."""
    return any(isinstance(one, CumulativeIncidence) and len(one.causes) > 1 for one in block.curves)


def _risk_caption(block: SurvivalBlock) -> str:
    """Say which risk the table holds, and from which day on."""
    since = f", among those without it on day {block.first_day}" if block.first_day else ""
    return f"Risk of {block.endpoint_label} since {block.time_origin}{since}"


def survival_figure(block: SurvivalBlock) -> Spec | None:
    """Return the figure of an endpoint, or None where no group has a curve."""
    curves = [one for one in block.curves if isinstance(one, EventCurve)]
    if curves:
        return event_curve_chart(
            curves, text=_text(block, f"Free of {block.endpoint_label}, %"), horizon_days=block.horizon_days
        )
    incidences = [one for one in block.curves if isinstance(one, CumulativeIncidence)]
    if incidences:
        return cumulative_incidence_chart(
            incidences, text=_text(block, f"{block.endpoint_label}, %"), horizon_days=block.horizon_days
        )
    return None


def _text(block: SurvivalBlock, percent_title: str) -> CurveText:
    """Words of the figure of an endpoint."""
    return CurveText(block.title, percent_title, block.composition, block.time_origin, block.first_day)


def refusal_sentences(block: SurvivalBlock) -> tuple[str, ...]:
    """Return one sentence for each group without a curve."""
    refused = [one for one in block.curves if isinstance(one, NotEstimable)]
    return tuple(f"{label_group(one.group)}: not estimable. {one.reason}" for one in refused)


def cox_sections(blocks: Sequence[CoxBlock]) -> tuple[Section, ...]:
    """Return the heading and one part for each model."""
    if not blocks:
        return ()
    return (Section("models", "Regression models", ()), *(_cox_section(one) for one in blocks))


def _cox_section(block: CoxBlock) -> Section:
    """One model: figure, table, test of proportional hazards."""
    key = block.key.replace("_", "-")
    if isinstance(block.fit, NotEstimable):
        parts: tuple[Block, ...] = (
            Paragraph(block.subtitle),
            Paragraph(f"Not estimable: {block.fit.reason}"),
        )
        return Section(key, block.title, parts, 3)
    figure = hazard_ratio_chart(block.fit, title=block.title, labels=block.labels)
    blocks: list[Block] = [Paragraph(block.subtitle), Figure(figure), cox_table(block.fit, block.labels)]
    if isinstance(block.proportionality, ProportionalityTest):
        blocks.append(proportionality_table(block.proportionality, block.labels))
    remarks = warning_sentences((block.fit,))
    if remarks:
        blocks.append(Bullets(remarks))
    return Section(key, block.title, tuple(blocks), 3)
