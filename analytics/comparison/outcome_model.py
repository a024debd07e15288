"""The outcome model of a standardised comparison: fitted once, predicted as if all were at each level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import linalg, special

from analytics.regression.design import INTERCEPT, Design, Term, encode_terms, resolve_terms, rotate
from analytics.regression.logistic import separating_covariates
from analytics.regression.logistic_kernel import maximise_logistic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.comparison.comparison_rows import Codes, ComparisonRows, Floats
    from analytics.comparison.results import StandardisationPlan
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
    terms
        Covariates.
    modifiers
        Those of them that interact with the exposure.
    """

    exposure: str
    levels: tuple[str, ...]
    terms: tuple[Term, ...]
    modifiers: tuple[str, ...]

    def design(self, frame: pl.DataFrame, level: Codes) -> Design:
        """Make the columns for rows at some levels: intercept, exposure, covariates, products."""
        covariates = encode_terms(frame, self.terms, intercept=False)
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
    """

    design: Design
    rotation: Rotation
    gamma: Floats
    assigned: tuple[Floats, ...]
    is_binary: bool

    def predict(self, gamma: Floats, columns: Floats) -> Floats:
        """Predict the risk or the mean of rows."""
        predictor = columns @ gamma
        return special.expit(predictor) if self.is_binary else predictor

    def refit(self, outcome: Floats, weights: Floats) -> Floats:
        """Fit the same columns with other weights."""
        q = self.rotation.q
        if self.is_binary:
            return maximise_logistic(q, outcome, weights, self.gamma).beta
        solution: Floats = linalg.lstsq(q * np.sqrt(weights)[:, None], outcome * np.sqrt(weights))[0]
        return solution


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
    rows: ComparisonRows, plan: StandardisationPlan, covariates: Sequence[str]
) -> OutcomeModel | ModelFault:
    """Fit the outcome on the levels and some covariates.

    Parameters
    ----------
    rows
        Complete rows.
    plan
        The question.
    covariates
        Those of the plan that stay in the model.
    """
    terms = resolve_terms(rows.frame, covariates, splines=plan.splines)
    kept = tuple(name for name in plan.modifiers if name in covariates)
    layout = Layout(plan.exposure, rows.levels, terms, kept)
    design = layout.design(rows.frame, rows.level)
    rotation = rotate(design.matrix)
    if rotation.collinear:
        names = tuple(dict.fromkeys(design.columns[i] for i in rotation.collinear))
        return ModelFault(names, "determined by the other covariates", "singular")
    gamma = _fit(design, rotation, rows)
    if isinstance(gamma, ModelFault):
        return gamma
    assigned = tuple(
        layout.design(rows.frame, np.full(len(rows.level), code)).matrix @ rotation.back
        for code in range(len(rows.levels))
    )
    return OutcomeModel(design, rotation, gamma, assigned, rows.is_binary)


def _fit(design: Design, rotation: Rotation, rows: ComparisonRows) -> Floats | ModelFault:
    """Find the coefficients of the orthogonal columns."""
    if not rows.is_binary:
        return rotation.q.T @ rows.outcome
    maximum = maximise_logistic(rotation.q, rows.outcome)
    parting = separating_covariates(design, rows.outcome, maximum)
    if parting:
        return ModelFault(parting, "tells the outcomes apart", "separation")
    if not maximum.converged:
        return ModelFault((), "the search for the maximum did not settle", "not_converged")
    return maximum.beta
