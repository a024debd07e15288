"""Where the partial likelihood is largest, or why it has no maximum."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from analytics.survival.cox_design import MODEL
from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    from typing import Protocol

    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_likelihood import CoxKernel, Likelihood

    class Evaluates(Protocol):
        """What the search needs: the likelihood with its derivatives at scaled coefficients."""

        def evaluate(self, beta: Floats) -> Likelihood:
            """Give log-likelihood, score and information."""


MAX_STEPS = 40
POLISHING_STEPS = 8
STEP_TOLERANCE = 1e-12
# A step this small that shrinks no more is at the limit of double precision.
ROUNDING_STEP = 1e-8
# Along a monotone likelihood the information falls towards nothing; at a maximum it stays within reach of its
# value at zero.
COLLAPSED_INFORMATION = 1e-8
PIVOT_TOLERANCE = 1e-10
# Above this many numbers the start costs ten times the whole search on our own sums.
MAX_CELLS_LIFELINES = 50_000


@dataclass(frozen=True, eq=False)
class Maximum:
    """Coefficients on the kernel's scale, the likelihood there, and whether the steps have ended."""

    beta: Floats
    at: Likelihood
    converged: bool


def find_maximum(kernel: CoxKernel, names: tuple[str, ...], null: Likelihood) -> Maximum | NotEstimable:
    """Maximise the partial likelihood.

    lifelines finds the neighbourhood where it offers the tie rule; Newton steps on our own score
    finish it. A start that does not lead home within a few steps is thrown away and Newton begins at
    zero.

    Parameters
    ----------
    kernel
        Sorted sums of the data.
    names
        Coefficient names, for the reason of a refusal.
    null
        The likelihood at zero.

    Returns
    -------
    Maximum or NotEstimable
        Code ``singular`` (a column is constant or repeats others), ``separation`` (a coefficient
        grows without bound), or ``not_converged``.
    """
    refusal = refuse_redundant(names, null)
    if refusal is not None:
        return refusal
    return climb_from(kernel, names, null, _lifelines_start(kernel))


# A start or a step may lie so far out that nobody is left at risk: that likelihood is not finite, and left.
@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def climb_from(
    kernel: Evaluates,
    names: tuple[str, ...],
    null: Likelihood,
    start: Floats | None,
    *,
    near: float = 0.0,
) -> Maximum | NotEstimable:
    """Climb from a start, and from zero where that leads nowhere; say so where there is no maximum.

    Parameters
    ----------
    kernel
        Gives the likelihood.
    names
        Coefficient names, for the reason of a refusal.
    null
        The likelihood at zero, with no column determined by others.
    start
        Scaled coefficients to begin with; None begins at zero.
    near
        Length of a step that is taken without looking again.
    """
    if start is not None:
        polished = newton(kernel, start, POLISHING_STEPS, near=near)
        if polished.converged and _separated_column(polished, null) is None:
            return polished
    found = newton(kernel, np.zeros(len(names)), MAX_STEPS, at=null, near=near)
    separated = _separated_column(found, null)
    if separated is not None:
        reason = (
            f"there is no finite estimate for {names[separated]}: by its values, events and non-events lie "
            "apart (for example no event in a group); Firth's penalised fit has a finite answer"
        )
        return NotEstimable(MODEL, reason, "separation")
    if not found.converged:
        return NotEstimable(MODEL, "the search for the maximum did not settle", "not_converged")
    return found


def refuse_redundant(names: tuple[str, ...], null: Likelihood) -> NotEstimable | None:
    """Refuse a column that the others determine, from the likelihood at zero."""
    redundant = _redundant_column(null.information)
    if redundant is None:
        return None
    reason = f"{names[redundant]} is constant within the risk sets or is determined by the terms before it"
    return NotEstimable(MODEL, reason, "singular")


def _redundant_column(information: Floats) -> int | None:
    """Find the first column that the columns before it determine in every risk set."""
    for column in range(len(information)):
        own = information[column, column]
        before, cross = information[:column, :column], information[:column, column]
        left = own - cross @ np.linalg.solve(before, cross) if column else own
        if not left > PIVOT_TOLERANCE * max(own, 1.0):
            return column
    return None


def newton(
    kernel: Evaluates, beta: Floats, max_steps: int, *, at: Likelihood | None = None, near: float = 0.0
) -> Maximum:
    """Take Newton steps, halved while they lower the likelihood.

    Parameters
    ----------
    kernel
        Gives the likelihood.
    beta
        Scaled coefficients to begin with.
    max_steps
        Steps after which the search is given up.
    at
        The likelihood at the beginning, where it is known.
    near
        A last step as short as this is taken without looking at the likelihood behind it: steps square their
        distance from the maximum.
    """
    at = kernel.evaluate(beta) if at is None else at
    previous = np.inf
    for _ in range(max_steps):
        try:
            step = np.linalg.solve(at.information, at.score)
        except np.linalg.LinAlgError:
            return Maximum(beta, at, converged=False)
        size = float(np.max(np.abs(step)))
        if STEP_TOLERANCE < size < near:
            return Maximum(beta + step, at, converged=True)
        if (
            size < STEP_TOLERANCE * max(1.0, float(np.max(np.abs(beta))))
            or previous / 2 < size < ROUNDING_STEP
        ):
            return Maximum(beta, at, converged=True)
        beta, at = _climb(kernel, beta, at, step)
        previous = size
    return Maximum(beta, at, converged=False)


def _climb(kernel: Evaluates, beta: Floats, at: Likelihood, step: Floats) -> tuple[Floats, Likelihood]:
    """Go along a step as far as the likelihood does not fall."""
    slack = 1e-10 * (1.0 + abs(at.value))
    for halving in range(30):
        tried = beta + step / 2**halving
        there = kernel.evaluate(tried)
        if np.isfinite(there.value) and there.value >= at.value - slack:
            return tried, there
    return beta, at


def climb_until(kernel: Evaluates, null: Likelihood, stop_at: float) -> Maximum:
    """Take Newton steps from zero until the log likelihood changes by no more than a share of itself.

    Parameters
    ----------
    kernel
        Gives the likelihood.
    null
        The likelihood at zero.
    stop_at
        The share, such as 1e-9. A step that lowers the likelihood is halved, then cut to a third, and so on.

    Returns
    -------
    Maximum
        The coefficients at which the search ended; not converged where it did not.
    """
    beta: Floats = np.zeros(len(null.score))
    at, cuts = null, 0
    tried: Floats = np.linalg.solve(at.information, at.score)
    for _ in range(MAX_STEPS):
        there = kernel.evaluate(tried)
        if cuts == 0 and abs(1 - at.value / there.value) <= stop_at:
            return Maximum(tried, there, converged=True)
        if there.value >= at.value:
            beta, at, cuts = tried, there, 0
            tried = beta + np.linalg.solve(at.information, at.score)
        else:
            cuts += 1
            tried = (tried + cuts * beta) / (cuts + 1)
    return Maximum(beta, at, converged=False)


def _separated_column(found: Maximum, null: Likelihood) -> int | None:
    """Find the column along which the information has collapsed; None where there is a maximum."""
    shares, directions = linalg.eigh(found.at.information, null.information)
    if shares[0] > COLLAPSED_INFORMATION:
        return None
    return int(np.argmax(np.abs(directions[:, 0]) * np.sqrt(np.diag(null.information))))


def _lifelines_start(kernel: CoxKernel) -> Floats | None:
    """Let lifelines find the maximum where it offers the tie rule; None where it does not or fails."""
    if kernel.ties != "efron" or kernel.rows.offset is not None or kernel.x.size > MAX_CELLS_LIFELINES:
        return None
    import pandas as pd  # type: ignore[import-untyped]  # noqa: PLC0415 - lifelines takes nothing else
    from lifelines import CoxPHFitter  # noqa: PLC0415 - slow to import, and not needed for every fit
    from lifelines.exceptions import ConvergenceError  # noqa: PLC0415

    columns = _lifelines_columns(kernel)
    optional = {"entry_col": "start", "strata": "stratum", "weights_col": "weight"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit = CoxPHFitter().fit(
                pd.DataFrame(columns),
                duration_col="stop",
                event_col="event",
                fit_options={"precision": 1e-12, "r_precision": 1e-14},
                **{option: name for option, name in optional.items() if name in columns},
            )
        except (ConvergenceError, np.linalg.LinAlgError, ValueError):
            return None
    found: Floats = fit.params_.to_numpy()
    return found if np.isfinite(found).all() else None


def _lifelines_columns(kernel: CoxKernel) -> dict[str, object]:
    """Name the scaled rows as lifelines will read them."""
    rows = kernel.rows
    columns: dict[str, object] = {f"x{number}": values for number, values in enumerate(kernel.x.T)}
    columns |= {"stop": rows.stop, "event": rows.event}
    if np.isfinite(rows.start).any():
        columns["start"] = rows.start
    if len(rows.strata) > 1:
        columns["stratum"] = rows.stratum
    if np.any(rows.weight != 1):
        columns["weight"] = rows.weight
    return columns
