"""The outcome model of a standardised comparison: fitted once, predicted as if all were at each level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg, special

from analytics.regression.design import INTERCEPT, Design, encode_terms, resolve_terms, rotate
from analytics.regression.logistic import separating_covariates
from analytics.regression.logistic_kernel import LogisticMaximum, maximise_logistic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.comparison.comparison_rows import ComparisonRows
    from analytics.comparison.results import StandardisationPlan
    from analytics.regression.arrays import Codes, Floats
    from analytics.regression.design import Rotation


@dataclass(frozen=True, eq=False)
class Layout:
    """The columns of an outcome model, for any assignment to the levels.

    Parameters
    ----------
    exposure
        Name of the exposure.
    levels
        Its levels, the reference first.
    covariates
        Columns of the covariates, the same at every level.
    modifiers
        Covariates that interact with the exposure.
    """

    exposure: str
    levels: tuple[str, ...]
    covariates: Design
    modifiers: tuple[str, ...]

    def design(self, level: Codes) -> Design:
        """Make the columns for rows at some levels: intercept, exposure, covariates, products."""
        covariates = self.covariates
        marks = (level[:, None] == np.arange(1, len(self.levels))).astype(float)
        chosen = covariates.positions(self.modifiers)
        products = [marks[:, [k]] * covariates.matrix[:, chosen] for k in range(marks.shape[1])]
        exposed = [f"{self.exposure}: {name}" for name in self.levels[1:]]
        crossed = [f"{name} x {covariates.names[i]}" for name in exposed for i in chosen]
        origins = [covariates.columns[i] for _ in exposed for i in chosen]
        return Design(
            np.hstack([np.ones((len(level), 1)), marks, covariates.matrix, *products]),
            (INTERCEPT, *exposed, *covariates.names, *crossed),
            (INTERCEPT, *[self.exposure] * len(exposed), *covariates.columns, *origins),
        )


@dataclass(frozen=True, eq=False)
class OutcomeModel:
    """A fitted outcome model and what the standardisation needs of it.

    Parameters
    ----------
    design
        Columns as observed.
    rotation
        Their orthogonal form, in which everything below lives.
    gamma
        Coefficients of the orthogonal columns.
    assigned
        Per level, the orthogonal columns with everybody at that level.
    is_binary
        Whether the model is logistic; else linear.
    prior
        Rows, in the orthogonal columns, with half an event each: the penalty; none where there is none.
    """

    design: Design
    rotation: Rotation
    gamma: Floats
    assigned: tuple[Floats, ...]
    is_binary: bool
    prior: Floats

    def predict(self, gamma: Floats, columns: Floats) -> Floats:
        """Predict the risk or the mean of rows."""
        predictor = columns @ gamma
        return special.expit(predictor) if self.is_binary else predictor

    def refit(self, outcome: Floats, weights: Floats) -> Floats:
        """Fit the same columns with other weights."""
        q = self.rotation.q
        if self.is_binary:
            return _maximise(q, outcome, self.prior, weights=weights, start=self.gamma).beta
        solution: Floats = linalg.lstsq(q * np.sqrt(weights)[:, None], outcome * np.sqrt(weights))[0]
        return solution

    def information(self) -> Floats:
        """Give the information of the orthogonal columns at the estimate, penalty included."""
        columns = np.vstack((self.rotation.q, self.prior))
        if not self.is_binary:
            return columns.T @ columns
        risk = self.predict(self.gamma, columns)
        return (columns * (risk * (1 - risk))[:, None]).T @ columns


def _maximise(
    q: Floats, outcome: Floats, prior: Floats, *, weights: Floats | None = None, start: Floats | None = None
) -> LogisticMaximum:
    """Maximise the likelihood of the rows and of the penalty's rows, which have half an event each."""
    if not len(prior):
        return maximise_logistic(q, outcome, weights, start)
    w = np.ones(len(q)) if weights is None else weights
    halves, ones = np.full(len(prior), 0.5), np.ones(len(prior))
    return maximise_logistic(
        np.vstack((q, prior)), np.concatenate((outcome, halves)), np.concatenate((w, ones)), start
    )


@dataclass(frozen=True)
class ModelFault:
    """Why an outcome model cannot be fitted.

    Parameters
    ----------
    columns
        The covariates, or the exposure, that brought it about; empty where no one of them did.
    reason
        A sentence without any value.
    code
        ``singular``, ``separation`` or ``not_converged``.
    """

    columns: tuple[str, ...]
    reason: str
    code: str


def fit_outcome_model(
    rows: ComparisonRows, plan: StandardisationPlan, covariates: Sequence[str], *, penalised: bool = False
) -> OutcomeModel | ModelFault:
    """Fit the outcome on the levels and some covariates.

    With the penalty, coefficients of covariates (of two standard deviations of a number) have a log-F(1, 1)
    prior [1]_, which is a row with half an event; groups and intercept have none, so that predicted and
    observed events agree in every group.

    Parameters
    ----------
    rows
        Complete rows.
    plan
        The question.
    covariates
        Those of the plan that stay in the model.
    penalised
        Whether the covariates of a logistic model are penalised.

    References
    ----------
    .. [1] Greenland & Mansournia (2015), Stat Med 34:3133-3143. doi:10.1002/sim.6537
    """
    terms = resolve_terms(rows.frame, covariates, splines=plan.splines)
    kept = tuple(name for name in plan.modifiers if name in covariates)
    layout = Layout(plan.exposure, rows.levels, encode_terms(rows.frame, terms, intercept=False), kept)
    design = layout.design(rows.level)
    rotation = rotate(design.matrix)
    if rotation.collinear:
        names = tuple(dict.fromkeys(design.columns[i] for i in rotation.collinear))
        return ModelFault(names, "determined by the other covariates", "singular")
    free = {INTERCEPT, plan.exposure}
    held = [i for i, name in enumerate(design.columns) if penalised and name not in free]
    prior = np.diag(_spread(design.matrix))[held] @ rotation.back
    gamma = _fit(design, rotation, rows, prior)
    if isinstance(gamma, ModelFault):
        return gamma
    assigned = tuple(
        layout.design(np.full(len(rows.level), code)).matrix @ rotation.back
        for code in range(len(rows.levels))
    )
    return OutcomeModel(design, rotation, gamma, assigned, rows.is_binary, prior)


def _spread(matrix: Floats) -> Floats:
    """Give the unit in which each column is penalised: one for a mark, two standard deviations else."""
    is_mark = ((matrix == 0) | (matrix == 1)).all(axis=0)
    unit: Floats = np.where(is_mark, 1.0, 2 * matrix.std(axis=0))
    return unit


def _fit(design: Design, rotation: Rotation, rows: ComparisonRows, prior: Floats) -> Floats | ModelFault:
    """Find the coefficients of the orthogonal columns."""
    if not rows.is_binary:
        return rotation.q.T @ rows.outcome
    maximum = _maximise(rotation.q, rows.outcome, prior)
    parting = () if len(prior) else separating_covariates(design, rows.outcome, maximum)
    if parting:
        return ModelFault(parting, "tells the outcomes apart", "separation")
    if not maximum.converged:
        return ModelFault((), "the search for the maximum did not settle", "not_converged")
    return maximum.beta
