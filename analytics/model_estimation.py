"""Models of a specification: Cox, Fine and Gray."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import polars as pl

from analytics.errors import SpecificationError
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec, Factor, Interaction
from analytics.survival.event_counts import CAUSE, TIME
from analytics.survival.fine_gray import fit_fine_gray
from analytics.survival.fine_gray_design import FineGraySpec
from analytics.survival.proportionality import test_proportionality
from analytics.survival.refusals import INEXACT_SHARE
from analytics.survival.results import CoxFit, NotEstimable

if TYPE_CHECKING:
    from analytics.specification import ModelTerm, Specification
    from analytics.survival.cox_design import Term, Ties
    from analytics.survival.proportionality import Transform
    from analytics.survival.results import ProportionalityTest
    from analytics.survival.results_competing import FineGrayFit

ENTRY = "entry_days"
EVENT = "event"


def require_columns(frame: pl.DataFrame, names: list[str]) -> None:
    """Refuse names that are no columns of the data."""
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise SpecificationError(
            where="specification",
            what=f"no column {', '.join(absent)} in the data",
            fix="Name columns of the data.",
        )


def fit_model(
    frame: pl.DataFrame, spec: Specification
) -> tuple[CoxFit | NotEstimable, ProportionalityTest | NotEstimable | None]:
    """Fit the Cox model and test proportionality."""
    if too_many_inexact(frame):
        reason = "for too many patients only the day of a visit is known, not the day of the event"
        return NotEstimable("Cox model", reason, "event_times_unknown"), None
    data = frame.with_columns((pl.col(CAUSE) == 1).alias(EVENT))
    model = cox_specification(data, spec)
    fit = fit_cox(data, model)
    if isinstance(fit, NotEstimable) or model.ties == "exact":
        return fit, None
    transform = cast("Transform", spec.model.proportionality)
    return fit, test_proportionality(fit, data, transform=transform)


def fit_subdistribution(frame: pl.DataFrame, spec: Specification) -> FineGrayFit | NotEstimable:
    """Fit the Fine-Gray model of the endpoint; every other cause competes."""
    if too_many_inexact(frame):
        reason = "for too many patients only the day of a visit is known, not the day of the event"
        return NotEstimable("Fine-Gray model", reason, "event_times_unknown")
    if ENTRY in frame.columns:
        reason = "delayed entry is not part of this model: ask for the Cox model of each cause"
        return NotEstimable("Fine-Gray model", reason, "singular")
    return fit_fine_gray(
        frame,
        FineGraySpec(
            time=TIME,
            cause=CAUSE,
            terms=model_terms(frame, spec),
            censoring_groups=spec.model.strata,
            weights=spec.model.weights,
            cluster=spec.model.cluster,
            confidence=spec.confidence,
        ),
    )


def too_many_inexact(frame: pl.DataFrame) -> bool:
    """Tell whether the days of too many events are only upper bounds."""
    if "time_is_exact" not in frame.columns:
        return False
    events = frame.filter(pl.col(CAUSE) > 0)
    return int((~events["time_is_exact"]).sum()) > INEXACT_SHARE * events.height


def cox_specification(frame: pl.DataFrame, spec: Specification) -> CoxSpec:
    """Turn the model part of a specification into what the fit takes."""
    return CoxSpec(
        time=TIME,
        event=EVENT,
        terms=model_terms(frame, spec),
        entry=ENTRY if ENTRY in frame.columns else None,
        strata=spec.model.strata,
        weights=spec.model.weights,
        cluster=spec.model.cluster,
        ties=cast("Ties", spec.model.ties),
        confidence=spec.confidence,
    )


def model_terms(frame: pl.DataFrame, spec: Specification) -> tuple[Term, ...]:
    """Turn the terms of a specification into covariates, factors and their products."""
    factors = {term.column: _factor(frame, term) for term in spec.model.terms if term.column}
    return tuple(_term(term, factors) for term in spec.model.terms)


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
