"""Linear regression with a random intercept per patient or site, by restricted maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg, optimize

from analytics.refusals import NotEstimable
from analytics.regression.clusters import code_clusters, sum_by_cluster
from analytics.regression.contrasts import wald_test
from analytics.regression.design import rotate
from analytics.regression.linear import mean_table
from analytics.regression.results import RegressionBasis, RegressionFit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import polars as pl

    from analytics.regression.arrays import Floats
    from analytics.regression.design import Design

MODEL = "linear regression with a random intercept"
WIDEST = 1e3
"""Largest standard deviation between groups, in residual standard deviations, that is looked for."""


@dataclass(frozen=True, eq=False)
class MixedFit:
    """A linear model in which rows of a group share a random shift.

    Parameters
    ----------
    fit
        Differences of means within groups of the same shift, which are those of the population too.
    variance_between, variance_within
        Variance of the shifts and of the residuals, in squared units of the outcome.
    """

    fit: RegressionFit
    variance_between: float
    variance_within: float

    @property
    def intraclass_correlation(self) -> float:
        """Share of the variance that lies between groups."""
        return self.variance_between / (self.variance_between + self.variance_within)


def fit_random_intercept(
    design: Design, outcome: npt.ArrayLike, groups: Sequence[object] | pl.Series, *, confidence: float = 0.95
) -> MixedFit | NotEstimable:
    """Fit y = x'b + shift of the group + residual by restricted maximum likelihood [1]_.

    Parameters
    ----------
    design
        Covariates with an intercept.
    outcome
        A number, none missing.
    groups
        Patient or site of each row; two groups or more, one of them with two rows.
    confidence
        Level of the limits, from the normal distribution: with few groups they are too narrow.

    Returns
    -------
    MixedFit or NotEstimable
        NotEstimable with code ``no_patients``, ``one_group`` or ``singular``. ``log_likelihood`` is the
        restricted one, comparable between models of the same covariates only.

    References
    ----------
    .. [1] Patterson & Thompson (1971), Biometrika 58:545-554. doi:10.1093/biomet/58.3.545
    """
    y = np.asarray(outcome, dtype=float)
    n, p = design.matrix.shape
    codes = code_clusters(groups, n)
    sizes = np.bincount(codes)
    if n <= p:
        return NotEstimable(MODEL, "There are no more complete rows than coefficients.", "no_patients")
    if len(sizes) < 2 or sizes.max() < 2:
        reason = "Shifts need two groups or more, and a group with two rows."
        return NotEstimable(MODEL, reason, "one_group")
    rotation = rotate(design.matrix)
    if rotation.collinear:
        names = ", ".join(dict.fromkeys(design.columns[i] for i in rotation.collinear))
        return NotEstimable(MODEL, f"{names}: constant, or determined by the other covariates.", "singular")
    sums = sum_by_cluster(np.column_stack((rotation.q, y)), codes)
    kernel = RestrictedLikelihood(rotation.q, y, sums, sizes)
    ratio = kernel.best_ratio()
    gamma, inverse, within, value = kernel.solve(ratio)
    covariance = rotation.back @ inverse @ rotation.back.T * within
    beta, slopes = rotation.back @ gamma, list(design.slopes)
    # The criterion in the units of the design: its log determinant is that of q less that of the rotation.
    value += float(np.linalg.slogdet(rotation.back)[1])
    fit = RegressionFit(
        names=design.names,
        columns=design.columns,
        table=mean_table(design.names, beta, covariance, df=np.inf, confidence=confidence),
        covariance=covariance,
        model_covariance=covariance,
        log_likelihood=value,
        log_likelihood_null=None,
        test=wald_test(beta[slopes], covariance[np.ix_(slopes, slopes)]) if slopes else None,
        basis=_basis(n, len(sizes), ratio, confidence=confidence),
    )
    return MixedFit(fit, ratio * within, within)


def _basis(n: int, n_groups: int, ratio: float, *, confidence: float) -> RegressionBasis:
    """Say what the model rests on."""
    return RegressionBasis(
        method=MODEL,
        variance="restricted maximum likelihood",
        interval=f"Wald, normal, {100 * confidence:g} %",
        n=n,
        n_clusters=n_groups,
        warnings=() if ratio > 0 else ("Groups differ no more than chance: their variance is zero.",),
    )


@dataclass(frozen=True, eq=False)
class RestrictedLikelihood:
    """The restricted likelihood as a function of one number: the variance between over that within.

    Parameters
    ----------
    q
        Orthogonal columns of the design.
    y
        Outcome.
    sums
        Sums of the columns and of the outcome within groups, G x (p + 1).
    sizes
        Rows of each group.
    """

    q: Floats
    y: Floats
    sums: Floats
    sizes: npt.NDArray[np.int64]

    def solve(self, ratio: float) -> tuple[Floats, Floats, float, float]:
        """Give coefficients, inverse of X'V^-1 X, variance within, and the restricted log likelihood.

        The inverse of I + r 11' over m rows is I - r / (1 + m r) 11'.
        """
        n, p = self.q.shape
        shrink = ratio / (1 + self.sizes * ratio)
        held = (self.sums * shrink[:, None]).T @ self.sums
        matrix = np.eye(p) - held[:p, :p]
        inverse = linalg.inv(matrix)
        gamma = inverse @ (self.q.T @ self.y - held[:p, p])
        # Residual sums of squares from the residuals themselves, not as a difference of large numbers.
        residual = self.y - self.q @ gamma
        group_residual = self.sums[:, p] - self.sums[:, :p] @ gamma
        within = float(residual @ residual - shrink @ group_residual**2) / (n - p)
        determinants = float(np.log1p(self.sizes * ratio).sum() + np.linalg.slogdet(matrix)[1])
        value = -0.5 * ((n - p) * (np.log(2 * np.pi * within) + 1) + determinants)
        return gamma, inverse, within, float(value)

    def best_ratio(self) -> float:
        """Find the ratio at which the restricted likelihood is greatest; zero at the edge."""
        found = optimize.minimize_scalar(
            lambda log_spread: -self.solve(float(np.exp(2 * log_spread)))[3],
            bounds=(np.log(1e-4), np.log(WIDEST)),
            method="bounded",
            options={"xatol": 1e-9},
        )
        ratio = float(np.exp(2 * found.x))
        return ratio if -found.fun > self.solve(0.0)[3] + 1e-9 else 0.0
