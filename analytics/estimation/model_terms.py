"""Terms of a specification as the models take them: covariates, factors, splines, products, periods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.errors import SpecificationError
from analytics.estimation.clinical_order import GRADED, UNGRADED, order_levels
from analytics.survival.cox_design import Factor, Interaction, Spline, design_names

if TYPE_CHECKING:
    from analytics.estimation.specification import ModelTerm, Specification
    from analytics.survival.cox_design import Term

PERIOD = "period"

# Harrell (2015), Regression Modeling Strategies, section 2.4.6, table 2.3.
KNOT_PLACES = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
    7: (0.025, 0.1833, 0.3417, 0.50, 0.6583, 0.8167, 0.975),
}
"""Quantiles at which the knots of a spline stand, by their number."""


def require_columns(frame: pl.DataFrame, names: list[str]) -> None:
    """Refuse names that are no columns of the data."""
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise SpecificationError(
            where="specification",
            what=f"no column {', '.join(absent)} in the data",
            fix="Name columns of the data.",
        )


def model_terms(frame: pl.DataFrame, spec: Specification) -> tuple[Term, ...]:
    """Turn the terms of a specification into covariates, factors, splines and their products.

    Parameters
    ----------
    frame
        The data; knots stand at quantiles of its columns.
    spec
        Its model part.

    Raises
    ------
    SpecificationError
        For a column that is not there, too few distinct values for a spline, or an interaction that does not
        name two terms given before it.
    """
    known = {term.column: _main(frame, term) for term in spec.model.terms if term.column}
    return tuple(_term(term, known) for term in spec.model.terms)


def period_labels(days: tuple[float, ...], unit: str) -> tuple[str, ...]:
    """Name the periods between days, ascending: ``days 0 to 30``, ``after day 30``."""
    # A period takes its last day and not its first, except that the first one begins with time zero.
    begins = [0.0, *(day + 1 if unit == "days" else day for day in days[:-1])]
    inner = [f"{unit} {first:g} to {last:g}" for first, last in zip(begins, days, strict=True)]
    return (*inner, f"after {unit.rstrip('s')} {days[-1]:g}")


def add_periods(
    terms: tuple[Term, ...], spec: Specification, periods: tuple[str, ...]
) -> tuple[tuple[Term, ...], dict[str, dict[str, float]]]:
    """Let coefficients differ between periods.

    Parameters
    ----------
    terms
        Terms of the model, factors resolved.
    spec
        Tells which terms differ by period; all do where none says so.
    periods
        Labels of the periods, in order.

    Returns
    -------
    terms, contrasts
        A product with ``period`` behind each such term; and, for every coefficient and period, the sum that
        is the coefficient in that period.
    """
    chosen = [term.by_period for term in spec.model.terms]
    marked = [by or not any(chosen) for by in chosen]
    factor = Factor(PERIOD, periods, periods[0])
    products = tuple(
        Interaction(term, factor)
        for term, by in zip(terms, marked, strict=True)
        if by and not isinstance(term, Interaction)
    )
    contrasts: dict[str, dict[str, float]] = {}
    for product in products:
        for name in design_names((product.left,)):
            contrasts[f"{name} in {periods[0]}"] = {name: 1.0}
            for period in periods[1:]:
                weights = {name: 1.0, f"{name} x {PERIOD}={period}": 1.0}
                contrasts[f"{name} in {period}"] = weights
    return (*terms, *products), contrasts


def _main(frame: pl.DataFrame, term: ModelTerm) -> Term:
    """Take a column as number, spline or factor."""
    column = str(term.column)
    require_columns(frame, [column])
    if term.spline or term.knots:
        return Spline(column, term.knots or _knots(frame[column], int(term.spline or 0)))
    if term.levels or term.reference or frame.schema[column] == pl.String:
        return Factor(column, term.levels or _graded_levels(frame, column), term.reference)
    return column


def _graded_levels(frame: pl.DataFrame, column: str) -> tuple[str, ...]:
    """Levels of grades and strategies in clinical order; none for other columns, whose levels are sorted."""
    if column not in GRADED or frame.schema[column] != pl.String:
        return ()
    return order_levels(column, frame[column].drop_nulls().unique().to_list())


def leave_out_unknown(frame: pl.DataFrame, spec: Specification) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Leave rows out whose grade or strategy is unknown where the model gives the factor no levels.

    Parameters
    ----------
    frame
        Rows with the columns of the model.
    spec
        A factor whose levels are given keeps all of them.

    Returns
    -------
    frame, notes
        What is kept, and how many rows were left out for which column.
    """
    notes: list[str] = []
    for term in spec.model.terms:
        column = str(term.column)
        if column not in GRADED or term.levels or frame.schema.get(column) != pl.String:
            continue
        known = frame.filter((pl.col(column) != UNGRADED) | pl.col(column).is_null())
        if known.height < frame.height:
            left_out = frame.height - known.height
            notes.append(f"{left_out:,} rows of unknown {column.replace('_', ' ')} are left out")
        frame = known
    return frame, tuple(notes)


def _knots(column: pl.Series, number: int) -> tuple[float, ...]:
    """Place knots at quantiles, interpolated linearly; equal ones are an error of the specification."""
    if not column.dtype.is_numeric():
        raise SpecificationError(
            where="specification [model]",
            what=f"the spline of {column.name} needs numbers",
            fix="Leave out 'spline'.",
        )
    values = column.drop_nulls().cast(pl.Float64).to_numpy()
    knots = np.quantile(values, KNOT_PLACES[number]) if values.size else np.zeros(number)
    if np.any(np.diff(knots) <= 0):
        raise SpecificationError(
            where="specification [model]",
            what=f"{column.name} has too few distinct values for a spline of {number} knots",
            fix="Ask for fewer knots, or give them as 'knots'.",
        )
    return tuple(float(knot) for knot in knots)


def _term(term: ModelTerm, known: dict[str, Term]) -> Term:
    """One term of the model."""
    if not term.interaction:
        return known[str(term.column)]
    unknown = [name for name in term.interaction if name not in known]
    if unknown or len(term.interaction) != 2:
        raise SpecificationError(
            where="specification [model]",
            what="an interaction does not name two terms given before it",
            fix="Add a [[model.term]] with 'column' for each of the two.",
        )
    return Interaction(known[term.interaction[0]], known[term.interaction[1]])
