"""Covariates of a frame as the columns of a regression: numbers, yes or no, categories, splines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import linalg

from analytics.errors import SpecificationError
from analytics.regression.spline_basis import covariate_knots, natural_spline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics.regression.arrays import Floats


INTERCEPT = "intercept"
COLLINEAR = 1e-9
"""Share of a column's length left, once those before it are taken out, below which it adds nothing."""


@dataclass(frozen=True)
class Term:
    """One covariate of a regression.

    Parameters
    ----------
    column
        Name in the frame.
    levels
        Categories in order, the first being the reference; empty for a number or a Boolean.
    knots
        Knots of a natural cubic spline of a number; empty for a straight line.
    """

    column: str
    levels: tuple[str, ...] = ()
    knots: tuple[float, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns: ``age_years``, ``age_years'``, ``sex: female``."""
        if self.levels:
            return tuple(f"{self.column}: {level}" for level in self.levels[1:])
        return tuple(self.column + "'" * bend for bend in range(max(len(self.knots) - 1, 1)))


@dataclass(frozen=True, eq=False)
class Design:
    """The matrix of a regression.

    Parameters
    ----------
    matrix
        One row per observation, n x p; the first column is one throughout where there is an intercept.
    names
        Name of each column, the intercept as ``intercept``.
    columns
        The covariate each column came from: the words of a refusal, which never name a category.
    """

    matrix: Floats
    names: tuple[str, ...]
    columns: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        """Let columns be named as themselves where nothing else is said; refuse a wrong number of names."""
        if self.matrix.ndim != 2 or self.matrix.shape[1] != len(self.names):
            what = "a design needs a matrix with one name per column"
            raise SpecificationError(where="design", what=what, fix="Give as many names as columns.")
        if not self.columns:
            object.__setattr__(self, "columns", self.names)

    @property
    def slopes(self) -> tuple[int, ...]:
        """Positions of the columns that are no intercept."""
        return tuple(i for i, name in enumerate(self.names) if name != INTERCEPT)

    def positions(self, columns: Sequence[str]) -> tuple[int, ...]:
        """Positions of the columns that came from some covariates."""
        return tuple(i for i, name in enumerate(self.columns) if name in columns)

    def without(self, columns: Sequence[str]) -> Design:
        """Return the design without some covariates, for a likelihood ratio."""
        kept = [i for i, name in enumerate(self.columns) if name not in columns]
        names, origins = ([words[i] for i in kept] for words in (self.names, self.columns))
        return Design(self.matrix[:, kept], tuple(names), tuple(origins))


def resolve_terms(
    rows: pl.DataFrame, columns: Sequence[str], *, splines: Mapping[str, int] | None = None
) -> tuple[Term, ...]:
    """Fix categories and knots from the rows, so that the same columns can be made for other rows.

    Parameters
    ----------
    rows
        One row per observation, none of the columns missing. A number or a Boolean is one column; text, an
        Enum or a Categorical is a factor: an Enum in its own order, text with the commonest value first as
        the reference, ties and the rest by name.
    columns
        The covariates, in order.
    splines
        Number of knots (3, 4 or 5) by covariate, for numbers that may bend.

    Raises
    ------
    SpecificationError
        For a column that is not in the frame, or of another type.
    """
    wanted = splines or {}
    return tuple(_resolve_term(rows, column, wanted.get(column, 0)) for column in columns)


def _resolve_term(rows: pl.DataFrame, column: str, n_knots: int) -> Term:
    """Fix one covariate."""
    if column not in rows.columns:
        raise _unknown_column(column)
    values = rows[column]
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        numbers = values.cast(pl.Float64).to_numpy()
        return Term(column, knots=covariate_knots(numbers, n_knots) if n_knots else ())
    present = values.cast(pl.String).value_counts(name="n").sort("n", column, descending=[True, False])
    found = present[column].to_list()
    if isinstance(values.dtype, pl.Enum):
        return Term(column, levels=tuple(level for level in values.dtype.categories if level in found))
    if values.dtype not in (pl.String, pl.Categorical):
        raise _unknown_column(column)
    return Term(column, levels=(*found[:1], *sorted(found[1:])))


def _unknown_column(column: str) -> SpecificationError:
    """Say which covariate cannot be used."""
    what = f"'{column}' is not a column of numbers, yes or no, or categories"
    return SpecificationError(where="covariates", what=what, fix="Name columns of the rows.")


def encode_terms(rows: pl.DataFrame, terms: Sequence[Term], *, intercept: bool = True) -> Design:
    """Turn covariates into columns.

    Parameters
    ----------
    rows
        One row per observation, none of the columns missing.
    terms
        As `resolve_terms` fixed them. A category that they do not know is the reference: filter before.
    intercept
        Whether a column of ones stands first.
    """
    blocks: list[Floats] = [np.ones((rows.height, 1))] if intercept else []
    names, origins = ([INTERCEPT], [INTERCEPT]) if intercept else ([], [])
    for term in terms:
        blocks.append(_encode_term(rows[term.column], term))
        names.extend(term.names)
        origins.extend([term.column] * len(term.names))
    matrix = np.hstack(blocks) if blocks else np.empty((rows.height, 0))
    return Design(matrix, tuple(names), tuple(origins))


def _encode_term(values: pl.Series, term: Term) -> Floats:
    """Give the columns of one covariate."""
    if term.levels:
        words = values.cast(pl.String).to_numpy()
        marks = [words == level for level in term.levels[1:]]
        return np.array(marks, dtype=float).reshape(len(marks), len(values)).T
    numbers = values.cast(pl.Float64).to_numpy()
    return natural_spline(numbers, term.knots)[0]


def build_design(
    rows: pl.DataFrame, columns: Sequence[str], *, splines: Mapping[str, int] | None = None
) -> Design:
    """Make the matrix of some covariates, with an intercept: `resolve_terms`, then `encode_terms`."""
    return encode_terms(rows, resolve_terms(rows, columns, splines=splines))


def add_products(design: Design, first: str, second: str) -> Design:
    """Let the effect of one covariate differ with another: append the products of their columns.

    Parameters
    ----------
    design
        With the columns of both.
    first, second
        Covariates, as in ``design.columns``. Test the products together by the name ``first x second``:
        `analytics.regression.contrasts.assess_covariates`.

    Raises
    ------
    SpecificationError
        Where the design does not have one of them.
    """
    pairs = [(i, j) for i in design.positions([first]) for j in design.positions([second])]
    if not pairs:
        what = f"the design has no columns of '{first}' and '{second}'"
        raise SpecificationError(where="product", what=what, fix="Put both covariates into the design.")
    products = np.column_stack([design.matrix[:, i] * design.matrix[:, j] for i, j in pairs])
    return Design(
        np.hstack((design.matrix, products)),
        (*design.names, *(f"{design.names[i]} x {design.names[j]}" for i, j in pairs)),
        (*design.columns, *[f"{first} x {second}"] * len(pairs)),
    )


@dataclass(frozen=True, eq=False)
class Rotation:
    """A design turned into orthogonal columns, in which every search is well conditioned.

    Parameters
    ----------
    q
        n x p with q'q = 1.
    back
        p x p: coefficients of the design are ``back`` times those of ``q``.
    collinear
        Positions of columns that those before them determine; ``q`` and ``back`` are of no use if there is
        one.
    """

    q: Floats
    back: Floats
    collinear: tuple[int, ...]


def rotate(matrix: Floats) -> Rotation:
    """Turn a matrix into orthogonal columns by a QR decomposition of its scaled columns, in their order."""
    scale = np.sqrt((matrix**2).sum(axis=0))
    scale[scale == 0.0] = 1.0
    q, r = linalg.qr(matrix / scale, mode="economic")
    lengths = np.zeros(matrix.shape[1])
    lengths[: min(r.shape)] = np.abs(np.diag(r))
    lost = tuple(int(i) for i in np.flatnonzero(lengths < COLLINEAR))
    if lost:
        return Rotation(q, np.empty((0, 0)), lost)
    return Rotation(q, linalg.solve_triangular(r, np.eye(len(r))) / scale[:, None], ())
