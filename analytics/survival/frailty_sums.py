"""Partial likelihood with a column per cluster that is never made: sums by cluster take its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics.survival.cox_likelihood import Likelihood
from analytics.survival.cox_rows import find_risk_sets
from analytics.survival.day_sums import DaySums, cross_product
from analytics.survival.day_sums_solution import accumulate, solve

if TYPE_CHECKING:
    from analytics.survival.cox_design import Floats, Ties
    from analytics.survival.cox_rows import CoxRows, Ints
    from analytics.survival.day_sums_solution import Solution


class ClusterSums:
    """Likelihood of covariates and one indicator per cluster, in time linear in the rows.

    A row is in one cluster, so its cross products with the indicators are sums by cluster, and the
    risk sets' means of the indicators are shares of relative risk: no table of rows times clusters is made.

    Parameters
    ----------
    rows
        Complete rows without weights; `cluster` numbers the indicators.
    ties
        ``efron`` or ``breslow``.
    """

    def __init__(self, rows: CoxRows, ties: Ties) -> None:
        self.rows, self.ties = rows, ties
        self.n_clusters = int(rows.cluster.max()) + 1
        sets = find_risk_sets(rows)
        self.bounds: Ints = sets.bounds
        self.n_sets = len(sets.time)
        # Rows that leave before the next event of their stratum are in no risk set.
        self.at_risk: Ints = np.flatnonzero(sets.last > sets.first)
        self.place: Ints = sets.last[self.at_risk] - 1
        # What a row adds to all sets up to its last, it takes from those before its entry.
        self.late: Ints = self.at_risk[sets.first[self.at_risk] > sets.origin[self.at_risk]]
        self.before: Ints = sets.first[self.late] - 1
        self.deaths: Ints = np.flatnonzero(rows.event)
        self.death_set: Ints = sets.last[self.deaths] - 1
        self.x: Floats = rows.design - rows.design.mean(axis=0)
        n_deaths = np.bincount(self.death_set, minlength=self.n_sets).astype(np.float64)
        by_cluster = np.bincount(rows.cluster[self.deaths], minlength=self.n_clusters)
        self._fixed = {
            "n_deaths": n_deaths,
            "death_weight": n_deaths,
            "covariates": np.concatenate((self.x[self.deaths].sum(axis=0), by_cluster)),
        }

    def evaluate(self, at: Floats) -> Likelihood:
        """Give log-likelihood, score and information at coefficients, then one log frailty per cluster."""
        predictor = self._predict(at)
        risk = np.exp(predictor)
        total, moment = self._sum(risk, self.at_risk, self.place)
        if self.late.size:
            before, moment_before = self._sum(risk, self.late, self.before)
            total, moment = total - before, moment - moment_before
        tied_total, tied_moment = self._sum(risk, self.deaths, self.death_set)
        sums = DaySums(
            total=total,
            moment=moment,
            tied_total=tied_total,
            tied_moment=tied_moment if self.ties == "efron" else np.zeros_like(moment),
            predictor=np.array([predictor[self.deaths].sum()]),
            **self._fixed,
        )
        solution = solve(sums, self.bounds, self.ties)
        return Likelihood(solution.value, solution.score, self._cross(risk, solution) - solution.means)

    def _predict(self, at: Floats) -> Floats:
        """Give the linear predictor, its largest value 0 in each stratum."""
        first = self.x.shape[1]
        predictor: Floats = np.einsum("ij,j->i", self.x, at[:first]) + at[first:][self.rows.cluster]
        if self.rows.offset is not None:
            predictor = predictor + self.rows.offset
        top = np.full(len(self.rows.strata), -np.inf)
        np.maximum.at(top, self.rows.stratum, predictor)
        shifted: Floats = predictor - top[self.rows.stratum]
        return shifted

    def _sum(self, risk: Floats, rows: Ints, into: Ints) -> tuple[Floats, Floats]:
        """Sum relative risks of some rows into risk sets: alone, and times covariates and indicators."""
        own, n_sets = risk[rows], self.n_sets
        moment = np.empty((n_sets, self.x.shape[1] + self.n_clusters))
        for number, column in enumerate(self.x.T):
            moment[:, number] = np.bincount(into, own * column[rows], n_sets)
        cell = into * self.n_clusters + self.rows.cluster[rows]
        shares = np.bincount(cell, own, n_sets * self.n_clusters)
        moment[:, self.x.shape[1] :] = shares.reshape(n_sets, self.n_clusters)
        total: Floats = np.bincount(into, own, n_sets).astype(np.float64)
        return total, moment

    def _cross(self, risk: Floats, solution: Solution) -> Floats:
        """Sum relative risk times hazard borne times the cross products of covariates and indicators."""
        first, cluster = self.x.shape[1], self.rows.cluster
        borne = np.zeros(len(risk))
        cumulated = accumulate(solution.hazard, self.bounds)
        borne[self.at_risk] = cumulated[self.place]
        borne[self.late] -= cumulated[self.before]
        borne[self.deaths] -= solution.tied_hazard[self.death_set]
        weighted = self.x.T * (risk * borne)
        cross = np.zeros((first + self.n_clusters, first + self.n_clusters))
        cross[:first, :first] = cross_product(weighted, self.x.T)
        across = np.array([np.bincount(cluster, row, self.n_clusters) for row in weighted])
        cross[:first, first:] = across.reshape(first, self.n_clusters)
        cross[first:, :first] = cross[:first, first:].T
        places = np.arange(first, len(cross))
        cross[places, places] = np.bincount(cluster, risk * borne, self.n_clusters)
        return cross
