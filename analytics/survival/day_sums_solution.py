"""The partial likelihood that sums by day give: terms of the risk sets, value and score."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from analytics.survival.day_sums import cross_product

if TYPE_CHECKING:
    from analytics.survival.cox_design import Floats, Ties
    from analytics.survival.cox_rows import Ints
    from analytics.survival.day_sums import DaySums

# Terms of tied events that are worked on at a time.
TERMS = 20_000


@dataclass(frozen=True, eq=False)
class Solution:
    """The likelihood that sums by day give, and what its parts are per risk set.

    Parameters
    ----------
    value, score
        Log partial likelihood and its derivative.
    means
        Sum over all terms of weight times mean times mean, to be taken from the cross product.
    moment, tied_moment
        Sums over each risk set, and over its events.
    hazard, tied_hazard
        Hazard increments per risk set, and those times the Efron fractions.
    square, tied_square, fraction_square
        Term weights over squared denominators, times the fraction to the power of 0, 1 and 2.
    death_weight
        Weights of the events of each risk set.
    """

    value: float
    score: Floats
    means: Floats
    moment: Floats
    tied_moment: Floats
    hazard: Floats
    tied_hazard: Floats
    square: Floats
    tied_square: Floats
    fraction_square: Floats
    death_weight: Floats

    def drift(self) -> Floats:
        """Sum hazard times risk-set mean over the terms of each risk set."""
        drift: Floats = self.square[:, None] * self.moment - self.tied_square[:, None] * self.tied_moment
        return drift

    def tied_drift(self) -> Floats:
        """Weight the same by the Efron fractions."""
        tied: Floats = self.tied_square[:, None] * self.moment
        return tied - self.fraction_square[:, None] * self.tied_moment

    def event_mean(self) -> Floats:
        """Average the risk-set mean of the covariates over the terms of each risk set."""
        sums = self.hazard[:, None] * self.moment - self.tied_hazard[:, None] * self.tied_moment
        mean: Floats = sums / self.death_weight[:, None]
        return mean


def solve(sums: DaySums, bounds: Ints, ties: Ties) -> Solution:
    """Turn sums over all rows into the likelihood.

    Parameters
    ----------
    sums
        Of all rows; risk sets without an event count for nothing.
    bounds
        First risk set of each stratum, and the number of sets at the end.
    ties
        ``efron`` [1]_ or ``breslow``.

    References
    ----------
    .. [1] Efron (1977), J Am Stat Assoc 72:557-565. doi:10.1080/01621459.1977.10480613
    """
    total, moment = accumulate_back(sums.total, bounds), accumulate_back(sums.moment, bounds)
    logs, hazard, tied_hazard, square, tied_square, fraction_square = _sum_terms(sums, total, ties)
    tied = sums.tied_moment
    score = sums.covariates - np.einsum("k,kj->j", hazard, moment) + np.einsum("k,kj->j", tied_hazard, tied)
    means = cross_product(moment.T, (square[:, None] * moment).T)
    if ties == "efron":
        across = cross_product(moment.T, (tied_square[:, None] * tied).T)
        means += cross_product(tied.T, (fraction_square[:, None] * tied).T) - across - across.T
    value = float(sums.predictor[0]) - float(logs.sum())
    return Solution(
        value=value,
        score=score,
        means=means,
        moment=moment,
        tied_moment=tied,
        hazard=hazard,
        tied_hazard=tied_hazard,
        square=square,
        tied_square=tied_square,
        fraction_square=fraction_square,
        death_weight=sums.death_weight,
    )


def _sum_terms(sums: DaySums, total: Floats, ties: Ties) -> Floats:
    """Sum over the terms of each risk set: weighted log denominators, hazards, and weights over squares."""
    deaths = sums.n_deaths.astype(np.int64)
    result = np.zeros((6, len(total)))
    if ties != "efron":
        some = deaths > 0
        result[0, some] = sums.death_weight[some] * np.log(total[some])
        result[1, some] = sums.death_weight[some] / total[some]
        result[3, some] = result[1, some] / total[some]
        return result
    ends = np.cumsum(deaths)
    low = 0
    while low < len(deaths):
        done = ends[low - 1] if low else 0
        high = max(low + 1, int(np.searchsorted(ends, done + TERMS, side="right")))
        part = slice(low, high)
        result[:, part] = _efron_terms(
            deaths[part], sums.death_weight[part], total[part], sums.tied_total[part]
        )
        low = high
    return result


def _efron_terms(deaths: Ints, death_weight: Floats, total: Floats, tied: Floats) -> Floats:
    """Do so for a few risk sets: tied events leave one fraction after the other."""
    of = np.repeat(np.arange(len(deaths)), deaths)
    within = np.arange(len(of)) - np.repeat(np.cumsum(deaths) - deaths, deaths)
    fraction = within / deaths[of]
    weight = death_weight[of] / deaths[of]
    denominator = total[of] - fraction * tied[of]
    hazard = weight / denominator
    square = hazard / denominator
    terms = (
        weight * np.log(denominator),
        hazard,
        hazard * fraction,
        square,
        square * fraction,
        square * fraction**2,
    )
    return np.stack([np.bincount(of, term, len(deaths)) for term in terms])


def accumulate_back(values: Floats, bounds: Ints) -> Floats:
    """Cumulate from the last risk set of each stratum to the first."""
    sums = np.empty_like(values)
    for low, high in pairwise(bounds):
        np.cumsum(values[low:high][::-1], axis=0, out=sums[low:high][::-1])
    return sums


def accumulate(values: Floats, bounds: Ints) -> Floats:
    """Cumulate from the first risk set of each stratum to the last."""
    sums = np.empty_like(values)
    for low, high in pairwise(bounds):
        np.cumsum(values[low:high], axis=0, out=sums[low:high])
    return sums
