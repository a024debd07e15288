"""The time axis of a curve: days, months or years, with the ticks at which numbers at risk are printed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from analytics.charts.numbers import DAYS_PER_YEAR


@dataclass(frozen=True)
class TimeAxis:
    """Unit and ticks of a time axis.

    Parameters
    ----------
    unit
        ``Days``, ``Months`` or ``Years``.
    days_per_unit
        Length of the unit in days.
    ticks
        Tick positions in that unit, ascending from 0.
    end
        Right end of the axis in that unit.
    horizon_days
        The last day asked for.
    first_day
        Day at the left end: 0, or the landmark.
    """

    unit: str
    days_per_unit: float
    ticks: tuple[float, ...]
    end: float
    horizon_days: int
    first_day: int = 0

    @property
    def start(self) -> float:
        """Left end of the axis in its unit."""
        return self.position(self.first_day)

    def position(self, days: float) -> float:
        """Return the place of a day on the axis."""
        return days / self.days_per_unit

    def tick_days(self) -> tuple[int, ...]:
        """Return the whole day of each tick, never past the horizon (3 years may be 1,095 days)."""
        return tuple(min(round(tick * self.days_per_unit), self.horizon_days) for tick in self.ticks)

    def every_other_tick(self) -> TimeAxis:
        """Return the same axis with half the ticks, for a narrow panel."""
        return replace(self, ticks=self.ticks[::2])


def choose_time_axis(horizon_days: int, *, first_day: int = 0, time_unit: str = "days") -> TimeAxis:
    """Return an axis in the unit a clinician would use for this horizon.

    Parameters
    ----------
    horizon_days
        Right end of the figure in days, > 0: up to 60 gives days, up to 400 months, more gives years.
    first_day
        Left end of the figure in days: a landmark, or 0.
    time_unit
        Unit of the data; only days are turned into months and years, any other unit is kept.
    """
    if time_unit != "days":
        return _axis(time_unit.capitalize(), 1.0, _round_step(horizon_days), (first_day, horizon_days))
    if horizon_days <= 60:
        return _axis("Days", 1.0, 5 if horizon_days <= 30 else 10, (first_day, horizon_days))
    if horizon_days <= 400:
        step = 2 if horizon_days < 300 else 3
        return _axis("Months", DAYS_PER_YEAR / 12, step, (first_day, horizon_days))
    return _axis("Years", DAYS_PER_YEAR, 0.5 if horizon_days <= 1200 else 1, (first_day, horizon_days))


def _round_step(length: int) -> float:
    """Return 1, 2 or 5 times a power of ten, so that about five steps fill the length."""
    power = 10.0 ** math.floor(math.log10(max(length / 5, 1)))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= length / 6)


def _axis(unit: str, days_per_unit: float, step: float, days: tuple[int, int]) -> TimeAxis:
    """Ticks at whole steps after the start; a horizon within 1 % of a tick reaches it."""
    start, end = days[0] / days_per_unit, days[1] / days_per_unit
    steps = [step * i for i in range(int(end / step + 0.01) + 1)]
    ticks = (start, *(tick for tick in steps if tick > start + step / 4))
    return TimeAxis(unit, days_per_unit, ticks, max(end, ticks[-1]), days[1], days[0])
