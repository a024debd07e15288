"""Where the sums of a Cox model by day go: strata, risk sets, and the centre and scale of the covariates."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.cox_design import specification_error
from analytics.survival.cox_rows import describe_left_out
from analytics.survival.day_sums_rows import MISSING, NO_WEIGHT, DayRows

if TYPE_CHECKING:
    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_rows import Ints
    from analytics.survival.day_sums_rows import Levels
    from analytics.survival.day_sums_types import Codes

# Strata times days of follow-up: beyond it the sums are no longer small beside the data.
MAX_PLACES = 50_000_000
# Counts of so many strata and days are added up before more are taken.
MANY_COUNTS = 500_000
KEYS = ("stratum", "day")
# More than the distinct days that 32 bits can hold.
DAYS = 2**32


@dataclass(frozen=True, eq=False)
class DayLayout:
    """Risk sets by stratum and day, and what the covariates are measured from.

    Parameters
    ----------
    labels
        Labels of the strata.
    ends
        One row per stratum and day on which somebody left: ``stratum``, ``day``, ``n``, ``deaths``.
    set_stratum, set_day
        Of each risk set, ordered by both: a stratum and a day with an event.
    bounds
        First risk set of each stratum, and the number of sets at the end.
    first_day
        Smallest day.
    last_set
        Strata x days: the last risk set up to a day; -1 before the first.
    centre, scale
        Weighted mean and standard deviation of each covariate.
    stratum_centre
        Strata x covariates: weighted means within the strata.
    person_time
        Days at risk of all rows.
    warnings
        What was left out.
    """

    labels: tuple[str, ...]
    ends: pl.DataFrame
    set_stratum: Ints
    set_day: Ints
    bounds: Ints
    first_day: int
    last_set: Codes
    centre: Floats
    scale: Floats
    stratum_centre: Floats
    person_time: float
    warnings: tuple[str, ...]

    @property
    def n(self) -> int:
        """Complete rows."""
        return int(self.ends["n"].sum())

    @property
    def n_events(self) -> int:
        """Events among them."""
        return int(self.ends["deaths"].sum())

    def place(self, rows: DayRows) -> Codes:
        """Give the last risk set that each row is in; -1 for a row that is in none."""
        found: Codes = self.last_set[rows.stratum, rows.day.astype(np.int32) - self.first_day]
        return found


class Survey:
    """Counts and moments of the rows seen so far, in one pass over the batches.

    Parameters
    ----------
    levels
        Of all batches.
    n_columns
        Coefficients of the model.
    """

    def __init__(self, levels: Levels, n_columns: int) -> None:
        self.levels = levels
        n_strata = max(len(levels.labels), 1)
        self.origin: Floats | None = None
        self.weight = np.zeros(n_strata)
        self.first = np.zeros((n_strata, n_columns))
        self.second = np.zeros(n_columns)
        self.largest = np.zeros(n_columns)
        self.counts: list[pl.DataFrame] = []
        self.left_out: Counter[str] = Counter()

    def add(self, rows: DayRows, left_out: Counter[str]) -> None:
        """Add rows that are ordered by stratum and day."""
        self.left_out.update(left_out)
        if not rows.day.size:
            return
        self._count(rows)
        if self.origin is None:
            self.origin = np.array([float(column[0]) for column in rows.columns])
        n_strata = len(self.weight)
        weight = np.ones(rows.day.size) if rows.weight is None else rows.weight
        self.weight += np.bincount(rows.stratum, weight, n_strata)
        for number, column in enumerate(rows.columns):
            away = column - self.origin[number]
            weighted = weight * away
            self.first[:, number] += (
                weighted.sum() if n_strata == 1 else np.bincount(rows.stratum, weighted, n_strata)
            )
            self.second[number] += np.einsum("i,i->", weighted, away)
            self.largest[number] = max(self.largest[number], float(np.max(np.abs(away))))

    def _count(self, rows: DayRows) -> None:
        """Count rows and events by stratum and day, by which the rows are ordered."""
        is_first = np.ones(rows.day.size, dtype=np.bool_)
        is_first[1:] = (rows.day[1:] != rows.day[:-1]) | (rows.stratum[1:] != rows.stratum[:-1])
        starts = np.flatnonzero(is_first)
        counted = {
            "stratum": rows.stratum[starts].astype(np.int32),
            "day": rows.day[starts].astype(np.int32),
            "n": np.diff(starts, append=rows.day.size),
            "deaths": np.add.reduceat(rows.event, starts, dtype=np.int64),
        }
        self.counts.append(pl.DataFrame(counted))
        if sum(counts.height for counts in self.counts[1:]) > max(MANY_COUNTS, self.counts[0].height):
            self.counts = [self._ends()]

    def finish(self) -> DayLayout:
        """Lay out the risk sets of all rows seen.

        Raises
        ------
        SpecificationError
            For more strata times days than the sums are made for.
        """
        ends = self._ends()
        first_day = int(ends["day"].min() or 0)  # type: ignore[arg-type]  # an integer column
        span = int(ends["day"].max() or 0) - first_day + 1  # type: ignore[arg-type]  # likewise
        n_strata = len(self.weight)
        if n_strata * span > MAX_PLACES:
            what = f"{n_strata} strata over {span} days are too many for sums by day"
            raise specification_error(what=what, fix="Fit with fit_cox.")
        has_deaths = ends["deaths"].to_numpy() > 0
        stratum, day = (ends[key].to_numpy()[has_deaths].astype(np.int64) for key in KEYS)
        total = self.weight.sum() or 1.0
        mean = self.first.sum(axis=0) / total
        spread = np.sqrt(np.maximum(self.second / total - mean**2, 0.0))
        origin = np.zeros_like(mean) if self.origin is None else self.origin
        return DayLayout(
            labels=self.levels.labels,
            ends=ends,
            set_stratum=stratum,
            set_day=day,
            bounds=np.searchsorted(stratum, np.arange(n_strata + 1)).astype(np.int64),
            first_day=first_day,
            last_set=_last_sets(stratum, day - first_day, (n_strata, span)),
            centre=origin + mean,
            scale=np.where(spread > 1e-12 * self.largest, spread, 1.0),
            stratum_centre=origin + self.first / np.maximum(self.weight, 1e-300)[:, None],
            person_time=float((ends["day"].cast(pl.Float64) * ends["n"]).sum()),
            warnings=self._warnings(),
        )

    def _ends(self) -> pl.DataFrame:
        """Add up the counts taken so far."""
        # The query engine would cost more memory than the rows of a small data set.
        stratum, day, n, deaths = (
            np.concatenate(
                [np.zeros(0, dtype=np.int64), *(counts[name].to_numpy() for counts in self.counts)]
            )
            for name in ("stratum", "day", "n", "deaths")
        )
        place, of = np.unique(stratum * DAYS + (day + DAYS // 2), return_inverse=True)
        return pl.DataFrame(
            {
                "stratum": (place // DAYS).astype(np.int32),
                "day": (place % DAYS - DAYS // 2).astype(np.int32),
                "n": np.bincount(of, n, len(place)).astype(np.int64),
                "deaths": np.bincount(of, deaths, len(place)).astype(np.int64),
            }
        )

    def _warnings(self) -> tuple[str, ...]:
        """Say what was left out, in the order in which rows are looked at."""
        notes = (describe_left_out(self.left_out[reason], reason) for reason in (MISSING, NO_WEIGHT))
        return tuple(note for found in notes for note in found)


def _last_sets(stratum: Ints, day: Ints, shape: tuple[int, int]) -> Codes:
    """Tabulate the last risk set up to each day of each stratum."""
    table = np.full(shape, -1, dtype=np.int32)
    table[stratum, day] = np.arange(len(day), dtype=np.int32)
    found: Codes = np.maximum.accumulate(table, axis=1)
    return found
