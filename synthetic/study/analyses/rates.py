"""Shares of procedures with a complication, and men against women: intervals without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.proportions.cluster_intervals import cluster_interval
from analytics.proportions.differences import miettinen_nurminen_difference, newcombe_difference
from analytics.proportions.intervals import estimate_proportion
from analytics.proportions.ratios import odds_ratio, risk_ratio
from analytics.refusals import NotEstimable
from synthetic.codes import STRATEGY_CODES, USES_RA
from synthetic.study.answers import Answer, StudyEstimator, StudyTest

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.proportions.results import Comparison, Proportion
    from synthetic.study.frames import Replicate

SLOW_FLOW, PERFORATION, ENTRAPMENT = "slow_flow_no_reflow", "perforation_any", "burr_entrapment"
_BURRS = [STRATEGY_CODES[place] for place in USES_RA]

Counts = tuple[int, int]


def count(rows: pl.DataFrame, flag: str) -> Counts:
    """Return events and rows on which the flag is known."""
    known = rows[flag].drop_nulls()
    return int(known.sum()), known.len()


def _share(flag: str, method: str) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the share of all procedures."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        return _answer(estimate_proportion(*count(replicate.procedures, flag), method=method))

    return run


def _answer(found: Proportion | NotEstimable) -> Answer | NotEstimable:
    """Read a share; its methods give limits only."""
    if isinstance(found, NotEstimable):
        return found
    return Answer(found.estimate, float("nan"), found.lower, found.upper)


def _by_hospital(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the share of slow flow, procedures of a hospital resembling one another."""
    known = replicate.procedures.drop_nulls(SLOW_FLOW).group_by("site_id", maintain_order=True)
    sums = known.agg(events=pl.col(SLOW_FLOW).sum(), rows=pl.len())
    return _answer(cluster_interval(sums["events"].to_list(), sums["rows"].to_list()))


def _entrapment(method: str) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the share of burrs that were trapped, where one lesion was treated."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        used = pl.col("strategy_intended").cast(pl.String).is_in(_BURRS)
        rows = replicate.procedures.filter(used, pl.col("n_lesions") == 1)
        return _answer(estimate_proportion(*count(rows, ENTRAPMENT), method=method))

    return run


def _read(found: Comparison) -> Answer:
    """Read a difference."""
    upper = float("inf") if found.upper is None else found.upper
    return Answer(found.estimate, float("nan"), found.lower, upper)


def read_ratio(found: Comparison) -> Answer | NotEstimable:
    """Read the logarithm of a ratio; one of zero has none."""
    if found.estimate <= 0:
        return NotEstimable("ratio", "Nobody in the first group had the event.", "no_events")
    upper = float("inf") if found.upper is None else float(np.log(found.upper))
    lower = float(np.log(found.lower)) if found.lower > 0 else float("-inf")
    return Answer(float(np.log(found.estimate)), float("nan"), lower, upper)


def _by_sex(
    compare: Callable[[int, int, int, int], Comparison | NotEstimable], *, is_ratio: bool
) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build a contrast of slow flow, men against women; ratios as logarithms."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        men, women = (
            count(replicate.procedures.filter(pl.col("sex").cast(pl.String) == sex), SLOW_FLOW)
            for sex in ("male", "female")
        )
        found = compare(*men, *women)
        if isinstance(found, NotEstimable):
            return found
        return read_ratio(found) if is_ratio else _read(found)

    return run


ESTIMATORS: dict[str, StudyEstimator] = {
    "slow_flow_wilson": StudyEstimator(
        "slow_flow_rate", _share(SLOW_FLOW, "wilson"), "Share with slow flow, Wilson"
    ),
    "slow_flow_clopper_pearson": StudyEstimator(
        "slow_flow_rate", _share(SLOW_FLOW, "clopper_pearson"), "Share with slow flow, Clopper-Pearson"
    ),
    "slow_flow_by_hospital": StudyEstimator(
        "slow_flow_rate",
        _by_hospital,
        "Share with slow flow, Wilson with as many rows as hospitals are worth",
    ),
    "perforation_wilson": StudyEstimator(
        "perforation_rate", _share(PERFORATION, "wilson"), "Share with perforation, Wilson"
    ),
    "entrapment_wilson": StudyEstimator(
        "entrapment_rate",
        _entrapment("wilson"),
        "Burr entrapment, Wilson: one event is enough for a lower limit that is too high",
    ),
    "entrapment_clopper_pearson": StudyEstimator(
        "entrapment_rate",
        _entrapment("clopper_pearson"),
        "Burr entrapment, Clopper-Pearson; both take the exact one-sided limit without an event",
    ),
    "sex_slow_flow_newcombe": StudyEstimator(
        "sex_slow_flow_difference",
        _by_sex(newcombe_difference, is_ratio=False),
        "Difference in slow flow, men less women, Newcombe",
    ),
    "sex_slow_flow_miettinen_nurminen": StudyEstimator(
        "sex_slow_flow_difference",
        _by_sex(miettinen_nurminen_difference, is_ratio=False),
        "Difference in slow flow, men less women, Miettinen-Nurminen",
    ),
    "sex_slow_flow_risk_ratio": StudyEstimator(
        "sex_slow_flow_log_ratio",
        _by_sex(risk_ratio, is_ratio=True),
        "Log risk ratio of slow flow, men against women, score limits",
    ),
    "sex_slow_flow_odds_ratio": StudyEstimator(
        "sex_slow_flow_log_odds_ratio",
        _by_sex(odds_ratio, is_ratio=True),
        "Log odds ratio of slow flow, men against women, Woolf",
    ),
}
"""Analyses by name."""

TESTS: dict[str, StudyTest] = {}
"""Tests by name."""
