"""Cox models of any size from batches of rows with follow-up in whole days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.cox_description import Evidence, Size, describe_fit, refuse_size
from analytics.survival.cox_design import CoxSpec, check_specification, design_names, specification_error
from analytics.survival.cox_maximum import climb_from, refuse_redundant
from analytics.survival.day_sums_kernel import NEAR, DayKernel
from analytics.survival.day_sums_layout import Survey
from analytics.survival.day_sums_rows import as_frame, read_levels
from analytics.survival.day_sums_sample import approach
from analytics.survival.day_sums_slabs import place_in_memory, place_rows, read_slabs
from analytics.survival.day_sums_strata import StrataKernel, cut_strata
from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analytics.survival.cox_design import Ties
    from analytics.survival.day_sums import PlacedRows
    from analytics.survival.day_sums_layout import DayLayout
    from analytics.survival.day_sums_rows import Batch, DayRows, Levels
    from analytics.survival.results import CoxFit

# What a sample so large says of the curvature leads to within two steps of the maximum of millions.
SAMPLE = 50_000
# From here on the sums by day are faster than the sorted rows.
MANY_ROWS = 50_000
MANY_DAYS = 4_000
SLICE = 65_536
# Rows up to which a table is read once and held as it came.
FEW_ROWS = 50_000
KNOWN_OPTIONS = frozenset(
    {"time", "event", "terms", "strata", "weights", "cluster", "ties", "robust", "confidence"}
)


def fit_cox_from_batches(
    batches: Iterable[Batch], spec: CoxSpec, *, in_memory: bool = True
) -> CoxFit | NotEstimable:
    """Fit Cox's proportional hazards model to batches of right-censored rows.

    Parameters
    ----------
    batches
        Frames or Arrow batches with the columns that the specification names; something that can be read
        more than once, like a list or `analytics.store.batches.BatchScan`. One row per patient, follow-up in
        whole days of which there are a few thousand.
    spec
        The model, without delayed entry and without exact ties.
    in_memory
        Whether to keep the rows, as compact columns; otherwise the batches are read again for each of some
        dozen sums and memory does not grow with their number.

    Returns
    -------
    CoxFit or NotEstimable
        The same as from `analytics.survival.cox.fit_cox`, by sums that add up over batches.

    Raises
    ------
    SpecificationError
        For a specification or data that sums by day cannot carry, and batches that can be read only once.
    """
    batches = _check(batches, spec)
    levels = read_levels(batches, spec)
    names = design_names(levels.spec.terms)
    kept: list[DayRows] = []
    survey = Survey(levels, len(names))
    for rows, left_out in read_slabs(batches, levels):
        survey.add(rows, left_out)
        if in_memory and rows.day.size:
            kept.append(rows)
    layout = survey.finish()
    refusal = refuse_size(layout.n, layout.n_events, len(names))
    if refusal is not None:
        return refusal
    if not in_memory:
        return _fit(_Stream(batches, levels, layout), layout, levels)
    return _fit(place_in_memory(kept, layout), layout, levels)


def suits_day_sums(frame: pl.DataFrame, spec: CoxSpec) -> bool:
    """Tell whether sums by day are the faster way to the same fit.

    Parameters
    ----------
    frame
        Columns as named in the specification.
    spec
        The model.
    """
    if _unknown_options(spec) or spec.ties == "exact" or frame.height <= MANY_ROWS:
        return False
    days = frame[spec.time]
    if not days.dtype.is_integer():
        return False
    low, high = days.min(), days.max()
    n_strata = frame.select(spec.strata).n_unique() if spec.strata else 1
    return isinstance(low, int) and isinstance(high, int) and high - low < MANY_DAYS and n_strata < MANY_DAYS


def _unknown_options(spec: CoxSpec) -> list[str]:
    """Name the options that are in use and that sums by day do not know."""
    return [
        option.name
        for option in fields(spec)
        if option.name not in KNOWN_OPTIONS and getattr(spec, option.name) != option.default
    ]


def fit_cox_by_day(frame: pl.DataFrame, spec: CoxSpec) -> CoxFit | NotEstimable:
    """Fit a frame that `suits_day_sums`, slice by slice."""
    return fit_cox_from_batches(list(frame.select(spec.columns).iter_slices(SLICE)), spec)


def _check(batches: Iterable[Batch], spec: CoxSpec) -> Iterable[Batch]:
    """Refuse what cannot be fitted from batches; few rows are held, so that they are read only once."""
    if isinstance(batches, Iterator):
        raise specification_error(
            what="the batches can be read only once", fix="Give a list of batches, or a BatchScan."
        )
    if spec.entry is not None or spec.ties == "exact":
        raise specification_error(
            what="sums by day know neither delayed entry nor exact ties", fix="Fit with fit_cox."
        )
    unknown = _unknown_options(spec)
    if unknown:
        what = f"sums by day do not know {', '.join(unknown)}"
        raise specification_error(what=what, fix="Fit with fit_cox.")
    held, n = [], 0
    for batch in batches:
        held.append(batch)
        n += len(batch)
        if n > FEW_ROWS:
            check_specification(as_frame(held[0]), spec)
            return batches
    check_specification(as_frame(held[0]) if held else pl.DataFrame(schema=list(spec.columns)), spec)
    return held


class _Stream:
    """Batches, coded and ordered anew at each reading."""

    def __init__(self, batches: Iterable[Batch], levels: Levels, layout: DayLayout) -> None:
        self.batches, self.levels, self.layout = batches, levels, layout

    def __iter__(self) -> Iterator[PlacedRows]:
        """Read the batches once more."""
        for rows, _ in read_slabs(self.batches, self.levels):
            yield place_rows(rows, self.layout)


def _fit(parts: Iterable[PlacedRows], layout: DayLayout, levels: Levels) -> CoxFit | NotEstimable:
    """Find the maximum over ordered rows and describe it."""
    spec = levels.spec
    names = design_names(spec.terms)
    kernel = _kernel(parts, layout, spec.ties)
    null = kernel.evaluate(np.zeros(len(names)))
    refusal = refuse_redundant(names, null)
    if refusal is not None:
        return refusal
    n_clusters = 0 if levels.clusters is None else levels.clusters.height
    # Now, because the sums at zero are at hand.
    null_spread = kernel.spread(np.zeros(len(names)), n_clusters) if spec.is_robust else None
    sample = kernel.sample(SAMPLE)
    start = None if sample is None else approach(sample, null)
    maximum = climb_from(kernel, names, null, start, near=NEAR)
    if isinstance(maximum, NotEstimable):
        return maximum
    evidence = Evidence(
        null=null,
        maximum=maximum,
        spread=kernel.spread(maximum.beta, n_clusters) if spec.is_robust else None,
        null_spread=null_spread,
        scale=layout.scale,
        baseline=kernel.baseline(maximum.beta),
        size=Size(layout.n, layout.n_events, layout.person_time, n_clusters or layout.n, layout.warnings),
    )
    return describe_fit(spec, evidence)


def _kernel(parts: Iterable[PlacedRows], layout: DayLayout, ties: Ties) -> DayKernel | StrataKernel:
    """Sum strata a few at a time where their rows lie together, and days of all rows otherwise."""
    if isinstance(parts, list) and len(parts) == 1 and len(layout.labels) > 1:
        return StrataKernel(tuple(cut_strata(parts[0], layout.bounds)), layout, ties)
    return DayKernel(parts, layout, ties)
