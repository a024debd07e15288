"""Which covariates of a plan the data can carry: decided by numbers of events, never by what they show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.comparison.covariates import label_covariate
from analytics.comparison.outcome_model import ModelFault, OutcomeModel, fit_outcome_model
from analytics.comparison.results import FEWEST_EVENTS
from analytics.refusals import NotEstimable
from analytics.regression.design import resolve_terms

if TYPE_CHECKING:
    from analytics.comparison.comparison_rows import ComparisonRows
    from analytics.comparison.results import StandardisationPlan


@dataclass(frozen=True, eq=False)
class Adjustment:
    """The model that was fitted and the covariates it went without.

    Parameters
    ----------
    model
        The outcome model.
    kept
        Covariates in it.
    dropped
        Covariate to the reason for which it is not in the model.
    parting
        Covariates that tell the outcomes apart, so that the model is penalised; empty for plain likelihood.
    """

    model: OutcomeModel
    kept: tuple[str, ...]
    dropped: dict[str, str]
    parting: tuple[str, ...] = ()


def adjust(rows: ComparisonRows, plan: StandardisationPlan) -> Adjustment | NotEstimable:
    """Fit the outcome model with as many covariates, in the plan's order, as the data can carry.

    Parameters
    ----------
    rows
        Complete rows.
    plan
        The question; with ``when_few = "refuse"`` a covariate that cannot stay is a refusal.
    """
    kept, dropped = _afford(rows, plan)
    parting: tuple[str, ...] = ()
    while True:
        blocked = _refuse(plan, kept, dropped)
        if blocked is not None:
            return blocked
        model = fit_outcome_model(rows, plan, kept, penalised=bool(parting))
        if isinstance(model, OutcomeModel):
            return Adjustment(model, kept, dropped, parting)
        faulty = tuple(name for name in model.columns if name in kept)
        if not faulty:
            return _give_up(plan, model)
        if model.code == "separation":
            parting = faulty
        else:
            dropped.update(dict.fromkeys(faulty, model.reason))
            kept = tuple(name for name in kept if name not in faulty)


def _afford(rows: ComparisonRows, plan: StandardisationPlan) -> tuple[tuple[str, ...], dict[str, str]]:
    """Take each covariate in turn if there are events enough for its coefficients."""
    carried = (
        float(min(rows.outcome.sum(), (1 - rows.outcome).sum())) if rows.is_binary else len(rows.outcome)
    )
    room = carried / FEWEST_EVENTS - (len(rows.levels) - 1)
    kept, dropped = [], {}
    for term in resolve_terms(rows.frame, plan.covariates, splines=plan.splines):
        cost = len(term.names) * (len(rows.levels) if term.column in plan.modifiers else 1)
        if rows.frame[term.column].n_unique() < 2:
            dropped[term.column] = "the same in every row"
        elif cost > room:
            dropped[term.column] = f"fewer than {FEWEST_EVENTS:g} events for each coefficient"
        else:
            kept.append(term.column)
            room -= cost
    return tuple(kept), dropped


def _refuse(plan: StandardisationPlan, kept: tuple[str, ...], dropped: dict[str, str]) -> NotEstimable | None:
    """Refuse a comparison that adjusts for nothing, or for less than a strict plan wants."""
    missed = {name: why for name, why in dropped.items() if why != "the same in every row"}
    if not missed or (kept and plan.when_few == "shorten"):
        return None
    reasons = "; ".join(f"{names}: {why}" for why, names in group_by_reason(missed).items())
    return NotEstimable(plan.exposure, f"The data do not carry the covariates ({reasons}).", "too_few_events")


def group_by_reason(dropped: dict[str, str]) -> dict[str, str]:
    """List covariates in words, by the reason for which they are not in a model."""
    found: dict[str, list[str]] = {}
    for name, reason in dropped.items():
        found.setdefault(reason, []).append(label_covariate(name))
    return {reason: ", ".join(names) for reason, names in found.items()}


def _give_up(plan: StandardisationPlan, fault: ModelFault) -> NotEstimable:
    """Refuse a model whose fault lies with the exposure itself."""
    words = ", ".join(fault.columns) or "the model"
    return NotEstimable(plan.exposure, f"{words}: {fault.reason}.", fault.code)
