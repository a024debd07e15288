"""Natural cubic splines of log time, linear outside their outer knots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analytics.survival.cox_design import Floats


def natural_spline(values: Floats, knots: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Give the basis of a natural cubic spline, without its constant, and its derivative [1]_.

    Parameters
    ----------
    values
        Where the spline is wanted, in the unit of the knots (log days).
    knots
        Ascending: the outer knot, internal knots, the outer knot. Fewer than three give a straight line.

    Returns
    -------
    basis, derivative
        One row per value; the first column is the value itself, each further one bends at an internal knot.

    References
    ----------
    .. [1] Royston & Parmar (2002), Stat Med 21:2175-2197. doi:10.1002/sim.1203
    """
    basis, derivative = [values], [np.ones_like(values)]
    if len(knots) > 2:
        first, last = knots[0], knots[-1]
        from_first, from_last = np.maximum(values - first, 0.0), np.maximum(values - last, 0.0)
        for knot in knots[1:-1]:
            share = (last - knot) / (last - first)
            beyond = np.maximum(values - knot, 0.0)
            basis.append(beyond**3 - share * from_first**3 - (1 - share) * from_last**3)
            derivative.append(3 * (beyond**2 - share * from_first**2 - (1 - share) * from_last**2))
    return np.stack(basis, axis=1), np.stack(derivative, axis=1)


def quantile_knots(values: Floats, n_internal: int) -> tuple[float, ...]:
    """Place the outer knots at the extremes of some values and internal knots at even quantiles of them.

    Parameters
    ----------
    values
        Log times of the events.
    n_internal
        Number of internal knots, >= 0; quantiles interpolate linearly between order statistics.
    """
    return tuple(np.quantile(values, np.linspace(0.0, 1.0, n_internal + 2)).tolist())
