"""Risk of the endpoint by a fixed day."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from analytics.proportions.intervals import wilson_interval, zero_event_upper_limit
from analytics.survival.curve_reading import read_curve_at, read_incidence_at
from analytics.survival.event_counts import CAUSE, TIME
from analytics.survival.intervals import describe
from analytics.survival.refusals import no_patients
from analytics.survival.results import Basis, CumulativeIncidence, EventCurve, HorizonRisk, NotEstimable

HORIZON_DAYS = (30, 365, 1095, 1825)
"""Days of the early, one-year, three-year and five-year risk."""


def estimate_horizon_risk(
    curve: EventCurve | CumulativeIncidence,
    horizon_days: int,
    *,
    cause: str | None = None,
    confidence: float = 0.95,
) -> HorizonRisk | NotEstimable:
    """Read the risk of the endpoint by a fixed day off a curve.

    Parameters
    ----------
    curve
        Kaplan-Meier curve, or cumulative incidence where events compete.
    horizon_days
        Day since time zero, >= 0; events on that day count.
    cause
        Cause to read off a cumulative incidence; its first when None.
    confidence
        Level of the limit that stands in where no event was seen; otherwise the limits are those of the
        curve.

    Returns
    -------
    HorizonRisk or NotEstimable
        Without any event by the horizon the risk is 0 and the upper limit is the exact binomial one for those
        still under observation at the horizon, since the limits of the curve would have no width. Refused:
        ``follow_up_too_short`` where nobody is under observation at the horizon and some left before it
        without any event.
    """
    own = _one_cause(curve, cause)
    label = curve.group
    if not own.height:
        return no_patients(label)
    if isinstance(curve, EventCurve):
        read = read_curve_at(curve, [horizon_days]).row(0, named=True)
        risk, lower, upper = 1 - read["survival"], _one_minus(read["upper"]), _one_minus(read["lower"])
        event_free = read["survival"]
    else:
        read = read_incidence_at(curve, [horizon_days], cause=cause or curve.causes[0]).row(0, named=True)
        risk, lower, upper = read["incidence"], read["lower"], read["upper"]
        event_free = read_incidence_at(curve, [horizon_days], cause="event_free")["incidence"].item()
    if read["n_risk"] == 0 and event_free > 1e-12:
        return _too_short(label, horizon_days)
    found = HorizonRisk(
        group=label,
        horizon_days=horizon_days,
        risk=risk,
        std_error=_or_nan(read["std_error"]),
        lower=_or_nan(lower),
        upper=_or_nan(upper),
        n_risk=read["n_risk"],
        n_event=int(own.filter(pl.col(TIME) <= horizon_days)["n_event"].sum()),
        basis=curve.basis,
    )
    return _without_events(found, confidence) if found.n_event == 0 and found.n_risk > 0 else found


def estimate_proportion(
    frame: pl.DataFrame,
    horizon_days: int,
    *,
    group: str,
    cause: int = 1,
    confidence: float = 0.95,
) -> HorizonRisk | NotEstimable:
    """Estimate the risk by a fixed day as a plain proportion.

    For data whose status is known for everybody at the horizon although the day of an event may not be:
    visits at which a patient was seen and asked.

    Parameters
    ----------
    frame
        One row per patient of one group: ``time_days``, ``cause`` and perhaps ``time_is_exact`` (False: the
        event happened by that day).
    horizon_days
        Day since time zero, >= 0.
    group
        Label of the group.
    cause
        Cause code of the endpoint; another cause first means that the endpoint did not occur.
    confidence
        Level of Wilson's interval [1]_; where nobody had the event, of the exact one-sided limit.

    Returns
    -------
    HorizonRisk or NotEstimable
        Refused: ``no_patients``; ``follow_up_too_short`` where somebody was censored before the horizon;
        ``event_times_unknown`` where an event is known only to have happened by a day after the horizon.

    References
    ----------
    .. [1] Wilson (1927), J Am Stat Assoc 22:209-212.
    """
    if not frame.height:
        return no_patients(group)
    refusal = _refuse_proportion(frame, horizon_days, group)
    if refusal is not None:
        return refusal
    by_then = frame.filter(pl.col(TIME) <= horizon_days)
    patients, events = frame.height, by_then.filter(pl.col(CAUSE) == cause).height
    lower, upper = wilson_interval(events, patients, confidence=confidence)
    if not events:
        upper = zero_event_upper_limit(patients, confidence=confidence)
    risk = events / patients
    basis = Basis(
        method="proportion",
        variance="binomial",
        interval=describe("Wilson" if events else "exact binomial", confidence),
        n=patients,
        n_events=events,
        person_days=float(frame[TIME].clip(upper_bound=horizon_days).sum()),
    )
    return HorizonRisk(
        group=group,
        horizon_days=horizon_days,
        risk=risk,
        std_error=float(np.sqrt(risk * (1 - risk) / patients)),
        lower=lower,
        upper=upper,
        n_risk=frame.filter(pl.col(TIME) >= horizon_days).height,
        n_event=events,
        basis=basis,
    )


def _one_cause(curve: EventCurve | CumulativeIncidence, cause: str | None) -> pl.DataFrame:
    """Keep the rows of one cause."""
    if isinstance(curve, EventCurve):
        return curve.table
    return curve.table.filter(pl.col("cause") == (cause or curve.causes[0]))


def _one_minus(value: float | None) -> float | None:
    """Turn a limit of survival into one of risk."""
    return None if value is None else 1 - value


def _or_nan(value: float | None) -> float:
    """Return not-a-number where a limit or a standard error is undefined."""
    return float("nan") if value is None else value


def _too_short(group: str, horizon_days: int) -> NotEstimable:
    """Refuse a horizon beyond the last observation."""
    reason = (
        f"Nobody is under observation on day {horizon_days} and not everybody has had an event. "
        "Ask for an earlier day, or wait for follow-up."
    )
    return NotEstimable(group, reason, "follow_up_too_short")


def _without_events(found: HorizonRisk, confidence: float) -> HorizonRisk:
    """Put the exact upper limit where no event was seen."""
    warning = f"No event by day {found.horizon_days}: upper limit from those still observed."
    basis = replace(
        found.basis,
        interval=describe("exact binomial", confidence),
        warnings=(*found.basis.warnings, warning),
    )
    upper = zero_event_upper_limit(found.n_risk, confidence=confidence)
    return replace(found, risk=0.0, lower=0.0, upper=upper, basis=basis)


def _refuse_proportion(frame: pl.DataFrame, horizon_days: int, group: str) -> NotEstimable | None:
    """Say whose status at the horizon is unknown; None where everybody's is known."""
    lost = frame.filter((pl.col(CAUSE) == 0) & (pl.col(TIME) < horizon_days)).height
    if lost:
        reason = (
            f"{lost} patients left observation before day {horizon_days} without an event: "
            "their status is unknown. Use a curve, or an earlier day."
        )
        return NotEstimable(group, reason, "follow_up_too_short")
    if "time_is_exact" not in frame.columns:
        return None
    late = ~pl.col("time_is_exact").fill_null(value=False) & (pl.col(CAUSE) > 0)
    unclear = frame.filter(late & (pl.col(TIME) > horizon_days)).height
    if not unclear:
        return None
    reason = (
        f"In {unclear} patients the event happened by a visit after day {horizon_days}, perhaps before it. "
        "Ask for the day of the visit."
    )
    return NotEstimable(group, reason, "event_times_unknown")
