"""Cohen's kappa of a table of two gradings, and its large-sample standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS = ("unweighted", "linear", "quadratic")
"""How much of an agreement a near miss is: none, or falling with the distance or with its square."""


def agreement_weights(n_levels: int, kind: str) -> NDArray[np.float64]:
    """Return how far each pair of grades counts as agreement, 1 on the diagonal.

    Parameters
    ----------
    n_levels
        Grades, at least 2, in order.
    kind
        ``unweighted``: 0 off the diagonal. ``linear``: 1 - |i - j| / (k - 1). ``quadratic``: 1 - (i - j)^2 /
        (k - 1)^2 [1]_.

    References
    ----------
    .. [1] Fleiss & Cohen (1973), Educ Psychol Meas 33:613-619, doi:10.1177/001316447303300309.
    """
    steps = np.abs(np.subtract.outer(np.arange(n_levels), np.arange(n_levels))).astype(np.float64)
    if kind == "unweighted":
        return np.asarray(steps == 0, dtype=np.float64)
    power = 1 if kind == "linear" else 2
    return np.asarray(1.0 - (steps / (n_levels - 1)) ** power, dtype=np.float64)


def kappa_of(tables: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute (weighted) kappa of one or many tables.

    Parameters
    ----------
    tables
        Counts, last two axes first grading by second grading.
    weights
        As of `agreement_weights`.

    Returns
    -------
    numpy.ndarray
        (p_o - p_e) / (1 - p_e) [1]_ of each table; not a number where chance alone would always agree.

    References
    ----------
    .. [1] Cohen (1968), Psychol Bull 70:213-220, doi:10.1037/h0026256.
    """
    shares = tables / tables.sum(axis=(-2, -1), keepdims=True)
    observed = (shares * weights).sum(axis=(-2, -1))
    expected = expected_agreement(tables, weights)
    room = 1.0 - expected
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(room > 1e-12, (observed - expected) / room, np.nan)


def expected_agreement(tables: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the weighted agreement that independent gradings with the same totals would have."""
    shares = tables / tables.sum(axis=(-2, -1), keepdims=True)
    rows, columns = shares.sum(axis=-1), shares.sum(axis=-2)
    return np.asarray(np.einsum("...i,ij,...j->...", rows, weights, columns), dtype=np.float64)


def kappa_standard_error(table: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Compute the large-sample standard error of (weighted) kappa, rows being independent.

    Parameters
    ----------
    table
        Counts of one table.
    weights
        As of `agreement_weights`.

    Returns
    -------
    float
        Root of [sum p_ij (w_ij - (w_i. + w_.j)(1 - kappa))^2 - (kappa - p_e (1 - kappa))^2] divided by
        n (1 - p_e)^2, with w_i. and w_.j the mean weights of a row and of a column under the other grading
        [1]_.

    References
    ----------
    .. [1] Fleiss, Cohen & Everitt (1969), Psychol Bull 72:323-327, doi:10.1037/h0028106.
    """
    n = table.sum()
    shares = table / n
    expected = float(expected_agreement(table, weights))
    kappa = float(kappa_of(table, weights))
    row_means = weights @ shares.sum(axis=0)
    column_means = shares.sum(axis=1) @ weights
    spread = weights - (row_means[:, None] + column_means[None, :]) * (1.0 - kappa)
    variance = float((shares * spread**2).sum()) - (kappa - expected * (1.0 - kappa)) ** 2
    # Perfect agreement leaves a rounding error below zero.
    return float(np.sqrt(max(variance, 0.0) / n) / (1.0 - expected))
