"""Outcomes beside predictions, and the censoring distribution that weighs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from analytics.errors import SpecificationError
from analytics.survival.intervals import normal_quantile
from analytics.survival.results import Basis, NotEstimable

if TYPE_CHECKING:
    from collections.abc import Mapping

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
Bools: TypeAlias = npt.NDArray[np.bool_]
CensoringTies: TypeAlias = Literal["together", "in_row_order"]

GROUP = "predictions"


@dataclass(frozen=True, eq=False)
class Predictions:
    """Outcomes of patients and what was predicted for them.

    Parameters
    ----------
    time
        End of follow-up, days.
    event
        Whether it ended with the event.
    marker
        Score or linear predictor, higher is worse; None where only risks were predicted.
    risks
        Predicted risk of the event by each horizon (days), 0 to 1.
    warnings
        What was left out, without any value.
    """

    time: Floats
    event: Bools
    marker: Floats | None = None
    risks: Mapping[float, Floats] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def basis(self, method: str, variance: str, interval: str) -> Basis:
        """Say what a measure of these predictions rests on."""
        n_events, days = int(self.event.sum()), float(self.time.sum())
        return Basis(method, variance, interval, len(self.time), n_events, days, self.warnings)

    def refusal(self) -> NotEstimable | None:
        """Say why there is nothing to measure; None where there is."""
        if not self.time.size:
            return NotEstimable(GROUP, "no patient with an outcome and a prediction", "no_patients")
        if not self.event.any():
            return NotEstimable(GROUP, "no event among the patients with a prediction", "no_events")
        return None

    def score(self) -> Floats:
        """Return the marker.

        Raises
        ------
        SpecificationError
            Where no marker was read.
        """
        if self.marker is None:
            raise _error(what="no marker was read", fix="Name the column of the score.")
        return self.marker

    def risk(self, horizon: float) -> Floats:
        """Return the risks predicted for a horizon.

        Raises
        ------
        SpecificationError
            Where no risk was read for the horizon.
        """
        if horizon not in self.risks:
            raise _error(what=f"no risk by day {horizon:g} was read", fix="Name its column under risks.")
        return self.risks[horizon]


def read_predictions(
    frame: pl.DataFrame,
    *,
    time: str,
    event: str,
    marker: str | None = None,
    risks: Mapping[float, str] | None = None,
) -> Predictions:
    """Read outcomes and predictions from a frame.

    Parameters
    ----------
    frame
        One row per patient; rows with a missing value in a named column are left out and counted.
    time
        Column with the end of follow-up (days, >= 0).
    event
        Column with the event indicator: boolean, or 0 and 1.
    marker
        Column with a score or linear predictor, higher is worse.
    risks
        Column with the predicted risk (0 to 1) by horizon (days).

    Raises
    ------
    SpecificationError
        For an absent column, an event column that is not 0 or 1, or a risk outside 0..1.
    """
    columns = {"time": time, "event": event, **({"marker": marker} if marker else {})}
    columns |= {f"risk {horizon:g}": name for horizon, name in (risks or {}).items()}
    absent = sorted({name for name in columns.values() if name not in frame.columns})
    if absent:
        raise _error(what=f"no column {', '.join(absent)}", fix="Name columns of the data.")
    numbers = frame.select(pl.col(name).cast(pl.Float64).alias(key) for key, name in columns.items())
    complete = numbers.fill_nan(None).drop_nulls()
    _check(complete)
    lost = numbers.height - complete.height
    read = {float(horizon): complete[f"risk {horizon:g}"].to_numpy() for horizon in risks or {}}
    return Predictions(
        complete["time"].to_numpy(),
        complete["event"].to_numpy() == 1.0,
        complete["marker"].to_numpy() if marker else None,
        read,
        (f"{lost} rows are left out: an outcome or a prediction is missing",) if lost else (),
    )


def _check(complete: pl.DataFrame) -> None:
    """Refuse values that are no indicator, no time or no risk."""
    if not complete["event"].is_in([0.0, 1.0]).all():
        raise _error(what="the event column is not 0 or 1", fix="Code it as true or false.")
    if (complete["time"] < 0).any():
        raise _error(what="a time is negative", fix="Times are days since time zero.")
    risks = complete.select(name for name in complete.columns if name.startswith("risk "))
    if any(not column.is_between(0.0, 1.0).all() for column in risks):
        raise _error(what="a predicted risk is not between 0 and 1", fix="Give probabilities of the event.")


def _error(*, what: str, fix: str) -> SpecificationError:
    """Build the error of predictions that cannot be measured."""
    return SpecificationError(where="Predictions", what=what, fix=fix)


def censoring_survival(data: Predictions, times: Floats, *, just_before: bool) -> Floats:
    """Estimate the probability of not being censored by given times (reverse Kaplan-Meier).

    Events come before censorings of the same time: who has the event is no longer at risk of censoring.

    Parameters
    ----------
    data
        The outcomes.
    times
        Times asked for, days.
    just_before
        Up to but without the time itself.
    """
    distinct, place = np.unique(data.time, return_inverse=True)
    events = np.bincount(place, data.event, len(distinct))
    censored = np.bincount(place, ~data.event, len(distinct))
    leaving = events + censored
    at_risk = np.cumsum(leaving[::-1])[::-1] - events
    share = np.divide(censored, at_risk, out=np.zeros_like(censored), where=at_risk > 0)
    curve = np.concatenate(([1.0], np.cumprod(1 - share)))
    values: Floats = curve[np.searchsorted(distinct, times, side="left" if just_before else "right")]
    return values


def weighted_outcome(data: Predictions, horizon: float) -> tuple[Bools, Bools, Floats]:
    """Tell cases from controls at a horizon and weigh them by the inverse probability of censoring [1]_.

    Returns
    -------
    tuple
        Cases (event by the horizon), controls (free of it beyond), and the weights, 0 for neither.

    References
    ----------
    .. [1] Graf, Schmoor, Sauerbrei & Schumacher (1999), Stat Med 18:2529-2545.
       doi:10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5
    """
    case, control = data.event & (data.time <= horizon), data.time > horizon
    weight = np.zeros(len(data.time))
    weight[case] = 1 / censoring_survival(data, data.time[case], just_before=True)
    if control.any():
        weight[control] = 1 / float(censoring_survival(data, np.array([horizon]), just_before=False)[0])
    return case, control, weight


def censoring_influence(
    data: Predictions, effect: Floats, until: Floats, ties: CensoringTies = "together"
) -> Floats:
    """Give each patient's influence on a mean through the estimated censoring distribution.

    Parameters
    ----------
    data
        The outcomes.
    effect
        Patient's term of the mean that is divided by the censoring distribution.
    until
        Time up to which that patient's censoring probability reaches (without it for an event).
    ties
        ``together``: one risk set per time, events of that time in it. ``in_row_order``: ties are broken by
        the order of the rows, as timeROC 0.4 does; it makes the variance depend on that order.

    Returns
    -------
    ndarray
        Influence through the martingale of censoring [1]_; its mean is 0.

    References
    ----------
    .. [1] Blanche, Dartigues & Jacqmin-Gadda (2013), Stat Med 32:5381-5397. doi:10.1002/sim.5958
    """
    n = len(data.time)
    order = np.argsort(data.time, kind="stable")
    if ties == "together":
        times, place = np.unique(data.time, return_inverse=True)
        own = place
        reach = np.searchsorted(times, until, side="right")
        reach -= data.event & (data.time == until)
    else:
        place = np.empty(n, dtype=np.int64)
        place[order] = np.arange(n)
        own = np.searchsorted(data.time[order], data.time)
        reach = np.where(until == data.time, place + 1, np.searchsorted(data.time[order], until, "right"))
    width = int(place.max()) + 1
    at_risk = np.cumsum(np.bincount(place, minlength=width)[::-1])[::-1]
    hazard = np.bincount(place, ~data.event, width) / at_risk
    # The effect of a censoring on the mean: all patients whose weight reaches past it.
    lead = np.cumsum(np.bincount(reach, effect, width + 1)[::-1])[::-1][1:] / at_risk
    compensator = np.cumsum(hazard * lead)
    influence: Floats = np.where(data.event, 0.0, lead[own]) - compensator[place]
    return influence


def normal_limits(value: float, std_error: float, confidence: float) -> tuple[float, float]:
    """Give a symmetric interval cut to 0..1."""
    reach = normal_quantile(confidence) * std_error
    return max(value - reach, 0.0), min(value + reach, 1.0)
