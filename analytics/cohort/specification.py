"""What a cohort is asked to be, and what it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analytics.calcium_measures import ArcLimits
from analytics.cohort.calcification import SEVERITY_SOURCES
from analytics.errors import SpecificationError

if TYPE_CHECKING:
    import datetime as dt

    import polars as pl

INDEX_CHOICES = ("first_procedure", "every_procedure")
"""Which eligible procedures open a patient's clock."""

EXCLUSIONS = {
    "cardiogenic_shock": "cardiogenic shock before the procedure",
    "stemi": "ST-elevation infarction",
    "dialysis": "maintenance dialysis",
    "in_stent_restenosis": "a lesion inside a stent",
    "chronic_total_occlusion": "a chronic total occlusion",
    "graft": "a lesion in a bypass graft",
}
"""Optional exclusions: name and what it leaves out. Only a recorded fact excludes; a blank does not."""


@dataclass(frozen=True)
class CohortSpec:
    """Which procedures enter an analysis, and how they are graded.

    Parameters
    ----------
    first_day, last_day
        Calendar window of the procedure date, both days included; None leaves that side open. With a window,
        procedures without a real calendar date (relative or shifted) are left out, because nobody can say
        whether they lie in it.
    index
        ``first_procedure``: a patient's first eligible procedure that is no planned stage;
        ``every_procedure``: every eligible procedure that is no planned stage (use a variance clustered by
        patient).
    min_age_years
        Youngest age in completed years.
    exclusions
        Names of `EXCLUSIONS`.
    staged_within_days
        A procedure that follows one with ``staged_pci_planned`` within so many days is its planned stage,
        unless an event of that day says otherwise.
    severity_preference
        Sources of the calcification grade in order; see `analytics.cohort.calcification`.
    arc_limits
        Arc limits of the imaging grades.

    Raises
    ------
    SpecificationError
        Where a name is unknown or the window is empty.
    """

    first_day: dt.date | None = None
    last_day: dt.date | None = None
    index: str = "first_procedure"
    min_age_years: int = 18
    exclusions: tuple[str, ...] = ()
    staged_within_days: int = 90
    severity_preference: tuple[str, ...] = SEVERITY_SOURCES
    arc_limits: ArcLimits = field(default_factory=ArcLimits)

    def __post_init__(self) -> None:
        """Refuse unknown names and an empty window."""
        _demand_known("index", (self.index,), INDEX_CHOICES)
        _demand_known("exclusions", self.exclusions, tuple(EXCLUSIONS))
        _demand_known("severity_preference", self.severity_preference, SEVERITY_SOURCES)
        if not self.severity_preference:
            raise SpecificationError(
                where="cohort.severity_preference",
                what="no source named",
                fix=f"Name at least one of {', '.join(SEVERITY_SOURCES)}.",
            )
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise SpecificationError(
                where="cohort window", what="first day after last day", fix="Swap first_day and last_day."
            )

    @property
    def has_window(self) -> bool:
        """Whether a calendar window was asked for."""
        return self.first_day is not None or self.last_day is not None


@dataclass(frozen=True, eq=False)
class Cohort:
    """Eligible procedures and their lesions, with the way that led to them.

    Parameters
    ----------
    procedures
        One row per eligible procedure, in order of ``procedure_id``; columns in `docs/methods/cohort.md`.
        ``is_index`` marks the rows that open a clock: complication rates use every row, survival uses index
        rows only.
    lesions
        One row per lesion of these procedures: ``lesion_id``, ``vessel``, the lesion's own severity, strategy
        and devices, and the patient columns of its procedure.
    attrition
        One row per step, in order: ``step``, ``n_patients``, ``n_procedures``, ``n_lesions`` (left after the
        step), ``n_left_out`` (procedures this step took away), ``reason``.
    spec
        What was asked for.
    """

    procedures: pl.DataFrame
    lesions: pl.DataFrame
    attrition: pl.DataFrame
    spec: CohortSpec


def _demand_known(setting: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    """Refuse a name that is not on the list."""
    if any(name not in known for name in given):
        raise SpecificationError(
            where=f"cohort.{setting}", what="unknown name", fix=f"Choose from {', '.join(known)}."
        )
