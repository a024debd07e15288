"""Natural cubic splines, linear outside their outer knots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analytics.regression.arrays import Floats


COMMON_KNOTS = {3: (0.1, 0.5, 0.9), 4: (0.05, 0.35, 0.65, 0.95), 5: (0.05, 0.275, 0.5, 0.725, 0.95)}
"""Quantiles at which a covariate's spline bends, by number of knots: Harrell (2015), table 2.3."""


def natural_spline(values: Floats, knots: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Give the basis of a natural cubic spline, without its constant, and its derivative [1]_.

    Parameters
    ----------
    values
        Where the spline is wanted, in the unit of the knots (log days, years of age).
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
        For example log times of the events.
    n_internal
        Number of internal knots, >= 0; quantiles interpolate linearly between order statistics.
    """
    return tuple(np.quantile(values, np.linspace(0.0, 1.0, n_internal + 2)).tolist())


def covariate_knots(values: Floats, n_knots: int) -> tuple[float, ...]:
    """Place the knots of a covariate's spline at common quantiles [1]_; those that coincide count once.

    Parameters
    ----------
    values
        The covariate, none missing.
    n_knots
        3, 4 or 5. Where values are so heaped that fewer than three distinct knots remain, the spline is a
        straight line.

    References
    ----------
    .. [1] Harrell (2015), Regression Modeling Strategies, 2nd ed., ch. 2. doi:10.1007/978-3-319-19425-7
    """
    return tuple(np.unique(np.quantile(values, COMMON_KNOTS[n_knots])).tolist())
