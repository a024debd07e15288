"""Proportional-odds regression of grades, and the check of its proportionality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import linalg, special

from analytics.refusals import NotEstimable
from analytics.regression.clusters import cluster_warnings, code_clusters, sandwich
from analytics.regression.contrasts import wald_test
from analytics.regression.design import rotate
from analytics.regression.logistic import FEWEST_EVENTS, ratio_table
from analytics.regression.results import RegressionBasis, RegressionFit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.regression.arrays import Codes, Floats
    from analytics.regression.design import Design

MODEL = "proportional-odds regression"
MOST_STEPS = 60


@dataclass(frozen=True, eq=False)
class OrderedFit:
    """A proportional-odds model.

    Parameters
    ----------
    slopes
        Its coefficients: ``ratio`` is the ratio of the odds of a higher grade, the same at every cut.
    thresholds
        One row per cut: ``above`` (the grade below the cut), ``threshold`` (log odds of that grade or less
        where every covariate is zero), ``std_error``.
    """

    slopes: RegressionFit
    thresholds: pl.DataFrame


def fit_ordered(
    design: Design,
    grades: Sequence[int] | pl.Series,
    *,
    labels: Sequence[str] = (),
    clusters: Sequence[object] | pl.Series | None = None,
    confidence: float = 0.95,
) -> OrderedFit | NotEstimable:
    """Fit log odds(grade <= k) = threshold k - x'b by maximum likelihood [1]_.

    Parameters
    ----------
    design
        Covariates; its intercept is left out, the thresholds take its place.
    grades
        Whole numbers from 0, none missing; a grade that nobody has is closed up.
    labels
        Words for the grades 0, 1, ...; the numbers where none are given.
    clusters
        Patient or site of each row: the variance is then the sandwich.
    confidence
        Level of the limits.

    Returns
    -------
    OrderedFit or NotEstimable
        NotEstimable with code ``no_patients``, ``no_events`` (one grade only), ``too_few_events``,
        ``singular`` or ``not_converged`` (as where a covariate tells grades apart).

    References
    ----------
    .. [1] McCullagh (1980), J R Stat Soc B 42:109-142. doi:10.1111/j.2517-6161.1980.tb01109.x
    """
    found, codes = np.unique(np.asarray(grades, dtype=int), return_inverse=True)
    slopes = list(design.slopes)
    refused = _refuse(codes, len(found), len(slopes))
    if refused is not None:
        return refused
    rotation = rotate(np.column_stack((np.ones(len(codes)), design.matrix[:, slopes])))
    if rotation.collinear:
        names = ", ".join(dict.fromkeys(design.columns[slopes[i - 1]] for i in rotation.collinear))
        return NotEstimable(MODEL, f"{names}: constant, or determined by the other covariates.", "singular")
    # Centred and scaled columns, so that Newton's steps are well conditioned; undone below.
    centre = design.matrix[:, slopes].mean(axis=0)
    kernel = CumulativeLogit(design.matrix[:, slopes] - centre, codes.astype(np.int64), len(found) - 1)
    theta = kernel.maximise()
    if theta is None:
        reason = "The search did not settle: a covariate may tell the grades apart."
        return NotEstimable(MODEL, reason, "not_converged")
    words = [str(labels[grade]) if labels else str(grade) for grade in found[:-1].tolist()]
    return _describe(kernel, theta, (design, slopes, centre), words, (clusters, confidence))


def _refuse(codes: Codes, n_grades: int, n_slopes: int) -> NotEstimable | None:
    """Say why the grades cannot carry a model; None where they can."""
    if not codes.size:
        return NotEstimable(MODEL, "There is no complete row.", "no_patients")
    if n_grades < 2:
        return NotEstimable(MODEL, "Every row has the same grade.", "no_events")
    counts = np.bincount(codes)
    # The effective size of an ordered outcome, Harrell (2015), table 4.1: n - sum of cubes / n^2.
    effective = counts.sum() - (counts.astype(float) ** 3).sum() / counts.sum() ** 2
    if effective < FEWEST_EVENTS * n_slopes:
        reason = f"Too few rows outside the commonest grade for {n_slopes} coefficients."
        return NotEstimable(MODEL, reason, "too_few_events")
    return None


class CumulativeLogit:
    """The likelihood of a cumulative logit model, thresholds first, then slopes.

    Parameters
    ----------
    x
        Covariates without an intercept, n x p.
    grade
        0 to ``n_cuts``.
    n_cuts
        Grades less one.
    """

    def __init__(self, x: Floats, grade: Codes, n_cuts: int) -> None:
        self.n_cuts, self.grade = n_cuts, grade
        marks = np.eye(n_cuts + 1)[:, :n_cuts]
        self.upper = np.hstack((marks[grade], -x))
        below = np.vstack((np.zeros(n_cuts), marks[:-1]))
        self.lower = np.hstack((below[grade], -x))
        self.has_upper, self.has_lower = grade < n_cuts, grade > 0

    def _edges(self, theta: Floats) -> tuple[Floats, Floats]:
        """Give the two ends of each row's interval on the logit scale."""
        upper = np.where(self.has_upper, self.upper @ theta, np.inf)
        return upper, np.where(self.has_lower, self.lower @ theta, -np.inf)

    def log_likelihood(self, theta: Floats) -> float:
        """Sum of log probabilities; minus infinity where thresholds are out of order."""
        upper, lower = self._edges(theta)
        mass = special.expit(upper) - special.expit(lower)
        return float(np.log(mass).sum()) if bool((mass > 0).all()) else -np.inf

    def slopes(self, theta: Floats) -> tuple[Floats, Floats]:
        """Give the score of each row and the negative second derivatives."""
        upper, lower = self._edges(theta)
        top, bottom = special.expit(upper), special.expit(lower)
        mass = top - bottom
        dense_top, dense_bottom = top * (1 - top), bottom * (1 - bottom)
        a, b = dense_top / mass, dense_bottom / mass
        scores = a[:, None] * self.upper - b[:, None] * self.lower
        bend_top, bend_bottom = a * (1 - 2 * top) - a**2, -b * (1 - 2 * bottom) - b**2
        cross = (self.upper * (a * b)[:, None]).T @ self.lower
        second = (self.upper * bend_top[:, None]).T @ self.upper
        second += (self.lower * bend_bottom[:, None]).T @ self.lower + cross + cross.T
        return scores, -second

    def maximise(self) -> Floats | None:
        """Find the maximum by Newton's steps, halved where they overshoot; None if it runs away."""
        shares = np.cumsum(np.bincount(self.grade))[: self.n_cuts] / len(self.grade)
        theta: Floats = np.concatenate((special.logit(shares), np.zeros(self.upper.shape[1] - self.n_cuts)))
        value = self.log_likelihood(theta)
        for _ in range(MOST_STEPS):
            scores, information = self.slopes(theta)
            score = scores.sum(axis=0)
            step = np.linalg.pinv(information, hermitian=True) @ score
            decrement = float(score @ step)
            for halving in range(30):
                new = self.log_likelihood(theta + step / 2**halving)
                if new >= value - 1e-11 * abs(value):
                    break
            else:
                return None
            theta, value = theta + step / 2**halving, new
            if decrement < 1e-18 * len(self.grade):
                return theta if np.abs(self.upper @ theta).max() < 30 else None
        return None


def _describe(
    kernel: CumulativeLogit,
    theta: Floats,
    columns: tuple[Design, list[int], Floats],
    words: list[str],
    choices: tuple[Sequence[object] | pl.Series | None, float],
) -> OrderedFit:
    """Put covariance, limits and basis around the maximum."""
    (design, slopes, centre), (clusters, confidence) = columns, choices
    scores, information = kernel.slopes(theta)
    model = linalg.inv(information)
    codes = None if clusters is None else code_clusters(clusters, len(scores))
    covariance = model if codes is None else sandwich(model, scores, codes)
    # Thresholds of uncentred covariates: threshold + centre'b.
    shift = np.eye(len(theta))
    shift[: kernel.n_cuts, kernel.n_cuts :] = centre
    theta, covariance, model = shift @ theta, shift @ covariance @ shift.T, shift @ model @ shift.T
    cuts, rest = slice(None, kernel.n_cuts), slice(kernel.n_cuts, None)
    names = tuple(design.names[i] for i in slopes)
    fit = RegressionFit(
        names=names,
        columns=tuple(design.columns[i] for i in slopes),
        table=ratio_table(names, theta[rest], covariance[rest, rest], confidence=confidence),
        covariance=covariance[rest, rest],
        model_covariance=model[rest, rest],
        log_likelihood=kernel.log_likelihood(np.linalg.solve(shift, theta)),
        log_likelihood_null=_null_likelihood(kernel.grade),
        test=wald_test(theta[rest], covariance[rest, rest]) if slopes else None,
        basis=_basis(kernel, codes, confidence=confidence),
    )
    error = np.sqrt(np.diag(covariance))[cuts]
    return OrderedFit(fit, pl.DataFrame({"above": words, "threshold": theta[cuts], "std_error": error}))


def _null_likelihood(grade: Codes) -> float:
    """Give the log likelihood with thresholds only."""
    counts = np.bincount(grade)
    return float(np.sum(counts * np.log(counts / counts.sum())))


def _basis(kernel: CumulativeLogit, codes: Codes | None, *, confidence: float) -> RegressionBasis:
    """Say what the model rests on."""
    n = len(kernel.grade)
    return RegressionBasis(
        method=f"{MODEL}, {kernel.n_cuts + 1} grades",
        variance="inverse information" if codes is None else "sandwich by cluster, factor G/(G-1)",
        interval=f"Wald on the log odds, {100 * confidence:g} %",
        n=n,
        n_clusters=None if codes is None else int(codes.max()) + 1,
        warnings=() if codes is None else cluster_warnings(codes, n),
    )
