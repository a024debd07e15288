"""The likelihood of y = x b + scale * error with a scale per stratum, and its maximum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from analytics.survival.parametric_likelihood import (
    COLLAPSED_INFORMATION,
    FAMILIES,
    MAX_STEPS,
    ROUNDING_STEP,
    STEP_TOLERANCE,
)
from analytics.survival.parametric_rows import sum_by_cluster
from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_rows import Ints
    from analytics.survival.parametric_rows import ParametricRows
    from analytics.survival.results_parametric import Scale


@dataclass(frozen=True)
class ErrorShape:
    """What a distribution of the error is, whether y is log time, and the scale where it is held."""

    family: Scale
    is_log: bool
    fixed: float | None = None


@dataclass(frozen=True, eq=False)
class LocationScaleRows:
    """Rows of a model of location and scale.

    Parameters
    ----------
    rows
        The rows as every parametric model reads them.
    y
        What the model is linear in: log time or time.
    entry
        The same at entry; minus infinity for rows that did not enter late.
    log_slope
        Logarithm of the derivative of y with respect to time.
    shape
        Distribution of the error.
    """

    rows: ParametricRows
    y: Floats
    entry: Floats
    log_slope: Floats
    shape: ErrorShape

    @property
    def n_scales(self) -> int:
        """Number of scales that are estimated."""
        return 0 if self.shape.fixed is not None else len(self.rows.strata)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Value, score and information; minus infinity where the numbers overflow."""

    value: float
    score: Floats
    information: Floats


@dataclass(frozen=True, eq=False)
class _Part:
    """Rows with their weights, their log likelihood with two derivatives in z, their scales and z."""

    rows: Ints
    weight: Floats
    value: Floats
    first: Floats
    second: Floats
    scale: Floats
    z: Floats


@dataclass(frozen=True, eq=False)
class LocationScaleMaximum:
    """Coefficients, then logarithms of the scales, with their covariance and the likelihood."""

    parameters: Floats
    covariance: Floats
    log_likelihood: float


class LocationScaleLikelihood:
    """The log likelihood in coordinates in which the columns are orthonormal.

    Parameters
    ----------
    data
        Rows, none of whose columns is determined by others.
    """

    def __init__(self, data: LocationScaleRows) -> None:
        self.data = data
        columns = np.hstack((np.ones((len(data.y), 1)), data.rows.design))
        self.n_terms = columns.shape[1]
        self.root = np.linalg.qr(columns, mode="r") / np.sqrt(len(columns))
        self.x: Floats = linalg.solve_triangular(self.root, columns.T, trans="T").T
        self.late: Ints = np.flatnonzero(np.isfinite(data.entry))

    def inside(self, parameters: Floats) -> Floats:
        """Turn coefficients as they are given into orthonormal coordinates; scales stay."""
        own = self.n_terms
        return np.concatenate((self.root @ parameters[:own], parameters[own:]))

    def back(self) -> Floats:
        """Give the matrix that turns orthonormal coordinates back."""
        size = self.n_terms + self.data.n_scales
        matrix = np.eye(size)
        matrix[: self.n_terms, : self.n_terms] = linalg.solve_triangular(self.root, np.eye(self.n_terms))
        return matrix

    def evaluate(self, at: Floats) -> Evaluation:
        """Give value, score and information."""
        own, size = self.n_terms, self.n_terms + self.data.n_scales
        score, information, total = np.zeros(size), np.zeros((size, size)), 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            for part in self._parts(at):
                if not np.isfinite(part.value).all():
                    return Evaluation(-np.inf, score, information)
                total += float(part.weight @ part.value)
                slope, bend = self._sum(part)
                score, information = score + slope, information + bend
        score[own:] -= self._per_scale(self.data.rows.weight * self.data.rows.event, self.data.rows.stratum)
        return Evaluation(total, score, information)

    def scores(self, at: Floats) -> Floats:
        """Give every row's weighted score."""
        data, own = self.data, self.n_terms
        scores = np.zeros((len(data.y), own + data.n_scales))
        for part in self._parts(at):
            steepness = part.weight * part.first
            scores[part.rows, :own] -= (steepness / part.scale)[:, None] * self.x[part.rows]
            if data.n_scales:
                scores[part.rows, own + data.rows.stratum[part.rows]] -= steepness * part.z
        if data.n_scales:
            scores[np.arange(len(data.y)), own + data.rows.stratum] -= data.rows.weight * data.rows.event
        return scores

    def _parts(self, at: Floats) -> list[_Part]:
        """Give the rows as they end and, taken away, those that entered late as they entered."""
        data, event, weight = self.data, self.data.rows.event, self.data.rows.weight
        everybody = np.arange(len(data.y))
        scale, z = self._standardise(at, everybody, data.y)
        density, survival = FAMILIES[data.shape.family](z)
        value, first, second = (np.where(event, d, s) for d, s in zip(density, survival, strict=True))
        value[event] += data.log_slope[event] - np.log(scale[event])
        parts = [_Part(everybody, weight, value, first, second, scale, z)]
        if len(self.late):
            scale, z = self._standardise(at, self.late, data.entry)
            parts.append(_Part(self.late, -weight[self.late], *FAMILIES[data.shape.family](z)[1], scale, z))
        return parts

    def _standardise(self, at: Floats, rows: Ints, y: Floats) -> tuple[Floats, Floats]:
        """Give the scale and the standardised distance of some rows."""
        data = self.data
        logs = (
            at[self.n_terms :]
            if data.shape.fixed is None
            else np.full(len(data.rows.strata), np.log(data.shape.fixed))
        )
        scale = np.exp(logs[data.rows.stratum[rows]])
        z: Floats = (y[rows] - self.x[rows] @ at[: self.n_terms]) / scale
        return scale, z

    def _sum(self, part: _Part) -> tuple[Floats, Floats]:
        """Sum derivatives in z into score and information; what -log scale adds to the score is left out."""
        data, own, size = self.data, self.n_terms, self.n_terms + self.data.n_scales
        x, stratum, steepness = self.x[part.rows], data.rows.stratum[part.rows], part.weight * part.first
        score, information = np.zeros(size), np.zeros((size, size))
        score[:own] = -(steepness / part.scale) @ x
        information[:own, :own] = -(x.T * (part.weight * part.second / part.scale**2)) @ x
        if data.n_scales:
            score[own:] = -self._per_scale(steepness * part.z, stratum)
            bend = part.weight * part.second * part.z + steepness
            mixed = np.array([self._per_scale(column * bend / part.scale, stratum) for column in x.T])
            information[:own, own:], information[own:, :own] = -mixed, -mixed.T
            places = np.arange(own, size)
            information[places, places] = -self._per_scale(bend * part.z, stratum)
        return score, information

    def _per_scale(self, values: Floats, stratum: Ints) -> Floats:
        """Sum by stratum, where there are scales to be estimated."""
        if not self.data.n_scales:
            return np.zeros(0)
        sums: Floats = np.asarray(np.bincount(stratum, values, self.data.n_scales), dtype=np.float64)
        return sums


def maximise_location_scale(data: LocationScaleRows, start: Floats) -> LocationScaleMaximum | NotEstimable:
    """Maximise by damped Newton steps from a start.

    Parameters
    ----------
    data
        Rows, none of whose columns is determined by others.
    start
        Coefficients, then logarithms of the scales that are estimated.

    Returns
    -------
    LocationScaleMaximum or NotEstimable
        Code ``separation`` or ``not_converged``.
    """
    likelihood = LocationScaleLikelihood(data)
    at, found, converged = _climb(likelihood, likelihood.inside(start))
    values = np.linalg.eigvalsh(found.information / np.sum(data.rows.weight))
    if values[0] < COLLAPSED_INFORMATION:
        reason = "a coefficient or the scale of a stratum grows without bound"
        return NotEstimable(data.rows.model, reason, "separation")
    if not converged:
        return NotEstimable(data.rows.model, "the search for the maximum did not settle", "not_converged")
    covariance = np.linalg.inv(found.information)
    if data.rows.spec.is_robust:
        change = sum_by_cluster(likelihood.scores(at), data.rows.cluster) @ covariance
        covariance = change.T @ change
    back = likelihood.back()
    own = back @ covariance @ back.T
    return LocationScaleMaximum(back @ at, (own + own.T) / 2, found.value)


def _climb(likelihood: LocationScaleLikelihood, at: Floats) -> tuple[Floats, Evaluation, bool]:
    """Take Newton steps, uphill where the surface bends upwards, halved while they lower the likelihood."""
    here, previous = likelihood.evaluate(at), np.inf
    for _ in range(MAX_STEPS):
        values, directions = np.linalg.eigh(here.information)
        floor = np.finfo(float).eps * max(float(np.max(np.abs(values))), np.finfo(float).tiny)
        step = directions @ ((directions.T @ here.score) / np.maximum(np.abs(values), floor))
        size = float(np.max(np.abs(step)))
        settled = size < STEP_TOLERANCE * max(1.0, float(np.max(np.abs(at))))
        if settled or previous / 2 < size < ROUNDING_STEP:
            return at, here, True
        slack = 1e-10 * (1.0 + abs(here.value))
        for halving in range(40):
            there = likelihood.evaluate(at + step / 2**halving)
            if there.value >= here.value - slack:
                at, here = at + step / 2**halving, there
                break
        else:
            return at, here, False
        previous = size
    return at, here, False
