"""How long hospitals that link their patients to a register can follow them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthetic.scenario import Scenario


def median_follow_up(scenario: Scenario) -> float:
    """Return the median days from index procedure to cut-off at hospitals with linkage.

    Procedures fall evenly on the days of the calendar, and nobody leaves a linkage before its cut-off, so
    that the median is the time from the middle of the calendar. NaN where cut-offs differ between hospitals.
    """
    cutoffs = {site.data_cutoff_date for site in scenario.sites if site.followup_source == "linkage"}
    if len(cutoffs) != 1:
        return float("nan")
    first = date(scenario.calendar.first_year, 1, 1).toordinal()
    last = date(scenario.calendar.last_year, 12, 31).toordinal()
    return date.fromisoformat(cutoffs.pop()).toordinal() - (first + last) / 2
