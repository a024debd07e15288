"""Baseline hazards of sums by day, kept per risk set until a table is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.day_sums_solution import accumulate

if TYPE_CHECKING:
    from analytics.survival.cox_design import Floats
    from analytics.survival.day_sums_layout import DayLayout


@dataclass(frozen=True, eq=False)
class DayBaseline:
    """Hazards of each risk set, on the scale where the risk is relative to the centre of all rows.

    Parameters
    ----------
    layout
        Risk sets, and the centre of each stratum.
    beta
        Coefficients, on the caller's scale.
    hazard, square
        Hazard increments, and term weights over squared denominators, per risk set.
    drift
        Hazard times risk-set mean, less the centre: risk sets x coefficients.
    """

    layout: DayLayout
    beta: Floats
    hazard: Floats
    square: Floats
    drift: Floats

    def is_in_range(self) -> bool:
        """Tell whether covariates zero are near enough to the data for hazards to be numbers above 0."""
        with np.errstate(over="ignore", invalid="ignore"):
            to_zero, factor = self._to_zero(), self._factor()
            sums = accumulate(self.hazard * factor, self.layout.bounds) * to_zero[self.layout.set_stratum]
        return bool(np.isfinite(to_zero).all() and np.isfinite(sums).all() and sums.max(initial=0.0) > 0)

    def table(self) -> pl.DataFrame:
        """Give the table of `analytics.survival.cox_baseline.estimate_baseline`, by end of follow-up."""
        layout, from_centre = self.layout, self.layout.stratum_centre - self.layout.centre
        with np.errstate(over="ignore"):
            factor, to_zero = self._factor(), self._to_zero()
        drift = (self.drift - self.hazard[:, None] * from_centre[layout.set_stratum]) * factor[:, None]
        sums = (self.hazard * factor, self.square * factor**2, drift)
        hazard, variance, moved = (self._at_ends(accumulate(each, layout.bounds)) for each in sums)
        stratum = layout.ends["stratum"].to_numpy()
        return pl.DataFrame(
            {
                "stratum": pl.Series([layout.labels[number] for number in stratum.tolist()], dtype=pl.String),
                "time_days": layout.ends["day"].to_numpy().astype(np.float64),
                "cumulative_hazard": to_zero[stratum] * hazard,
                # A cast, because list expressions wake the query engine and its memory.
                "centre": pl.Series(layout.stratum_centre[stratum]).cast(pl.List(pl.Float64)),
                "centred_hazard": hazard,
                "centred_variance": variance,
                "centred_drift": pl.Series(moved).cast(pl.List(pl.Float64)),
            }
        )

    def _factor(self) -> Floats:
        """Give what brings hazards of each risk set from the centre of all rows to that of its stratum."""
        from_centre = self.layout.stratum_centre - self.layout.centre
        factor: Floats = np.exp(from_centre @ self.beta)[self.layout.set_stratum]
        return factor

    def _to_zero(self) -> Floats:
        """Give what brings hazards of each stratum from its centre to covariates zero."""
        factor: Floats = np.exp(-self.layout.stratum_centre @ self.beta)
        return factor

    def _at_ends(self, sums: Floats) -> Floats:
        """Carry sums by risk set to every end of follow-up."""
        layout = self.layout
        stratum, day = layout.ends["stratum"].to_numpy(), layout.ends["day"].to_numpy()
        last = layout.last_set[stratum, day - layout.first_day]
        carried: Floats = np.concatenate((sums, np.zeros_like(sums[:1])))[last]
        return carried
