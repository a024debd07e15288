"""Pool the studies that are compatible, and judge a registry's rate against them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analytics.evidence.compatibility import (
    PROPORTION_RULE,
    RATIO_RULE,
    CompatibleStudies,
    find_compatible,
    label,
)
from analytics.evidence.normal_model import REML
from analytics.evidence.pooled_results import LeftOut, Pooled
from analytics.evidence.pooling import GLMM, leave_one_out, pool_proportions, pool_ratios
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

VERDICTS: dict[str, str] = {
    "above": "above what further studies would be expected to show",
    "below": "below what further studies would be expected to show",
    "within": "within what further studies would be expected to show",
    "not_judged": "not judged",
}
"""Verdicts on a registry's rate, and their words."""


@dataclass(frozen=True, eq=False)
class Synthesis:
    """Compatible studies and what they come to together.

    Parameters
    ----------
    studies
        Who is pooled, who is not, and why.
    pooled
        The pooled value, or the reason there is none.
    without
        The pooled value without each study; empty where fewer than two would be left.
    """

    studies: CompatibleStudies
    pooled: Pooled | NotEstimable
    without: tuple[LeftOut, ...]


@dataclass(frozen=True)
class Verdict:
    """A registry's rate against the prediction interval of published studies.

    Parameters
    ----------
    code
        Key of `VERDICTS`.
    sentence
        The verdict for a clinician, with its reason.
    """

    code: str
    sentence: str


def pool_published_proportions(
    figures: pl.DataFrame,
    *,
    wanted: Mapping[str, Any] | None = None,
    method: str = GLMM,
    prediction: str = "t_k1",
    confidence: float = 0.95,
    need_source: bool = True,
) -> Synthesis:
    """Pool the compatible proportions among published figures.

    Parameters
    ----------
    figures
        Rows of `analytics.evidence.published.read_published`, or of that layout, usually of one outcome.
    wanted, need_source
        As for `analytics.evidence.compatibility.find_compatible`.
    method, prediction, confidence
        As for `analytics.evidence.pooling.pool_proportions`.

    Returns
    -------
    Synthesis
        With a refusal in `pooled` where there is nothing to pool.
    """
    studies = find_compatible(figures, rule=PROPORTION_RULE, wanted=wanted, need_source=need_source)
    events, totals = studies.rows["n_events"].to_list(), studies.rows["n_total"].to_list()

    def pool(left_out: int | None = None) -> Pooled | NotEstimable:
        keep = [place for place in range(len(events)) if place != left_out]
        x, n = [events[place] for place in keep], [totals[place] for place in keep]
        return pool_proportions(x, n, method=method, prediction=prediction, confidence=confidence)

    return Synthesis(studies, pool(), leave_one_out(_labels(studies.rows), pool))


def pool_published_ratios(
    effects: pl.DataFrame,
    *,
    wanted: Mapping[str, Any] | None = None,
    method: str = REML,
    prediction: str = "t_k1",
    confidence: float = 0.95,
    need_source: bool = True,
) -> Synthesis:
    """Pool the compatible ratios among published effects.

    Parameters
    ----------
    effects
        Rows of `analytics.evidence.published.read_effects`, or of that layout.
    wanted, need_source
        As for `analytics.evidence.compatibility.find_compatible`.
    method, prediction, confidence
        As for `analytics.evidence.pooling.pool_ratios`.

    Returns
    -------
    Synthesis
        With a refusal in `pooled` where there is nothing to pool.
    """
    studies = find_compatible(effects, rule=RATIO_RULE, wanted=wanted, need_source=need_source)
    ratios = studies.rows.select("estimate", "ci_low", "ci_high").rows()
    measure = str(studies.keys.get("measure", "ratio"))

    def pool(left_out: int | None = None) -> Pooled | NotEstimable:
        keep = [ratio for place, ratio in enumerate(ratios) if place != left_out]
        return pool_ratios(keep, measure=measure, method=method, prediction=prediction, confidence=confidence)

    return Synthesis(studies, pool(), leave_one_out(_labels(studies.rows), pool))


def judge_rate(lower: float | None, upper: float | None, pooled: Pooled | NotEstimable) -> Verdict:
    """Judge a registry's rate against the prediction interval, never against the pooled point.

    Parameters
    ----------
    lower, upper
        Confidence limits of the registry's rate, 0 to 1; None where there is no rate.
    pooled
        Published studies taken together.

    Returns
    -------
    Verdict
        ``above`` where even the lower limit exceeds the prediction interval, ``below`` where even the upper
        limit falls short of it, else ``within``: a registry is called different only where chance on both
        sides does not explain it. ``not_judged`` where there is no rate or no prediction interval.
    """
    if lower is None or upper is None:
        return Verdict("not_judged", "Not judged: the registry has no rate to show.")
    if isinstance(pooled, NotEstimable):
        return Verdict("not_judged", f"Not judged. {pooled.reason}")
    if pooled.prediction_lower is None or pooled.prediction_upper is None:
        return Verdict("not_judged", "Not judged: too few studies for a prediction interval.")
    code = (
        "above"
        if lower > pooled.prediction_upper
        else "below"
        if upper < pooled.prediction_lower
        else "within"
    )
    low, high = 100 * pooled.prediction_lower, 100 * pooled.prediction_upper
    return Verdict(code, f"The rate is {VERDICTS[code]} ({low:.1f} to {high:.1f} %).")


def _labels(rows: pl.DataFrame) -> list[str]:
    """Name each study with its source."""
    return [label(row) for row in rows.iter_rows(named=True)]
