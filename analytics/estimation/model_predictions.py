"""What is read off a fitted model: absolute risks of patients asked for, and contrasts of coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import SpecificationError
from analytics.estimation.results import Part
from analytics.survival.cause_specific_risk import predict_absolute_risk
from analytics.survival.cox_baseline import predict_survival
from analytics.survival.fine_gray_prediction import predict_incidence
from analytics.survival.model_contrasts import estimate_contrasts
from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    from analytics.estimation.specification import Specification
    from analytics.survival.results import Basis, CoxFit
    from analytics.survival.results_competing import CauseSpecificFit, FineGrayFit
    from analytics.survival.results_frailty import FrailtyFit

COMPETES = (
    "A competing event takes patients out: their risk needs the models of all causes. Ask for "
    "cause_specific_cox or fine_gray."
)


@dataclass(frozen=True, eq=False)
class ProfileRisk:
    """Risks that a model predicts for patients of given covariates.

    Parameters
    ----------
    table
        One row per cause, profile and day: ``cause``, ``profile`` (name), ``stratum`` (empty where there is
        one baseline), ``time_days``, ``risk``, ``std_error``, ``lower``, ``upper``, ``is_beyond_follow_up``
        (True where the prediction goes beyond what was observed).
    curve
        The same on a grid of days up to the last horizon, for a figure; without standard errors.
    basis
        What it rests on.
    """

    table: pl.DataFrame
    curve: pl.DataFrame
    basis: Basis


def estimate_asked_contrasts(
    fit: CoxFit | FineGrayFit | FrailtyFit, spec: Specification, *, model: str = ""
) -> tuple[Part, ...]:
    """Estimate the contrasts of a specification."""
    if not spec.model.contrasts:
        return ()
    asked = {one.name: one.weights for one in spec.model.contrasts}
    return (Part("contrasts", (estimate_contrasts(fit, asked, confidence=spec.confidence, model=model),)),)


def profile_frame(spec: Specification) -> pl.DataFrame:
    """Put the values of the profiles into one row each.

    Raises
    ------
    SpecificationError
        Where profiles do not give the same covariates.
    """
    keys = {frozenset(profile.values) for profile in spec.model.profiles}
    if len(keys) > 1:
        raise SpecificationError(
            where="specification [model]",
            what="profiles give different covariates",
            fix="Give every profile a value for every covariate.",
        )
    return pl.DataFrame([profile.values for profile in spec.model.profiles])


def grid_days(spec: Specification) -> list[float]:
    """Return about a hundred days up to the last horizon."""
    last = max(spec.horizons_days)
    return sorted(
        {*(float(round(last * step / 100)) for step in range(1, 101)), *map(float, spec.horizons_days)}
    )


def name_profiles(table: pl.DataFrame, spec: Specification) -> pl.DataFrame:
    """Replace the number of a profile by its name."""
    names = dict(enumerate(profile.name for profile in spec.model.profiles))
    return table.with_columns(pl.col("profile").replace_strict(names, return_dtype=pl.String))


def predict_one_cause(fit: CoxFit, spec: Specification, causes: tuple[str, ...]) -> tuple[Part, ...]:
    """Predict risks of the profiles from a Cox model, where nothing competes."""
    if not spec.model.profiles:
        return ()
    if len(causes) > 1:
        return (Part("absolute_risk", (NotEstimable("profiles", COMPETES, "competing_events"),)),)
    profiles = _checked(profile_frame(spec), fit)
    tables = []
    for days in (spec.horizons_days, grid_days(spec)):
        found = predict_survival(fit, profiles, times=days).table
        tables.append(
            name_profiles(found, spec).select(
                pl.lit(causes[0]).alias("cause"),
                "profile",
                pl.col("stratum").fill_null(""),
                "time_days",
                "std_error",
                "is_beyond_follow_up",
                risk=1 - pl.col("survival"),
                lower=1 - pl.col("upper"),
                upper=1 - pl.col("lower"),
            )
        )
    return (Part("absolute_risk", (ProfileRisk(tables[0], tables[1], fit.basis),)),)


def predict_causes(
    fit: CauseSpecificFit | NotEstimable, frame: pl.DataFrame, spec: Specification
) -> tuple[Part, ...]:
    """Answer contrasts for every cause, and predict the incidences of all causes for the profiles."""
    if isinstance(fit, NotEstimable):
        return ()
    parts = [
        part
        for cause, model in zip(fit.causes, fit.models, strict=True)
        for part in estimate_asked_contrasts(model, spec, model=cause)
    ]
    if not spec.model.profiles:
        return tuple(parts)
    profiles = _checked(profile_frame(spec), fit)
    found = [
        predict_absolute_risk(fit, frame, profiles, times=days)
        for days in (spec.horizons_days, grid_days(spec))
    ]
    tables = [_incidence_table(one.table.filter(pl.col("cause") != "event_free"), spec) for one in found]
    return (*parts, Part("absolute_risk", (ProfileRisk(tables[0], tables[1], found[0].basis),)))


def predict_subdistribution(
    fit: FineGrayFit, frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]
) -> tuple[Part, ...]:
    """Predict the incidence of the endpoint for the profiles."""
    if not spec.model.profiles:
        return ()
    profiles = _checked(profile_frame(spec), fit)
    found = [
        predict_incidence(fit, frame, profiles, times=days) for days in (spec.horizons_days, grid_days(spec))
    ]
    named = pl.lit(causes[0]).alias("cause")
    tables = [_incidence_table(one.table.with_columns(named), spec) for one in found]
    return (Part("absolute_risk", (ProfileRisk(tables[0], tables[1], found[0].basis),)),)


def _incidence_table(table: pl.DataFrame, spec: Specification) -> pl.DataFrame:
    """Bring predicted incidences into the form of `ProfileRisk`."""
    return name_profiles(table, spec).select(
        pl.col("cause").cast(pl.String),
        "profile",
        pl.lit("").alias("stratum"),
        "time_days",
        "std_error",
        "is_beyond_follow_up",
        risk="incidence",
        lower="lower",
        upper="upper",
    )


def _checked(profiles: pl.DataFrame, fit: CoxFit | CauseSpecificFit | FineGrayFit) -> pl.DataFrame:
    """Refuse profiles without a value for a covariate."""
    terms = fit.spec.terms if fit.spec else ()
    needed = dict.fromkeys(name for term in terms for name in _columns(term))
    absent = [name for name in needed if name not in profiles.columns]
    if absent:
        raise SpecificationError(
            where="specification [model]",
            what=f"a profile has no value for {', '.join(absent)}",
            fix="Give every profile a value for every covariate.",
        )
    return profiles


def _columns(term: object) -> tuple[str, ...]:
    """Columns that a term reads."""
    if isinstance(term, str):
        return (term,)
    sides = [getattr(term, name) for name in ("left", "right") if hasattr(term, name)]
    if sides:
        return tuple(name for side in sides for name in _columns(side))
    return (str(term.column),)  # type: ignore[attr-defined]  # factors and splines have one column
