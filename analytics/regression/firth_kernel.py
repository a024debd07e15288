"""The logistic likelihood with Firth's penalty, and the search for its maximum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg, special

if TYPE_CHECKING:
    from analytics.regression.arrays import Floats

MOST_STEPS = 200
LONGEST_STEP = 5.0
"""On the log odds of any row; the penalised likelihood is no parabola far from its top."""


@dataclass(frozen=True, eq=False)
class FirthMaximum:
    """Where a search ended.

    Parameters
    ----------
    beta
        Coefficients of the columns that were free.
    value
        Penalised log likelihood there.
    information
        Information of the whole model there.
    converged
        Whether the search arrived.
    """

    beta: Floats
    value: float
    information: Floats
    converged: bool


@dataclass(frozen=True, eq=False)
class _State:
    """The penalised likelihood at one place: its value, the pull of each row, weights and information."""

    value: float
    pull: Floats
    weight: Floats
    information: Floats


class FirthKernel:
    """The penalised likelihood of one model, whatever part of it is held.

    Parameters
    ----------
    q
        Orthogonal columns of the whole design: the penalty is always that of the whole model.
    outcome
        0 or 1.
    """

    def __init__(self, q: Floats, outcome: Floats) -> None:
        self.q, self.outcome = q, outcome

    def at(self, predictor: Floats) -> _State:
        """Evaluate l + log det I / 2; a row pulls with y - p + h (1/2 - p), h its leverage [1]_.

        References
        ----------
        .. [1] Heinze & Schemper (2002), Stat Med 21:2409-2419. doi:10.1002/sim.1047
        """
        risk = special.expit(predictor)
        weight = risk * (1 - risk)
        information = (self.q * weight[:, None]).T @ self.q
        sign, log_determinant = np.linalg.slogdet(information)
        if sign <= 0 or not np.isfinite(log_determinant):
            return _State(-np.inf, risk, weight, information)
        leverage = weight * np.einsum("ij,ij->i", self.q @ linalg.inv(information), self.q)
        likelihood = float(np.sum(self.outcome * predictor - np.logaddexp(0.0, predictor)))
        pull = self.outcome - risk + leverage * (0.5 - risk)
        return _State(likelihood + float(log_determinant) / 2, pull, weight, information)

    def maximise(self, columns: Floats, offset: Floats) -> FirthMaximum:
        """Find the best coefficients of some columns, the rest of the predictor being held.

        Parameters
        ----------
        columns
            Columns that are free, orthogonal for choice.
        offset
            What is held, one number per row.
        """
        beta: Floats = np.zeros(columns.shape[1])
        state = self.at(offset)
        for _ in range(MOST_STEPS):
            step = self._step(columns, state)
            reach = np.abs(columns @ step).max(initial=0.0)
            short = step * min(1.0, LONGEST_STEP / max(reach, 1e-300))
            found, new = self._halve(columns, offset, (beta, state), short)
            gain = new.value - state.value
            beta, state = found, new
            if reach < 1e-7 and abs(gain) < 1e-10:
                return FirthMaximum(beta, state.value, state.information, converged=True)
        return FirthMaximum(beta, state.value, state.information, converged=False)

    def _step(self, columns: Floats, state: _State) -> Floats:
        """Solve the information of the free columns for the step."""
        information = (columns * state.weight[:, None]).T @ columns
        step: Floats = np.linalg.pinv(information, hermitian=True) @ (columns.T @ state.pull)
        return step

    def _halve(
        self, columns: Floats, offset: Floats, at: tuple[Floats, _State], step: Floats
    ) -> tuple[Floats, _State]:
        """Take the step, or as much of it as does not lower the value."""
        beta, state = at
        for halving in range(40):
            found = beta + step / 2**halving
            new = self.at(offset + columns @ found)
            if new.value >= state.value - 1e-12 * abs(state.value):
                return found, new
        return beta, state
