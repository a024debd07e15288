"""What models and decompositions of restricted event-free time return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from analytics.survival.results import Basis


@dataclass(frozen=True, eq=False)
class RestrictedMeanFit:
    """A regression of event-free (or lost) days up to a horizon.

    Parameters
    ----------
    reference
        Group that the others are compared with.
    horizon_days
        Day up to which time counts.
    contrast
        ``difference``, ``ratio`` or ``ratio_of_lost_days``.
    table
        One row per term, ``intercept`` first, then the groups, then the covariates: ``term``,
        ``coefficient`` (days for a difference, a logarithm for a ratio), ``std_error``, ``statistic`` (z),
        ``p_value``, ``estimate`` (the coefficient, or its exponential for a ratio), ``lower``, ``upper`` (of
        ``estimate``).
    covariance
        Covariance of the coefficients, row by row.
    basis
        What the fit rests on.
    """

    reference: str
    horizon_days: float
    contrast: str
    table: pl.DataFrame
    covariance: tuple[tuple[float, ...], ...]
    basis: Basis


@dataclass(frozen=True, eq=False)
class TimeLost:
    """Days lost to every cause up to a horizon, in one group.

    Parameters
    ----------
    group
        Label of the group.
    horizon_days
        Day up to which time counts.
    causes
        Labels of the causes in order.
    table
        One row per cause: ``cause``, ``lost_days``, ``std_error``, ``lower``, ``upper``. Their sum and the
        days free of every event make up the horizon.
    basis
        What the numbers rest on; ``n_events`` counts the first cause.
    """

    group: str
    horizon_days: float
    causes: tuple[str, ...]
    table: pl.DataFrame
    basis: Basis
