"""Exact partial likelihood of tied events (Kalbfleisch & Prentice's discrete model).

The denominator at a time with d events is the sum, over all subsets of d rows at risk, of the product of
their relative risks: the coefficient of z^d in the product of (1 + r z) over the risk set. The product is
taken pairwise in a tree, each coefficient carrying its gradient and second derivative in the linear
coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
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
    sets, width = kernel.sets, kernel.x.shape[1]
    value, score, information = 0.0, np.zeros(width), np.zeros((width, width))
    for number in np.flatnonzero(sets.n_deaths > 1):
        at_risk = (sets.first <= number) & (sets.last > number)
        term = _log_denominator(predictor[at_risk], kernel.x[at_risk], int(sets.n_deaths[number]))
        value, score, information = value + term.value, score + term.score, information + term.information
    return TiedTerms(value, score, information)


def _log_denominator(predictor: Floats, design: Floats, n_deaths: int) -> TiedTerms:
    """Give the log of the sum over subsets of one risk set, with derivatives."""
    # Risks are scaled so that the coefficient of z^d neither overflows nor vanishes for any size of risk set.
    top = float(np.max(predictor))
    log_scale = np.log(n_deaths) - top - np.log(np.sum(np.exp(predictor - top)))
    nodes = _leaves(np.exp(predictor + log_scale), design)
    while len(nodes.value) > 1:
        nodes = _merge_pairs(nodes, n_deaths)
    value, slope, curve = nodes.value[0, -1], nodes.slope[0, -1], nodes.curve[0, -1]
    score = slope / value
    return TiedTerms(
        float(np.log(value) - n_deaths * log_scale), score, curve / value - np.outer(score, score)
    )


def _leaves(risk: Floats, design: Floats) -> _Polynomials:
    """Make the polynomial 1 + r z of each row."""
    slope = risk[:, None] * design
    curve = slope[:, :, None] * design[:, None, :]
    return _Polynomials(
        np.stack((np.ones_like(risk), risk), axis=1),
        np.stack((np.zeros_like(slope), slope), axis=1),
        np.stack((np.zeros_like(curve), curve), axis=1),
    )


def _merge_pairs(nodes: _Polynomials, degree: int) -> _Polynomials:
    """Multiply neighbours, keeping powers up to the number of events."""
    if len(nodes.value) % 2:
        nodes = _append_one(nodes)
    n_powers = nodes.value.shape[1]
    n_kept = min(degree + 1, 2 * n_powers - 1)
    pairs, width = len(nodes.value) // 2, nodes.slope.shape[2]
    merged = _Polynomials(
        np.zeros((pairs, n_kept)), np.zeros((pairs, n_kept, width)), np.zeros((pairs, n_kept, width, width))
    )
    for power in range(n_powers):
        _add_products(merged, nodes, power)
    return merged


def _append_one(nodes: _Polynomials) -> _Polynomials:
    """Add the polynomial 1, so that every node has a partner."""
    one = np.zeros_like(nodes.value[:1])
    one[0, 0] = 1.0
    return _Polynomials(
        np.concatenate((nodes.value, one)),
        np.concatenate((nodes.slope, np.zeros_like(nodes.slope[:1]))),
        np.concatenate((nodes.curve, np.zeros_like(nodes.curve[:1]))),
    )


def _add_products(merged: _Polynomials, nodes: _Polynomials, power: int) -> None:
    """Add the products of one left power with every right power that is still kept."""
    count = min(nodes.value.shape[1], merged.value.shape[1] - power)
    if count <= 0:
        return
    into = slice(power, power + count)
    value, slope, curve = nodes.value[::2, power], nodes.slope[::2, power], nodes.curve[::2, power]
    other = _Polynomials(nodes.value[1::2, :count], nodes.slope[1::2, :count], nodes.curve[1::2, :count])
    cross = slope[:, None, :, None] * other.slope[:, :, None, :]
    merged.value[:, into] += value[:, None] * other.value
    merged.slope[:, into] += value[:, None, None] * other.slope + slope[:, None] * other.value[..., None]
    merged.curve[:, into] += (
        value[:, None, None, None] * other.curve
        + curve[:, None] * other.value[..., None, None]
        + cross
        + np.swapaxes(cross, 2, 3)
    )
