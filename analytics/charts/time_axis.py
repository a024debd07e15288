"""The time axis of a curve: days, months or years, with the ticks at which numbers at risk are printed."""

from __future__ import annotations

from dataclasses import dataclass

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
    """

    unit: str
    days_per_unit: float
    ticks: tuple[float, ...]
    end: float
    horizon_days: int

    def position(self, days: float) -> float:
        """Return the place of a day on the axis."""
        return days / self.days_per_unit

    def tick_days(self) -> tuple[int, ...]:
        """Return the whole day of each tick, never past the horizon (3 years may be 1,095 days)."""
        return tuple(min(round(tick * self.days_per_unit), self.horizon_days) for tick in self.ticks)

    def every_other_tick(self) -> TimeAxis:
        """Return the same axis with half the ticks, for a narrow panel."""
        return TimeAxis(self.unit, self.days_per_unit, self.ticks[::2], self.end, self.horizon_days)


def choose_time_axis(horizon_days: int) -> TimeAxis:
    """Return an axis in the unit a clinician would use for this horizon.

    Parameters
    ----------
    horizon_days
        Right end of the figure in days, > 0: up to 60 gives days, up to 400 months, more gives years.
    """
    if horizon_days <= 60:
        return _axis("Days", 1.0, 5 if horizon_days <= 30 else 10, horizon_days)
    if horizon_days <= 400:
        return _axis("Months", DAYS_PER_YEAR / 12, 2 if horizon_days < 300 else 3, horizon_days)
    return _axis("Years", DAYS_PER_YEAR, 0.5 if horizon_days <= 1200 else 1, horizon_days)


def _axis(unit: str, days_per_unit: float, step: float, horizon_days: int) -> TimeAxis:
    """Ticks at whole steps; a horizon within 1 % of a tick reaches it, so that 365 days are 12 months."""
    end = horizon_days / days_per_unit
    count = int(end / step + 0.01)
    ticks = tuple(step * i for i in range(count + 1))
    return TimeAxis(unit, days_per_unit, ticks, max(end, ticks[-1]), horizon_days)
