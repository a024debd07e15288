"""What a parametric model is fitted to: its specification and the rows that enter it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from analytics.errors import SpecificationError
from analytics.survival.cox_design import CoxSpec, build_design, design_names, resolve_terms
from analytics.survival.cox_rows import collect_rows
from analytics.survival.refusal_codes import few_events_caution
from analytics.survival.results import Basis, NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from analytics.survival.cox_design import Floats, Term
    from analytics.survival.cox_rows import Bools, CoxRows, Ints


@dataclass(frozen=True)
class ParametricSpec:
    """A parametric model as it is pre-specified; without terms it describes everybody together.

    Parameters
    ----------
    time
        Column with the end of follow-up (days, numeric, >= 0).
    event
        Column with the event indicator: boolean, or 0 and 1.
    terms
        Covariates: numeric or boolean columns by name, `Factor`, `Spline` and `Interaction`.
    entry
        Column with the time at which a row comes under observation (delayed entry, start-stop rows).
    weights
        Column of sampling weights, >= 0; rows of weight 0 are left out.
    cluster
        Column naming the rows that belong together (patient, site); it makes the variance robust.
    robust
        Sandwich variance instead of the inverse information; None means: with `cluster` or `weights`.
    confidence
        Level of the intervals, between 0 and 1.
    """

    time: str
    event: str
    terms: tuple[Term, ...] = ()
    entry: str | None = None
    weights: str | None = None
    cluster: str | None = None
    robust: bool | None = None
    confidence: float = 0.95

    @property
    def as_cox(self) -> CoxSpec:
        """The same columns and options as a Cox model reads them."""
        return CoxSpec(
            time=self.time,
            event=self.event,
            terms=self.terms,
            entry=self.entry,
            weights=self.weights,
            cluster=self.cluster,
            robust=self.robust,
            confidence=self.confidence,
        )

    @property
    def is_robust(self) -> bool:
        """Whether the variance is the sandwich."""
        return self.as_cox.is_robust


@dataclass(frozen=True, eq=False)
class ParametricRows:
    """Rows that enter a parametric model, with its resolved specification.

    Parameters
    ----------
    model
        Name of the model, for refusals.
    spec
        The model, every factor with its levels.
    names
        Names of the covariates' coefficients.
    design
        Covariates, rows x coefficients.
    start, stop
        Each row is at risk in (start, stop]; start is 0 without delayed entry.
    event
        Whether the row ends with the event.
    weight
        Sampling weight, 1 without weights.
    cluster
        Cluster number from 0.
    warnings
        What was left out, without any value.
    stratum, strata
        Number from 0 and labels of strata; one stratum where none are asked for.
    """

    model: str
    spec: ParametricSpec
    names: tuple[str, ...]
    design: Floats
    start: Floats
    stop: Floats
    event: Bools
    weight: Floats
    cluster: Floats
    warnings: tuple[str, ...]
    stratum: Ints
    strata: tuple[str, ...]


def collect_parametric_rows(
    frame: pl.DataFrame, spec: ParametricSpec, *, model: str, strata: Sequence[str] = ()
) -> ParametricRows:
    """Take the complete rows of a frame, those of the columns of strata included.

    Raises
    ------
    SpecificationError
        For an absent column, a level outside (0, 1), an event column that is not 0 or 1, a negative weight,
        or a column that is not numeric.
    """
    _check(frame, spec, model)
    try:
        resolved = resolve_terms(frame, replace(spec.as_cox, strata=tuple(strata)))
        rows = collect_rows(frame, resolved)
    except SpecificationError as error:
        raise SpecificationError(where=model, what=error.what, fix=error.fix) from None
    return _as_parametric(rows, replace(spec, terms=resolved.terms), model)


def _as_parametric(rows: CoxRows, spec: ParametricSpec, model: str) -> ParametricRows:
    """Name the arrays of complete rows; whoever entered before time 0 was there from the beginning."""
    return ParametricRows(
        model=model,
        spec=spec,
        names=design_names(spec.terms),
        design=np.asarray(rows.design, dtype=np.float64),
        start=np.maximum(rows.start, 0.0),
        stop=np.asarray(rows.stop, dtype=np.float64),
        event=rows.event,
        weight=rows.weight,
        cluster=rows.cluster.astype(np.float64),
        warnings=rows.warnings,
        stratum=rows.stratum,
        strata=rows.strata,
    )


def _check(frame: pl.DataFrame, spec: ParametricSpec, model: str) -> None:
    """Refuse a specification that the frame cannot carry."""
    absent = [name for name in spec.as_cox.columns if name not in frame.columns]
    if absent:
        what = f"no column {', '.join(absent)}"
        raise SpecificationError(where=model, what=what, fix="Name columns of the data.")
    if not 0 < spec.confidence < 1:
        what = "confidence is not between 0 and 1"
        raise SpecificationError(where=model, what=what, fix="Use 0.95 for 95 %.")


def refuse_rows(rows: ParametricRows, n_coefficients: int) -> NotEstimable | None:
    """Say why rows cannot carry any model with so many coefficients; None where they may."""
    n_events = int(rows.event.sum())
    if not rows.event.size:
        return NotEstimable(rows.model, "no complete row", "no_patients")
    if not n_events:
        return NotEstimable(rows.model, "no event among the complete rows", "no_events")
    if n_events < n_coefficients:
        reason = f"{n_events} events cannot carry {n_coefficients} coefficients"
        return NotEstimable(rows.model, reason, "too_few_events")
    return None


def after_time_zero(rows: ParametricRows) -> ParametricRows | NotEstimable:
    """Leave out rows that are censored on day 0, which say nothing, and refuse events on day 0.

    A model of log time has no place for an event at time 0, and inventing a time for it would decide the
    shape of the hazard.
    """
    at_zero = rows.stop <= 0
    n_events = int((at_zero & rows.event).sum())
    if n_events:
        reason = (
            f"{n_events} events fall on day 0, for which a model of log time has no place. Model the time "
            "from day 1 (landmark), or use the piecewise exponential model"
        )
        return NotEstimable(rows.model, reason, "zero_times")
    if not at_zero.any():
        return rows
    keep = ~at_zero
    count = int(at_zero.sum())
    note = f"{count} {'row is' if count == 1 else 'rows are'} left out: censored on day 0"
    return replace(
        rows,
        design=rows.design[keep],
        start=rows.start[keep],
        stop=rows.stop[keep],
        event=rows.event[keep],
        weight=rows.weight[keep],
        cluster=rows.cluster[keep],
        stratum=rows.stratum[keep],
        warnings=(*rows.warnings, note),
    )


def sum_by_cluster(scores: Floats, cluster: Floats) -> Floats:
    """Add up rows of scores within clusters."""
    _, number = np.unique(cluster, return_inverse=True)
    sums = np.zeros((int(number.max()) + 1, scores.shape[1]))
    np.add.at(sums, number, scores)
    return sums


def profile_design(profiles: pl.DataFrame, spec: ParametricSpec, *, model: str) -> Floats:
    """Code covariate profiles as the data were coded; without terms one row per profile and no column.

    Raises
    ------
    SpecificationError
        For an absent column, or a value outside the levels of a factor.
    """
    needed = replace(spec.as_cox, entry=None, weights=None, cluster=None).columns[2:]
    absent = [name for name in needed if name not in profiles.columns]
    if absent:
        what = f"no column {', '.join(absent)} in the profiles"
        raise SpecificationError(where=model, what=what, fix="Give every covariate of the model.")
    try:
        return build_design(profiles, spec.terms)
    except SpecificationError as error:
        raise SpecificationError(where=model, what=error.what, fix=error.fix) from None


def describe_basis(rows: ParametricRows, *, method: str, n_coefficients: int) -> Basis:
    """Say what a model rests on, with the warnings that belong beside its numbers."""
    spec, n_events = rows.spec, int(rows.event.sum())
    notes = [*rows.warnings, *few_events_caution(n_events, n_coefficients)]
    if spec.cluster is not None and len(np.unique(rows.cluster)) <= n_coefficients:
        n_clusters = len(np.unique(rows.cluster))
        notes.append(f"{n_clusters} clusters cannot carry a robust variance of {n_coefficients} coefficients")
    variance = f"sandwich by {spec.cluster or 'row'}" if spec.is_robust else "inverse information"
    return Basis(
        method=method,
        variance=variance,
        interval=f"Wald, {100 * spec.confidence:g} %",
        n=len(rows.event),
        n_events=n_events,
        person_days=float(np.sum(rows.stop - rows.start)),
        warnings=tuple(notes),
    )
