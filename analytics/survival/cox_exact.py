"""Exact partial likelihood of tied events (Kalbfleisch & Prentice's discrete model).

The denominator at a time with d events is the sum, over all subsets of d rows at risk, of the product of
their relative risks: the coefficient of z^d in the product of (1 + r z) over the risk set. The product is
taken pairwise in a tree, each coefficient carrying its gradient and second derivative in the linear
coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_likelihood import CoxKernel


@dataclass(frozen=True, eq=False)
class TiedTerms:
    """Sum over tied times of the log denominator, its gradient and its second derivative."""

    value: float
    score: Floats
    information: Floats


@dataclass(frozen=True, eq=False)
class _Polynomials:
    """Polynomials in z, one per node: coefficients by power, and their derivatives."""

    value: Floats
    slope: Floats
    curve: Floats


def tied_log_denominators(kernel: CoxKernel, predictor: Floats) -> TiedTerms:
    """Sum the exact log denominators of every time with more than one event."""
    terms = _separate_sets(kernel, predictor) if kernel.has_late_entry else _nested_sets(kernel, predictor)
    total = TiedTerms(0.0, np.zeros(kernel.x.shape[1]), np.zeros((kernel.x.shape[1],) * 2))
    for term in terms:
        value, score = total.value + term.value, total.score + term.score
        total = TiedTerms(value, score, total.information + term.information)
    return total


def _separate_sets(kernel: CoxKernel, predictor: Floats) -> Iterator[TiedTerms]:
    """Take every risk set by itself."""
    sets = kernel.sets
    for number in np.flatnonzero(sets.n_deaths > 1):
        at_risk = (sets.first <= number) & (sets.last > number)
        n_deaths = int(sets.n_deaths[number])
        log_scale = _log_scale(float(np.log(np.sum(np.exp(predictor[at_risk])))), n_deaths)
        product = _product(np.exp(predictor[at_risk] + log_scale), kernel.x[at_risk], n_deaths)
        yield _log_coefficient(product, n_deaths, log_scale)


def _nested_sets(kernel: CoxKernel, predictor: Floats) -> Iterator[TiedTerms]:
    """Multiply rows in from the last risk set to the first, stratum by stratum."""
    sets = kernel.sets
    log_total = np.log(kernel.sum_at_risk(np.exp(predictor)))
    order = np.argsort(sets.last, kind="stable")
    ends = np.searchsorted(sets.last[order], np.arange(len(sets.time) + 2))
    for low, high in pairwise(sets.bounds):
        most = np.maximum.accumulate(sets.n_deaths[low:high])
        running, log_scale = None, 0.0
        for number in range(high - 1, low - 1, -1):
            degree, previous = int(most[number - low]), log_scale
            log_scale = _log_scale(float(log_total[number]), degree)
            new = order[ends[number + 1] : ends[number + 2]]
            product = _product(np.exp(predictor[new] + log_scale), kernel.x[new], degree)
            running = (
                product
                if running is None
                else _multiply(_rescale(running, log_scale - previous), product, degree)
            )
            if sets.n_deaths[number] > 1:
                yield _log_coefficient(running, int(sets.n_deaths[number]), log_scale)


def _log_scale(log_total: float, degree: int) -> float:
    """Scale risks so that coefficients up to a degree neither overflow nor vanish."""
    return float(np.log(degree) - log_total)


def _rescale(polynomial: _Polynomials, log_ratio: float) -> _Polynomials:
    """Write a polynomial for risks on another scale."""
    factor = np.exp(log_ratio * np.arange(polynomial.value.shape[1]))
    return _Polynomials(
        polynomial.value * factor,
        polynomial.slope * factor[:, None],
        polynomial.curve * factor[:, None, None],
    )


def _log_coefficient(product: _Polynomials, power: int, log_scale: float) -> TiedTerms:
    """Give the log of one coefficient with derivatives, on the scale of the predictor."""
    value, slope, curve = product.value[0, power], product.slope[0, power], product.curve[0, power]
    score = slope / value
    return TiedTerms(float(np.log(value) - power * log_scale), score, curve / value - np.outer(score, score))


def _product(risk: Floats, design: Floats, degree: int) -> _Polynomials:
    """Multiply the polynomials 1 + r z of some rows, keeping powers up to a degree."""
    slope = risk[:, None] * design
    curve = slope[:, :, None] * design[:, None, :]
    nodes = _Polynomials(
        np.stack((np.ones_like(risk), risk), axis=1),
        np.stack((np.zeros_like(slope), slope), axis=1),
        np.stack((np.zeros_like(curve), curve), axis=1),
    )
    while len(nodes.value) > 1:
        if len(nodes.value) % 2:
            nodes = _append_one(nodes)
        left = _Polynomials(nodes.value[::2], nodes.slope[::2], nodes.curve[::2])
        right = _Polynomials(nodes.value[1::2], nodes.slope[1::2], nodes.curve[1::2])
        nodes = _multiply(left, right, degree)
    return nodes


def _append_one(nodes: _Polynomials) -> _Polynomials:
    """Add the polynomial 1, so that every node has a partner."""
    one = np.zeros_like(nodes.value[:1])
    one[0, 0] = 1.0
    return _Polynomials(
        np.concatenate((nodes.value, one)),
        np.concatenate((nodes.slope, np.zeros_like(nodes.slope[:1]))),
        np.concatenate((nodes.curve, np.zeros_like(nodes.curve[:1]))),
    )


def _multiply(left: _Polynomials, right: _Polynomials, degree: int) -> _Polynomials:
    """Multiply polynomials pair by pair, keeping powers up to a degree."""
    n_left, n_right, width = left.value.shape[1], right.value.shape[1], left.slope.shape[2]
    shape = (len(left.value), min(degree + 1, n_left + n_right - 1))
    merged = _Polynomials(np.zeros(shape), np.zeros((*shape, width)), np.zeros((*shape, width, width)))
    for power in range(min(n_right, shape[1])):
        _add_products(merged, left, right, power)
    return merged


def _add_products(merged: _Polynomials, left: _Polynomials, right: _Polynomials, power: int) -> None:
    """Add the products of every left power with one right power, as far as they are kept."""
    count = min(left.value.shape[1], merged.value.shape[1] - power)
    into, kept = slice(power, power + count), slice(0, count)
    value, slope, curve = right.value[:, power], right.slope[:, power], right.curve[:, power]
    cross = slope[:, None, :, None] * left.slope[:, kept, None, :]
    merged.value[:, into] += value[:, None] * left.value[:, kept]
    merged.slope[:, into] += value[:, None, None] * left.slope[:, kept]
    merged.slope[:, into] += slope[:, None] * left.value[:, kept, None]
    merged.curve[:, into] += (
        value[:, None, None, None] * left.curve[:, kept] + cross + np.swapaxes(cross, 2, 3)
    )
    merged.curve[:, into] += curve[:, None] * left.value[:, kept, None, None]
