"""Rows of a Cox model as compact columns: read batch by batch, no table of all covariates is ever made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from analytics.survival.cox_design import (
    Factor,
    Interaction,
    build_design,
    resolve_terms,
    specification_error,
)
from analytics.survival.day_sums_types import shrink

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

    from analytics.survival.cox_design import CoxSpec, Floats, Term
    from analytics.survival.cox_rows import Bools, Ints
    from analytics.survival.day_sums_types import Codes, Column

    Batch: TypeAlias = pl.DataFrame | pa.RecordBatch | pa.Table


MISSING = "a value that the model needs is missing"
NO_WEIGHT = "their weight is 0"
STRATUM, CLUSTER = "__stratum", "__cluster"


@dataclass(frozen=True, eq=False)
class Levels:
    """What must be known of all rows before one can be coded.

    Parameters
    ----------
    spec
        The model, with every `Factor` resolved.
    strata, clusters
        Every combination of the strata columns and every cluster, with its number; None without.
    labels
        Labels of the strata, by number.
    """

    spec: CoxSpec
    strata: pl.DataFrame | None
    clusters: pl.DataFrame | None
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class DayRows:
    """Complete rows of one or more batches.

    Parameters
    ----------
    columns
        One array per coefficient, in the smallest type that holds its values exactly.
    day
        End of follow-up in whole days.
    stratum, cluster
        Numbers from 0; cluster is None where each row is its own.
    event
        Whether the row ends with the event.
    weight
        Sampling weight; None without weights.
    """

    columns: tuple[Column, ...]
    day: Codes
    stratum: Codes
    event: Bools
    weight: Floats | None
    cluster: Codes | None

    def take(self, order: Ints | slice) -> DayRows:
        """Return some of the rows, in the given order."""
        return DayRows(
            tuple(column[order] for column in self.columns),
            self.day[order],
            self.stratum[order],
            self.event[order],
            None if self.weight is None else self.weight[order],
            None if self.cluster is None else self.cluster[order],
        )


def as_frame(batch: Batch) -> pl.DataFrame:
    """Take an Arrow batch or a frame as a frame."""
    if isinstance(batch, pl.DataFrame):
        return batch
    frame = pl.from_arrow(batch)
    return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()


def _pick(batch: Batch, spec: CoxSpec) -> pl.DataFrame:
    """Take the columns of a model; what holds no others is not worth waking the query engine for."""
    frame = as_frame(batch)
    return frame if tuple(frame.columns) == spec.columns else frame.select(spec.columns)


def read_levels(batches: Iterable[Batch], spec: CoxSpec) -> Levels:
    """Read the levels of factors, strata and clusters in one pass, or in none where there are none.

    Parameters
    ----------
    batches
        Frames or Arrow batches with the columns that the specification names.
    spec
        The model.

    Returns
    -------
    Levels
        The same numbers and labels as for all rows in one frame.
    """
    resolved = resolve_terms(_no_levels(spec), spec) if _is_resolved(spec.terms) else None
    if resolved is not None and not spec.strata and spec.cluster is None:
        return Levels(resolved, None, None, ("",))
    found: dict[tuple[str, ...], list[pl.DataFrame]] = {}
    cluster = (spec.cluster,) if spec.cluster else ()
    for batch in batches:
        frame = _pick(batch, spec)
        complete = complete_rows(frame, spec)[0]
        for keys in filter(None, (spec.strata, cluster)):
            found.setdefault(keys, []).append(_levels(complete, keys))
        for name in () if resolved is not None else frame.columns:
            found.setdefault(("", name), []).append(frame.select(pl.col(name).drop_nulls().unique()))
    if resolved is None:
        seen = [_distinct(parts) for (first, *_), parts in found.items() if first == ""]
        resolved = resolve_terms(pl.concat(seen, how="horizontal_extend") if seen else _no_levels(spec), spec)
    strata = _numbered(found.get(spec.strata, []), STRATUM) if spec.strata else None
    clusters = _numbered(found.get(cluster, []), CLUSTER) if cluster else None
    return Levels(resolved, strata, clusters, ("",) if strata is None else _labels(strata, spec.strata))


def _levels(frame: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    """Give the distinct combinations of a batch; those of one column without waking the query engine."""
    return frame.select(keys).unique() if len(keys) > 1 else frame[keys[0]].unique().to_frame()


def _is_resolved(terms: Sequence[Term]) -> bool:
    """Tell whether every factor lists its levels, or there is none."""
    return all(
        _is_resolved((term.left, term.right))
        if isinstance(term, Interaction)
        else not isinstance(term, Factor) or bool(term.levels)
        for term in terms
    )


def _no_levels(spec: CoxSpec) -> pl.DataFrame:
    """Make a frame without rows, in which an unresolved factor finds no level."""
    return pl.DataFrame(schema=dict.fromkeys(spec.columns, pl.String))


def _distinct(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Put the distinct values of batches together."""
    return pl.concat(parts, how="vertical_relaxed").unique()


def _numbered(parts: list[pl.DataFrame], name: str) -> pl.DataFrame:
    """Give the distinct combinations ascending numbers."""
    if not parts:
        return pl.DataFrame(schema={name: pl.Int32})
    levels = _distinct(parts)
    return levels.sort(levels.columns).with_row_index(name).with_columns(pl.col(name).cast(pl.Int32))


def _labels(strata: pl.DataFrame, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Label the strata as `analytics.survival.cox_rows` does."""
    if not strata.height:
        return ()
    return tuple(
        ", ".join(f"{name}={value}" for name, value in zip(columns, row, strict=True))
        for row in strata.select(columns).iter_rows()
    )


def complete_rows(frame: pl.DataFrame, spec: CoxSpec) -> tuple[pl.DataFrame, Counter[str]]:
    """Leave out incomplete rows and rows of weight 0, and count them by reason.

    Raises
    ------
    SpecificationError
        For negative weights.
    """
    complete = frame if _is_complete(frame) else frame.fill_nan(None).drop_nulls()
    left_out = Counter({MISSING: frame.height - complete.height})
    if spec.weights:
        if (complete[spec.weights] < 0).any():
            raise specification_error(what=f"negative weights in {spec.weights}", fix="Weights are >= 0.")
        kept = complete.filter(pl.col(spec.weights) > 0)
        left_out[NO_WEIGHT] = complete.height - kept.height
        complete = kept
    return complete, left_out


def _is_complete(frame: pl.DataFrame) -> bool:
    """Tell whether nothing is missing; a copy without the missing values costs far more than this look."""
    return not any(
        column.null_count() or (column.dtype.is_float() and np.isnan(column.to_numpy()).any())
        for column in frame
    )


def code_rows(batch: Batch, levels: Levels) -> tuple[DayRows, Counter[str]]:
    """Code one batch as compact columns.

    Parameters
    ----------
    batch
        Columns as named in the specification.
    levels
        Of all batches.

    Returns
    -------
    DayRows and Counter
        Complete rows, and how many were left out by reason.

    Raises
    ------
    SpecificationError
        For times that are not whole days, an event column that is not 0 or 1, a column that is not numeric,
        or a negative weight.
    """
    spec = levels.spec
    kept, left_out = complete_rows(_pick(batch, spec), spec)
    stratum = _join_codes(kept, spec.strata, levels.strata, STRATUM)
    clusters = _join_codes(kept, (spec.cluster,), levels.clusters, CLUSTER) if spec.cluster else None
    rows = DayRows(
        columns=tuple(column for term in spec.terms for column in _columns(kept, term)),
        day=_whole_days(kept[spec.time]),
        stratum=stratum,
        event=_indicator(kept[spec.event]),
        weight=kept[spec.weights].cast(pl.Float64).to_numpy() if spec.weights else None,
        cluster=clusters,
    )
    return rows, left_out


def _columns(frame: pl.DataFrame, term: Term) -> list[Column]:
    """Code one resolved term, each column in a small type."""
    if isinstance(term, str) and (frame[term].dtype.is_integer() or frame[term].dtype == pl.Boolean):
        return [shrink(frame[term].to_numpy())]
    return [shrink(np.ascontiguousarray(column)) for column in build_design(frame, (term,)).T]


def _indicator(column: pl.Series) -> Bools:
    """Read an event column as true and false."""
    if column.dtype == pl.Boolean:
        return column.to_numpy()
    values = column.cast(pl.Float64).to_numpy()
    happened: Bools = values == 1.0
    if not bool(np.all(happened | (values == 0.0))):
        raise specification_error(what=f"column {column.name} is not 0 or 1", fix="Code it as true or false.")
    return happened


def _whole_days(column: pl.Series) -> Codes:
    """Read times as whole days."""
    if not column.dtype.is_integer():
        values = column.cast(pl.Float64).to_numpy()
        if not bool(np.all(values == np.floor(values))):
            what = f"column {column.name} does not hold whole days"
            raise specification_error(what=what, fix="Fit with fit_cox.")
    return shrink(column.cast(pl.Int32).to_numpy())


def _join_codes(
    frame: pl.DataFrame, columns: tuple[str, ...], levels: pl.DataFrame | None, name: str
) -> Codes:
    """Look up the number of each row's combination."""
    if levels is None:
        return np.zeros(frame.height, dtype=np.int8)
    joined = frame.select(columns).join(levels, on=list(columns), how="left", maintain_order="left")
    return shrink(joined[name].to_numpy())
