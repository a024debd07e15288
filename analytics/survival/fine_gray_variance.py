"""What each row contributes to the score of a Fine-Gray model, its part in the censoring curve included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from analytics.survival.cox_likelihood import ROWS
from analytics.survival.cox_residuals import score_residuals

if TYPE_CHECKING:
    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_likelihood import Steps
    from analytics.survival.cox_rows import Ints
    from analytics.survival.fine_gray_design import FineGraySpec
    from analytics.survival.fine_gray_kernel import FineGrayKernel


def score_influence(kernel: FineGrayKernel, steps: Steps, spec: FineGraySpec) -> Floats:
    """Give every row's weighted part of the score, on the kernel's scale.

    Parameters
    ----------
    kernel
        Sorted sums of the data.
    steps
        Terms of the pseudo-likelihood at the estimate.
    spec
        The model; with ``estimated_censoring`` the part that a row has through the estimated censoring
        distribution is added (Fine and Gray 1999, section 3.2: eta + psi).
    """
    influence = score_residuals(kernel, steps)
    influence *= kernel.rows.weight[:, None]
    if spec.variance == "sandwich":
        return influence
    hazard = kernel.per_set(steps.hazard)
    drift = kernel.per_set(steps.hazard[:, None] * steps.mean)
    for group in range(kernel.competing.n_groups):
        places = later_sets(kernel, group, spec)
        risk, moment = tail_sums(kernel, steps, group, spec)
        amounts = moment * kernel.later(hazard, group)[places][:, None]
        amounts -= risk[:, None] * kernel.later(drift, group)[places]
        add_censoring_noise(influence, kernel, group, amounts, spec)
    return influence


def hazard_censoring_influence(
    kernel: FineGrayKernel, steps: Steps, spec: FineGraySpec, until: float
) -> Floats:
    """Give every row's part in the cumulative baseline hazard through the estimated censoring curve.

    Parameters
    ----------
    kernel
        Sorted sums of the data.
    steps
        Terms of the pseudo-likelihood at the estimate.
    spec
        The model; zeros unless its variance carries the censoring curve.
    until
        Time up to which hazard is summed.
    """
    influence = np.zeros((len(kernel.rows.stop), 1))
    if spec.variance == "sandwich":
        return influence[:, 0]
    squared = kernel.per_set(steps.hazard * np.exp(-steps.log_denominator)) * (kernel.sets.time <= until)
    for group in range(kernel.competing.n_groups):
        risk, _ = tail_sums(kernel, steps, group, spec)
        amounts = risk * kernel.later(squared, group)[later_sets(kernel, group, spec)]
        add_censoring_noise(influence, kernel, group, amounts[:, None], spec)
    return influence[:, 0]


def later_sets(kernel: FineGrayKernel, group: int, spec: FineGraySpec) -> Ints:
    """Find, per censoring time, the first risk set whose weights it is counted to lower.

    Fine and Gray's formula counts events on the censoring day itself; with events before censorings the exact
    derivative begins after it.
    """
    return _count_until(kernel.sets.time, kernel.curves[group].time, spec)


def tail_sums(kernel: FineGrayKernel, steps: Steps, group: int, spec: FineGraySpec) -> tuple[Floats, Floats]:
    """Sum relative risks over G(T-), alone and times covariates, up to each censoring."""
    tail = kernel.tails[group]
    order = np.argsort(kernel.rows.stop[tail], kind="stable")
    tail, scale = tail[order], kernel.tail_scale[group][order]
    counts = _count_until(kernel.rows.stop[tail], kernel.curves[group].time, spec)
    risk = kernel.rows.weight[tail] * np.exp(steps.predictor[tail]) * scale
    moment = np.cumsum(risk[:, None] * kernel.x[tail], axis=0)
    total = np.append(0.0, np.cumsum(risk))
    return total[counts], np.concatenate((np.zeros((1, kernel.x.shape[1])), moment))[counts]


def _count_until(ordered: Floats, times: Floats, spec: FineGraySpec) -> Ints:
    """Count ordered values before some times, or up to them where events come before censorings."""
    side: Literal["left", "right"] = "right" if spec.censoring_ties == "events_first" else "left"
    return np.searchsorted(ordered, times, side=side).astype(np.int64)


def add_censoring_noise(
    influence: Floats, kernel: FineGrayKernel, group: int, amounts: Floats, spec: FineGraySpec
) -> None:
    """Add amounts times the martingale of each row's censoring over those at risk, in place.

    Parameters
    ----------
    influence
        One row per data row; changed.
    kernel
        Sorted sums of the data.
    group
        Censoring group.
    amounts
        What a unit rise of the censoring hazard at each censoring time adds, times x amounts.
    spec
        The model.
    """
    curve, competing = kernel.curves[group], kernel.competing
    events_first = spec.censoring_ties == "events_first"
    divisor = curve.n_risk * ((1.0 - curve.hazard) if events_first else 1.0)
    each = np.divide(amounts, divisor[:, None], out=np.zeros_like(amounts), where=divisor[:, None] > 0)
    drift = np.concatenate((np.zeros((1, each.shape[1])), np.cumsum(each * curve.hazard[:, None], axis=0)))
    members = np.flatnonzero(competing.group == group)
    stop, censored = competing.rows.stop[members], competing.is_censored[members]
    through = np.searchsorted(curve.time, stop, side="right")
    if events_first:
        through = np.where(censored, through, np.searchsorted(curve.time, stop, side="left"))
    for low in range(0, len(members), ROWS):
        rows = slice(low, low + ROWS)
        noise = -drift[through[rows]]
        noise[censored[rows]] += each[through[rows][censored[rows]] - 1]
        influence[members[rows]] += noise
