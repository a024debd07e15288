"""What a Fine-Gray model is fitted to: the specification, and the rows with their causes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from analytics.survival.cox_design import CoxSpec, check_specification, resolve_terms, specification_error
from analytics.survival.cox_rows import collect_rows

if TYPE_CHECKING:
    from analytics.survival.cox_design import Term
    from analytics.survival.cox_rows import Bools, CoxRows, Ints

MODEL = "Fine-Gray model"
EVENT = "__event_of_interest"


@dataclass(frozen=True)
class FineGraySpec:
    """A model of the subdistribution hazard of one cause, as it is pre-specified.

    Parameters
    ----------
    time
        Column with the end of follow-up (days, numeric, >= 0).
    cause
        Column with whole numbers: 0 censored, 1 and above the causes.
    terms
        Covariates as in `CoxSpec`.
    cause_of_interest
        Code of the cause that is modelled; all others compete.
    censoring_groups
        Columns whose combinations have censoring distributions of their own.
    strata
        Columns whose combinations have baseline subdistribution hazards of their own [2]_.
    entry
        Column with the time at which a patient comes under observation (delayed entry, one row per
        patient) [3]_.
    weights
        Column of sampling weights, >= 0. The censoring distribution stays unweighted.
    cluster
        Column naming the rows that belong together (patient, site).
    ties
        ``breslow``, or ``efron`` for events of interest on the same day.
    censoring_ties
        Who is at risk of being censored on a day with events: ``together``, also those with an event on that
        day (the convention of the R package cmprsk); ``events_first``, only those without (that of
        the R package survival, and of a Kaplan-Meier curve).
    variance
        ``estimated_censoring`` carries the uncertainty of the estimated censoring distribution; ``sandwich``
        takes that distribution as known. Both are by row, or by cluster where there is one.
    stop_at
        Relative gradient [1]_ at which the search ends early; None goes on to the maximum. 1e-6 repeats
        the printed digits of cmprsk, which are up to 1e-6 away from the maximum.
    confidence
        Level of the intervals, between 0 and 1.

    References
    ----------
    .. [1] Dennis & Schnabel (1996), Numerical Methods for Unconstrained Optimization, section 7.2.
       doi:10.1137/1.9781611971200
    .. [2] Zhou, Latouche, Rocha & Fine (2011), Biometrics 67:661-670. doi:10.1111/j.1541-0420.2010.01493.x
    .. [3] Geskus (2011), Biometrics 67:39-49. doi:10.1111/j.1541-0420.2010.01420.x
    """

    time: str
    cause: str
    terms: tuple[Term, ...]
    cause_of_interest: int = 1
    censoring_groups: tuple[str, ...] = ()
    weights: str | None = None
    cluster: str | None = None
    ties: Literal["breslow", "efron"] = "breslow"
    censoring_ties: Literal["together", "events_first"] = "together"
    variance: Literal["estimated_censoring", "sandwich"] = "estimated_censoring"
    stop_at: float | None = None
    confidence: float = 0.95
    strata: tuple[str, ...] = ()
    entry: str | None = None

    def for_rows(self) -> CoxSpec:
        """Give the specification by which rows are read; its strata are groups and strata together."""
        return CoxSpec(
            time=self.time,
            event=EVENT,
            terms=self.terms,
            strata=tuple(dict.fromkeys((*self.censoring_groups, *self.strata))),
            entry=self.entry,
            weights=self.weights,
            cluster=self.cluster,
            ties=self.ties,
            robust=True,
            confidence=self.confidence,
        )


@dataclass(frozen=True, eq=False)
class CompetingRows:
    """The rows of a model with what ended their follow-up.

    Parameters
    ----------
    rows
        Complete rows; ``event`` marks the cause of interest.
    is_competing, is_censored
        Whether the row ends with another cause, or with none.
    group
        Number of the row's censoring group, from 0.
    n_groups
        Number of censoring groups.
    """

    rows: CoxRows
    is_competing: Bools
    is_censored: Bools
    group: Ints
    n_groups: int


def collect_competing_rows(frame: pl.DataFrame, spec: FineGraySpec) -> tuple[FineGraySpec, CompetingRows]:
    """Take the complete rows of a frame, and write the levels of every factor into the specification.

    Raises
    ------
    SpecificationError
        For a column that is absent, a cause that is no whole number >= 0, or an option that is unknown.
    """
    _check_options(spec)
    marked = mark_cause(frame, cause=spec.cause, code=spec.cause_of_interest, name=EVENT)
    reading = spec.for_rows()
    check_specification(marked, reading)
    resolved = resolve_terms(marked, reading)
    rows = collect_rows(marked, resolved)
    causes = marked[spec.cause].cast(pl.Int64).gather(rows.position).to_numpy()
    kept = marked[rows.position]
    stratum, labels = _number(kept, spec.strata)
    group, groups = _number(kept, spec.censoring_groups)
    competing = CompetingRows(
        rows=replace(rows, stratum=stratum, strata=labels),
        is_competing=(causes > 0) & ~rows.event,
        is_censored=causes == 0,
        group=group,
        n_groups=len(groups),
    )
    return replace(spec, terms=resolved.terms), competing


def _number(frame: pl.DataFrame, columns: tuple[str, ...]) -> tuple[Ints, tuple[str, ...]]:
    """Give sorted combinations of some columns a number and a label; all rows the same without columns."""
    if not columns:
        return np.zeros(frame.height, dtype=np.int64), ("",)
    levels = frame.select(columns).unique().sort(list(columns)).with_row_index("__code")
    codes = frame.select(columns).join(levels, on=list(columns), how="left", maintain_order="left")["__code"]
    labels = (
        ", ".join(f"{name}={value}" for name, value in zip(columns, row, strict=True))
        for row in levels.select(columns).iter_rows()
    )
    return codes.to_numpy().astype(np.int64), tuple(labels)


def mark_cause(frame: pl.DataFrame, *, cause: str, code: int, name: str) -> pl.DataFrame:
    """Add a column that is true where follow-up ended with one cause.

    Raises
    ------
    SpecificationError
        For a cause column that is absent or does not hold whole numbers >= 0.
    """
    if cause not in frame.columns:
        raise specification_error(what=f"no column {cause}", fix="Name columns of the data.")
    if not _holds_codes(frame[cause]):
        raise specification_error(what=f"column {cause} is no cause", fix="Code it 0 (censored), 1, 2, ...")
    return frame.with_columns((pl.col(cause) == code).alias(name))


def _holds_codes(column: pl.Series) -> bool:
    """Tell whether a column holds whole numbers >= 0 only, apart from missing values."""
    if not column.dtype.is_numeric():
        return False
    values = column.cast(pl.Float64).drop_nulls().drop_nans()
    return bool(((values >= 0) & (values == values.floor())).all())


def _check_options(spec: FineGraySpec) -> None:
    """Refuse options that do not exist."""
    allowed = {
        "ties": (spec.ties, ("breslow", "efron")),
        "censoring_ties": (spec.censoring_ties, ("together", "events_first")),
        "variance": (spec.variance, ("estimated_censoring", "sandwich")),
    }
    for option, (value, known) in allowed.items():
        if value not in known:
            raise specification_error(what=f"unknown {option}", fix=f"Use {' or '.join(known)}.")
    if (spec.strata or spec.entry) and spec.variance != "sandwich":
        what = "with strata or delayed entry the variance takes the censoring distribution as known"
        raise specification_error(what=what, fix="Set variance to sandwich.")
    if spec.cause_of_interest < 1:
        raise specification_error(what="the cause of interest is below 1", fix="0 stands for censored.")
