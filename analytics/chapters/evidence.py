"""The chapter that sets rates of the registry beside published figures."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from analytics.chapters.evidence_groups import MatchedGroup, NearFigure, OutcomeEvidence, RegistryFigure
from analytics.chapters.evidence_rates import find_complication_evidence, find_endpoint_evidence
from analytics.charts.evidence_forest import SMALL_GROUP, EvidenceRow, count_text, evidence_chart, share_text
from analytics.charts.labels import label_complication, label_severity, label_strategy
from analytics.cohort.endpoints import bundled_endpoints
from analytics.complications.definitions import COMPLICATIONS
from analytics.evidence.listing import CAUTION
from analytics.evidence.pooled_results import Pooled
from analytics.evidence.pooled_text import describe_synthesis, left_out_range, pooled_lines
from analytics.evidence.vocabulary import ALL
from analytics.proportions.intervals import wilson_interval, zero_event_upper_limit
from analytics.report.content import Chapter
from analytics.report.document import Block, Bullets, Figure, Paragraph, Section, Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from analytics.evidence.matching import Benchmark
    from analytics.store.filters import CohortFilter

NAME = "evidence"
TITLE = "Beside the literature"
MOST_NEAR = 6
"""Near figures shown per complication; the command line lists all."""

OPENING = (
    "Published figures stand beside a rate only where device, calcification, unit, definition and time "
    "agree. A rate is judged against the interval in which one further study would be expected, never "
    "against a single figure: above or below means that the two intervals do not meet. One study alone "
    "judges nothing. " + CAUTION
)
SELECTED = "The cohort is filtered by presentation; published figures are of all presentations."
NOTHING = "No published figure agrees with a rate of this cohort, or comes near one."


def build_evidence(snapshot: Path, population: CohortFilter) -> Chapter:
    """Build the chapter.

    Parameters
    ----------
    snapshot
        A published snapshot.
    population
        Whom the report is about. For complications every procedure counts, for endpoints the index one.

    Raises
    ------
    StoreError
        The snapshot cannot be read.
    """
    found = (*find_complication_evidence(snapshot, population), *find_endpoint_evidence(snapshot, population))
    is_selected = bool(population.presentations)
    return write_chapter(found, remark=SELECTED if is_selected else "")


def write_chapter(found: Sequence[OutcomeEvidence], *, remark: str = "") -> Chapter:
    """Write the chapter from what was found.

    Parameters
    ----------
    found
        Outcomes with figures that agree or come near, in the order to show.
    remark
        A sentence about the cohort, or an empty text.
    """
    texts = [OPENING, *([remark] if remark else []), *([] if found else [NOTHING])]
    sections = [Section(NAME, TITLE, tuple(Paragraph(text) for text in texts))]
    sections += [_matched_section(one) for one in found if one.groups]
    without = [one for one in found if not one.groups]
    if without:
        sections.append(_context_section(without))
    if found:
        sections.append(_links_section(found))
    return Chapter(NAME, tuple(sections), {"outcomes": [_values(one) for one in found]})


def _matched_section(evidence: OutcomeEvidence) -> Section:
    """Show one outcome: figure, sources, verdicts, and what only comes near."""
    name = _label(evidence.outcome)
    rows = [row for group in evidence.groups for row in forest_rows(group)]
    blocks: list[Block] = [
        Figure(
            evidence_chart(rows, title=f"{name}: this registry and published figures", subtitle=_legend(rows))
        ),
        _source_table(evidence),
        Bullets(tuple(sentence for group in evidence.groups for sentence in _sentences(group))),
    ]
    if evidence.near:
        blocks.append(_near_table(evidence.near, caption="Context only: figures that differ"))
    return Section(f"evidence-{evidence.outcome.replace('_', '-')}", name, tuple(blocks), 3)


def _sentences(group: MatchedGroup) -> list[str]:
    """Write the verdict on a group, and what it rests on where studies were pooled."""
    said = [f"{_group_words(group.figure)}: {group.verdict.sentence}"]
    if isinstance(group.synthesis.pooled, Pooled):
        basis = [*pooled_lines(group.synthesis.pooled), left_out_range(group.synthesis)]
        said += [f"{line}." for line in basis if line]
    return said


def _legend(rows: Sequence[EvidenceRow]) -> str:
    """Explain the marks that are there."""
    words = {
        "Grey bar behind the pooled share: prediction interval for one further study.": any(
            row.prediction is not None for row in rows
        ),
        "Hollow: fewer than 20.": any(row.n_total is not None and row.n_total < SMALL_GROUP for row in rows),
        "No line: the source prints no counts.": any(
            row.share is not None and row.lower is None for row in rows
        ),
    }
    return " ".join(text for text, is_there in words.items() if is_there)


def _context_section(evidence: Sequence[OutcomeEvidence]) -> Section:
    """Show the outcomes for which nothing agrees."""
    blocks: list[Block] = [
        Paragraph(
            "Nothing published agrees with these rates. What comes nearest is shown with its differences."
        )
    ]
    blocks += [_near_table(one.near, caption=f"{_label(one.outcome)}: context only") for one in evidence]
    return Section("evidence-context", "Outcomes without a figure that agrees", tuple(blocks), 3)


def _links_section(evidence: Sequence[OutcomeEvidence]) -> Section:
    """List where a reader opens each source that is shown."""
    shown = [figure for one in evidence for group in one.groups for figure in group.beside]
    shown += [near.figure for one in evidence for near in one.near[:MOST_NEAR]]
    links = sorted({f"{_name(figure)}: {figure.link}" for figure in shown})
    return Section("evidence-sources", "Sources", (Bullets(tuple(links)),), 3)


def _name(figure: Benchmark) -> str:
    """Name a study by its citation without the identifier."""
    return figure.citation.split(", DOI ")[0].split(", PMID ")[0]


def _label(outcome: str) -> str:
    """Name a complication or an endpoint."""
    return label_complication(outcome) if outcome in COMPLICATIONS else bundled_endpoints()[outcome].label


def forest_rows(group: MatchedGroup) -> list[EvidenceRow]:
    """Turn a matched group into rows of the forest figure.

    Parameters
    ----------
    group
        A rate of the registry and the figures that agree with it.
    """
    own, pooled = group.figure, group.synthesis.pooled
    counts = (own.n_events, own.n_total)
    rows = [
        EvidenceRow("heading", _group_words(own)),
        EvidenceRow("registry", "This registry", *counts, own.share, own.lower, own.upper),
        *(study_row(figure) for figure in group.beside),
    ]
    if isinstance(pooled, Pooled):
        low, high = pooled.prediction_lower, pooled.prediction_upper
        prediction = None if low is None or high is None else (low, high)
        label = f"Pooled, {pooled.n_studies} studies"
        limits = (pooled.estimate, pooled.lower, pooled.upper)
        rows.append(EvidenceRow("pooled", label, pooled.n_events, pooled.n_total, *limits, prediction))
    return rows


def study_row(figure: Benchmark) -> EvidenceRow:
    """Turn a published figure into a row, with the interval that its counts allow."""
    label = _name(figure)
    share, x, n = figure.percent / 100, figure.n_events, figure.n_total
    if x is None or n is None:
        return EvidenceRow("study", label, x, n, share)
    lower, upper = wilson_interval(x, n) if x else (0.0, zero_event_upper_limit(n))
    return EvidenceRow("study", label, x, n, share, lower, upper)


def _source_table(evidence: OutcomeEvidence) -> Table:
    """List registry and studies with their sources."""
    rows = [
        (_group_words(group.figure), source, count_text(row), share_text(row))
        for group in evidence.groups
        for row, source in _sources(group)
    ]
    return Table(
        caption="The figures and their sources (95 % intervals)",
        header=("Group", "Source", "k/n", "Share"),
        rows=tuple(rows),
    )


def _sources(group: MatchedGroup) -> list[tuple[EvidenceRow, str]]:
    """Pair rows of the figure with their source, and a remark on it."""
    own, *studies = [row for row in forest_rows(group) if row.kind in {"registry", "study"}]
    pairs = zip(studies, group.beside, strict=True)
    said = [(row, f"{figure.citation}. {figure.note}".rstrip(". ")) for row, figure in pairs]
    return [(own, "This registry"), *said]


def _near_table(near: Sequence[NearFigure], *, caption: str) -> Table:
    """List figures that differ, each with its differences and the rate that it is nearest to."""
    rows = tuple(
        (
            one.figure.citation + (f" ({one.figure.arm})" if one.figure.arm else ""),
            count_text(study_row(one.figure)),
            share_text(study_row(one.figure)),
            "; ".join(difference.words for difference in one.figure.differences),
            _group_words(one.nearest),
        )
        for one in near[:MOST_NEAR]
    )
    more = len(near) - len(rows)
    said = f"{caption}; {more} more by 'calcpci evidence list'" if more > 0 else caption
    header = ("Source", "k/n", "Share", "Differs: source, not registry", "Nearest group")
    return Table(caption=said, header=header, rows=rows)


def _group_words(own: RegistryFigure) -> str:
    """Name a group of the registry."""
    device = "All devices" if own.strategy == ALL else label_strategy(own.strategy)
    grade = "all grades" if own.severity == ALL else label_severity(own.severity).lower()
    by_day = f", by day {own.horizon_days:,}" if own.horizon_days else ""
    return f"{device}, {grade}, per {own.unit}{by_day}"


def _values(evidence: OutcomeEvidence) -> dict[str, Any]:
    """Everything about one outcome, JSON-ready."""
    return {
        "outcome": evidence.outcome,
        "groups": [
            {
                "registry": asdict(group.figure),
                "beside": [asdict(figure) for figure in group.beside],
                "pooled": describe_synthesis(group.synthesis, group.verdict),
            }
            for group in evidence.groups
        ],
        "context": [{"nearest": asdict(one.nearest), "figure": asdict(one.figure)} for one in evidence.near],
    }
