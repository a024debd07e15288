"""Running sums and products within strata that lie end to end.

Every stratum is added up on its own, from its first day on, so that a number is the same to the last bit
whether its stratum is estimated alone or among others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def running_sum(values: NDArray[np.float64], spans: tuple[slice, ...]) -> NDArray[np.float64]:
    """Add up the values of each stratum from its first day on.

    Parameters
    ----------
    values
        One column per day, strata end to end; one or more rows.
    spans
        Columns of each stratum, covering all of them.
    """
    sums = np.empty_like(values)
    for span in spans:
        np.cumsum(values[..., span], axis=-1, out=sums[..., span])
    return sums


def running_product(values: NDArray[np.float64], spans: tuple[slice, ...]) -> NDArray[np.float64]:
    """Multiply the values of each stratum from its first day on; arguments as for `running_sum`."""
    products = np.empty_like(values)
    for span in spans:
        np.cumprod(values[..., span], axis=-1, out=products[..., span])
    return products


def sum_ahead(values: NDArray[np.float64], spans: tuple[slice, ...]) -> NDArray[np.float64]:
    """Add up the values of each stratum from its last day back; arguments as for `running_sum`."""
    sums = np.empty_like(values)
    for span in spans:
        sums[span] = np.cumsum(values[span][::-1])[::-1]
    return sums


def just_before(survival: NDArray[np.float64], spans: tuple[slice, ...]) -> NDArray[np.float64]:
    """Shift a step curve by one day within each stratum; it is 1 before the first day of each.

    Parameters
    ----------
    survival
        One value per day.
    spans
        As for `running_sum`.
    """
    before = np.ones_like(survival)
    before[1:] = survival[:-1]
    before[[span.start for span in spans if span.start < span.stop]] = 1.0
    return before
