"""Jackknife pseudo-observations: a complete outcome for every patient, censored or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from analytics.survival.event_counts import CAUSE, TIME, count_events
from analytics.survival.refusals import refuse_counts
from analytics.survival.results import Basis, NotEstimable
from analytics.survival.risk_table import build_risk_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analytics.survival.risk_table import RiskTable

Quantity = Literal["survival", "incidence", "restricted_mean", "time_lost"]


@dataclass(frozen=True, eq=False)
class PseudoObservations:
    """Pseudo-observations of one group.

    Parameters
    ----------
    group
        Label of the group.
    quantity
        What is estimated.
    estimates
        ``time_days`` and ``estimate``: the quantity in all patients, one row per day asked for.
    table
        One row per patient and day: ``row`` (position in the frame given, from 0), ``time_days``,
        ``pseudo_value``.
    basis
        What they rest on.
    """

    group: str
    quantity: Quantity
    estimates: pl.DataFrame
    table: pl.DataFrame
    basis: Basis


def estimate_pseudo_observations(
    frame: pl.DataFrame, *, group: str, quantity: Quantity, days: Sequence[float], cause: int = 1
) -> PseudoObservations | NotEstimable:
    """Estimate what each patient adds to a quantity: n times it, less n - 1 times it without the patient.

    Where nobody is censored the pseudo-observation is the patient's own outcome (free of the event or not,
    days up to the event). They may be set as the outcome of an ordinary regression with a robust variance
    [1]_; they are not outcomes of patients and must not be shown as such.

    Parameters
    ----------
    frame
        One row per patient: ``time_days`` (>= 0), ``cause`` (0 censored, 1, 2, ... the causes), perhaps
        ``time_is_exact``. Give each group by itself where censoring differs between groups.
    group
        Label the result carries.
    quantity
        ``survival``: free of the endpoint on the day; ``incidence``: had the event of ``cause`` by the day;
        ``restricted_mean``: days free of the endpoint up to the day; ``time_lost``: days lost to ``cause``
        up to the day.
    days
        Days, in any order; a restricted quantity counts up to each of them.
    cause
        Cause code for ``incidence`` and ``time_lost``.

    Returns
    -------
    PseudoObservations or NotEstimable
        Refused: ``no_patients`` (fewer than two), ``event_times_unknown``, ``competing_events`` where
        survival is asked for in spite of them, ``follow_up_too_short`` where a day lies beyond the last day
        under observation, unless it ended with the events of all left, whoever is left out.

    References
    ----------
    .. [1] Andersen, Klein & Rosthoj (2003), Biometrika 90:15-27, https://doi.org/10.1093/biomet/90.1.15.
    .. [2] Andersen & Pohar Perme (2010), Stat Methods Med Res 19:71-99,
       https://doi.org/10.1177/0962280209105020.
    """
    asked = np.asarray(days, dtype=np.float64)
    counts = count_events(frame)
    present = counts.frame[CAUSE].to_list()
    highest = 1 if quantity in {"survival", "restricted_mean"} else max([cause, *present])
    refusal = refuse_counts(counts, group=group, highest_cause=highest)
    if refusal is not None:
        return refusal
    if frame.height < 2:
        return NotEstimable(group, "One patient alone cannot be left out.", "no_patients")
    table = build_risk_table(counts, n_causes=highest)
    if asked.max(initial=0.0) > table.times[-1] and not _stays_complete(table):
        reason = "Nobody is under observation on the last day asked for. Ask for an earlier one."
        return NotEstimable(group, reason, "follow_up_too_short")
    days_of = _Numbers(table.times, table.n_risk, table.all_events, table.n_event[_row(quantity, cause)])
    whole = _read(days_of, asked, quantity)
    cells = counts.frame.select(TIME, CAUSE)
    values = frame.height * whole - (frame.height - 1) * np.array(
        [_read(days_of.without(*cell, own=cause), asked, quantity) for cell in cells.iter_rows()]
    )
    basis = Basis(
        method=f"jackknife pseudo-observations, {quantity.replace('_', ' ')}",
        variance="none",
        interval="none",
        n=frame.height,
        n_events=int(days_of.own.sum()),
        person_days=table.person_days,
    )
    estimates = pl.DataFrame({TIME: asked, "estimate": whole})
    return PseudoObservations(group, quantity, estimates, _lay_out(frame, cells, asked, values), basis)


def _stays_complete(table: RiskTable) -> bool:
    """Tell whether the curve comes to its end without any one patient."""
    last_had_it = table.all_events[-1] == table.n_risk[-1]
    return bool(not table.n_censor.any() or (last_had_it and table.n_risk[-1] > 1))


@dataclass(frozen=True, eq=False)
class _Numbers:
    """Days with numbers at risk, events of any cause, and events of the cause asked for."""

    times: NDArray[np.float64]
    n_risk: NDArray[np.float64]
    every: NDArray[np.float64]
    own: NDArray[np.float64]

    def without(self, day: float, code: int, *, own: int) -> _Numbers:
        """Leave out one patient who left on a day for some cause; all alike leave the same numbers."""
        here = (self.times == day).astype(np.float64)
        return _Numbers(
            self.times,
            self.n_risk - (self.times <= day),
            self.every - here * (code > 0),
            self.own - here * (code == own),
        )


def _row(quantity: Quantity, cause: int) -> int:
    """Return the row of the cause asked for in a risk table."""
    return cause - 1 if quantity in {"incidence", "time_lost"} else 0


def _read(numbers: _Numbers, asked: NDArray[np.float64], quantity: Quantity) -> NDArray[np.float64]:
    """Estimate the quantity on the days asked for."""
    n = np.maximum(numbers.n_risk, 1.0)
    survival = np.concatenate([[1.0], np.cumprod(1.0 - numbers.every / n)])
    curve = survival
    if quantity in {"incidence", "time_lost"}:
        curve = np.concatenate([[0.0], np.cumsum(survival[:-1] * numbers.own / n)])
    position = np.searchsorted(numbers.times, asked, side="right")
    if quantity in {"survival", "incidence"}:
        return np.asarray(curve[position], dtype=np.float64)
    edges = np.concatenate([[0.0], numbers.times])
    area = np.concatenate([[0.0], np.cumsum(curve[:-1] * np.diff(edges))])
    return np.asarray(area[position] + curve[position] * (asked - edges[position]), dtype=np.float64)


def _lay_out(
    frame: pl.DataFrame, cells: pl.DataFrame, asked: NDArray[np.float64], values: NDArray[np.float64]
) -> pl.DataFrame:
    """Give every row the values of those who left on its day for its cause."""
    cell = cells.with_row_index("cell")
    code = pl.col(CAUSE).cast(pl.Int64)
    position = (
        frame.select(pl.col(TIME).cast(cells.schema[TIME]), code)
        .join(cell, on=[TIME, CAUSE], how="left", maintain_order="left")["cell"]
        .to_numpy()
    )
    return pl.DataFrame(
        {
            "row": np.repeat(np.arange(frame.height), len(asked)),
            TIME: np.tile(asked, frame.height),
            "pseudo_value": values[position].reshape(-1),
        }
    )
