"""Pseudo-values of the cumulative incidence: what each patient stands for in a risk at a fixed time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def estimate_pseudo_values(
    times: Sequence[float], causes: Sequence[int], *, cause: int, horizons: Sequence[float]
) -> Floats:
    """Give the pseudo-values of the Aalen-Johansen cumulative incidence of one cause [1]_.

    Parameters
    ----------
    times
        End of follow-up of every patient (days, >= 0).
    causes
        0 censored, 1 and above the causes, in the same order.
    cause
        The cause of interest.
    horizons
        Times (days) of the risks.

    Returns
    -------
    array
        Patients x horizons: the risk plus n times the derivative of the risk by the patient's weight (the
        infinitesimal jackknife [2]_, close to n risk - (n - 1) risk without the patient). A regression on
        them models risks at a fixed time. Empty for no patients.

    References
    ----------
    .. [1] Andersen, Klein & Rosthoj (2003), Biometrika 90:15-27. doi:10.1093/biomet/90.1.15
    .. [2] Parner, Andersen & Overgaard (2023), Lifetime Data Anal 29:654-671. doi:10.1007/s10985-023-09597-5
    """
    stop, ended = np.asarray(times, dtype=np.float64), np.asarray(causes)
    if not len(stop):
        return np.zeros((0, len(horizons)))
    day = np.unique(stop[ended > 0])
    ordered = np.sort(stop)
    n_risk = len(stop) - np.searchsorted(ordered, day, side="left")
    last = np.searchsorted(day, stop, side="right")
    own = np.bincount(last[ended == cause] - 1, minlength=len(day)) / n_risk
    total = np.bincount(last[ended > 0] - 1, minlength=len(day)) / n_risk
    before = np.append(1.0, np.cumprod(1.0 - total))[: len(day)]
    risk = np.append(0.0, np.cumsum(before * own))
    values = np.empty((len(stop), len(horizons)))
    for column, horizon in enumerate(horizons):
        count = int(np.searchsorted(day, horizon, side="right"))
        reached = np.arange(len(day)) < count
        gain = np.where(reached, before, 0.0) / n_risk
        # Nothing is to come once nobody is left, so that the share of 0 by 0 is 0.
        stay = np.where((total < 1.0) & reached, 1.0 - total, np.inf)
        loss = (risk[count] - risk[1:]) / stay / n_risk
        drift = np.append(0.0, np.cumsum(gain * own - loss * total))
        moved = -drift[last]
        moved[ended == cause] += gain[last[ended == cause] - 1]
        moved[ended > 0] -= loss[last[ended > 0] - 1]
        values[:, column] = risk[count] + len(stop) * moved
    return values
