"""What a report holds: the results, and the words that belong to them. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from analytics.complications.results import ComplicationRate
    from analytics.report.document import Section
    from analytics.survival.results import (
        CoxFit,
        CumulativeIncidence,
        EventCurve,
        GroupTest,
        HorizonRisk,
        NotEstimable,
        ProportionalityTest,
    )


@dataclass(frozen=True, eq=False)
class SurvivalBlock:
    """One endpoint compared between groups.

    Parameters
    ----------
    key
        Stable short name, for example ``mace_by_severity``.
    title
        Heading in sentence case, for example ``MACE by calcification severity``.
    endpoint_label
        What the endpoint is called, for example ``MACE``.
    composition
        The sentence that says what the endpoint is made of; always shown.
    curves
        One result a group: all Kaplan-Meier, or all Aalen-Johansen where death competes. Groups without an
        answer are `NotEstimable`.
    risks
        Risks at fixed days, any order.
    tests
        Tests between the groups, each shown with what it rests on.
    horizon_days
        Right end of the figure, in days.
    time_origin
        What time zero is, for example ``PCI``.
    first_day
        Day at the left end of the figure: 0, or the landmark that every patient of the block has reached.
    note
        A sentence about the population of this block, or an empty text.
    """

    key: str
    title: str
    endpoint_label: str
    composition: str
    curves: tuple[EventCurve | CumulativeIncidence | NotEstimable, ...]
    risks: tuple[HorizonRisk | NotEstimable, ...] = ()
    tests: tuple[GroupTest | NotEstimable, ...] = ()
    horizon_days: int = 1095
    time_origin: str = "PCI"
    first_day: int = 0
    note: str = ""


@dataclass(frozen=True, eq=False)
class CoxBlock:
    """One Cox model.

    Parameters
    ----------
    key
        Stable short name.
    title
        Heading in sentence case.
    subtitle
        Reference groups and adjustment, one or two sentences.
    fit
        The model, or why there is none.
    labels
        Words for each term.
    proportionality
        Test of proportional hazards, where it was made.
    """

    key: str
    title: str
    subtitle: str
    fit: CoxFit | NotEstimable
    labels: Mapping[str, str] = field(default_factory=dict)
    proportionality: ProportionalityTest | NotEstimable | None = None


@dataclass(frozen=True, eq=False)
class AnalysisContent:
    """One single analysis.

    Parameters
    ----------
    section
        What is shown of it.
    values
        Everything about it, JSON-ready.
    """

    section: Section
    values: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Chapter:
    """A part of the report about one subject, for example imaging.

    Parameters
    ----------
    name
        Stable short name; the key of its values in ``report.json``.
    sections
        What is shown, the first of level 2.
    values
        Every number that is shown, and what it rests on, JSON-ready.
    """

    name: str
    sections: tuple[Section, ...]
    values: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class ReportContent:
    """Everything that a report shows.

    Parameters
    ----------
    title
        Title of the report.
    description
        Sentences on what the data are: which registry, which period, real or synthetic.
    manifest
        Snapshot id, data cut-off, versions of program and libraries: name to value, in the order to show.
    attrition
        ``step``, ``n_patients``, ``n_procedures``, ``n_lesions``, ``n_left_out``, ``reason``.
    case_mix
        ``strategy``, ``severity``, ``n`` (procedures); missing pairs count 0.
    complications
        Rates by strategy and severity, and by ``all``.
    survival
        Composite endpoints by severity and by strategy.
    components
        Components of the composites, with death as a competing event where it is not the endpoint.
    cox
        Regression models.
    analyses
        Single analyses of the plan, in its order.
    chapters
        Parts about one subject each, in the order to show.
    findings
        ``rule_id``, ``level``, ``sentence``, ``remedy``, ``n``, perhaps more columns; never a cell value of
        a record.
    submissions
        The ledger of what was loaded, shown as it is.
    completeness
        ``site_id``, ``table_name``, ``column_name``, ``n``, ``n_filled``.
    """

    title: str
    description: str
    manifest: Mapping[str, str]
    attrition: pl.DataFrame
    case_mix: pl.DataFrame
    complications: tuple[ComplicationRate, ...] = ()
    survival: tuple[SurvivalBlock, ...] = ()
    components: tuple[SurvivalBlock, ...] = ()
    cox: tuple[CoxBlock, ...] = ()
    analyses: tuple[AnalysisContent, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    findings: pl.DataFrame | None = None
    submissions: pl.DataFrame | None = None
    completeness: pl.DataFrame | None = None
