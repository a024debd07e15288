"""Rows of a restricted mean regression: outcome up to the horizon, group and design."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from analytics.survival.event_counts import CAUSE, TIME
from analytics.survival.refusals import competing_events, no_patients
from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    from numpy.typing import NDArray

MeanContrast = Literal["difference", "ratio", "ratio_of_lost_days"]


@dataclass(frozen=True)
class RestrictedMeanSpec:
    """What is compared, and for what it is adjusted.

    Parameters
    ----------
    group
        Column of the groups.
    reference
        Label of the group that the others are compared with.
    covariates
        Numeric or boolean columns; code categories as 0 and 1 beforehand.
    time, cause
        Columns of the last day under observation and of what ended it (0 censored, 1 the event).
    contrast
        ``difference`` of mean days (identity link), ``ratio`` of mean event-free days or
        ``ratio_of_lost_days`` (log link).
    """

    group: str
    reference: str
    covariates: tuple[str, ...] = ()
    time: str = TIME
    cause: str = CAUSE
    contrast: MeanContrast = "difference"


@dataclass(frozen=True, eq=False)
class MeanData:
    """Outcome up to the horizon, group and design, one row per patient."""

    days: NDArray[np.float64]
    known: NDArray[np.bool_]
    cause: NDArray[np.int64]
    group: NDArray[np.int64]
    design: NDArray[np.float64]
    terms: tuple[str, ...]
    last_days: float
    n_left_out: int


def read_mean_data(frame: pl.DataFrame, spec: RestrictedMeanSpec, horizon_days: float) -> MeanData:
    """Read complete rows; what is known up to the horizon is known for good."""
    wrong = [name for name in spec.covariates if not _is_number(frame.schema[name])]
    if wrong:
        msg = f"{', '.join(wrong)}: not numeric. Code categories as columns of 0 and 1."
        raise ValueError(msg)
    names = [spec.time, spec.cause, spec.group, *spec.covariates]
    rows = frame.select(names).drop_nulls()
    if rows.filter(pl.col(spec.time) < 0).height:
        msg = f"{spec.time}: negative. Derive outcomes with analytics.cohort, or leave such rows out."
        raise ValueError(msg)
    label = rows[spec.group].cast(pl.String)
    others = sorted(set(label.to_list()) - {spec.reference})
    group = label.replace_strict([spec.reference, *others], range(len(others) + 1), return_dtype=pl.Int64)
    time = rows[spec.time].cast(pl.Float64).to_numpy()
    cause = rows[spec.cause].cast(pl.Int64).to_numpy()
    columns = [np.ones(rows.height), *((group == code + 1).to_numpy() for code in range(len(others)))]
    columns += [rows[name].cast(pl.Float64).to_numpy() for name in spec.covariates]
    return MeanData(
        days=np.minimum(time, horizon_days),
        known=(cause > 0) | (time >= horizon_days),
        cause=cause,
        group=group.to_numpy(),
        design=np.column_stack(columns).astype(np.float64),
        terms=("intercept", *others, *spec.covariates),
        last_days=float(np.minimum(time, horizon_days).sum()),
        n_left_out=frame.height - rows.height,
    )


def _is_number(dtype: pl.DataType) -> bool:
    """Tell numeric and boolean columns from others."""
    return dtype.is_numeric() or dtype == pl.Boolean


def refuse_mean_data(data: MeanData, spec: RestrictedMeanSpec, horizon_days: float) -> NotEstimable | None:
    """Say why there is nothing to fit; None where there is."""
    if not len(data.days):
        return no_patients(spec.group)
    if len(np.unique(data.group)) < 2 or not np.any(data.group == 0):
        return NotEstimable(spec.group, "Only one group, or no reference, has patients.", "one_group")
    beyond = int(np.sum(data.cause > 1))
    if beyond:
        return competing_events(spec.group, beyond)
    for code in np.unique(data.group):
        own = data.group == code
        last = data.days[own] == data.days[own].max()
        if not np.any(data.known[own][last]):
            reason = (
                f"In a group nobody is under observation on day {horizon_days:g}. Ask for an earlier day."
            )
            return NotEstimable(spec.group, reason, "follow_up_too_short")
    return None


def count_by_day(
    data: MeanData, own: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Count one group by day: the days, where each patient's is, those at risk, those censored."""
    days, position = np.unique(data.days[own], return_inverse=True)
    leaving = np.bincount(position, minlength=len(days)).astype(np.float64)
    censored = np.bincount(position, weights=(~data.known[own]).astype(np.float64), minlength=len(days))
    return days, position, np.cumsum(leaving[::-1])[::-1], censored.astype(np.float64)
