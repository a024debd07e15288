"""Risks and event-free time that follow exactly from piecewise-constant hazards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from synthetic.codes import MACE_CAUSES
from synthetic.elementary import exp, expm1

if TYPE_CHECKING:
    from synthetic.settings import Outcomes
    from synthetic.streams import Floats

DEATHS = ("cardiac_death", "noncardiac_death")


@dataclass(frozen=True)
class Endpoint:
    """What counts as the event.

    Parameters
    ----------
    causes
        Causes whose first event is the endpoint.
    with_thrombosis
        Which of a thrombosis's companions belong to it: ``mi``, ``tlr``, both or none.
    """

    causes: tuple[str, ...]
    with_thrombosis: tuple[str, ...] = ()

    @property
    def competing(self) -> tuple[str, ...]:
        """Deaths that are not part of it: they end the time in which it could happen."""
        return tuple(cause for cause in DEATHS if cause not in self.causes)

    def linked(self, model: Outcomes) -> float:
        """Return the chance that a stent thrombosis brings the endpoint."""
        chances = {"mi": model.mi_with_stent_thrombosis, "tlr": model.tlr_with_stent_thrombosis}
        return float(1 - np.prod([1 - chances[name] for name in self.with_thrombosis]))


ENDPOINTS: dict[str, Endpoint] = {
    "death_mi_tvr": Endpoint(MACE_CAUSES, ("mi", "tlr")),
    "all_cause_death": Endpoint(DEATHS),
    "cardiac_death": Endpoint(("cardiac_death",)),
    "mi": Endpoint(("mi",), ("mi",)),
    "tlr": Endpoint(("tlr",), ("tlr",)),
    "tvr": Endpoint(("tlr", "tvr_non_tl"), ("tlr",)),
}
"""Endpoints whose truth is told."""


@dataclass(frozen=True, eq=False)
class Fate:
    """What becomes of each patient by each of some days: one row per patient, one column per day.

    Parameters
    ----------
    risk
        Chance of the endpoint on or before the day, deaths competing.
    free
        Chance of being alive and without the endpoint at the end of the day.
    """

    risk: Floats
    free: Floats


def follow(hazards: dict[str, Floats], model: Outcomes, endpoint: Endpoint, *, days: tuple[int, ...]) -> Fate:
    """Return each patient's chances by some days.

    Parameters
    ----------
    hazards
        Per day, by cause: one row per patient, one column per interval.
    model
        Intervals, and what comes with a thrombosis.
    endpoint
        One of `ENDPOINTS`.
    days
        Days after the index procedure, ascending; the day itself counts.

    Notes
    -----
    A thrombosis is of the kind that brings the endpoint, or it is not: the chances with its hazard added and
    those without are mixed. Within an interval the hazards are constant, so
    the integral of (a/b) b exp(-B) is a/b times the fall of exp(-B).
    """
    parts = [
        (weight, *_course(event, leaving, model.breaks_days, days))
        for weight, event, leaving in split_by_thrombosis(hazards, model, endpoint)
    ]
    risk = sum((weight * risk for weight, risk, _ in parts), np.zeros(1))
    free = sum((weight * free for weight, _, free in parts), np.zeros(1))
    return Fate(risk, free)


def free_days(hazards: dict[str, Floats], model: Outcomes, endpoint: Endpoint, *, day: int) -> Floats:
    """Return each patient's mean number of days 0 to `day` - 1 that end alive, without the endpoint."""
    parts = [
        weight * _days_left(leaving, model.breaks_days, day)
        for weight, _, leaving in split_by_thrombosis(hazards, model, endpoint)
    ]
    return sum(parts, np.zeros(1))


def lost_days(hazards: dict[str, Floats], model: Outcomes, endpoint: Endpoint, *, day: int) -> Floats:
    """Return each patient's mean number of days 0 to `day` - 1 that end with the endpoint behind."""
    parts = [
        weight * _days_after(event, leaving, model.breaks_days, day)
        for weight, event, leaving in split_by_thrombosis(hazards, model, endpoint)
    ]
    return sum(parts, np.zeros(1))


def split_by_thrombosis(
    hazards: dict[str, Floats], model: Outcomes, endpoint: Endpoint
) -> list[tuple[float, Floats, Floats]]:
    """Return share, hazard of the endpoint and hazard of leaving of each kind of patients.

    Parameters
    ----------
    hazards, model, endpoint
        As in `follow`.

    Returns
    -------
    list
        Those in whom a thrombosis would not bring the endpoint, then, if there are any, those in whom it
        would.
    """
    event = sum((hazards[cause] for cause in endpoint.causes), np.zeros(1))
    death = sum((hazards[cause] for cause in endpoint.competing), np.zeros(1))
    linked = endpoint.linked(model)
    kinds = [(1 - linked, event, event + death)]
    if linked > 0:
        both = event + hazards["stent_thrombosis"]
        kinds.append((linked, both, both + death))
    return kinds


def _course(
    event: Floats, leaving: Floats, breaks: tuple[int, ...], days: tuple[int, ...]
) -> tuple[Floats, Floats]:
    """Return risk and chance of being left by each day."""
    starts = np.array([0, *breaks])
    ends = np.array([day + 1 for day in days])
    edges = np.unique(np.concatenate([[0], starts[starts < ends[-1]], ends]))
    interval = np.searchsorted(starts, edges[:-1], side="right") - 1
    cumulative = np.cumsum(leaving[:, interval] * np.diff(edges), axis=1)
    left = exp(-cumulative)
    fall = -np.diff(left, axis=1, prepend=1.0)
    share = np.divide(event, leaving, out=np.zeros_like(leaving), where=leaving > 0)
    risk = np.cumsum(share[:, interval] * fall, axis=1)
    place = np.searchsorted(edges[1:], ends)
    return np.asarray(risk[:, place], np.float64), np.asarray(left[:, place], np.float64)


def _days_left(leaving: Floats, breaks: tuple[int, ...], until: int) -> Floats:
    """Sum, over days, the chance of being left at the end of the day."""
    _, before, series = _series(leaving, breaks, until)
    return np.asarray((before * series).sum(axis=1), dtype=np.float64)


def _days_after(event: Floats, leaving: Floats, breaks: tuple[int, ...], until: int) -> Floats:
    """Sum, over days, the risk at the end of the day: what it was before the interval, and what is added."""
    days, before, series = _series(leaving, breaks, until)
    share = np.divide(event, leaving, out=np.zeros_like(leaving), where=leaving > 0)
    gained = share * before * -expm1(-leaving * days)
    risk = np.cumsum(gained, axis=1) - gained
    return np.asarray((days * risk + share * before * (days - series)).sum(axis=1), dtype=np.float64)


def _series(leaving: Floats, breaks: tuple[int, ...], until: int) -> tuple[Floats, Floats, Floats]:
    """Return, by interval, its days, the chance of reaching it, and the sum of chances to outlast each day.

    That sum is a geometric series; it takes for granted that the interval is reached.
    """
    starts = np.array([0, *breaks], dtype=np.float64)
    days = np.clip(np.minimum(np.append(starts[1:], np.inf), until) - starts, 0, None)
    spent = leaving * days
    before = exp(-(np.cumsum(spent, axis=1) - spent))
    step = expm1(leaving)
    series = np.divide(-expm1(-spent), step, out=np.broadcast_to(days, leaving.shape).copy(), where=step > 0)
    return days, before, series
