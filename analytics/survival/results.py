"""What the estimators return: frozen objects that carry their own basis.

Frames inside are tidy polars frames, described field by field. `NotEstimable` is an answer, not an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

# Told again here: results and refusals are read together.
from analytics.refusals import NotEstimable as NotEstimable  # noqa: PLC0414

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from analytics.survival.cox_design import CoxSpec


@dataclass(frozen=True)
class Basis:
    """What an estimate rests on.

    Parameters
    ----------
    method
        Name of the estimator, for example ``Kaplan-Meier``.
    variance
        Name of the variance, for example ``Greenwood`` or ``sandwich by patient_id``.
    interval
        Scale and level of the interval, for example ``log-log, 95 %``.
    n
        Number of rows (sum of frequency one, never of weights).
    n_events
        Number of events of interest among them.
    person_days
        Time at risk, in days.
    warnings
        Sentences that must be shown beside the number.
    """

    method: str
    variance: str
    interval: str
    n: int
    n_events: int
    person_days: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class EventCurve:
    """Kaplan-Meier curve of one group.

    Parameters
    ----------
    group
        Label the curve carries.
    table
        One row per distinct time, ascending: ``time_days``, ``n_risk`` (entered before and still under
        observation just before the time, T >= t), ``n_event``, ``n_censor``, ``survival``, ``std_error`` (of
        the survival), ``lower``, ``upper``, ``cumulative_hazard``, ``std_error_hazard``; null where undefined
        (limits once nobody is left). Weighted curves add ``weighted_n_risk``, ``weighted_n_event``,
        ``weighted_n_censor``.
    basis
        What the curve rests on.
    """

    group: str
    table: pl.DataFrame
    basis: Basis


@dataclass(frozen=True, eq=False)
class CumulativeIncidence:
    """Aalen-Johansen cumulative incidence of all causes in one group.

    Parameters
    ----------
    group
        Label the curve carries.
    causes
        Cause labels in order; the first is the endpoint of interest.
    table
        One row per cause and distinct time: ``cause``, ``time_days``, ``n_risk``, ``n_event`` (of this
        cause), ``n_censor``, ``incidence``, ``std_error``, ``lower``, ``upper``; and rows with cause
        ``event_free``, whose ``incidence`` is the probability of no event of any cause. Weighted results add
        ``weighted_n_risk``.
    basis
        What the curve rests on; ``n_events`` counts the first cause.
    """

    group: str
    causes: tuple[str, ...]
    table: pl.DataFrame
    basis: Basis


@dataclass(frozen=True)
class HorizonRisk:
    """Risk of the endpoint by a fixed day in one group.

    Parameters
    ----------
    group
        Label of the group.
    horizon_days
        Day since time zero (since the landmark where there is one).
    risk
        Probability of the endpoint by that day, 0 to 1.
    std_error
        Its standard error.
    lower, upper
        Interval limits, 0 to 1.
    n_risk
        Still under observation at the horizon.
    n_event
        Endpoints up to and on the horizon.
    basis
        What the risk rests on.
    period
        Words for the horizon where it is no fixed day, such as ``In hospital``; empty otherwise.
    """

    group: str
    horizon_days: int
    risk: float
    std_error: float
    lower: float
    upper: float
    n_risk: int
    n_event: int
    basis: Basis
    period: str = ""


@dataclass(frozen=True, eq=False)
class GroupTest:
    """Log-rank family test between groups.

    Parameters
    ----------
    groups
        Group labels in order.
    table
        One row per group: ``group``, ``n``, ``observed``, ``expected``.
    covariance
        Covariance matrix of observed minus expected, groups x groups, row by row.
    statistic
        Chi-square statistic.
    degrees_of_freedom
        Its degrees of freedom.
    p_value
        Upper tail probability.
    basis
        What the test rests on.
    by_stratum
        As ``table`` with a column ``stratum``, one row per stratum and group; None where not asked for.
    trend
        Test for trend over the groups in their order; None where it cannot be done.
    """

    groups: tuple[str, ...]
    table: pl.DataFrame
    covariance: tuple[tuple[float, ...], ...]
    statistic: float
    degrees_of_freedom: int
    p_value: float
    basis: Basis
    by_stratum: pl.DataFrame | None = None
    trend: WaldTest | None = None


@dataclass(frozen=True)
class WaldTest:
    """A chi-square test of a model: statistic, degrees of freedom, upper tail probability."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


@dataclass(frozen=True, eq=False)
class ProportionalityTest:
    """Score test of proportional hazards (Grambsch and Therneau).

    Parameters
    ----------
    transform
        Time transform: ``km``, ``rank``, ``identity`` or ``log``.
    table
        One row per term and a last row ``GLOBAL``: ``term``, ``statistic``, ``degrees_of_freedom``,
        ``p_value``.
    """

    transform: str
    table: pl.DataFrame


class UntabledBaseline(Protocol):
    """Baseline hazards that are put into a table when they are asked for."""

    def table(self) -> pl.DataFrame:
        """Make the table."""


class _BaselineField:
    """Field that holds a table, or what will become one at the first reading: most fits are never asked."""

    def __get__(self, fit: CoxFit | None, owner: type[CoxFit]) -> pl.DataFrame:
        if fit is None:
            # A dataclass takes this for: no default.
            raise AttributeError
        held: pl.DataFrame | UntabledBaseline = vars(fit)["baseline"]
        if hasattr(held, "table"):
            held = vars(fit)["baseline"] = held.table()
        return held

    def __set__(self, fit: CoxFit, value: pl.DataFrame | UntabledBaseline) -> None:
        vars(fit)["baseline"] = value


@dataclass(frozen=True, eq=False)
class CoxFit:
    """A proportional hazards model.

    Parameters
    ----------
    terms
        Coefficient names in order.
    table
        One row per coefficient: ``term``, ``coefficient``, ``std_error``, ``statistic`` (z), ``p_value``,
        ``hazard_ratio``, ``lower``, ``upper``.
    covariance
        Covariance of the coefficients that ``std_error`` comes from (robust where asked for), p x p.
    model_covariance
        Inverse information, p x p.
    log_likelihood, log_likelihood_null
        Partial log-likelihood at the estimate and at zero.
    baseline
        ``stratum``, ``time_days``, ``cumulative_hazard`` at covariates zero, and what predictions need (see
        `analytics.survival.cox_baseline.estimate_baseline`).
    tests
        ``likelihood_ratio``, ``wald``, ``score`` and, with a robust variance, ``robust_score``.
    ties
        ``efron``, ``breslow`` or ``exact``.
    basis
        What the fit rests on.
    spec
        The model as it was fitted, every factor with its levels.
    """

    terms: tuple[str, ...]
    table: pl.DataFrame
    covariance: tuple[tuple[float, ...], ...]
    model_covariance: tuple[tuple[float, ...], ...]
    log_likelihood: float
    log_likelihood_null: float
    baseline: _BaselineField = _BaselineField()
    tests: dict[str, WaldTest] = field(default_factory=dict)
    ties: str = "efron"
    basis: Basis = field(default_factory=lambda: Basis("Cox", "inverse information", "Wald, 95 %", 0, 0, 0.0))
    spec: CoxSpec | None = None

    @property
    def coefficients(self) -> npt.NDArray[np.float64]:
        """Log hazard ratios in the order of ``terms``."""
        return self.table["coefficient"].to_numpy()
