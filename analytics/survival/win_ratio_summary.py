"""From sums over pairs to win ratio, net benefit and their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from math import atanh, exp, log, sqrt, tanh
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.stats import norm

from analytics.survival.intervals import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analytics.survival.win_ratio_pairs import PairSums, Sums

_COUNTS = ("n_pairs", "n_win", "n_loss", "n_neutral", "n_uninformative")
_NUMBERS = (
    "win_share",
    "loss_share",
    "win_ratio",
    "win_ratio_std_error",
    "win_ratio_lower",
    "win_ratio_upper",
    "win_ratio_p_value",
    "net_benefit",
    "net_benefit_std_error",
    "net_benefit_lower",
    "net_benefit_upper",
    "net_benefit_p_value",
    "win_odds",
)
SCHEMA: dict[str, type[pl.DataType]] = {
    "outcome": pl.String,
    **dict.fromkeys(_COUNTS, pl.Int64),
    **dict.fromkeys(_NUMBERS, pl.Float64),
}
"""Columns of a win ratio table, in order."""

SCORED_SCHEMA = SCHEMA | dict.fromkeys(_COUNTS, pl.Float64)
"""The same where pairs are scored: counts are sums of scores."""


@dataclass(frozen=True, eq=False)
class _Shares:
    """Shares of pairs won and lost up to an outcome, with the influence of every patient on both."""

    win: float
    loss: float
    win_influence: NDArray[np.float64]
    loss_influence: NDArray[np.float64]


def summarise_pairs(strata: Sequence[PairSums], outcomes: Sequence[str], confidence: float) -> pl.DataFrame:
    """Summarise pairs within strata: one row per outcome.

    Parameters
    ----------
    strata
        Sums of each stratum; pairs are only made within them. A stratum weighs as many patients as it has.
    outcomes
        Labels, the most serious first.
    confidence
        Level of the intervals.

    Returns
    -------
    pl.DataFrame
        Columns of `SCHEMA`, or of `SCORED_SCHEMA` where pairs are scored. Ratio and test on the log scale,
        net benefit on the inverse hyperbolic tangent scale; the variance is that of the first projection of
        the U-statistic, with the influence of the curves where there are any.
    """
    rows = []
    for level, outcome in enumerate(outcomes):
        shares = _shares(strata, level)
        row = {"outcome": outcome, **_counts(strata, level)}
        row |= {"win_share": shares.win, "loss_share": shares.loss}
        row |= _ratio(shares, confidence) | _benefit(shares, confidence)
        rows.append(row)
    is_scored = any(one.win_of_curves is not None for one in strata)
    return pl.DataFrame(rows, schema=SCORED_SCHEMA if is_scored else SCHEMA)


def _counts(strata: Sequence[PairSums], level: int) -> dict[str, float]:
    """Pairs that reached an outcome, and what became of them there."""
    n_win = sum(one.wins_of_first[level].sum().item() for one in strata)
    n_loss = sum(one.losses_of_first[level].sum().item() for one in strata)
    n_neutral = sum(one.n_neutral[level].item() for one in strata)
    n_uninformative = sum(one.n_uninformative[level].item() for one in strata)
    counts = (n_win + n_loss + n_neutral + n_uninformative, n_win, n_loss, n_neutral, n_uninformative)
    return dict(zip(_COUNTS, counts, strict=True))


def _shares(strata: Sequence[PairSums], level: int) -> _Shares:
    """Weighted shares of won and lost pairs up to an outcome."""
    total = sum(sum(one.size) for one in strata)
    wins, losses, win_influence, loss_influence = 0.0, 0.0, [], []
    for one in strata:
        weight = sum(one.size) / total
        win, of_win = _project(one.wins_of_first, one.wins_over_second, one.win_of_curves, level)
        loss, of_loss = _project(one.losses_of_first, one.losses_to_second, one.loss_of_curves, level)
        wins, losses = wins + weight * win, losses + weight * loss
        win_influence.append(weight * of_win)
        loss_influence.append(weight * of_loss)
    return _Shares(wins, losses, np.concatenate(win_influence), np.concatenate(loss_influence))


def _project(
    first: Sums, second: Sums, of_curves: NDArray[np.float64] | None, level: int
) -> tuple[float, NDArray[np.float64]]:
    """Share of pairs up to an outcome, and each patient's part in it: Hajek's projection, and the curves."""
    n_first, n_second = first.shape[1], second.shape[1]
    of_first = first[: level + 1].sum(axis=0) / n_second
    of_second = second[: level + 1].sum(axis=0) / n_first
    share = float(of_first.mean())
    influence = np.concatenate([(of_first - share) / n_first, (of_second - share) / n_second])
    return share, influence if of_curves is None else influence + of_curves[: level + 1].sum(axis=0)


def _ratio(shares: _Shares, confidence: float) -> dict[str, float | None]:
    """Win ratio with interval and test on the log scale; nulls where no pair was won or none lost."""
    if shares.win <= 0 or shares.loss <= 0:
        return {}
    influence = shares.win_influence / shares.win - shares.loss_influence / shares.loss
    std_error = sqrt(float(influence @ influence))
    middle, reach = log(shares.win / shares.loss), normal_quantile(confidence) * std_error
    return {
        "win_ratio": exp(middle),
        "win_ratio_std_error": std_error,
        "win_ratio_lower": exp(middle - reach),
        "win_ratio_upper": exp(middle + reach),
        "win_ratio_p_value": _p_value(middle, std_error),
    }


def _benefit(shares: _Shares, confidence: float) -> dict[str, float | None]:
    """Net benefit, and the win odds that follow from it; nulls for limits where every pair went one way."""
    benefit = shares.win - shares.loss
    influence = shares.win_influence - shares.loss_influence
    std_error = sqrt(float(influence @ influence))
    if abs(benefit) >= 1:
        return {"net_benefit": benefit}
    middle, spread = atanh(benefit), std_error / (1 - benefit**2)
    reach = normal_quantile(confidence) * spread
    return {
        "net_benefit": benefit,
        "net_benefit_std_error": std_error,
        "net_benefit_lower": tanh(middle - reach),
        "net_benefit_upper": tanh(middle + reach),
        "net_benefit_p_value": _p_value(middle, spread),
        "win_odds": (1 + benefit) / (1 - benefit),
    }


def _p_value(middle: float, std_error: float) -> float | None:
    """Two-sided test against zero; None where nothing varies."""
    return None if std_error == 0 else float(2 * norm.sf(abs(middle) / std_error))
