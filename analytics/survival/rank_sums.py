"""Sums behind the log-rank family: observed, expected and covariance over the event days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WeightKind = Literal["fleming-harrington", "gehan-breslow", "tarone-ware", "peto-peto", "modified-peto-peto"]


@dataclass(frozen=True)
class RankWeights:
    """How much each event day counts in a log-rank family test.

    Parameters
    ----------
    kind
        ``fleming-harrington``: S(t-)^rho (1 - S(t-))^gamma with the pooled Kaplan-Meier curve just before the
        day [1]_ (rho = gamma = 0 is the log-rank test, rho = 1 the Peto-Peto test); ``gehan-breslow``: number
        at risk; ``tarone-ware``: its square root; ``peto-peto`` and ``modified-peto-peto``: with Peto's curve
        on the day [2]_.
    rho, gamma
        Powers for ``fleming-harrington``, >= 0.

    References
    ----------
    .. [1] Harrington & Fleming (1982), Biometrika 69:553-566.
    .. [2] Klein & Moeschberger (2003), Survival Analysis, section 7.3.
    """

    kind: WeightKind = "fleming-harrington"
    rho: float = 0.0
    gamma: float = 0.0


LOG_RANK = RankWeights()
PETO_PETO = RankWeights(rho=1.0)


@dataclass(frozen=True)
class RankSums:
    """Sums over the event days of one stratum or of several.

    Parameters
    ----------
    size
        Patients per group.
    observed, expected
        Weighted events per group, seen and expected under one common hazard.
    covariance
        Covariance of observed minus expected, groups x groups.
    """

    size: NDArray[np.int64]
    observed: NDArray[np.float64]
    expected: NDArray[np.float64]
    covariance: NDArray[np.float64]


def sum_days(
    at_risk: NDArray[np.float64],
    events: NDArray[np.float64],
    *,
    size: NDArray[np.int64],
    weights: RankWeights,
) -> RankSums:
    """Sum the weighted hypergeometric means and covariances of the groups over the days.

    Parameters
    ----------
    at_risk, events
        Groups x event days; each day has at least one event.
    size
        Patients per group.
    weights
        Weight of each day.
    """
    n, d = at_risk.sum(axis=0), events.sum(axis=0)
    weight = _day_weights(n, d, weights)
    share = at_risk / n
    tie = np.where(n > 1, (n - d) / np.maximum(n - 1, 1), 0.0)
    factor = weight**2 * d * tie
    covariance = np.diag(share @ factor) - (share * factor) @ share.T
    return RankSums(size, events @ weight, share @ (weight * d), covariance)


def _day_weights(n: NDArray[np.float64], d: NDArray[np.float64], weights: RankWeights) -> NDArray[np.float64]:
    """Weigh the event days."""
    # Cut after joining: a stratum without events has no days.
    before = np.concatenate([[1.0], np.cumprod(1 - d / n)])[:-1]
    peto = np.cumprod(1 - d / (n + 1))
    kinds = {
        "fleming-harrington": before**weights.rho * (1 - before) ** weights.gamma,
        "gehan-breslow": n,
        "tarone-ware": np.sqrt(n),
        "peto-peto": peto,
        "modified-peto-peto": peto * n / (n + 1),
    }
    return kinds[weights.kind]


def add_sums(parts: list[RankSums]) -> RankSums:
    """Add up the strata."""
    return RankSums(
        np.sum([part.size for part in parts], axis=0),
        np.sum([part.observed for part in parts], axis=0),
        np.sum([part.expected for part in parts], axis=0),
        np.sum([part.covariance for part in parts], axis=0),
    )


def quadratic_form(score: NDArray[np.float64], covariance: NDArray[np.float64]) -> tuple[float, int]:
    """Return the chi-square statistic and its degrees of freedom, the rank of the covariance."""
    values, vectors = np.linalg.eigh(covariance)
    used = values > 1e-10 * max(float(values.max(initial=0.0)), 1e-300)
    projected = vectors[:, used].T @ score
    return float(np.sum(projected**2 / values[used])), int(used.sum())
