"""What a Cox model is fitted to: the specification, its terms and their numeric columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
Ties: TypeAlias = Literal["efron", "breslow", "exact"]

MODEL = "Cox model"


@dataclass(frozen=True)
class Factor:
    """A categorical covariate: one coefficient per level other than the reference.

    Parameters
    ----------
    column
        Name of a text, boolean or integer column.
    levels
        All levels in order; empty takes the levels found in the data, sorted.
    reference
        The level that the others are compared with; None takes the first.
    """

    column: str
    levels: tuple[str, ...] = ()
    reference: str | None = None


@dataclass(frozen=True)
class Spline:
    """A numeric covariate as a restricted cubic spline, linear outside its outer knots [1]_.

    Parameters
    ----------
    column
        Name of a numeric column.
    knots
        At least three ascending values, in the unit of the column; one coefficient fewer than knots, the
        first of them linear.

    References
    ----------
    .. [1] Durrleman & Simon (1989), Stat Med 8:551-561. doi:10.1002/sim.4780080504
    """

    column: str
    knots: tuple[float, ...]


@dataclass(frozen=True)
class Interaction:
    """Products of the columns of two terms; the terms themselves are listed beside it.

    Parameters
    ----------
    left, right
        A column name, a `Factor`, a `Spline` or another `Interaction`.
    """

    left: Term
    right: Term


Term: TypeAlias = str | Factor | Spline | Interaction


@dataclass(frozen=True)
class CoxSpec:
    """A proportional hazards model as it is pre-specified.

    Parameters
    ----------
    time
        Column with the end of follow-up (days, numeric, >= 0).
    event
        Column with the event indicator: boolean, or 0 and 1.
    terms
        Covariates: numeric or boolean columns by name, `Factor`, `Spline` and `Interaction`.
    entry
        Column with the time at which a row comes under observation (delayed entry, start-stop
        rows); rows are at risk in (entry, time]. None means from the beginning.
    strata
        Columns whose combinations have baseline hazards of their own.
    weights
        Column of sampling weights, >= 0; rows of weight 0 are left out.
    cluster
        Column naming the rows that belong together (patient, site); it makes the variance robust.
    ties
        ``efron``, ``breslow``, or ``exact`` (the exact partial likelihood of tied events).
    robust
        Sandwich variance instead of the inverse information; None means: with `cluster` or `weights`, because
        the inverse information takes sampling weights for counts of patients.
    confidence
        Level of the intervals, between 0 and 1.
    offset
        Column that is added to the linear predictor with a coefficient of 1; the baseline hazard belongs to
        offset 0.
    stop_at
        Relative change of the log likelihood at which the search ends early; None goes on to the maximum. It
        repeats the digits of a program that stops there: R's `coxph` does so at 1e-9.
    """

    time: str
    event: str
    terms: tuple[Term, ...]
    entry: str | None = None
    strata: tuple[str, ...] = ()
    weights: str | None = None
    cluster: str | None = None
    ties: Ties = "efron"
    robust: bool | None = None
    confidence: float = 0.95
    offset: str | None = None
    stop_at: float | None = None

    @property
    def is_robust(self) -> bool:
        """Whether the variance is the sandwich."""
        if self.robust is None:
            return self.cluster is not None or self.weights is not None
        return self.robust or self.cluster is not None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the model reads, each once."""
        optional = (self.entry, self.weights, self.cluster, self.offset)
        named = (self.time, self.event, *_term_columns(self.terms), *self.strata, *filter(None, optional))
        return tuple(dict.fromkeys(named))


def _term_columns(terms: Sequence[Term]) -> Iterator[str]:
    """Walk through the columns that terms read."""
    for term in terms:
        if isinstance(term, Interaction):
            yield from _term_columns((term.left, term.right))
        else:
            yield term if isinstance(term, str) else term.column


def term_label(term: Term) -> str:
    """Name a term, as shown in tables of multi-column tests."""
    if isinstance(term, Interaction):
        return f"{term_label(term.left)} x {term_label(term.right)}"
    return term if isinstance(term, str) else term.column


def specification_error(*, what: str, fix: str) -> SpecificationError:
    """Build the error of a specification that cannot be carried out."""
    return SpecificationError(where=MODEL, what=what, fix=fix)


def check_specification(frame: pl.DataFrame, spec: CoxSpec) -> None:
    """Refuse a specification that the frame or the method cannot carry.

    Raises
    ------
    SpecificationError
        For an absent column, no terms, an unknown tie rule, a level outside (0, 1), or weights or
        a robust variance with exact ties.
    """
    absent = [name for name in spec.columns if name not in frame.columns]
    if absent:
        raise specification_error(what=f"no column {', '.join(absent)}", fix="Name columns of the data.")
    if not spec.terms:
        raise specification_error(what="no terms", fix="Name at least one covariate.")
    if spec.ties not in {"efron", "breslow", "exact"}:
        raise specification_error(what="unknown tie rule", fix="Use efron, breslow or exact.")
    if not 0 < spec.confidence < 1:
        raise specification_error(what="confidence is not between 0 and 1", fix="Use 0.95 for 95 %.")
    if spec.ties == "exact" and (spec.weights is not None or spec.is_robust):
        raise specification_error(
            what="exact ties know neither weights nor a robust variance", fix="Use efron ties."
        )


def resolve_terms(frame: pl.DataFrame, spec: CoxSpec) -> CoxSpec:
    """Write the levels found in the data into every `Factor`, so that profiles are coded as the data were."""
    return replace(spec, terms=tuple(_resolve(frame, term) for term in spec.terms))


def _resolve(frame: pl.DataFrame, term: Term) -> Term:
    """Fill in the levels and the reference of one term."""
    if isinstance(term, Interaction):
        return Interaction(_resolve(frame, term.left), _resolve(frame, term.right))
    if not isinstance(term, Factor):
        return term
    levels = term.levels or tuple(frame[term.column].drop_nulls().unique().sort().cast(pl.String).to_list())
    reference = levels[0] if term.reference is None and levels else term.reference
    if levels and reference not in levels:
        what = f"the reference of {term.column} is not one of its levels"
        raise specification_error(what=what, fix="Choose a level.")
    return Factor(term.column, levels, reference)


def design_names(terms: Sequence[Term]) -> tuple[str, ...]:
    """Name the coefficients of resolved terms, in order: ``age``, ``severity=severe``, ``a=x x b=y``."""
    return tuple(name for term in terms for name in _names(term))


def _names(term: Term) -> list[str]:
    """Name the coefficients of one term."""
    if isinstance(term, Interaction):
        return [f"{left} x {right}" for right in _names(term.right) for left in _names(term.left)]
    if isinstance(term, Factor):
        return [f"{term.column}={level}" for level in term.levels if level != term.reference]
    if isinstance(term, Spline):
        return [term.column, *(f"{term.column} (bend {knot:g})" for knot in term.knots[:-2])]
    return [term]


def term_positions(terms: Sequence[Term]) -> dict[str, tuple[int, ...]]:
    """Tell which coefficients each term owns."""
    positions: dict[str, tuple[int, ...]] = {}
    first = 0
    for term in terms:
        width = len(_names(term))
        positions[term_label(term)] = tuple(range(first, first + width))
        first += width
    return positions


def build_design(frame: pl.DataFrame, terms: Sequence[Term]) -> Floats:
    """Code resolved terms as numbers, one row per row of the frame and one column per coefficient.

    Raises
    ------
    SpecificationError
        For a text column without a `Factor`, or a value outside the levels of one.
    """
    blocks = [_block(frame, term) for term in terms]
    return np.concatenate(blocks, axis=1) if blocks else np.zeros((frame.height, 0))


def _block(frame: pl.DataFrame, term: Term) -> Floats:
    """Code one term."""
    if isinstance(term, Interaction):
        left, right = _block(frame, term.left), _block(frame, term.right)
        return (right[:, :, None] * left[:, None, :]).reshape(frame.height, -1)
    if isinstance(term, Factor):
        return _indicators(frame[term.column], term)
    if isinstance(term, Spline):
        return _bends(_numbers(frame[term.column]), term)
    return _numbers(frame[term])[:, None]


def _numbers(column: pl.Series) -> Floats:
    """Read a numeric or boolean column."""
    if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        raise specification_error(what=f"column {column.name} is not numeric", fix="Give it as a Factor.")
    return column.cast(pl.Float64).to_numpy()


def _bends(values: Floats, spline: Spline) -> Floats:
    """Code a restricted cubic spline: the value itself, and one bend per knot but the last two."""
    knots = np.asarray(spline.knots, dtype=np.float64)
    if len(knots) < 3 or np.any(np.diff(knots) <= 0):
        what = f"the spline of {spline.column} has no three ascending knots"
        raise specification_error(what=what, fix="Give at least three ascending values.")
    last, before = knots[-1], knots[-2]
    cubes = np.maximum(values[:, None] - knots, 0.0) ** 3
    share = (last - knots[:-2]) / (last - before)
    bends = cubes[:, :-2] - share * cubes[:, [-2]] + (share - 1) * cubes[:, [-1]]
    # Divided by the squared range, a bend has the unit of the covariate.
    return np.concatenate((values[:, None], bends / (last - knots[0]) ** 2), axis=1)


def _indicators(column: pl.Series, factor: Factor) -> Floats:
    """Code a categorical column as 0 and 1 against its reference."""
    text = column.cast(pl.String)
    if not text.is_in(list(factor.levels)).all():
        what = f"column {factor.column} holds a value that is not among its levels"
        raise specification_error(what=what, fix="List every level, or leave such rows out.")
    others = [level for level in factor.levels if level != factor.reference]
    flags = [(text == level).cast(pl.Float64).to_numpy() for level in others]
    return np.stack(flags, axis=1) if flags else np.zeros((len(column), 0))
