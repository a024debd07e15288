"""Absolute risks of all causes from their Cox models, with standard errors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import polars as pl

from analytics.survival.cause_specific import EVENT
from analytics.survival.cause_specific_influence import CauseSums, Profile
from analytics.survival.cox_design import build_design, specification_error
from analytics.survival.fine_gray_design import mark_cause
from analytics.survival.hazard_influence import risk_limits, sum_by_cluster
from analytics.survival.results_competing import PredictedIncidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.cox_design import Floats
    from analytics.survival.results_competing import CauseSpecificFit

Estimator: TypeAlias = Literal["product-limit", "exponential"]
Variance: TypeAlias = Literal["jackknife", "tied-once"]
EVENT_FREE = "event_free"


def predict_absolute_risk(
    fit: CauseSpecificFit,
    frame: pl.DataFrame,
    profiles: pl.DataFrame,
    *,
    times: Sequence[float],
    estimator: Estimator = "product-limit",
    variance: Variance = "jackknife",
) -> PredictedIncidence:
    """Predict the absolute risk of every cause for covariate profiles [1]_ [2]_.

    Parameters
    ----------
    fit
        The models of all causes.
    frame
        The data that they were fitted to.
    profiles
        One row per profile, with the covariate columns and those of the strata.
    times
        Times (days) at which risks are wanted.
    estimator
        ``product-limit``: a day takes the sum of the hazards off survival, as in Aalen-Johansen;
        ``exponential``: hazards are constant within a step, so that risks stay below 1 for any profile.
    variance
        ``jackknife``: the exact derivative by the weight of every row, ties included. ``tied-once``: the
        formula of [2]_ as the R package riskRegression (2022.11.28) evaluates it, which counts the events of
        one day once in the influence of the coefficients; only to repeat its numbers.

    Returns
    -------
    PredictedIncidence
        Risks of every cause and the probability of no event, with limits on the scale log(-log(risk)). A
        profile unlike any patient gets arithmetic only; with ``product-limit`` even risks above 1.

    Raises
    ------
    SpecificationError
        For a frame that is not the one of the fit, an unknown option, or ``tied-once`` with weights, entries
        or the exponential estimator.

    References
    ----------
    .. [1] Benichou & Gail (1990), Biometrics 46:813-826. doi:10.2307/2532098
    .. [2] Ozenne, Sorensen, Scheike, Torp-Pedersen & Gerds (2017), R Journal 9:440-460.
       doi:10.32614/RJ-2017-062
    """
    _check(fit, estimator, variance)
    sums = _collect(fit, frame, once=variance == "tied-once")
    design = build_design(profiles, fit.spec.terms)
    wanted = np.asarray(times, dtype=np.float64)
    last = float(sums[0].rows.stop.max())
    labels = (*fit.causes, EVENT_FREE)
    parts = []
    strata = _profile_strata(fit, profiles, sums[0].rows.strata)
    for number, profile in enumerate(map(Profile, design, strata)):
        path = _Path.of(sums, profile, estimator=estimator, once=variance == "tied-once")
        risks, errors = path.at(wanted, sums)
        for label, risk, error in zip(labels, risks, errors, strict=True):
            parts.append(_rows(label, number, wanted, (risk, error), fit.spec.confidence))
    table = pl.concat(parts).with_columns(is_beyond_follow_up=pl.col("time_days") > last)
    order = pl.Enum(labels)
    table = table.sort(pl.col("cause").cast(order), "profile", maintain_order=True)
    by = fit.spec.cluster or "row"
    name = "infinitesimal jackknife" if variance == "jackknife" else "influence function, tied events once,"
    basis = replace(
        fit.basis,
        method=f"{fit.basis.method}, {estimator} risk",
        variance=f"{name} by {by}",
        interval=f"log(-log(risk)), {100 * fit.spec.confidence:g} %",
    )
    return PredictedIncidence(table, basis)


def _check(fit: CauseSpecificFit, estimator: str, variance: str) -> None:
    """Refuse options that do not exist or do not go together."""
    if estimator not in {"product-limit", "exponential"} or variance not in {"jackknife", "tied-once"}:
        raise specification_error(what="unknown estimator or variance", fix="See predict_absolute_risk.")
    is_plain = fit.spec.weights is None and fit.spec.entry is None and estimator == "product-limit"
    if variance == "tied-once" and not is_plain:
        raise specification_error(
            what="tied-once knows neither weights nor delayed entry nor the exponential estimator",
            fix="Use jackknife.",
        )


def _collect(fit: CauseSpecificFit, frame: pl.DataFrame, *, once: bool) -> tuple[CauseSums, ...]:
    """Collect the sums of every cause once more."""
    sums = []
    for code, model in enumerate(fit.models, start=1):
        marked = mark_cause(frame, cause=fit.spec.cause, code=code, name=EVENT)
        found = CauseSums.of(model, marked, once=once)
        if len(found.rows.event) != fit.basis.n:
            raise specification_error(what="the data are not those of the fit", fix="Give the same frame.")
        sums.append(found)
    return tuple(sums)


def _profile_strata(fit: CauseSpecificFit, profiles: pl.DataFrame, strata: tuple[str, ...]) -> list[int]:
    """Find the number of every profile's stratum."""
    names = fit.spec.strata
    if any(name not in profiles.columns for name in names):
        raise specification_error(what="profiles without a stratum", fix="Give the columns of the strata.")
    if not names:
        return [0] * profiles.height
    labels = [
        ", ".join(f"{name}={value}" for name, value in zip(names, row, strict=True))
        for row in profiles.select(names).iter_rows()
    ]
    if not set(labels) <= set(strata):
        raise specification_error(what="a stratum without patients", fix="Give strata of the data.")
    return [strata.index(label) for label in labels]


def _rows(
    label: str, profile: int, times: Floats, estimate: tuple[Floats, Floats], confidence: float
) -> pl.DataFrame:
    """Tabulate one cause of one profile."""
    risk, error = estimate
    lower, upper = risk_limits(risk, error, scale="loglog", confidence=confidence)
    return pl.DataFrame(
        {
            "cause": [label] * len(times),
            "profile": [profile] * len(times),
            "time_days": times,
            "incidence": risk,
            "std_error": error,
            "lower": lower,
            "upper": upper,
        }
    )


@dataclass(frozen=True, eq=False)
class _Path:
    """Risks of one profile on every event time of any cause, with their derivatives by each hazard.

    Parameters
    ----------
    time
        Event times of any cause.
    before
        Probability of no event just before each time.
    risk
        Cumulative incidence by cause (rows) at each time, and last the probability of no event.
    own
        Derivative of a cause's step (first index) by the hazard of a cause (second), per time.
    loss
        Relative loss of later survival by a unit of hazard at each time.
    profile
        Covariates and stratum.
    """

    time: Floats
    before: Floats
    risk: Floats
    own: Floats
    loss: Floats
    profile: Profile

    @classmethod
    def of(cls, sums: tuple[CauseSums, ...], profile: Profile, *, estimator: Estimator, once: bool) -> _Path:
        """Walk through the event times of all causes."""
        time = np.unique(np.concatenate([one.event_times(profile.stratum) for one in sums]))
        steps = [one.spread_hazard(time, profile.stratum) * one.relative_risk(profile) for one in sums]
        hazard = np.stack(steps)
        total = hazard.sum(axis=0)
        if estimator == "product-limit":
            step, stay = hazard, 1.0 - total
            own: Floats = np.broadcast_to(np.eye(len(sums))[:, :, None], (len(sums), *hazard.shape))
            loss = np.divide(1.0, stay, out=np.zeros_like(stay), where=stay != 0)
        else:
            step, stay, own = _exponential_steps(hazard, total)
            loss = np.ones_like(total)
        free = np.cumprod(stay)
        before = np.append(1.0, free[:-1])
        risk = np.concatenate((np.cumsum(before * step, axis=1), free[None]))
        return cls(time, before, risk, own, np.ones_like(loss) if once else loss, profile)

    def at(self, times: Floats, sums: tuple[CauseSums, ...]) -> tuple[Floats, Floats]:
        """Give risks and standard errors at some times; one row per cause, and last the event-free."""
        n_causes = len(sums)
        reached = np.searchsorted(self.time, times, side="right")
        start = np.append(np.zeros(n_causes), 1.0)[:, None]
        risks = np.concatenate((start, self.risk), axis=1)[:, reached]
        errors = np.zeros_like(risks)
        for column, count in enumerate(reached):
            for row in range(n_causes + 1):
                moved = sum(
                    one.influence(self._amounts(row, cause, int(count)), self.time, self.profile)
                    for cause, one in enumerate(sums)
                )
                spread = sum_by_cluster(np.asarray(moved), sums[0].rows.cluster)
                errors[row, column] = np.sqrt(spread @ spread)
        return risks, errors

    def _amounts(self, row: int, cause: int, count: int) -> Floats:
        """Differentiate one risk after some steps by the hazard of one cause at every time."""
        amounts = np.zeros(len(self.time))
        if count == 0:
            return amounts
        kept = slice(0, count)
        if row == len(self.own):
            amounts[kept] = -self.risk[row, count - 1] * self.loss[kept]
            return amounts
        to_come = self.risk[row, count - 1] - self.risk[row, kept]
        amounts[kept] = self.before[kept] * self.own[row, cause, kept] - to_come * self.loss[kept]
        return amounts


def _exponential_steps(hazard: Floats, total: Floats) -> tuple[Floats, Floats, Floats]:
    """Share a step with constant hazards between the causes: shares, survival, derivatives."""
    leave = -np.expm1(-total)
    some = total > 0
    each = np.divide(leave, total, out=np.ones_like(total), where=some)
    slope = np.divide(np.exp(-total) - each, total, out=np.full_like(total, -0.5), where=some)
    own = np.eye(len(hazard))[:, :, None] * each + (hazard * slope)[:, None, :]
    return hazard * each, 1.0 - leave, own
