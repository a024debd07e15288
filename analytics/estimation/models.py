"""Regression models of a specification: Cox in all its forms, cause-specific Cox, Fine and Gray."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import polars as pl

from analytics.errors import SpecificationError
from analytics.estimation.cautions import caution_proportionality, caution_weights
from analytics.estimation.model_predictions import (
    estimate_asked_contrasts,
    predict_causes,
    predict_one_cause,
    predict_subdistribution,
)
from analytics.estimation.model_terms import PERIOD, add_periods, model_terms, period_labels, require_columns
from analytics.estimation.results import Part, Results
from analytics.survival.cause_specific import CauseSpecificSpec, fit_cause_specific
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec, resolve_terms
from analytics.survival.cox_time_split import EPISODE, split_follow_up
from analytics.survival.event_counts import CAUSE, TIME
from analytics.survival.fine_gray import fit_fine_gray
from analytics.survival.fine_gray_design import FineGraySpec
from analytics.survival.firth import fit_firth_cox
from analytics.survival.frailty import fit_frailty_cox
from analytics.survival.model_contrasts import estimate_contrasts
from analytics.survival.proportionality import test_proportionality
from analytics.survival.refusals import INEXACT_SHARE
from analytics.survival.results import CoxFit, NotEstimable
from analytics.survival.results_frailty import FrailtyFit

if TYPE_CHECKING:
    from analytics.estimation.specification import Specification
    from analytics.survival.cox_design import Ties
    from analytics.survival.firth_results import FirthFit
    from analytics.survival.proportionality import Transform

ENTRY = "entry_days"
EVENT = "event"
UNKNOWN_DAYS = "for too many patients only the day of a visit is known, not the day of the event"

__all__ = ["ENTRY", "model_terms", "require_columns", "run_cause_specific", "run_cox", "run_fine_gray"]


def run_cox(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Fit the Cox model asked for: plain, penalised, with frailty, or with coefficients that change."""
    if too_many_inexact(frame):
        return Results(fit=NotEstimable("Cox model", UNKNOWN_DAYS, "event_times_unknown"))
    _refuse_combinations(spec)
    data = frame.with_columns((pl.col(CAUSE) == 1).alias(EVENT))
    model = cox_specification(data, spec)
    notes = caution_weights(frame, spec.model.weights)
    if spec.model.period_days:
        return _fit_periods(data, model, spec, notes)
    fit = _fit(data, model, spec)
    if not isinstance(fit, CoxFit):
        asked = estimate_asked_contrasts(fit, spec) if isinstance(fit, FrailtyFit) else ()
        return Results(fit=fit, parts=asked, notes=notes)
    parts = (*estimate_asked_contrasts(fit, spec), *predict_one_cause(fit, spec, causes))
    if model.ties == "exact":
        return Results(fit=fit, parts=parts, notes=notes)
    test = test_proportionality(fit, data, transform=cast("Transform", spec.model.proportionality))
    return Results(fit=fit, proportionality=test, parts=parts, notes=(*notes, *caution_proportionality(test)))


def _fit(
    data: pl.DataFrame, model: CoxSpec, spec: Specification
) -> CoxFit | FirthFit | FrailtyFit | NotEstimable:
    """Fit one model by its kind."""
    if spec.model.penalty == "firth":
        return fit_firth_cox(data, model)
    if spec.model.frailty:
        gaussian = spec.model.frailty_distribution == "gaussian"
        return fit_frailty_cox(
            data,
            replace(model, cluster=spec.model.frailty),
            estimator="gaussian_reml" if gaussian else "gamma",
        )
    return fit_cox(data, model)


def _refuse_combinations(spec: Specification) -> None:
    """Refuse options that do not go together."""
    model = spec.model
    special = [name for name in ("penalty", "frailty", "period_days") if getattr(model, name)]
    without_risks = bool(special and model.profiles)
    if len(special) > 1 or without_risks or (model.penalty and model.contrasts):
        raise SpecificationError(
            where="specification [model]",
            what=f"'{special[0]}' does not go together with what else is asked for",
            fix="Ask for penalty, frailty or period_days alone; profiles need none of them.",
        )
    if model.offset and (model.frailty or model.penalty):
        raise SpecificationError(
            where="specification [model]",
            what="'offset' belongs to a model without penalty and frailty",
            fix="Leave one of them out.",
        )
    if model.frailty and model.cluster:
        raise SpecificationError(
            where="specification [model]",
            what="'frailty' and 'cluster' are two answers to one question",
            fix="Keep one of them.",
        )


def _fit_periods(data: pl.DataFrame, model: CoxSpec, spec: Specification, notes: tuple[str, ...]) -> Results:
    """Fit a model whose coefficients differ between periods of follow-up."""
    days = tuple(sorted(spec.model.period_days))
    labels = period_labels(days, spec.outcome.time_unit)
    pieces = split_follow_up(data, time=TIME, event=EVENT, cuts=days, entry=model.entry)
    pieces = pieces.with_columns(
        pl.col(EPISODE).replace_strict(dict(enumerate(labels, 1)), return_dtype=pl.String).alias(PERIOD)
    )
    terms, asked = add_periods(resolve_terms(data, model).terms, spec, labels)
    split = replace(model, time="stop_days", event="has_event", entry="start_days", terms=terms)
    fit = fit_cox(pieces, split)
    if isinstance(fit, NotEstimable):
        return Results(fit=fit, notes=notes)
    fit = replace(fit, basis=replace(fit.basis, n=data.height))
    found = estimate_contrasts(fit, asked, confidence=spec.confidence)
    parts = (Part("by_period", (found,)), *estimate_asked_contrasts(fit, spec))
    return Results(fit=fit, parts=parts, notes=notes)


def run_cause_specific(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Fit the Cox models of all causes together, and the incidences that they give for the profiles."""
    if too_many_inexact(frame):
        return Results(
            parts=(_refused("cause_specific", "cause-specific models", UNKNOWN_DAYS, "event_times_unknown"),)
        )
    model = spec.model
    fit = fit_cause_specific(
        frame,
        CauseSpecificSpec(
            time=TIME,
            cause=CAUSE,
            causes=causes,
            terms=model_terms(frame, spec),
            entry=ENTRY if ENTRY in frame.columns else None,
            strata=model.strata,
            weights=model.weights,
            cluster=model.cluster,
            ties="breslow" if model.ties == "breslow" else "efron",
            robust=model.robust,
            confidence=spec.confidence,
        ),
    )
    parts = (Part("cause_specific", (fit,)), *predict_causes(fit, frame, spec))
    return Results(parts=parts, notes=caution_weights(frame, model.weights))


def run_fine_gray(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Fit the Fine-Gray model of the endpoint; every other cause competes."""
    if too_many_inexact(frame):
        return Results(fit=NotEstimable("Fine-Gray model", UNKNOWN_DAYS, "event_times_unknown"))
    if ENTRY in frame.columns:
        reason = "delayed entry is not part of this model: ask for the Cox model of each cause"
        return Results(fit=NotEstimable("Fine-Gray model", reason, "singular"))
    fit = fit_fine_gray(
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
    if isinstance(fit, NotEstimable):
        return Results(fit=fit)
    parts = (*estimate_asked_contrasts(fit, spec), *predict_subdistribution(fit, frame, spec, causes))
    return Results(fit=fit, parts=parts, notes=caution_weights(frame, spec.model.weights))


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
        robust=spec.model.robust,
        offset=spec.model.offset,
        confidence=spec.confidence,
    )


def _refused(key: str, group: str, reason: str, code: str) -> Part:
    """Put a refusal in the place of a result."""
    return Part(key, (NotEstimable(group, reason, code),))
