"""Complete cases, and the fits that several analyses read."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from analytics.refusals import NotEstimable
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec, Factor
from synthetic.study.answers import Answer, symmetric
from synthetic.study.truths.horizons import ASKED_AGE_YEARS, ASKED_LVEF_PCT

if TYPE_CHECKING:
    from analytics.survival.cox_design import Term
    from analytics.survival.results import CoxFit
    from synthetic.study.frames import Replicate

GRADES = ("none", "mild", "moderate", "severe")
COVARIATES = (
    "age_per_10_years",
    "dialysis",
    "has_diabetes",
    "ckd",
    "prior_stroke",
    "current_smoking",
    "left_main",
    "lvef_pct",
    "acute",
)
EVERYTHING: tuple[Term, ...] = (*COVARIATES, Factor("severity", GRADES, "none"))
"""All that the hazards depend on, as recorded."""

# An offset of 0 changes no fit; with one, the search begins at zero at once, which is faster for small data.
_SPEC = CoxSpec("days", "event", EVERYTHING, offset="nothing")


@lru_cache(maxsize=4)
def complete_cases(replicate: Replicate, endpoint: str) -> pl.DataFrame:
    """Return patients whose grade and covariates are known, with ``event`` and ``days``.

    A day counts as a whole one: who has the event on the day of the procedure was at risk for a day, as
    models of log time and of rates need it.
    """
    rows = replicate.outcome(endpoint)
    known = rows.filter(pl.col("severity").is_in(list(GRADES))).drop_nulls(COVARIATES)
    return known.with_columns(
        event=pl.col("cause") == 1,
        days=pl.col("time_days") + 1.0,
        nothing=0.0,
        years_over_reference=pl.col("age_per_10_years") - ASKED_AGE_YEARS / 10,
        lvef_over_reference=pl.col("lvef_pct") - ASKED_LVEF_PCT,
    )


@lru_cache(maxsize=4)
def fit_everything(replicate: Replicate, **options: Any) -> CoxFit | NotEstimable:  # noqa: ANN401 - options of CoxSpec
    """Fit cardiac death on everything recorded, and on what is known to act on nothing.

    Parameters
    ----------
    replicate
        The registry.
    options
        Fields of `CoxSpec` other than those of the model.
    """
    rows = add_hypertension(replicate, complete_cases(replicate, "cardiac_death"))
    terms = (*EVERYTHING, "hypertension")
    return fit_cox(rows, replace(_SPEC, terms=terms, **options))


def model_of(terms: tuple[Term, ...]) -> CoxSpec:
    """Return the specification of a Cox model of rows of `complete_cases`."""
    return replace(_SPEC, terms=terms)


def fit_terms(rows: pl.DataFrame, terms: tuple[Term, ...]) -> CoxFit | NotEstimable:
    """Fit a Cox model to rows of `complete_cases`."""
    return fit_cox(rows, model_of(terms))


def add_hypertension(replicate: Replicate, rows: pl.DataFrame) -> pl.DataFrame:
    """Add what acts on no hazard and goes with nothing that does; rows without it are left out."""
    own = replicate.tables.procedures.select("procedure_id", "hypertension")
    return rows.join(own, on="procedure_id", how="left", maintain_order="left").drop_nulls("hypertension")


def read_term(fit: Any, term: str) -> Answer | NotEstimable:  # noqa: ANN401 - a fit of any model with a table
    """Read one coefficient with its Wald limits, or the refusal."""
    if isinstance(fit, NotEstimable):
        return fit
    row = fit.table.row(by_predicate=pl.col("term") == term, named=True)
    return symmetric(row["coefficient"], row["std_error"])


def log_limits(row: dict[str, Any]) -> tuple[float, float]:
    """Return the limits of a ratio on the log scale."""
    with np.errstate(divide="ignore"):  # Firth's profile may have no lower limit: a ratio of 0
        lower, upper = np.log([row["lower"], row["upper"]])
    return float(lower), float(upper)
