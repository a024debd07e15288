"""What running one specification gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from analytics.survival.results import CumulativeIncidence, EventCurve, NotEstimable

if TYPE_CHECKING:
    import polars as pl

    from analytics.survival.firth_results import FirthFit
    from analytics.survival.restricted_means import RestrictedMean, RestrictedMeanContrast
    from analytics.survival.results import CoxFit, GroupTest, HorizonRisk, ProportionalityTest
    from analytics.survival.results_competing import FineGrayFit
    from analytics.survival.results_frailty import FrailtyFit
    from analytics.survival.results_win_ratio import WinRatio

Curve: TypeAlias = EventCurve | CumulativeIncidence | NotEstimable

ALL = "all patients"


@dataclass(frozen=True, eq=False)
class Part:
    """Results of one kind.

    Parameters
    ----------
    key
        What they are called in JSON, for example ``absolute_risk``.
    found
        Result objects of one type, or refusals in their place.
    """

    key: str
    found: tuple[object, ...]


@dataclass(frozen=True, eq=False)
class Results:
    """What one specification gave.

    Parameters
    ----------
    curves, risks, tests
        One entry per group (and horizon); refusals stand in their place.
    fit, proportionality
        The Cox or Fine-Gray model and the test of proportional hazards, where asked for.
    means, contrasts
        Restricted means by horizon and group, and each group against the first.
    pairs
        Tests of every pair of groups, where asked for.
    win_ratio
        The comparison by a hierarchy of outcomes, where asked for.
    parts
        Results of all other kinds, in reading order.
    notes
        Sentences that must be shown beside the numbers, beyond the warnings that each number carries.
    n_rows
        Rows that were analysed.
    n_incomplete
        Rows left out because time, event or group is missing.
    """

    curves: tuple[Curve, ...] = ()
    risks: tuple[HorizonRisk | NotEstimable, ...] = ()
    tests: tuple[GroupTest | NotEstimable, ...] = ()
    fit: CoxFit | FirthFit | FrailtyFit | FineGrayFit | NotEstimable | None = None
    proportionality: ProportionalityTest | NotEstimable | None = None
    means: tuple[RestrictedMean | NotEstimable, ...] = ()
    contrasts: tuple[RestrictedMeanContrast, ...] = ()
    pairs: pl.DataFrame | NotEstimable | None = None
    win_ratio: WinRatio | NotEstimable | None = None
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()
    n_rows: int = 0
    n_incomplete: int = 0
