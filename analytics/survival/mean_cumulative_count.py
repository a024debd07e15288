"""Mean number of events per patient over time, where events recur and death may end the count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from analytics.survival.curve_layout import whole_days
from analytics.survival.event_counts import TIME
from analytics.survival.intervals import describe, normal_quantile
from analytics.survival.recurrent_influence import RowSpans, follow_influence, sum_products
from analytics.survival.refusals import no_patients
from analytics.survival.results import Basis, NotEstimable
from analytics.survival.results_recurrence import MeanCumulativeCount

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Sums of weights differ by no more.
ROUNDING = 1e-12

CountVariance = Literal["robust", "poisson"]
CountInterval = Literal["log", "plain"]


@dataclass(frozen=True)
class RecurrentColumns:
    """Names of the columns of rows of recurrent events.

    Parameters
    ----------
    unit
        The patient, to whom several rows may belong.
    start, stop
        The row is under observation on (start, stop], in days; a null start means from the beginning.
    event
        Number of recurrent events on the day ``stop``: 0, 1 or more, or a boolean.
    terminal
        True where the patient died on the day ``stop``; None where nothing ends the count but censoring.
    weight
        Sampling weight of the patient, >= 0 and the same in all of his rows; None weighs all alike.
    cluster
        Whoever is not independent of one another, such as patients of a site; None: patients are.
    """

    unit: str = "patient_id"
    start: str = "start_days"
    stop: str = TIME
    event: str = "event"
    terminal: str | None = None
    weight: str | None = None
    cluster: str | None = None


def estimate_mean_cumulative_count(
    frame: pl.DataFrame,
    *,
    columns: RecurrentColumns,
    group: str,
    variance: CountVariance = "robust",
    interval: CountInterval = "log",
    confidence: float = 0.95,
) -> MeanCumulativeCount | NotEstimable:
    """Estimate the mean number of events per patient up to every day.

    Parameters
    ----------
    frame
        Rows of one group, one per patient and stretch of observation; see ``columns``. Rows of one patient
        must not overlap; they may leave gaps.
    columns
        Where to find patient, start, stop, event and death.
    group
        Label the result carries.
    variance
        ``robust``: infinitesimal jackknife by patient, or by cluster [2]_, which is the variance of Lawless
        and Nadeau [1]_ where nothing is terminal. ``poisson``: events of a patient are independent of one
        another; only without a terminal event, weights and clusters.
    interval
        Scale of the pointwise limits: ``log`` or ``plain``.
    confidence
        Level of the interval.

    Returns
    -------
    MeanCumulativeCount or NotEstimable
        With a terminal event the count of the dead stays where it was: the estimate is the mean over all
        patients, not over the living [3]_. With weights, ``n_risk``, ``n_event`` and ``n_terminal`` are sums
        of weights. Refused: ``no_patients``.

    Raises
    ------
    ValueError
        When values are absent or negative, a row ends on or before its start, rows of a patient overlap, a
        patient has rows after death or of two weights, or the Poisson variance is asked for with a terminal
        event, weights or clusters.

    References
    ----------
    .. [1] Lawless & Nadeau (1995), Technometrics 37:158-168,
       https://doi.org/10.1080/00401706.1995.10484300.
    .. [2] Jaeckel (1972), The infinitesimal jackknife, Bell Laboratories memorandum MM 72-1215-11.
    .. [3] Ghosh & Lin (2000), Biometrics 56:554-562, https://doi.org/10.1111/j.0006-341X.2000.00554.x.
    """
    special = {"a terminal event": columns.terminal, "weights": columns.weight, "clusters": columns.cluster}
    named = [name for name, column in special.items() if column is not None]
    if variance == "poisson" and named:
        msg = f"variance: the Poisson variance does not hold with {named[0]}. Ask for the robust one."
        raise ValueError(msg)
    rows = _read_rows(frame, columns)
    if not len(rows.unit):
        return no_patients(group)
    days = _Days.of(rows)
    squared = days.poisson_variance() if variance == "poisson" else _robust_variance(rows, days)
    std_error = np.sqrt(np.maximum(squared, 0.0))
    lower, upper = _limits(days.mean, std_error, interval=interval, confidence=confidence)
    kind = np.int64 if columns.weight is None else np.float64
    table = pl.DataFrame(
        {
            TIME: whole_days(days.days),
            "n_risk": days.n_risk.astype(kind),
            "n_event": days.n_event.astype(kind),
            "n_terminal": days.n_terminal.astype(kind),
            "survival": days.survival,
            "mean_count": days.mean,
            "std_error": std_error,
            "lower": lower,
            "upper": upper,
        }
    )
    basis = Basis(
        method="mean cumulative count"
        + (", death terminal" if columns.terminal else "")
        + (", weighted" if columns.weight else ""),
        variance="Poisson" if variance == "poisson" else f"robust by {columns.cluster or columns.unit}",
        interval=describe(interval, confidence),
        n=frame.height,
        n_events=int(rows.event.sum()),
        person_days=float(np.sum(rows.stop - np.maximum(rows.start, 0.0))),
    )
    return MeanCumulativeCount(group, table, int(rows.unit.max()) + 1, basis)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows sorted by patient and start."""

    unit: NDArray[np.int64]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    event: NDArray[np.float64]
    terminal: NDArray[np.float64]
    weight: NDArray[np.float64]
    cluster: NDArray[np.int64] | None


@dataclass(frozen=True, eq=False)
class _Days:
    """Numbers and estimates on the distinct days on which rows end."""

    days: NDArray[np.float64]
    n_risk: NDArray[np.float64]
    n_event: NDArray[np.float64]
    n_terminal: NDArray[np.float64]
    survival: NDArray[np.float64]
    mean: NDArray[np.float64]

    @classmethod
    def of(cls, rows: _Rows) -> _Days:
        """Count by day, and estimate."""
        days, position = np.unique(rows.stop, return_inverse=True)
        ended = np.bincount(position, rows.weight, len(days))
        # Who enters later is taken out up to his entry; rounding of weights must not leave anybody there.
        entry = np.searchsorted(days, rows.start, side="right")
        entered = np.bincount(entry, rows.weight, len(days) + 1)[1:]
        n_risk = np.cumsum((ended - entered)[::-1])[::-1].astype(np.float64)
        n_event = np.bincount(position, rows.weight * rows.event, len(days)).astype(np.float64)
        n_terminal = np.bincount(position, rows.weight * rows.terminal, len(days)).astype(np.float64)
        survival = np.cumprod(1.0 - n_terminal / n_risk).astype(np.float64)
        mean = np.cumsum(np.concatenate([[1.0], survival[:-1]]) * n_event / n_risk)
        return cls(days, n_risk, n_event, n_terminal, survival, mean)

    @property
    def before(self) -> NDArray[np.float64]:
        """Share alive just before each day."""
        return np.concatenate([[1.0], self.survival[:-1]])

    def poisson_variance(self) -> NDArray[np.float64]:
        """Sum the variances of independent events."""
        return np.cumsum(self.n_event / self.n_risk**2).astype(np.float64)


def _read_rows(frame: pl.DataFrame, columns: RecurrentColumns) -> _Rows:
    """Read and check the rows; messages hold counts, never values."""
    terminal = pl.lit(0.0) if columns.terminal is None else pl.col(columns.terminal).cast(pl.Float64)
    ready = frame.select(
        unit=pl.col(columns.unit).rank("dense").cast(pl.Int64) - 1,
        start=pl.col(columns.start).cast(pl.Float64).fill_null(-np.inf),
        stop=pl.col(columns.stop).cast(pl.Float64),
        event=pl.col(columns.event).cast(pl.Float64),
        terminal=terminal,
        weight=pl.lit(1.0) if columns.weight is None else pl.col(columns.weight).cast(pl.Float64),
        cluster=pl.lit(0)
        if columns.cluster is None
        else pl.col(columns.cluster).rank("dense").cast(pl.Int64),
    ).sort("unit", "start")
    follows = pl.col("unit") == pl.col("unit").shift(1)
    faults = {
        "patient, end, events, death, weight or cluster absent": pl.any_horizontal(pl.all().is_null()),
        "end negative, or not after the start": (pl.col("stop") < 0) | (pl.col("stop") <= pl.col("start")),
        "number of events negative": pl.col("event") < 0,
        "overlap with the row before of the same patient": follows
        & (pl.col("start") < pl.col("stop").shift(1)),
        "weight negative": pl.col("weight") < 0,
        "another weight or cluster than the row before of the same patient": follows
        & (
            (pl.col("weight") != pl.col("weight").shift(1))
            | (pl.col("cluster") != pl.col("cluster").shift(1))
        ),
        "observation after death": follows & (pl.col("terminal").shift(1) > 0),
    }
    for fault, wrong in faults.items():
        bad = ready.filter(wrong.fill_null(value=False)).height
        if bad:
            msg = f"{fault} in {bad} rows. Lay rows out as (start, stop] per patient, or leave such rows out."
            raise ValueError(msg)
    kept = ready.filter(pl.col("weight") > 0).with_columns(pl.col("unit").rank("dense").cast(pl.Int64) - 1)
    unit, start, stop, event, died, weight, cluster = (column.to_numpy() for column in kept)
    return _Rows(unit, start, stop, event, died, weight, None if columns.cluster is None else cluster)


def _robust_variance(rows: _Rows, days: _Days) -> NDArray[np.float64]:
    """Sum the squared influence of the patients on every day.

    The influence of a patient is ``P(t) - mean(t) B(t)``: P gathers what he adds to and takes from the count,
    B what he does to survival. Both move only while he is under observation.
    """
    closes = np.searchsorted(days.days, rows.stop)
    opens = np.searchsorted(days.days, rows.start, side="right")
    spans = RowSpans(rows.unit, opens, closes, len(days.days), rows.weight, rows.cluster)
    share = days.before / days.n_risk
    hazard = days.n_terminal / days.n_risk
    # Where all under observation die, no count follows that their deaths could change.
    alive = hazard < 1 - ROUNDING
    death = np.where(alive, 1.0 / (days.n_risk * np.where(alive, 1.0 - hazard, 1.0)), 0.0)
    own_death = rows.terminal * death[closes]
    count = follow_influence(
        spans,
        rows.event * share[closes] + days.mean[closes] * own_death,
        share * days.n_event / days.n_risk + days.mean * death * hazard,
    )
    squared = sum_products(spans, count, count)
    if not days.n_terminal.any():
        return squared
    loss = follow_influence(spans, own_death, death * hazard)
    crossed, square = sum_products(spans, count, loss), sum_products(spans, loss, loss)
    return squared - 2 * days.mean * crossed + days.mean**2 * square


def _limits(
    mean: NDArray[np.float64], std_error: NDArray[np.float64], *, interval: CountInterval, confidence: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return limits of a count, which has no upper bound."""
    reach = normal_quantile(confidence) * std_error
    if interval == "plain":
        return np.maximum(mean - reach, 0.0), mean + reach
    factor = np.exp(reach / np.where(mean > 0, mean, 1.0))
    return mean / factor, mean * factor
