"""Cox models of all causes of one outcome, fitted to the same rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import polars as pl

from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec, specification_error
from analytics.survival.fine_gray_design import mark_cause
from analytics.survival.results import Basis, NotEstimable
from analytics.survival.results_competing import CauseSpecificFit

if TYPE_CHECKING:
    from analytics.survival.cox_design import Term
    from analytics.survival.results import CoxFit

EVENT = "__event_of_cause"


@dataclass(frozen=True)
class CauseSpecificSpec:
    """Cause-specific proportional hazards models as they are pre-specified.

    Parameters
    ----------
    time
        Column with the end of follow-up (days, numeric, >= 0).
    cause
        Column with whole numbers: 0 censored, 1 and above the causes.
    causes
        Labels of the codes 1, 2, ... in order; every code in the data has one.
    terms
        Covariates of every cause, as in `CoxSpec`.
    entry, strata, weights, cluster, ties, robust, confidence, stop_at
        As in `CoxSpec`; exact ties are not offered.
    """

    time: str
    cause: str
    causes: tuple[str, ...]
    terms: tuple[Term, ...]
    entry: str | None = None
    weights: str | None = None
    cluster: str | None = None
    ties: Literal["efron", "breslow"] = "efron"
    robust: bool | None = None
    confidence: float = 0.95
    strata: tuple[str, ...] = ()
    stop_at: float | None = None

    def for_rows(self) -> CoxSpec:
        """Give the specification of the model of one cause."""
        return CoxSpec(
            time=self.time,
            event=EVENT,
            terms=self.terms,
            entry=self.entry,
            strata=self.strata,
            weights=self.weights,
            cluster=self.cluster,
            ties=self.ties,
            robust=self.robust,
            confidence=self.confidence,
            stop_at=self.stop_at,
        )


def fit_cause_specific(frame: pl.DataFrame, spec: CauseSpecificSpec) -> CauseSpecificFit | NotEstimable:
    """Fit one Cox model per cause, other causes being censored on their day [1]_.

    Parameters
    ----------
    frame
        One row per patient with the columns that the specification names. Rows with a missing value are left
        out of the models of all causes.
    spec
        The models.

    Returns
    -------
    CauseSpecificFit or NotEstimable
        One `CoxFit` per cause; or the refusal of the first cause whose model cannot be fitted, with that
        cause as its group: the absolute risk of any cause needs the models of all.

    Raises
    ------
    SpecificationError
        For a specification that the frame or the method cannot carry.

    References
    ----------
    .. [1] Prentice, Kalbfleisch, Peterson, Flournoy, Farewell & Breslow (1978), Biometrics 34:541-554.
       doi:10.2307/2530374
    """
    _check(frame, spec)
    models: list[CoxFit] = []
    for code, label in enumerate(spec.causes, start=1):
        marked = mark_cause(frame, cause=spec.cause, code=code, name=EVENT)
        model = fit_cox(marked, spec.for_rows())
        if isinstance(model, NotEstimable):
            return replace(model, group=f"Cox model of {label}")
        models.append(model)
    terms = models[0].spec.terms if models[0].spec else spec.terms
    return CauseSpecificFit(spec.causes, tuple(models), _basis(spec, models), replace(spec, terms=terms))


def _check(frame: pl.DataFrame, spec: CauseSpecificSpec) -> None:
    """Refuse causes without a label, and a tie rule without hazards."""
    if spec.ties not in {"efron", "breslow"}:
        raise specification_error(what="unknown tie rule", fix="Use efron or breslow.")
    if not spec.causes:
        raise specification_error(what="no causes", fix="Label the codes 1, 2, ...")
    marked = mark_cause(frame, cause=spec.cause, code=1, name=EVENT)
    if bool((marked[spec.cause].cast(pl.Float64) > len(spec.causes)).any()):
        raise specification_error(what="a cause has no label", fix="Label every code in the data.")


def _basis(spec: CauseSpecificSpec, models: list[CoxFit]) -> Basis:
    """Say what the models rest on together."""
    first = models[0].basis
    warnings = dict.fromkeys(
        f"{label}: {warning}"
        for label, model in zip(spec.causes, models, strict=True)
        for warning in model.basis.warnings
    )
    return replace(
        first,
        method=f"cause-specific {first.method}",
        n_events=sum(model.basis.n_events for model in models),
        warnings=tuple(warnings),
    )
