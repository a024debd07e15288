"""Risks of groups as if all had had the same patients, as a specification asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.comparison.covariates import choose_covariates
from analytics.comparison.results import StandardisationPlan
from analytics.comparison.standardisation import standardise_plan
from analytics.errors import SpecificationError
from analytics.estimation.group_labels import group_labels
from analytics.estimation.groups import GROUP
from analytics.estimation.results import Part, Results
from analytics.survival.event_counts import CAUSE

if TYPE_CHECKING:
    from analytics.estimation.specification import ModelTerm, Specification

KEY = "standardised_risk"
HAPPENED = "happened"


def run_standardised_risk(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Standardise risks over the covariates of the model, or over the default ones of a registry.

    Parameters
    ----------
    frame
        Rows with ``cause`` (1 where the outcome occurred, else 0) and ``group``.
    spec
        Its groups are compared, the first being the reference.
    causes
        Label of the outcome.

    Raises
    ------
    SpecificationError
        Without groups or covariates, and for options that have no meaning here.
    """
    del causes
    exposure = _require_groups(spec)
    rows = frame.with_columns((pl.col(CAUSE) == 1).alias(HAPPENED))
    rows = rows.with_columns(
        [_order_levels(term) for term in spec.model.terms if term.column and term.levels]
    )
    plan = StandardisationPlan(
        outcome=HAPPENED,
        exposure=GROUP,
        levels=group_labels(frame, spec),
        covariates=_choose(rows, spec, exposure),
        clusters=spec.model.cluster,
        modifiers=tuple(_modifier(term, exposure) for term in spec.model.terms if term.interaction),
        splines={term.column: term.spline for term in spec.model.terms if term.column and term.spline},
        interval="delta" if spec.model.limits == "delta" else "bootstrap",
        n_replicates=spec.model.resamples,
        seed=spec.model.seed,
        confidence=spec.confidence,
    )
    return Results(parts=(Part(KEY, (standardise_plan(rows, plan),)),))


def _require_groups(spec: Specification) -> str:
    """Return the column of the groups; refuse a question without any, or about a stretch of follow-up."""
    if spec.groups.by is None:
        what, fix = "there are no groups to compare", 'Write [groups] by = "...".'
        raise SpecificationError(where="specification [groups]", what=what, fix=fix)
    if spec.landmark_days is not None or spec.until_days is not None or spec.weights is not None:
        what = "standardised_risk knows neither days nor weights"
        fix = "Leave out 'landmark_days', 'until_days' and 'weights'."
        raise SpecificationError(where="specification [analysis]", what=what, fix=fix)
    return spec.groups.by


def _choose(rows: pl.DataFrame, spec: Specification, exposure: str) -> tuple[str, ...]:
    """Name the covariates: those of the terms, or the default ones where none is given."""
    named = tuple(term.column for term in spec.model.terms if term.column)
    chosen = named or choose_covariates(rows, exposure=exposure)
    if not chosen:
        what, fix = "there is nothing to adjust for", 'Add [[model.term]] column = "...".'
        raise SpecificationError(where="specification [model]", what=what, fix=fix)
    return chosen


def _order_levels(term: ModelTerm) -> pl.Expr:
    """Make a factor of a term's levels, the reference first; other levels are missing."""
    first = term.reference or term.levels[0]
    order = (first, *(level for level in term.levels if level != first))
    return pl.col(str(term.column)).cast(pl.String).cast(pl.Enum(order), strict=False)


def _modifier(term: ModelTerm, exposure: str) -> str:
    """Name the covariate that a product lets differ between the groups."""
    others = [name for name in term.interaction if name != exposure]
    if exposure not in term.interaction or len(others) != 1:
        what = "an interaction has to be one of the groups with one covariate"
        fix = f'Write interaction = ["{exposure}", "covariate"].'
        raise SpecificationError(where="specification [model]", what=what, fix=fix)
    return others[0]
