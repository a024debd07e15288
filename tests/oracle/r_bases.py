"""The bases of R's formulas that depend on the data: `poly` and `splines::ns`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.interpolate import BSpline

if TYPE_CHECKING:
    from collections.abc import Callable

CALL = re.compile(r"(poly|(?:splines::)?ns)\(\s*([A-Za-z.][A-Za-z0-9._]*)\s*,(.*)\)")


@dataclass(frozen=True)
class Basis:
    """Columns made of one covariate by a function that the data fixed."""

    column: str
    text: str
    size: int
    make: Callable[[np.ndarray], np.ndarray]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(f"{self.text}#{number}" for number in range(1, self.size + 1))

    def columns(self, frame: pl.DataFrame) -> list[pl.Series]:
        """Code the covariate of a frame; a missing value stays missing."""
        values = frame[self.column].cast(pl.Float64)
        made = self.make(values.fill_null(float("nan")).to_numpy())
        return [
            pl.Series(name, column).fill_nan(None) for name, column in zip(self.names, made.T, strict=True)
        ]


def read_basis(text: str, frame: pl.DataFrame) -> Basis | None:
    """Read `poly(x, 2)`, `ns(x, df=3)` or `ns(x, knots=c(..), Boundary.knots=c(..))`; None for other text."""
    called = CALL.fullmatch(text)
    if called is None:
        return None
    kind, column, rest = called.groups()
    values = frame[column].cast(pl.Float64).drop_nulls().to_numpy()
    options = {name.replace(" ", ""): numbers(value) for name, value in re.findall(OPTION, rest)}
    if kind == "poly":
        degree = int(numbers(rest.split("=")[-1])[0])
        return Basis(column, text, degree, orthogonal(values, degree))
    boundary = options.get("Boundary.knots", [values.min(), values.max()])
    count = int(options["df"][0]) - 1 if "df" in options else 0
    knots = options.get("knots") or np.quantile(values, np.arange(1, count + 1) / (count + 1)).tolist()
    return Basis(column, text, len(knots) + 1, natural(knots, boundary))


OPTION = r"([A-Za-z. ]+)=\s*(c\([^)]*\)|[-0-9.e]+)"


def numbers(text: str) -> list[float]:
    """Read a number or `c(...)`."""
    return [float(number) for number in re.findall(r"-?\d+\.?\d*(?:[eE][-+]?\d+)?", text)]


def orthogonal(values: np.ndarray, degree: int) -> Callable[[np.ndarray], np.ndarray]:
    """Give polynomials that are orthonormal over the data (Kennedy and Gentle 1980, section 8.4)."""
    centre, square, before, now = [], [1.0, float(len(values))], np.zeros_like(values), np.ones_like(values)
    for _ in range(degree):
        centre.append(float(values @ now**2 / (now @ now)))
        before, now = now, (values - centre[-1]) * now - square[-1] / square[-2] * before
        square.append(float(now @ now))

    def make(at: np.ndarray) -> np.ndarray:
        columns, last, own = [], np.zeros_like(at), np.ones_like(at)
        for power in range(degree):
            last, own = own, (at - centre[power]) * own - square[power + 1] / square[power] * last
            columns.append(own / np.sqrt(square[power + 2]))
        return np.stack(columns, axis=1)

    return make


def natural(knots: list[float], boundary: list[float]) -> Callable[[np.ndarray], np.ndarray]:
    """Give cubic B-splines without curvature at the boundary, linear beyond it, and 0 at its lower end."""
    low, high = boundary
    places = np.concatenate(([low] * 4, knots, [high] * 4))
    splines = BSpline(places, np.eye(len(places) - 4), 3)
    bends = splines.derivative(2)(np.array([low, high]))[:, 1:]
    turn = np.linalg.qr(bends.T, mode="complete")[0][:, 2:]

    def make(at: np.ndarray) -> np.ndarray:
        inside = np.clip(at, low, high)
        values = splines(inside) + (at - inside)[:, None] * splines.derivative(1)(inside)
        return values[:, 1:] @ turn

    return make
