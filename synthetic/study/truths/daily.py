"""What becomes of all patients together from day to day: the curve that an estimate should draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from synthetic.absolute_risk import ENDPOINTS, split_by_thrombosis

if TYPE_CHECKING:
    from synthetic.settings import Outcomes
    from synthetic.streams import Floats

    Hazards = dict[str, Floats]


@dataclass(frozen=True, eq=False)
class DailyCourse:
    """Average over patients, one value per day 0, 1, ...

    Parameters
    ----------
    event
        Chance that the endpoint falls on the day, deaths competing.
    free
        Chance of being alive and without the endpoint at the end of the day.
    """

    event: Floats
    free: Floats

    @property
    def risk(self) -> Floats:
        """Chance of the endpoint on or before each day."""
        return np.cumsum(self.event)

    @property
    def hazard(self) -> Floats:
        """Share of those still at risk at the start of each day who have the endpoint on it."""
        hazard: Floats = self.event / np.append(1.0, self.free[:-1])
        return hazard


def follow_daily(hazards: Hazards, model: Outcomes, endpoint: str, *, until: int) -> DailyCourse:
    """Follow all patients day by day.

    Parameters
    ----------
    hazards
        Per day, by cause: one row per patient, one column per interval.
    model
        Intervals, and what comes with a thrombosis.
    endpoint
        One of `synthetic.absolute_risk.ENDPOINTS`.
    until
        Last day.

    Notes
    -----
    Where a thrombosis may bring the endpoint, patients of both kinds are followed and mixed: those in whom it
    would, and those in whom it would not.
    """
    parts = [
        (weight, _walk(event, leaving, model.breaks_days, until))
        for weight, event, leaving in split_by_thrombosis(hazards, model, ENDPOINTS[endpoint])
    ]
    return DailyCourse(
        event=sum((weight * part.event for weight, part in parts), np.zeros(1)),
        free=sum((weight * part.free for weight, part in parts), np.zeros(1)),
    )


def add_hazards(hazards: Hazards, causes: tuple[str, ...]) -> Floats:
    """Add the hazards of some causes; zero for none."""
    return sum((hazards[cause] for cause in causes), np.zeros_like(next(iter(hazards.values()))))


def _walk(event: Floats, leaving: Floats, breaks: tuple[int, ...], until: int) -> DailyCourse:
    """Take patients from day to day, all of them at once."""
    starts = np.array([0, *breaks])
    left = np.ones(len(event))
    happened, free = np.zeros(until + 1), np.zeros(until + 1)
    for place, start in enumerate(starts):
        end = starts[place + 1] if place + 1 < len(starts) else until + 1
        total = leaving[:, place]
        stay = np.exp(-total)
        share = np.divide(event[:, place], total, out=np.zeros_like(total), where=total > 0)
        today = share * (1 - stay) / len(left)
        for day in range(start, min(end, until + 1)):
            happened[day] = (today * left).sum()
            left *= stay
            free[day] = left.mean()
    return DailyCourse(happened, free)
