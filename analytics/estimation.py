"""One specification and one frame of outcomes in, results out. Nothing here reads a file or draws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import polars as pl

from analytics.errors import SpecificationError
from analytics.survival.comparisons import compare_event_curves
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec, Factor, Interaction
from analytics.survival.cumulative_incidence import estimate_cumulative_incidence
from analytics.survival.event_counts import CAUSE, TIME, count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.horizons import estimate_horizon_risk, estimate_proportion
from analytics.survival.landmark import restrict_to_landmark
from analytics.survival.proportionality import test_proportionality
from analytics.survival.refusals import INEXACT_SHARE
from analytics.survival.results import CoxFit, CumulativeIncidence, EventCurve, NotEstimable

if TYPE_CHECKING:
    from analytics.specification import ModelTerm, Specification
    from analytics.survival.cox_design import Term, Ties
    from analytics.survival.event_counts import EventCounts
    from analytics.survival.proportionality import Transform
    from analytics.survival.results import GroupTest, HorizonRisk, ProportionalityTest

GROUP = "group"
ALL = "all patients"
ENTRY = "entry_days"
EVENT = "event"

Curve = EventCurve | CumulativeIncidence | NotEstimable


@dataclass(frozen=True, eq=False)
class Results:
    """What one specification gave.

    Parameters
    ----------
    curves, risks, tests
        One entry per group (and horizon); refusals stand in their place.
    fit, proportionality
        The Cox model and its test, where asked for.
    n_rows
        Rows that were analysed.
    n_incomplete
        Rows left out because time, event or group is missing.
    """

    curves: tuple[Curve, ...] = ()
    risks: tuple[HorizonRisk | NotEstimable, ...] = ()
    tests: tuple[GroupTest | NotEstimable, ...] = ()
    fit: CoxFit | NotEstimable | None = None
    proportionality: ProportionalityTest | NotEstimable | None = None
    n_rows: int = 0
    n_incomplete: int = 0


def estimate(frame: pl.DataFrame, spec: Specification, *, causes: tuple[str, ...]) -> Results:
    """Run a specification on a frame of outcomes.

    Parameters
    ----------
    frame
        One row per patient (or procedure): ``time_days``, ``cause`` (0 censored, 1 the endpoint, 2 and more
        competing), perhaps ``entry_days`` and ``time_is_exact``, and the columns that it names.
    spec
        What to estimate.
    causes
        Labels of the causes from 1 on.

    Returns
    -------
    Results
        Estimates and refusals; rows with a missing time, cause or group are left out and counted.

    Raises
    ------
    SpecificationError
        If the specification names a column that the frame does not have.
    """
    grouped = _with_group(frame, spec)
    complete = grouped.drop_nulls([TIME, CAUSE, GROUP])
    if spec.landmark_days is not None:
        complete = restrict_to_landmark(complete, spec.landmark_days)
    found = _estimate(complete, spec, causes)
    n_incomplete = grouped.height - grouped.drop_nulls([TIME, CAUSE, GROUP]).height
    return replace(found, n_rows=complete.height, n_incomplete=n_incomplete)


def _estimate(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Choose the estimator."""
    if spec.estimator == "cox":
        fit, proportionality = _fit(frame, spec)
        return Results(fit=fit, proportionality=proportionality)
    if spec.estimator == "proportion":
        return Results(risks=_proportions(frame, spec))
    events = _count(frame, spec)
    tests = _tests(events, spec)
    if spec.estimator == "log_rank":
        return Results(tests=tests)
    curves = tuple(_curve(events, label, spec, causes) for label in group_labels(frame, spec))
    return Results(curves=curves, risks=_risks(curves, spec), tests=tests)


def group_labels(frame: pl.DataFrame, spec: Specification) -> tuple[str, ...]:
    """Group labels in the order of the specification, or sorted."""
    return spec.groups.names or tuple(frame[GROUP].drop_nulls().unique().sort().to_list()) or (ALL,)


def _with_group(frame: pl.DataFrame, spec: Specification) -> pl.DataFrame:
    """Add the group label; with given levels, rows of other levels are not part of the question."""
    require_columns(frame, [name for name in (spec.groups.by, *spec.groups.strata) if name])
    if spec.groups.by is None:
        return frame.with_columns(pl.lit(ALL).alias(GROUP))
    level = pl.col(spec.groups.by).cast(pl.String)
    if not spec.groups.levels:
        return frame.with_columns(level.alias(GROUP))
    wanted = frame.filter(level.is_in(spec.groups.levels) | level.is_null())
    words = dict(zip(spec.groups.levels, spec.groups.names, strict=True))
    return wanted.with_columns(level.replace_strict(words, return_dtype=pl.String).alias(GROUP))


def require_columns(frame: pl.DataFrame, names: list[str]) -> None:
    """Refuse names that are no columns of the data."""
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise SpecificationError(
            where="specification",
            what=f"no column {', '.join(absent)} in the data",
            fix="Name columns of the data.",
        )


def _count(frame: pl.DataFrame, spec: Specification) -> EventCounts:
    """Count events by group and stratum; after this nothing sees a patient."""
    entry = ENTRY if ENTRY in frame.columns else None
    return count_events(frame, strata=(GROUP, *spec.groups.strata), entry=entry)


def _curve(counts: EventCounts, label: str, spec: Specification, causes: tuple[str, ...]) -> Curve:
    """Estimate the curve of one group: Aalen-Johansen where events compete, Kaplan-Meier elsewhere."""
    own = counts.pooled((GROUP,)).of_group(label)
    if spec.estimator == "aalen_johansen":
        return estimate_cumulative_incidence(own, group=label, causes=causes, confidence=spec.confidence)
    if len(causes) > 1:
        reason = f"{causes[1]} competes with {causes[0]}: use aalen_johansen, not Kaplan-Meier"
        return NotEstimable(label, reason, "competing_events")
    return estimate_event_curve(own, group=label, confidence=spec.confidence)


def _risks(curves: tuple[Curve, ...], spec: Specification) -> tuple[HorizonRisk | NotEstimable, ...]:
    """Read the risks at the horizons off the curves."""
    return tuple(
        estimate_horizon_risk(curve, day, confidence=spec.confidence)
        for curve in curves
        if not isinstance(curve, NotEstimable)
        for day in spec.horizons_days
    )


def _tests(counts: EventCounts, spec: Specification) -> tuple[GroupTest | NotEstimable, ...]:
    """Compare the groups by the log-rank test, where there are groups."""
    if spec.groups.by is None:
        return ()
    return (compare_event_curves(counts, group=GROUP, strata=spec.groups.strata, order=spec.groups.names),)


def _proportions(frame: pl.DataFrame, spec: Specification) -> tuple[HorizonRisk | NotEstimable, ...]:
    """Binomial risks at the horizons."""
    return tuple(
        estimate_proportion(
            frame.filter(pl.col(GROUP) == label), day, group=label, confidence=spec.confidence
        )
        for label in group_labels(frame, spec)
        for day in spec.horizons_days
    )


def _fit(
    frame: pl.DataFrame, spec: Specification
) -> tuple[CoxFit | NotEstimable, ProportionalityTest | NotEstimable | None]:
    """Fit the Cox model and test proportionality."""
    if _too_many_inexact(frame):
        reason = "for too many patients only the day of a visit is known, not the day of the event"
        return NotEstimable("Cox model", reason, "event_times_unknown"), None
    data = frame.with_columns((pl.col(CAUSE) == 1).alias(EVENT))
    model = cox_specification(data, spec)
    fit = fit_cox(data, model)
    if isinstance(fit, NotEstimable) or model.ties == "exact":
        return fit, None
    transform = cast("Transform", spec.model.proportionality)
    return fit, test_proportionality(fit, data, transform=transform)


def _too_many_inexact(frame: pl.DataFrame) -> bool:
    """Tell whether the days of too many events are only upper bounds."""
    if "time_is_exact" not in frame.columns:
        return False
    events = frame.filter(pl.col(CAUSE) > 0)
    return int((~events["time_is_exact"]).sum()) > INEXACT_SHARE * events.height


def cox_specification(frame: pl.DataFrame, spec: Specification) -> CoxSpec:
    """Turn the model part of a specification into what the fit takes."""
    factors = {term.column: _factor(frame, term) for term in spec.model.terms if term.column}
    terms = tuple(_term(term, factors) for term in spec.model.terms)
    return CoxSpec(
        time=TIME,
        event=EVENT,
        terms=terms,
        entry=ENTRY if ENTRY in frame.columns else None,
        strata=spec.model.strata,
        weights=spec.model.weights,
        cluster=spec.model.cluster,
        ties=cast("Ties", spec.model.ties),
        confidence=spec.confidence,
    )


def _factor(frame: pl.DataFrame, term: ModelTerm) -> Term:
    """Take a column as number or factor."""
    column = str(term.column)
    require_columns(frame, [column])
    if term.levels or term.reference or frame.schema[column] == pl.String:
        return Factor(column, term.levels, term.reference)
    return column


def _term(term: ModelTerm, factors: dict[str, Term]) -> Term:
    """One term of the model."""
    if not term.interaction:
        return factors[str(term.column)]
    unknown = [name for name in term.interaction if name not in factors]
    if unknown or len(term.interaction) != 2:
        raise SpecificationError(
            where="specification [model]",
            what="an interaction does not name two terms given before it",
            fix="Add a [[model.term]] with 'column' for each of the two.",
        )
    return Interaction(factors[term.interaction[0]], factors[term.interaction[1]])
