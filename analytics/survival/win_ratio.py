"""Win ratio and net benefit of two groups over a hierarchy of outcomes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from analytics.survival.intervals import describe
from analytics.survival.refusals import no_patients
from analytics.survival.results import Basis, NotEstimable
from analytics.survival.results_win_ratio import WinRatio
from analytics.survival.win_ratio_judges import TimedSides, judge_times, judge_values, read_times
from analytics.survival.win_ratio_pairs import sum_pairs
from analytics.survival.win_ratio_peron import sum_scores
from analytics.survival.win_ratio_summary import summarise_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.win_ratio_curves import CurveInfluence
    from analytics.survival.win_ratio_pairs import Judge, PairSums

Scoring = Literal["gehan", "peron"]
"""How a pair is scored that censoring leaves open: not at all, or by its probability from the curves."""

RULES: dict[Scoring, str] = {"gehan": "pairs by Gehan's rule", "peron": "pairs by Peron's rule"}
FEW_PATIENTS = 10
"""Fewer patients with an event in a group than this are said beside the number; ours."""


@dataclass(frozen=True)
class TimedOutcome:
    """An outcome that is better the later it comes, or when it does not.

    Parameters
    ----------
    label
        Words for it.
    time
        Column with days to the event or to the end of observation, >= 0.
    event
        Column: 1 or True where the event happened, else censored.
    threshold
        Smallest difference that counts, in the unit of ``time``; any difference where 0.
    """

    label: str
    time: str
    event: str
    threshold: float = 0.0


@dataclass(frozen=True)
class MeasuredOutcome:
    """An outcome that is a number; a missing one decides nothing.

    Parameters
    ----------
    label
        Words for it.
    value
        Column with the number.
    threshold
        Smallest difference that counts; any difference where 0.
    higher_is_better
        Whether more is better.
    """

    label: str
    value: str
    threshold: float = 0.0
    higher_is_better: bool = True


@dataclass(frozen=True)
class PairGroups:
    """Which pairs are made.

    Parameters
    ----------
    column
        Column of group labels; rows without one, or without a stratum, are left out.
    group, reference
        The two labels: a win is a pair in which the patient of ``group`` did better.
    strata
        Columns within which pairs are made; strata without both groups give no pairs.
    """

    column: str
    group: str
    reference: str
    strata: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, str]:
        """Both labels, the reference last."""
        return self.group, self.reference


def estimate_win_ratio(
    frame: pl.DataFrame,
    outcomes: Sequence[TimedOutcome | MeasuredOutcome],
    groups: PairGroups,
    *,
    confidence: float = 0.95,
    scoring: Scoring = "gehan",
    curve_influence: CurveInfluence = "product",
) -> WinRatio | NotEstimable:
    """Compare every patient of one group with every patient of the other.

    A pair is judged by the first outcome, and only where that leaves it open by the next. A difference in
    time counts where it is larger than zero, at least the threshold, and seen in spite of censoring: the
    earlier of the two is an event (Gehan). Or an open pair counts with the probabilities that it is won and
    lost, from the survival curves of both groups within the stratum (Peron).

    Parameters
    ----------
    frame
        One row per patient with the columns that ``outcomes`` name.
    outcomes
        The most serious first.
    groups
        Who is compared with whom.
    confidence
        Level of the intervals.
    scoring
        What becomes of pairs that censoring leaves open. Under ``peron`` counts of pairs are sums of
        probabilities; beyond the follow-up of a group they are lower bounds, the rest uninformative.
    curve_influence
        Under ``peron``, how the standard error carries the estimation of the curves: ``product``, the exact
        derivative, or ``exponential``, near it with few ties, which R's BuyseTest uses by default.

    Returns
    -------
    WinRatio or NotEstimable
        Refused: ``no_patients``, ``one_group`` where no stratum has both groups, ``no_events`` where no pair
        is decided, ``separation`` where all decided pairs go one way, ``repeated_outcome`` under ``peron``.

    References
    ----------
    .. [1] Gehan (1965), Biometrika 52:203-223. Buyse (2010), Stat Med 29:3245-3257, doi:10.1002/sim.3923.
    .. [2] Pocock et al. (2012), Eur Heart J 33:176-182, doi:10.1093/eurheartj/ehr352.
    .. [3] Variance: Bebu & Lachin (2016), Biostatistics 17:178-187, doi:10.1093/biostatistics/kxv032.
    .. [4] Strata: Dong et al. (2018), J Biopharm Stat 28:778-796, doi:10.1080/10543406.2017.1397007.
    .. [5] Peron et al. (2018), Stat Methods Med Res, doi:10.1177/0962280216658320; variance: Ozenne et al.
       (2021), Stat Methods Med Res, doi:10.1177/09622802211037067.
    """
    if scoring == "peron" and (twice := _find_repeated(outcomes)):
        return twice
    kept = frame.drop_nulls([groups.column, *groups.strata])
    label = pl.col(groups.column).cast(pl.String)
    first, second = (kept.filter(label == level) for level in groups.labels)
    for side, level in ((first, groups.group), (second, groups.reference)):
        if not side.height:
            return no_patients(level)
    pairs = split_strata(first, second, strata=groups.strata)
    parts = [_compare(*sides, outcomes, scoring, curve_influence) for sides in pairs]
    basis = describe_basis(
        RULES[scoring],
        first.height + second.height,
        n_events=(_count_events(first, outcomes), _count_events(second, outcomes)),
        person_days=_person_days(first, outcomes) + _person_days(second, outcomes),
        confidence=confidence,
        strata=groups.strata,
    )
    if scoring == "peron":
        basis = replace(basis, variance=f"{basis.variance} and of both curves ({curve_influence})")
    return finish(parts, [one.label for one in outcomes], groups, basis=basis, confidence=confidence)


def split_strata(
    first: pl.DataFrame, second: pl.DataFrame, *, strata: Sequence[str]
) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """Split both groups by the strata columns; one pair of frames where there are none."""
    if not strata:
        return [(first, second)]
    own, other = (side.partition_by(strata, as_dict=True) for side in (first, second))
    return [(part, other[key]) for key, part in sorted(own.items(), key=_as_text) if key in other]


def finish(
    parts: Sequence[PairSums],
    outcomes: Sequence[str],
    groups: PairGroups,
    *,
    basis: Basis,
    confidence: float,
) -> WinRatio | NotEstimable:
    """Turn sums over pairs into a win ratio, or say why there is none."""
    name = f"{groups.group} against {groups.reference}"
    if not parts:
        return NotEstimable(
            name, "No stratum has patients of both groups: no pairs can be made.", "one_group"
        )
    table = summarise_pairs(parts, outcomes, confidence)
    win, loss = table.row(-1, named=True)["win_share"], table.row(-1, named=True)["loss_share"]
    if win == loss == 0:
        reason = (
            "In no pair can it be said who did better: there are too few events, or too little follow-up."
        )
        return NotEstimable(name, reason, "no_events")
    if win == 0 or loss == 0:
        better = groups.group if win else groups.reference
        reason = f"In every pair that was decided the patient of {better} did better: the ratio has no limit."
        return NotEstimable(name, reason, "separation")
    return WinRatio(groups.group, groups.reference, table, basis)


def describe_basis(
    method: str,
    n: int,
    *,
    n_events: tuple[int, int],
    person_days: float,
    confidence: float,
    strata: Sequence[str] = (),
) -> Basis:
    """Say what a win ratio rests on."""
    few = sum(n_events) > 0 and min(n_events) < FEW_PATIENTS
    warning = f"Fewer than {FEW_PATIENTS} patients of a group had an event: read the interval as approximate."
    return Basis(
        method=f"{method}, within {', '.join(strata)}" if strata else method,
        variance="first projection of the U-statistic",
        interval=f"ratio {describe('log', confidence)}; net benefit {describe('atanh', confidence)}",
        n=n,
        n_events=sum(n_events),
        person_days=person_days,
        warnings=(warning,) if few else (),
    )


def _as_text(item: tuple[tuple[object, ...], pl.DataFrame]) -> tuple[str, ...]:
    """Sort key of a stratum."""
    return tuple(str(value) for value in item[0])


def _find_repeated(outcomes: Sequence[TimedOutcome | MeasuredOutcome]) -> NotEstimable | None:
    """Refuse a time to an event that stands in the hierarchy twice."""
    timed = [(one.time, one.event) for one in outcomes if isinstance(one, TimedOutcome)]
    if len(set(timed)) == len(timed):
        return None
    reason = (
        "An event stands in the hierarchy twice: what its first place leaves open says how its second goes, "
        "and the product of both probabilities would be wrong."
    )
    return NotEstimable("hierarchy of outcomes", reason, "repeated_outcome")


def _compare(
    first: pl.DataFrame,
    second: pl.DataFrame,
    outcomes: Sequence[TimedOutcome | MeasuredOutcome],
    scoring: Scoring,
    curve_influence: CurveInfluence,
) -> PairSums:
    """Judge or score all pairs of two frames."""
    read = [_read(first, second, one) for one in outcomes]
    if scoring == "peron":
        return sum_scores(read, first.height, second.height, influence=curve_influence)
    return sum_pairs(tuple(_judge(one) for one in read), first.height, second.height)


def _judge(judge: TimedSides | Judge) -> Judge:
    """Return what judges a block of pairs by one outcome."""
    return partial(judge_times, judge) if isinstance(judge, TimedSides) else judge


def _read(
    first: pl.DataFrame, second: pl.DataFrame, outcome: TimedOutcome | MeasuredOutcome
) -> TimedSides | Judge:
    """Read one outcome of both groups."""
    if isinstance(outcome, TimedOutcome):
        sides = [read_times(side, outcome.time, outcome.event) for side in (first, second)]
        return TimedSides(*sides[0], *sides[1], outcome.threshold)
    sign = 1.0 if outcome.higher_is_better else -1.0
    values = [
        sign * side[outcome.value].cast(pl.Float64).fill_null(np.nan).to_numpy() for side in (first, second)
    ]
    return partial(judge_values, values[0], values[1], outcome.threshold)


def _count_events(side: pl.DataFrame, outcomes: Sequence[TimedOutcome | MeasuredOutcome]) -> int:
    """Count patients with at least one of the events."""
    events = [pl.col(one.event).cast(pl.Float64) == 1 for one in outcomes if isinstance(one, TimedOutcome)]
    return side.filter(pl.any_horizontal(events)).height if events else 0


def _person_days(frame: pl.DataFrame, outcomes: Sequence[TimedOutcome | MeasuredOutcome]) -> float:
    """Time under observation for the first timed outcome."""
    timed = [one for one in outcomes if isinstance(one, TimedOutcome)]
    return float(frame[timed[0].time].cast(pl.Float64).sum()) if timed else 0.0
