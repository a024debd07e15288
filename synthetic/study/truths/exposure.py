"""Time at risk and events that hazards lead to one to expect, as a follow-up scheme lets them be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from synthetic.codes import CAUSES, NEVER
from synthetic.follow_up import draw_ascertainment
from synthetic.outcomes import Outcomes
from synthetic.population import draw_sites

if TYPE_CHECKING:
    from collections.abc import Sequence

    from synthetic.follow_up import Ascertainment
    from synthetic.streams import Floats, Ints
    from synthetic.study.truths.population import Population

_LAST_DAY = 3_150
_EDGES = (1, 4, 8, 15, 22, 45, 60, 90, 120, 150, 210, 240, 270, 300, 330, *range(450, _LAST_DAY + 1, 90))


@dataclass(frozen=True, eq=False)
class Exposure:
    """What is expected in each cell of time: one row per patient, one column per cell.

    Parameters
    ----------
    edges
        Limits of the cells, in days from the start of day 0.
    time
        Person-days at risk and under observation.
    events, competing
        Observed events, and observed ends by a competing one.
    seen
        Whether a patient without any event would be under observation in the middle of the cell.
    """

    edges: Floats
    time: Floats
    events: Floats
    competing: Floats
    seen: Floats


def expect(
    event: Floats,
    competing: Floats,
    *,
    breaks: Sequence[int],
    until: Ints,
    last_day: int = _LAST_DAY,
) -> Exposure:
    """Return exposure under piecewise-constant hazards.

    Parameters
    ----------
    event, competing
        Hazards per day: one row per patient, one column per interval.
    breaks
        Days on which an interval begins, the first one left out.
    until
        Last day on which each patient would be observed.
    last_day
        Day on which everybody's follow-up is ended.
    """
    starts = np.array([0, *breaks])
    inner = {edge for edge in (*_EDGES, *breaks) if edge <= last_day}
    edges = np.array([0, *sorted(inner), last_day + 1], dtype=np.float64)
    interval = np.searchsorted(starts, edges[:-1], side="right") - 1
    leaving = event + competing
    spent = leaving[:, interval] * np.diff(edges)
    left = np.exp(-(np.cumsum(spent, axis=1) - spent))
    seen = (until[:, None] + 1 >= (edges[:-1] + edges[1:]) / 2).astype(np.float64)
    rate = leaving[:, interval]
    mean_days = np.divide(
        -np.expm1(-spent), rate, out=np.broadcast_to(np.diff(edges), rate.shape).copy(), where=rate > 0
    )
    time = left * mean_days * seen
    return Exposure(edges, time, time * event[:, interval], time * competing[:, interval], seen)


def observe(population: Population) -> Ascertainment:
    """Draw how far each patient would be followed if nothing happened to anybody.

    Nobody is lost because of what happens then, not even where a scenario makes losses depend on it.
    """
    scenario, patients = population.scenario, population.sample.patients
    never = np.full(len(patients), NEVER, dtype=np.int64)
    no = np.zeros(len(patients), dtype=np.bool_)
    nothing = Outcomes(
        day=dict.fromkeys(CAUSES, never), hazard={}, linked_mi=no, linked_tlr=no, by_surgery={}
    )
    rng = np.random.default_rng(len(patients))
    # Only profiles of sites are read, which do not depend on what is drawn of them.
    return draw_ascertainment(scenario, draw_sites(scenario, rng), patients, nothing, rng)


def followed_alive(population: Population, known: Ascertainment) -> Ints:
    """Return the day up to which each patient would be known to live: the cut-off where deaths are linked."""
    source = np.array([site.followup_source for site in population.scenario.sites])
    linked = np.isin(source[population.sample.patients["site"].to_numpy()], ("linkage", "mixed"))
    contact = np.max(np.where(known.reached, known.contact_day, 0), axis=1)
    return np.where(linked, known.cutoff, np.maximum(contact, known.discharge))
