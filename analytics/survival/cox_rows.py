"""From a frame to the arrays of a Cox model: complete rows, strata, clusters and risk sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from analytics.survival.cox_design import build_design, specification_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.cox_design import CoxSpec, Floats

Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

# Times nearer than this (relative to the mean time) differ by arithmetic only, so they are the same day.
ROUNDING = 1.5e-8


@dataclass(frozen=True, eq=False)
class CoxRows:
    """Rows that enter a model, in the order of the frame.

    Parameters
    ----------
    design
        Covariates, rows x coefficients.
    start, stop
        Each row is at risk in (start, stop]; start is minus infinity without delayed entry.
    event
        Whether the row ends with the event.
    weight
        Sampling weight, 1 without weights.
    stratum
        Stratum number from 0.
    strata
        Labels of the strata.
    cluster
        Cluster number from 0; the row's own number without clusters.
    position
        Row of the frame, from 0.
    warnings
        What was left out, without any value.
    offset
        Fixed part of the linear predictor; None where there is none.
    """

    design: Floats
    start: Floats
    stop: Floats
    event: Bools
    weight: Floats
    stratum: Ints
    strata: tuple[str, ...]
    cluster: Ints
    position: Ints
    warnings: tuple[str, ...]
    offset: Floats | None = None

    @property
    def person_time(self) -> float:
        """Time at risk over all rows."""
        return float(np.sum(self.stop - np.where(np.isfinite(self.start), self.start, 0.0)))


def collect_rows(frame: pl.DataFrame, spec: CoxSpec) -> CoxRows:
    """Take the complete rows of a frame for a resolved specification.

    Parameters
    ----------
    frame
        Columns as named in the specification.
    spec
        The model, with every `Factor` resolved.

    Returns
    -------
    CoxRows
        Rows with no missing value, a positive weight and entry before the end.

    Raises
    ------
    SpecificationError
        For an event column that is not 0 or 1, a negative weight, or a column that is not numeric.
    """
    kept, warnings = _usable(frame, spec)
    start, stop = _times(kept, spec)
    stratum, labels = _codes(kept, spec.strata)
    cluster = _codes(kept, (spec.cluster,))[0] if spec.cluster else np.arange(kept.height, dtype=np.int64)
    weight = kept[spec.weights].cast(pl.Float64).to_numpy() if spec.weights else np.ones(kept.height)
    return CoxRows(
        design=build_design(kept, spec.terms),
        start=start,
        stop=stop,
        event=_indicator(kept[spec.event]),
        weight=weight,
        stratum=stratum,
        strata=labels,
        cluster=cluster,
        position=kept["__row"].to_numpy().astype(np.int64),
        warnings=warnings,
        offset=kept[spec.offset].cast(pl.Float64).to_numpy() if spec.offset else None,
    )


def _usable(frame: pl.DataFrame, spec: CoxSpec) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Leave out incomplete rows, empty intervals and zero weights, and say how many."""
    columns = frame.select(spec.columns).with_row_index("__row")
    floats = [name for name, dtype in columns.schema.items() if dtype.is_float()]
    columns = columns.with_columns(pl.col(floats).fill_nan(None)) if floats else columns
    complete = columns.drop_nulls()
    warnings = describe_left_out(columns.height - complete.height, "a value that the model needs is missing")
    if spec.entry:
        kept = complete.filter(pl.col(spec.entry) < pl.col(spec.time))
        warnings += describe_left_out(complete.height - kept.height, "they end before they enter")
        complete = kept
    if spec.weights:
        if (complete[spec.weights] < 0).any():
            raise specification_error(what=f"negative weights in {spec.weights}", fix="Weights are >= 0.")
        kept = complete.filter(pl.col(spec.weights) > 0)
        warnings += describe_left_out(complete.height - kept.height, "their weight is 0")
        complete = kept
    return complete, warnings


def describe_left_out(count: int, reason: str) -> tuple[str, ...]:
    """Say how many rows are left out and why, or nothing where there are none."""
    return (f"{count} {'row is' if count == 1 else 'rows are'} left out: {reason}",) if count else ()


def _indicator(column: pl.Series) -> Bools:
    """Read an event column as true and false."""
    values = column.cast(pl.Float64).to_numpy()
    if not np.isin(values, (0.0, 1.0)).all():
        raise specification_error(what=f"column {column.name} is not 0 or 1", fix="Code it as true or false.")
    return np.asarray(values == 1.0)


def _codes(frame: pl.DataFrame, columns: Sequence[str]) -> tuple[Ints, tuple[str, ...]]:
    """Give sorted combinations of some columns a number and a label."""
    if not columns:
        return np.zeros(frame.height, dtype=np.int64), ("",)
    levels = frame.select(columns).unique().sort(list(columns)).with_row_index("__code")
    joined = frame.select(columns).join(levels, on=list(columns), how="left", maintain_order="left")
    codes = joined["__code"]
    labels = tuple(
        ", ".join(f"{name}={value}" for name, value in zip(columns, row, strict=True))
        for row in levels.select(columns).iter_rows()
    )
    return codes.to_numpy().astype(np.int64), labels


def _times(frame: pl.DataFrame, spec: CoxSpec) -> tuple[Floats, Floats]:
    """Read entry and end, with times that differ by rounding noise made equal."""
    stop = frame[spec.time].cast(pl.Float64).to_numpy()
    if not spec.entry:
        return np.full(len(stop), -np.inf), _merge_rounding(stop)
    start = frame[spec.entry].cast(pl.Float64).to_numpy()
    both = _merge_rounding(np.concatenate((start, stop)))
    return both[: len(start)], both[len(start) :]


def _merge_rounding(times: Floats) -> Floats:
    """Make times equal that differ by no more than rounding noise."""
    distinct, inverse = np.unique(times, return_inverse=True)
    if len(distinct) < 2:
        return times
    scale = float(np.mean(np.abs(distinct)))
    first = np.concatenate(([True], np.diff(distinct) > ROUNDING * scale))
    merged: Floats = distinct[first][np.cumsum(first) - 1][inverse]
    return merged


@dataclass(frozen=True, eq=False)
class RiskSets:
    """The risk sets of a model: one per stratum and distinct event time, ordered by both.

    Row ``i`` is at risk in the sets ``first[i] <= k < last[i]``; an event of row ``i`` belongs to set
    ``last[i] - 1``.

    Parameters
    ----------
    time, stratum
        Event time and stratum number of each set.
    bounds
        First set of each stratum, and the number of sets at the end.
    first, last
        Range of sets of each row.
    origin
        First set of each row's stratum.
    n_deaths
        Events in each set.
    """

    time: Floats
    stratum: Ints
    bounds: Ints
    first: Ints
    last: Ints
    origin: Ints
    n_deaths: Ints


def find_risk_sets(rows: CoxRows) -> RiskSets:
    """Find every row's range of risk sets by two binary searches."""
    times = np.unique(rows.stop[rows.event])
    width = len(times) + 1
    rank = np.searchsorted(times, rows.stop, side="right")
    keys, n_deaths = np.unique(rows.stratum[rows.event] * width + rank[rows.event] - 1, return_counts=True)
    entered = np.searchsorted(times, rows.start, side="right")
    bounds = np.searchsorted(keys, np.arange(len(rows.strata) + 1) * width)
    return RiskSets(
        time=times[keys % width],
        stratum=(keys // width).astype(np.int64),
        bounds=bounds.astype(np.int64),
        first=np.searchsorted(keys, rows.stratum * width + entered).astype(np.int64),
        last=np.searchsorted(keys, rows.stratum * width + rank).astype(np.int64),
        origin=bounds[rows.stratum].astype(np.int64),
        n_deaths=n_deaths.astype(np.int64),
    )
