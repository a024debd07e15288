"""Tables of standardised risks, differences and ratios, beside the crude ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import special, stats

from analytics.comparison.limits import (
    Risk,
    difference_limits,
    difference_p_value,
    find_freedom,
    t_quantile,
)

if TYPE_CHECKING:
    from analytics.comparison.comparison_rows import ComparisonRows
    from analytics.comparison.marginal import Marginal
    from analytics.comparison.resampling import Replicates
    from analytics.regression.arrays import Floats

LIMITS = {"estimate": pl.Float64, "std_error": pl.Float64, "lower": pl.Float64, "upper": pl.Float64}


@dataclass(frozen=True, eq=False)
class Effects:
    """Risks (or means), standardised or crude, ready to be tabulated.

    Parameters
    ----------
    marginal
        Values and covariance.
    is_binary
        Whether they are risks.
    confidence
        Level of the limits.
    replicates
        Of the bootstrap; None for limits by the delta method.
    """

    marginal: Marginal
    is_binary: bool
    confidence: float
    replicates: Replicates | None = None

    def level(self, k: int) -> dict[str, float]:
        """Describe the risk or mean of one level, with limits on the logit scale for a risk."""
        value, error = float(self.marginal.values[k]), float(np.sqrt(self.marginal.covariance[k, k]))
        if self.replicates is not None:
            limits = self.replicates.limits(self.replicates.values[:, k], self.confidence)
        elif self.is_binary:
            limits = self._risk(k).limits(1 - self.confidence)
        else:
            limits = self._wald(value, error)
        return _row(value, error, limits)

    def difference(self, k: int) -> dict[str, float]:
        """Describe level k less the first: limits from those of both risks; a mean's as they are."""
        value = float(self.marginal.values[k] - self.marginal.values[0])
        error = self._error(k, (-1.0, 1.0))
        if self.is_binary and error > 0:
            limits, p_value = self._compare_risks(k)
        else:
            limits, p_value = self._wald(value, error), _p_value(value, error)
        if self.replicates is not None:
            drawn = self.replicates.values
            limits = self.replicates.limits(drawn[:, k] - drawn[:, 0], self.confidence)
        return {**_row(value, error, limits), "p_value": p_value}

    def ratio(self, k: int) -> dict[str, float]:
        """Describe level k over the first, limits and standard error on the log scale."""
        first, other = float(self.marginal.values[0]), float(self.marginal.values[k])
        gradient = (-1 / first, 1 / other)
        value, error = other / first, self._error(k, gradient)
        freedom = find_freedom(self.marginal.sums[:, [0, k]] @ np.array(gradient))
        reach = t_quantile(1 - self.confidence, freedom) * error
        limits = (value * float(np.exp(-reach)), value * float(np.exp(reach)))
        if self.replicates is not None:
            limits = self.replicates.limits(self._drawn_ratios(k), self.confidence)
        return {**_row(value, error, limits), "p_value": _p_value(float(np.log(value)), error, freedom)}

    def _wald(self, value: float, error: float) -> tuple[float, float]:
        """Give normal limits."""
        reach = float(stats.norm.ppf(0.5 + self.confidence / 2)) * error
        return value - reach, value + reach

    def _risk(self, k: int) -> Risk:
        """Give the risk of a level with what its limits need."""
        error = float(np.sqrt(self.marginal.covariance[k, k]))
        return Risk(float(self.marginal.values[k]), error, find_freedom(self.marginal.sums[:, k]))

    def _compare_risks(self, k: int) -> tuple[tuple[float, float], float]:
        """Give limits and p value of a difference of risks."""
        first, other = self._risk(0), self._risk(k)
        product = first.error * other.error
        correlation = float(self.marginal.covariance[0, k]) / product if product > 0 else 0.0
        limits = difference_limits(first, other, correlation=correlation, alpha=1 - self.confidence)
        return limits, difference_p_value(first, other, correlation=correlation)

    def _drawn_ratios(self, k: int) -> Floats:
        """Give the ratio in every resample; infinite or undefined where the reference had no event."""
        drawn = self.replicates.values if self.replicates is not None else np.empty((0, k + 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            return drawn[:, k] / drawn[:, 0]

    def _error(self, k: int, gradient: tuple[float, float]) -> float:
        """Give the standard error of a function of the first and another level."""
        g = np.array(gradient)
        return float(np.sqrt(g @ self.marginal.covariance[np.ix_([0, k], [0, k])] @ g))


def _row(value: float, error: float, limits: tuple[float, float]) -> dict[str, float]:
    """Name the parts of an estimate."""
    return {"estimate": value, "std_error": error, "lower": limits[0], "upper": limits[1]}


def _p_value(value: float, error: float, freedom: float | None = None) -> float:
    """Give the two-sided p of a Wald test, normal or by Student's t; 1 where nothing varies."""
    if error <= 0:
        return 1.0
    statistic = abs(value) / error
    return float(2 * (stats.norm.sf(statistic) if freedom is None else special.stdtr(freedom, -statistic)))


def tabulate_levels(rows: ComparisonRows, crude: Effects, adjusted: Effects) -> pl.DataFrame:
    """Tabulate the levels: counts, crude and standardised."""
    lines = []
    for k, level in enumerate(rows.levels):
        here = rows.level == k
        events = int(rows.outcome[here].sum()) if rows.is_binary else None
        lines.append(
            {
                "level": level,
                "n": int(here.sum()),
                "n_events": events,
                **_crude(crude.level(k)),
                **adjusted.level(k),
            }
        )
    counts = {"level": pl.String, "n": pl.Int64, "n_events": pl.Int64}
    return pl.DataFrame(lines, schema={**counts, **CRUDE, **LIMITS})


def tabulate_contrasts(rows: ComparisonRows, crude: Effects, adjusted: Effects) -> pl.DataFrame:
    """Tabulate differences, and ratios of risks, against the first level."""
    lines = []
    for k, level in enumerate(rows.levels[1:], start=1):
        words = {"level": level, "reference": rows.levels[0]}
        lines.append(
            {**words, "measure": "difference", **_crude(crude.difference(k)), **adjusted.difference(k)}
        )
        if rows.is_binary:
            lines.append({**words, "measure": "ratio", **_crude(crude.ratio(k)), **adjusted.ratio(k)})
    texts = {"level": pl.String, "reference": pl.String, "measure": pl.String}
    return pl.DataFrame(lines, schema={**texts, **CRUDE, **LIMITS, "p_value": pl.Float64})


CRUDE = {"crude": pl.Float64, "crude_lower": pl.Float64, "crude_upper": pl.Float64}


def _crude(row: dict[str, float]) -> dict[str, float]:
    """Name the parts of a crude estimate."""
    return {"crude": row["estimate"], "crude_lower": row["lower"], "crude_upper": row["upper"]}
