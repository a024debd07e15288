"""Partial likelihood of Cox's model: value, score and information over sorted risk sets.

Sums over risk sets are reversed cumulative sums per stratum, and the information is one weighted cross
product of the covariates less one of the risk-set means, so nothing of size (risk sets x rows) is ever
made.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from analytics.survival.cox_exact import tied_log_denominators
from analytics.survival.cox_rows import find_risk_sets
from analytics.survival.day_sums import cross_product

if TYPE_CHECKING:
    from analytics.survival.cox_design import Floats, Ties
    from analytics.survival.cox_rows import CoxRows, Ints, RiskSets


# Rows that are worked on at a time, where a copy of all of them would be most of the memory of a model.
ROWS = 65_536


@dataclass(frozen=True, eq=False)
class Likelihood:
    """The log partial likelihood at one coefficient vector, with its derivatives."""

    value: float
    score: Floats
    information: Floats


@dataclass(frozen=True, eq=False)
class Steps:
    """Terms of the partial likelihood at one coefficient vector: one per event and Efron fraction.

    Parameters
    ----------
    mean
        Weighted covariate mean over the risk set, terms x coefficients, on the kernel's scale.
    hazard
        Hazard increment, on the scale where a row's relative risk is ``exp(predictor)``.
    log_denominator
        Logarithm of the weighted sum of relative risks.
    predictor
        Linear predictor of each row, shifted per stratum.
    """

    mean: Floats
    hazard: Floats
    log_denominator: Floats
    predictor: Floats


class CoxKernel:
    """Sorted sums of one data set under one tie rule.

    Covariates are centred per stratum and scaled by their standard deviation inside, which moves
    nothing but rounding errors; every public number is on the caller's scale unless it says
    otherwise.

    Parameters
    ----------
    rows
        Complete rows.
    ties
        ``efron``, ``breslow`` or ``exact``.
    """

    def __init__(self, rows: CoxRows, ties: Ties) -> None:
        self.rows = rows
        self.ties = ties
        self.sets: RiskSets = find_risk_sets(rows)
        self.center, self.scale = _center_and_scale(rows)
        self.x: Floats = _away_from(self.center, rows)
        self.x /= self.scale
        self._index_rows()
        self._index_terms()

    def _index_rows(self) -> None:
        """Build the matrices that sum rows into the last and before the first set of their range."""
        sets, n_sets = self.sets, len(self.sets.time)
        at_risk = np.flatnonzero(sets.last > sets.first)
        late = at_risk[sets.first[at_risk] > sets.origin[at_risk]]
        deaths = np.flatnonzero(self.rows.event)
        self.deaths: Ints = deaths
        self.death_set: Ints = sets.last[deaths] - 1
        self._into_last = _summing(sets.last[at_risk] - 1, at_risk, (n_sets, len(sets.first)))
        self._before_first = _summing(sets.first[late] - 1, late, (n_sets, len(sets.first)))
        self._into_deaths = _summing(self.death_set, deaths, (n_sets, len(sets.first)))
        self.has_late_entry = late.size > 0

    def _index_terms(self) -> None:
        """List the terms: every event with its Efron fraction, or every risk set for Breslow and exact."""
        n_deaths = self.sets.n_deaths
        death_weight = np.bincount(self.death_set, self.rows.weight[self.deaths], len(n_deaths))
        if self.ties != "efron":
            self.term_set: Ints = np.arange(len(n_deaths))
            self.fraction: Floats = np.zeros(len(n_deaths))
            self.term_weight: Floats = np.asarray(death_weight, dtype=np.float64)
            return
        self.term_set = np.repeat(np.arange(len(n_deaths)), n_deaths)
        within = np.arange(len(self.term_set)) - np.repeat(np.cumsum(n_deaths) - n_deaths, n_deaths)
        self.fraction = within / n_deaths[self.term_set]
        self.term_weight = (death_weight / n_deaths)[self.term_set]

    def cumulate(self, values: Floats) -> Floats:
        """Cumulate one value (or row) per risk set within each stratum."""
        sums = np.empty_like(values)
        for low, high in pairwise(self.sets.bounds):
            np.cumsum(values[low:high], axis=0, out=sums[low:high])
        return sums

    def over_range(self, cumulated: Floats) -> Floats:
        """Sum values of the risk sets that each row is in, from their cumulated values."""
        sets = self.sets
        padded = np.concatenate((cumulated, np.zeros_like(cumulated[:1])))
        none = len(cumulated)
        upper = padded[np.where(sets.last > sets.origin, sets.last - 1, none)]
        if not self.has_late_entry:
            return upper
        return upper - padded[np.where(sets.first > sets.origin, sets.first - 1, none)]

    def sum_at_risk(self, values: Floats) -> Floats:
        """Sum a value (or row) per data row over the rows at risk in each set."""
        sums: Floats = self._into_last @ values
        if self.has_late_entry:
            sums = sums - self._before_first @ values
        return _reversed_cumulation(sums, self.sets.bounds)

    def predict(self, beta: Floats) -> Floats:
        """Give the linear predictor on the kernel's scale, its largest value 0 in each stratum."""
        # Not `@`: for so narrow a matrix the threads of the linear algebra library wait more than they work.
        predictor: Floats = np.einsum("ij,j->i", self.x, beta)
        if self.rows.offset is not None:
            predictor = predictor + self.rows.offset
        if len(self.rows.strata) == 1:
            from_top: Floats = predictor - predictor.max()
            return from_top
        top = np.full(len(self.rows.strata), -np.inf)
        np.maximum.at(top, self.rows.stratum, predictor)
        shifted: Floats = predictor - top[self.rows.stratum]
        return shifted

    def steps(self, beta: Floats) -> Steps:
        """Compute every term's risk-set mean, hazard increment and denominator at scaled coefficients."""
        predictor = self.predict(beta)
        risk = self.rows.weight * np.exp(predictor)
        weighted = risk[:, None] * self.x
        total = self.sum_at_risk(risk)[self.term_set]
        first_moment = self.sum_at_risk(weighted)[self.term_set]
        if self.ties == "efron":
            total = total - self.fraction * (self._into_deaths @ risk)[self.term_set]
            first_moment -= self.fraction[:, None] * (self._into_deaths @ weighted)[self.term_set]
        return Steps(first_moment / total[:, None], self.term_weight / total, np.log(total), predictor)

    def per_set(self, values: Floats) -> Floats:
        """Sum a value (or row) per term over each risk set."""
        summing = _summing(
            self.term_set, np.arange(len(self.term_set)), (len(self.sets.time), len(self.term_set))
        )
        sums: Floats = summing @ values
        return sums

    def exposure(self, hazard: Floats) -> Floats:
        """Sum hazard increments per row over its time at risk, a tied event bearing its Efron share."""
        exposure = self.over_range(self.cumulate(self.per_set(hazard)))
        exposure[self.deaths] -= self.per_set(hazard * self.fraction)[self.death_set]
        return exposure

    def information(self, steps: Steps, multiplier: Floats | None = None) -> Floats:
        """Sum each term's covariance of the covariates over its risk set, times a multiplier per term."""
        factor = np.ones(len(self.term_set)) if multiplier is None else multiplier
        second = self.rows.weight * np.exp(steps.predictor) * self.exposure(steps.hazard * factor)
        weighted_mean = (self.term_weight * factor)[:, None] * steps.mean
        information: Floats = -cross_product(weighted_mean.T, steps.mean.T)
        for low in range(0, len(second), ROWS):
            x = self.x[low : low + ROWS]
            information += cross_product((x * second[low : low + ROWS, None]).T, x.T)
        return information

    def evaluate(self, beta: Floats) -> Likelihood:
        """Give log-likelihood, score and information at scaled coefficients, on the scale of the kernel."""
        steps = self.steps(beta)
        deaths, weight = self.deaths, self.rows.weight[self.deaths]
        value = float(weight @ steps.predictor[deaths] - self.term_weight @ steps.log_denominator)
        score = weight @ self.x[deaths] - self.term_weight @ steps.mean
        if self.ties == "exact":
            return self._evaluate_exact(steps, value, score)
        return Likelihood(value, score, self.information(steps))

    def _evaluate_exact(self, steps: Steps, value: float, score: Floats) -> Likelihood:
        """Exchange the terms of tied events for the exact ones (all subsets of that size)."""
        tied = self.sets.n_deaths > 1
        exact = tied_log_denominators(self, steps.predictor)
        simple = Likelihood(
            float(self.term_weight[tied] @ steps.log_denominator[tied]),
            self.term_weight[tied] @ steps.mean[tied],
            self.information(steps, (~tied).astype(np.float64)),
        )
        return Likelihood(
            value + simple.value - exact.value,
            score + simple.score - exact.score,
            simple.information + exact.information,
        )

    def unscale(self, beta: Floats) -> Floats:
        """Bring coefficients from the kernel's scale to the caller's."""
        return beta / self.scale

    def unscale_covariance(self, covariance: Floats) -> Floats:
        """Bring a covariance of coefficients from the kernel's scale to the caller's."""
        return covariance / np.outer(self.scale, self.scale)


def _center_and_scale(rows: CoxRows) -> tuple[Floats, Floats]:
    """Give the mean of the covariates per stratum and one standard deviation per covariate."""
    counts = np.bincount(rows.stratum, rows.weight, len(rows.strata))
    center, squares = np.zeros((len(rows.strata), rows.design.shape[1])), np.zeros(rows.design.shape[1])
    parts = [slice(low, low + ROWS) for low in range(0, len(rows.stratum), ROWS)]
    for part in parts:
        stratum, weighted = rows.stratum[part], rows.weight[part, None] * rows.design[part]
        center += _summing(stratum, np.arange(len(stratum)), (len(rows.strata), len(stratum))) @ weighted
    center /= counts[:, None]
    for part in parts:
        away = rows.design[part] - (center[0] if len(center) == 1 else center[rows.stratum[part]])
        squares += np.einsum("i,ij,ij->j", rows.weight[part], away, away)
    spread = np.sqrt(squares / rows.weight.sum())
    largest = np.maximum(rows.design.max(axis=0, initial=0.0), -rows.design.min(axis=0, initial=0.0))
    return center, np.where(spread > 1e-12 * largest, spread, 1.0)


def _away_from(center: Floats, rows: CoxRows) -> Floats:
    """Measure the covariates from the centre of their stratum."""
    away: Floats = rows.design - (center[0] if len(center) == 1 else center[rows.stratum])
    return away


def _summing(into: Ints, which: Ints, shape: tuple[int, int]) -> sparse.csr_array:
    """Build the 0/1 matrix that sums chosen rows into chosen places."""
    return sparse.csr_array((np.ones(len(into)), (into, which)), shape=shape)


def _reversed_cumulation(values: Floats, bounds: Ints) -> Floats:
    """Cumulate from the last risk set of each stratum to the first."""
    sums = np.empty_like(values)
    for low, high in pairwise(bounds):
        sums[low:high] = np.cumsum(values[low:high][::-1], axis=0)[::-1]
    return sums
