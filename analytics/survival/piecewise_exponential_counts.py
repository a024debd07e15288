"""Events and person-time by interval of follow-up: all that a piecewise exponential model reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.errors import SpecificationError
from analytics.survival.parametric_rows import sum_by_cluster

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.cox_design import Floats
    from analytics.survival.parametric_rows import ParametricRows


@dataclass(frozen=True, eq=False)
class Pieces:
    """Follow-up of every row cut at the limits.

    Parameters
    ----------
    cuts
        Inner limits, days.
    n_event, person_days
        Weighted events and person-time, rows x intervals.
    log_exposure
        Weighted logarithm of the person-time of each row's event piece; 0 without an event or on day 0.
    """

    cuts: tuple[float, ...]
    n_event: Floats
    person_days: Floats
    log_exposure: Floats


@dataclass(frozen=True, eq=False)
class PooledPieces:
    """Sums over the rows that share their covariates: patterns x covariates, patterns x intervals."""

    design: Floats
    n_event: Floats
    person_days: Floats


def check_cuts(cuts: Sequence[float], *, where: str) -> tuple[float, ...]:
    """Return cuts as numbers.

    Raises
    ------
    SpecificationError
        Where they do not ascend from above 0.
    """
    limits = np.asarray(cuts, dtype=np.float64)
    if not np.all(np.isfinite(limits)) or np.any(limits <= 0) or np.any(np.diff(limits) <= 0):
        fix = "Give days above 0 in ascending order, for example 30, 365."
        raise SpecificationError(where=where, what="the cuts do not ascend from above 0", fix=fix)
    return tuple(limits.tolist())


def interval_labels(cuts: Sequence[float]) -> tuple[str, ...]:
    """Name the intervals: ``day 0 to 30``, ``day 30 to 365``, ``after day 365``."""
    starts = (0.0, *cuts)
    closed = [f"day {start:g} to {stop:g}" for start, stop in zip(starts, cuts, strict=False)]
    return (*closed, f"after day {starts[-1]:g}")


def count_pieces(rows: ParametricRows, cuts: tuple[float, ...]) -> Pieces:
    """Cut the follow-up of every row; an event on a limit belongs to the earlier interval."""
    starts = np.array((0.0, *cuts))
    stops = np.array((*cuts, np.inf))
    spent = np.minimum(rows.stop[:, None], stops) - np.maximum(rows.start[:, None], starts)
    spent = np.maximum(spent, 0.0)
    number = np.searchsorted(np.asarray(cuts), rows.stop, side="left")
    events = np.zeros_like(spent)
    events[np.arange(len(number)), number] = rows.event
    own = spent[np.arange(len(number)), number]
    is_counted = rows.event & (own > 0)
    log_exposure = np.log(own, out=np.zeros_like(own), where=is_counted)
    return Pieces(
        cuts, rows.weight[:, None] * events, rows.weight[:, None] * spent, rows.weight * log_exposure
    )


def pool_pieces(pieces: Pieces, design: Floats) -> PooledPieces:
    """Add up the rows that share their covariates; sums of disjoint rows may be added up further."""
    n_terms, n_intervals = design.shape[1], pieces.n_event.shape[1]
    if n_terms == 0:
        return PooledPieces(
            design[:1], pieces.n_event.sum(axis=0)[None], pieces.person_days.sum(axis=0)[None]
        )
    covariates = [f"x{number}" for number in range(n_terms)]
    sums = [f"s{number}" for number in range(2 * n_intervals)]
    stacked = np.hstack((design, pieces.n_event, pieces.person_days))
    pooled = (
        pl.DataFrame(stacked, schema=[*covariates, *sums])
        .group_by(covariates)
        .agg(pl.col(sums).sum())
        .sort(covariates)
    )
    values = pooled.select(sums).to_numpy()
    return PooledPieces(
        pooled.select(covariates).to_numpy(), values[:, :n_intervals], values[:, n_intervals:]
    )


def piece_scores(pieces: Pieces, rows: ParametricRows, coefficients: Floats) -> Floats:
    """Give the weighted score of every cluster: events less expected events."""
    n_intervals = pieces.n_event.shape[1]
    predictor = coefficients[:n_intervals] + (rows.design @ coefficients[n_intervals:])[:, None]
    surprise = pieces.n_event - pieces.person_days * np.exp(predictor)
    scores = np.hstack((surprise, surprise.sum(axis=1)[:, None] * rows.design))
    return sum_by_cluster(scores, rows.cluster)
