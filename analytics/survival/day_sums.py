"""Cox's partial likelihood from sums by day, so that batches, partitions and sites add up.

`sum_days` and `sum_cross` turn rows into sums, `merge` adds sums, and `solve` of
`analytics.survival.day_sums_solution` turns them into the likelihood.
The information needs no matrix per day: with r the relative risk and L the cumulative baseline hazard, the
sum of ``d S2 / S0`` over the days equals the sum of ``r L(t) x x'`` over the rows, one cross product.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from analytics.survival.cox_design import Floats, Ties
    from analytics.survival.cox_rows import Bools, Ints
    from analytics.survival.day_sums_types import Codes, Column

# So many rows of 24 covariates stay in the second-level cache.
BLOCK = 8_192
# Multiplications up to which OpenBLAS stays in one thread.
SMALL_PRODUCT = 262_144
# From so many coefficients on, a product is worth the threads it wakes.
WIDE = 60


@dataclass(frozen=True, eq=False)
class PlacedRows:
    """Rows ordered by the last risk set that they are in, its events first; rows in none are left out.

    Parameters
    ----------
    columns
        One compact array per coefficient.
    place
        Last risk set of each row, ascending; the events of a set stand before its other rows.
    event, weight, cluster
        As in `analytics.survival.day_sums_rows.DayRows`.
    centre
        What the covariates are measured from.
    """

    columns: tuple[Column, ...]
    place: Codes
    event: Bools
    weight: Floats | None
    cluster: Codes | None
    centre: Floats

    def within(self, rows: slice) -> PlacedRows:
        """Return a view of some of the rows."""
        return PlacedRows(
            tuple(column[rows] for column in self.columns),
            self.place[rows],
            self.event[rows],
            None if self.weight is None else self.weight[rows],
            None if self.cluster is None else self.cluster[rows],
            self.centre,
        )

    def every(self, step: int) -> PlacedRows:
        """Copy each row that stands a step after the last one taken."""
        rows = np.arange(0, len(self.place), step)
        return PlacedRows(
            tuple(column[rows] for column in self.columns),
            self.place[rows],
            self.event[rows],
            None if self.weight is None else self.weight[rows],
            None if self.cluster is None else self.cluster[rows],
            self.centre,
        )

    def blocks(self) -> Iterator[Block]:
        """Yield the rows in blocks that share one buffer: use each before the next."""
        buffer = np.empty((len(self.columns), BLOCK))
        for low in range(0, len(self.place), BLOCK):
            rows = slice(low, min(low + BLOCK, len(self.place)))
            x = buffer[:, : rows.stop - low]
            for number, column in enumerate(self.columns):
                np.subtract(column[rows], self.centre[number], out=x[number])
            weight = None if self.weight is None else self.weight[rows]
            yield Block(x, self.place[rows], self.event[rows], weight, rows)


@dataclass(frozen=True, eq=False)
class Block:
    """A few thousand rows: centred covariates (coefficients x rows), risk sets, events, weights."""

    x: Floats
    place: Codes
    event: Bools
    weight: Floats | None
    rows: slice

    def risk(self, beta: Floats) -> tuple[Floats, Floats]:
        """Give linear predictor and weighted relative risk."""
        predictor: Floats = np.einsum("j,ji->i", beta, self.x)
        risk = np.exp(predictor)
        if self.weight is not None:
            risk *= self.weight
        return predictor, risk


@dataclass(frozen=True, eq=False)
class DaySums:
    """Sums over rows by risk set; those of disjoint rows add up.

    Parameters
    ----------
    n_deaths, death_weight
        Events on each risk set's day, and their weights.
    total, moment
        Weighted relative risks, and those times the covariates, of the rows whose last risk set it is.
    tied_total, tied_moment
        The same over the events; zero for Breslow ties.
    predictor, covariates
        Weighted sums over all events, of the linear predictor and the covariates.
    """

    n_deaths: Floats
    death_weight: Floats
    total: Floats
    moment: Floats
    tied_total: Floats
    tied_moment: Floats
    predictor: Floats
    covariates: Floats


def merge(first: DaySums, second: DaySums) -> DaySums:
    """Add the sums of disjoint rows, at the same coefficients and on the same risk sets."""
    return DaySums(*(getattr(first, each.name) + getattr(second, each.name) for each in fields(DaySums)))


def sum_days(parts: Iterable[PlacedRows], beta: Floats, n_sets: int, ties: Ties) -> DaySums:
    """Sum rows by risk set.

    Parameters
    ----------
    parts
        Rows of any part of the data, each part ordered.
    beta
        Coefficients, on the caller's scale.
    n_sets
        Risk sets of all data.
    ties
        ``efron`` or ``breslow``.
    """
    shape = (n_sets, len(beta))
    sums = DaySums(
        n_deaths=np.zeros(n_sets),
        death_weight=np.zeros(n_sets),
        total=np.zeros(n_sets),
        moment=np.zeros(shape),
        tied_total=np.zeros(n_sets),
        tied_moment=np.zeros(shape),
        predictor=np.zeros(1),
        covariates=np.zeros(len(beta)),
    )
    for part in parts:
        for block in part.blocks():
            _add_block(sums, block, beta, ties)
    return sums


def _add_block(sums: DaySums, block: Block, beta: Floats, ties: Ties) -> None:
    """Add one block to the sums, in place; uses the block up."""
    predictor, risk = block.risk(beta)
    happened = block.event.astype(np.float64)
    if block.weight is not None:
        happened *= block.weight
    sums.predictor[0] += np.einsum("i,i->", happened, predictor)
    sums.covariates[:] += np.einsum("ji,i->j", block.x, happened)
    np.multiply(block.x, risk, out=block.x)
    starts = _starts(block.place, block.event)
    total, moment = np.add.reduceat(risk, starts), sum_runs(block.x, starts)
    keys, is_event = block.place[starts], block.event[starts]
    for chosen in (np.flatnonzero(is_event), np.flatnonzero(~is_event)):
        sums.total[keys[chosen]] += total[chosen]
        sums.moment[keys[chosen]] += moment[chosen]
    tied = np.flatnonzero(is_event)
    keys = keys[tied]
    sums.n_deaths[keys] += np.diff(starts, append=len(risk))[tied]
    sums.death_weight[keys] += np.add.reduceat(happened, starts)[tied]
    if ties == "efron":
        sums.tied_total[keys] += total[tied]
        sums.tied_moment[keys] += moment[tied]


def _starts(place: Codes, event: Bools) -> Ints:
    """Find where ordered rows go on to another risk set, or from its events to its other rows."""
    is_first = np.empty(len(place), dtype=np.bool_)
    is_first[:1] = True
    np.not_equal(place[1:], place[:-1], out=is_first[1:])
    is_first[1:] |= event[1:] != event[:-1]
    return np.flatnonzero(is_first)


def sum_runs(values: Floats, starts: Ints) -> Floats:
    """Sum each row of values over runs of columns: runs x rows."""
    n_columns = values.shape[1]
    if len(starts) * 4 < n_columns:
        sums: Floats = np.add.reduceat(values, starts, axis=1).T
        return sums
    # Many short runs: one count per row is faster than a call per run.
    run = np.repeat(np.arange(len(starts)), np.diff(starts, append=n_columns))
    return np.stack([np.bincount(run, row, len(starts)) for row in values], axis=1)


def sum_cross(parts: Iterable[PlacedRows], beta: Floats, exposure: Floats, tied_hazard: Floats) -> Floats:
    """Sum relative risk times exposure times the cross product of the covariates over the rows.

    Parameters
    ----------
    parts, beta
        As for `sum_days`.
    exposure
        Cumulative hazard up to each risk set.
    tied_hazard
        What an event on that day does not bear of it.
    """
    cross = np.zeros((len(beta), len(beta)))
    for block in (block for part in parts for block in part.blocks()):
        _, risk = block.risk(beta)
        borne, events = exposure[block.place], np.flatnonzero(block.event)
        borne[events] -= tied_hazard[block.place[events]]
        np.multiply(block.x, np.sqrt(np.maximum(risk * borne, 0.0)), out=block.x)
        cross += cross_product(block.x, block.x)
    return cross


def cross_product(left: Floats, right: Floats) -> Floats:
    """Multiply coefficients x rows by rows x coefficients, a few hundred rows at a time.

    Larger products wake the threads of the linear algebra library, which on a busy machine wait for one
    another many times longer than they work.
    """
    n = len(left)
    if n > WIDE:
        whole: Floats = left @ right.T
        return whole
    width = SMALL_PRODUCT // (n * (n + 1))
    product = np.zeros((n, n))
    for low in range(0, left.shape[1], width):
        product += left[:, low : low + width] @ right[:, low : low + width].T
    return product
