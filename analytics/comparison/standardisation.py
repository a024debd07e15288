"""Regression standardisation: the risk if everybody, as they are, had been in each group."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import linalg

from analytics.comparison.adjustment import Adjustment, adjust, group_by_reason
from analytics.comparison.comparison_rows import FEW_BLANKS, ComparisonRows, collect_rows
from analytics.comparison.covariates import label_covariate
from analytics.comparison.effects import Effects, tabulate_contrasts, tabulate_levels
from analytics.comparison.marginal import Marginal, standardise_model, target_rows
from analytics.comparison.outcome_model import ModelFault, OutcomeModel, fit_outcome_model
from analytics.comparison.overlap import tabulate_overlap, warn_of_gaps
from analytics.comparison.resampling import resample
from analytics.comparison.results import (
    ALL,
    FEWEST_EVENTS,
    ComparisonBasis,
    StandardisationPlan,
    StandardisedComparison,
)
from analytics.refusals import NotEstimable
from analytics.regression.clusters import cluster_warnings, sandwich
from analytics.regression.contrasts import wald_test
from analytics.regression.logistic import event_warnings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Unpack

    from analytics.comparison.results import Settings
    from analytics.regression.arrays import Floats

MUCH_LOST = 0.1
"""Share of rows lost to covariates above which a comparison carries a warning; ours."""


def standardise(
    rows: pl.DataFrame,
    *,
    outcome: str,
    exposure: str,
    levels: tuple[str, ...],
    covariates: tuple[str, ...],
    **settings: Unpack[Settings],
) -> StandardisedComparison | NotEstimable:
    """Compare risks or means between groups as if all of them had had the same patients.

    A regression of the outcome on group and covariates predicts every row's outcome in every group; the
    averages are the standardised risks [1]_ [2]_. `docs/methods/standardisation.md` has the formulas.

    Parameters
    ----------
    rows
        One row per lesion, procedure or patient.
    outcome, exposure, levels, covariates
        See `StandardisationPlan`.
    **settings
        Its other fields: ``clusters``, ``modifiers``, ``splines``, ``population``, ``missing``,
        ``when_few``, ``interval``, ``n_replicates``, ``seed``, ``confidence``.

    Returns
    -------
    StandardisedComparison or NotEstimable
        NotEstimable with code ``no_patients``, ``no_events``, ``too_few_events``, ``separation``,
        ``singular`` or ``not_converged``.

    Raises
    ------
    SpecificationError
        For a plan that the columns cannot carry.

    References
    ----------
    .. [1] Robins (1986), Math Model 7:1393-1512. doi:10.1016/0270-0255(86)90088-6
    .. [2] Sjolander (2016), Eur J Epidemiol 31:563-574. doi:10.1007/s10654-016-0157-3
    """
    plan = StandardisationPlan(outcome, exposure, tuple(levels), tuple(covariates), **settings)
    return standardise_plan(rows, plan)


def standardise_plan(rows: pl.DataFrame, plan: StandardisationPlan) -> StandardisedComparison | NotEstimable:
    """Answer a declared plan; see `standardise`."""
    collected = collect_rows(rows, plan)
    if isinstance(collected, NotEstimable):
        return collected
    if plan.population != ALL and plan.population not in collected.levels:
        return NotEstimable(plan.exposure, "The population asked for could not be estimated.", "no_events")
    adjustment = adjust(collected, plan)
    if isinstance(adjustment, NotEstimable):
        return adjustment
    crude = fit_outcome_model(collected, replace(plan, modifiers=()), ())
    if isinstance(crude, ModelFault):
        return NotEstimable(plan.exposure, f"The crude comparison fails: {crude.reason}.", crude.code)
    return _compare(collected, plan, adjustment, crude)


def _compare(
    rows: ComparisonRows, plan: StandardisationPlan, adjustment: Adjustment, crude: OutcomeModel
) -> StandardisedComparison:
    """Put risks, contrasts, limits and basis together."""
    target = target_rows(rows, plan.population)
    marginal = standardise_model(adjustment.model, rows, target)
    drawn = None
    if plan.interval == "bootstrap":
        drawn = resample(adjustment.model, rows, target, n_replicates=plan.n_replicates, seed=plan.seed)
    everybody = np.ones(len(target))
    adjusted = Effects(marginal, rows.is_binary, plan.confidence, drawn)
    plain = Effects(standardise_model(crude, rows, everybody), rows.is_binary, plan.confidence)
    overlap = tabulate_overlap(rows, adjustment.kept)
    return StandardisedComparison(
        plan=plan,
        estimates=tabulate_levels(rows, plain, adjusted),
        contrasts=tabulate_contrasts(rows, plain, adjusted),
        covariance=marginal.covariance,
        test=wald_test(*_differences(marginal)),
        coefficients=_tabulate_coefficients(adjustment.model, rows),
        overlap=overlap,
        refused=rows.refused,
        basis=_basis(rows, plan, adjustment, overlap),
    )


def _differences(marginal: Marginal) -> tuple[Floats, Floats]:
    """Give all differences against the first level and their covariance."""
    contrast = np.eye(len(marginal.values))[1:]
    contrast[:, 0] = -1.0
    return contrast @ marginal.values, contrast @ marginal.covariance @ contrast.T


def _tabulate_coefficients(model: OutcomeModel, rows: ComparisonRows) -> pl.DataFrame:
    """Tabulate the outcome model, for whoever wants to see it."""
    q = model.rotation.q
    residual = rows.outcome - model.predict(model.gamma, q)
    covariance = sandwich(linalg.inv(model.information()), q * residual[:, None], rows.cluster)
    back = model.rotation.back
    return pl.DataFrame(
        {
            "term": model.design.names,
            "coefficient": back @ model.gamma,
            "std_error": np.sqrt(np.diag(back @ covariance @ back.T)),
        }
    )


def _basis(
    rows: ComparisonRows, plan: StandardisationPlan, adjustment: Adjustment, overlap: pl.DataFrame
) -> ComparisonBasis:
    """Say what the comparison rests on."""
    n = len(rows.outcome)
    kind = "logistic" if rows.is_binary else "linear"
    whose = "all patients compared" if plan.population == ALL else f"patients of {plan.population}"
    return ComparisonBasis(
        method=f"{kind} regression, standardised",
        variance=_name_variance(plan),
        interval=_name_interval(rows, plan),
        population=whose,
        n=n,
        n_events=int(rows.outcome.sum()) if rows.is_binary else None,
        n_clusters=int(rows.cluster.max()) + 1 if plan.clusters else None,
        left_out=rows.left_out,
        adjusted_for=adjustment.kept,
        not_adjusted_for=adjustment.dropped,
        warnings=(
            *_warn_of_adjustment(adjustment),
            *_warn_of_blanks(rows),
            *_warn_of_loss(rows, plan),
            *_warn_of_rare(rows),
            *(event_warnings(rows.outcome, len(adjustment.model.design.slopes)) if rows.is_binary else ()),
            *cluster_warnings(rows.cluster, n),
            *warn_of_gaps(overlap),
        ),
    )


def _name_variance(plan: StandardisationPlan) -> str:
    """Name where the standard errors come from."""
    unit = f"clusters of {plan.clusters}" if plan.clusters else "rows"
    return f"influence functions summed over {unit} (coefficients and covariates), factor G/(G-1)"


def _name_interval(rows: ComparisonRows, plan: StandardisationPlan) -> str:
    """Name scales and level of the limits."""
    level = f"{100 * plan.confidence:g} %"
    if plan.interval == "bootstrap":
        unit = "clusters" if plan.clusters else "rows"
        return f"percentiles of {plan.n_replicates} bootstrap resamples of {unit}, {level}"
    scales = (
        "risks on the logit, ratios on the log scale, differences from the limits of both risks, Student's t"
        if rows.is_binary
        else "Wald"
    )
    return f"delta method, {scales}, {level}"


def _warn_of_adjustment(adjustment: Adjustment) -> tuple[str, ...]:
    """Warn of covariates that were declared and are not in the model, or that need a penalty."""
    grouped = group_by_reason(adjustment.dropped)
    words = "; ".join(f"{names} ({reason})" for reason, names in grouped.items())
    left_out = (f"Not adjusted for: {words}.",) if words else ()
    if not adjustment.parting:
        return left_out
    parting = _name(adjustment.parting)
    return (*left_out, f"Some of {parting} had no event, or only events: a penalty holds the covariates.")


def _warn_of_blanks(rows: ComparisonRows) -> tuple[str, ...]:
    """Tell in which covariates the few without an entry took the commonest category."""
    if not rows.few_blanks:
        return ()
    words = _name(rows.few_blanks)
    return (f"Under {100 * FEW_BLANKS:g} % without an entry took the commonest category: {words}.",)


def _warn_of_loss(rows: ComparisonRows, plan: StandardisationPlan) -> tuple[str, ...]:
    """Warn where many rows fell to covariates that are not recorded."""
    lost = {name: rows.left_out.get(f"{name} not recorded", 0) for name in plan.covariates}
    share = sum(lost.values()) / (sum(lost.values()) + len(rows.outcome))
    if share <= MUCH_LOST:
        return ()
    words = _name(name for name, n in lost.items() if n)
    return (f"{100 * share:.0f} % of the rows are left out, for want of {words}.",)


def _name(covariates: Iterable[str]) -> str:
    """List covariates in words."""
    return ", ".join(label_covariate(name) for name in covariates)


def _warn_of_rare(rows: ComparisonRows) -> tuple[str, ...]:
    """Warn of groups with hardly any events, or hardly anybody without."""
    if not rows.is_binary:
        return ()
    events = np.bincount(rows.level, weights=rows.outcome)
    others = np.bincount(rows.level) - events
    names = [
        name
        for name, fewer in zip(rows.levels, np.minimum(events, others), strict=True)
        if fewer < FEWEST_EVENTS
    ]
    if not names:
        return ()
    return (f"Fewer than {FEWEST_EVENTS:g} events in {', '.join(names)}: limits there are rough.",)
