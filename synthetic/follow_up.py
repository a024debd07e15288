"""What the registry gets to know: stays, contacts, linkage, losses, and the events they reveal.

At each planned contact a patient still reached is lost with the scenario's probability, alive or dead. Unless
the scenario makes losses depend on what happens (`FollowUp`), nobody is lost because of it. A contact tells
the state on its day; days are counted from the index procedure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from synthetic.codes import CAUSES, NEVER, PRESENTATIONS
from synthetic.streams import draw_yes, scale_odds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthetic.course_settings import Visit
    from synthetic.outcomes import Outcomes
    from synthetic.scenario import Scenario
    from synthetic.settings import FollowUp
    from synthetic.streams import Bools, Floats, Ints

_DEATHS = ("cardiac_death", "noncardiac_death")
_NEAR_DEATH_DAYS = 180
_UNSTABLE = PRESENTATIONS.index("unstable_angina")


@dataclass(frozen=True, eq=False)
class Ascertainment:
    """How far each patient is known, in days after the index procedure.

    Parameters
    ----------
    cutoff
        Administrative end at the site.
    discharge
        End of the index stay, or death in it.
    nonfatal_until
        Non-fatal events up to this day are known; at least the discharge.
    death_known
        The death, if any, is known.
    contact_day
        Planned contacts: one row per patient, one column per window.
    reached, lost_here, assessed
        Per contact: it took place, the patient was lost at it, non-fatal events were asked about.
    """

    cutoff: Ints
    discharge: Ints
    nonfatal_until: Ints
    death_known: Bools
    contact_day: NDArray[np.int64]
    reached: NDArray[np.bool_]
    lost_here: NDArray[np.bool_]
    assessed: NDArray[np.bool_]


def draw_stays(model: Visit, presentation: Ints, rng: np.random.Generator) -> Ints:
    """Draw nights in hospital after a procedure, 0..9: short if chronic, longest after STEMI."""
    extra = rng.geometric(np.array(model.discharge_each_night)[presentation]) - 1
    return np.minimum(np.array(model.nights)[presentation] + extra, 9)


def draw_ascertainment(
    scenario: Scenario,
    sites: pl.DataFrame,
    patients: pl.DataFrame,
    outcomes: Outcomes,
    rng: np.random.Generator,
) -> Ascertainment:
    """Draw stays and contacts, and derive what they reveal.

    Parameters
    ----------
    scenario
        Follow-up scheme.
    sites, patients, outcomes
        From the earlier stages.
    rng
        Stream of the stage.
    """
    site = patients["site"].to_numpy()
    source = sites["followup_source"].to_numpy()[site]
    cutoff = sites["cutoff_day"].to_numpy()[site] - patients["index_day"].to_numpy()
    death = outcomes.death_day
    discharge = np.minimum(draw_stays(scenario.visit, patients["presentation"].to_numpy(), rng), death)
    day, attempted, lost_here, assessed = _draw_contacts(
        scenario.follow_up, cutoff, source, outcomes=outcomes, rng=rng
    )
    still_reached = ~np.logical_or.accumulate(lost_here, axis=1)
    learns_of_death = (day >= death[:, None]) & attempted & still_reached
    reached = attempted & still_reached & (day < death[:, None])
    asked_until = np.max(np.where(reached & assessed, day, 0), axis=1)
    # Where deaths come by linkage, nobody is asked about the time between the last contact and the death.
    told_all = _first_true(learns_of_death, assessed) & (source == "active_contact")
    asked_until = np.where(told_all, death, asked_until)
    linked = np.isin(source, ("linkage", "mixed"))
    return Ascertainment(
        cutoff=cutoff,
        discharge=discharge,
        nonfatal_until=np.maximum(np.where(source == "linkage", cutoff, asked_until), discharge),
        death_known=(death <= discharge) | np.where(linked, death <= cutoff, learns_of_death.any(axis=1)),
        contact_day=day,
        reached=reached,
        lost_here=lost_here & attempted & ~_ever_before(lost_here) & ~_ever_before(learns_of_death),
        assessed=assessed,
    )


def _draw_contacts(
    model: FollowUp,
    cutoff: Ints,
    source: NDArray[np.object_],
    *,
    outcomes: Outcomes,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Draw day, attempt, loss and assessment of each planned contact."""
    shape = (len(cutoff), len(model.windows))
    day = rng.integers(model.earliest_days, model.latest_days, size=shape, endpoint=True)
    by_contact = np.isin(source, ("active_contact", "mixed"))[:, None]
    attempted = by_contact & (day <= cutoff[:, None])
    lost_here = rng.random(shape) < scale_odds(np.asarray(model.lost), _loss_odds(model, day, outcomes))
    assessed = rng.random(shape) < model.nonfatal_assessed
    return day, attempted, lost_here, assessed


def _loss_odds(model: FollowUp, day: NDArray[np.int64], outcomes: Outcomes) -> Floats:
    """Return what multiplies the odds of a loss at each contact, given what happens to the patient."""
    events = [outcomes.day[cause] for cause in CAUSES if cause not in _DEATHS]
    first = np.min(events, axis=0)[:, None]
    near = day + _NEAR_DEATH_DAYS >= outcomes.death_day[:, None]
    odds = np.where(near, model.loss_odds_near_death, 1.0)
    return np.asarray(odds * np.where(first < day, model.loss_odds_after_event, 1.0), dtype=np.float64)


def _ever_before(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether an earlier column of the row was true."""
    before = np.logical_or.accumulate(flags, axis=1)
    return np.column_stack([np.zeros(len(flags), dtype=np.bool_), before[:, :-1]])


def _first_true(flags: NDArray[np.bool_], values: NDArray[np.bool_]) -> Bools:
    """Return the value beside the first true flag of each row; false where there is none."""
    place = np.argmax(flags, axis=1)
    rows = np.arange(len(flags))
    return np.asarray(flags[rows, place] & values[rows, place], dtype=np.bool_)


def known_days(outcomes: Outcomes, known: Ascertainment) -> dict[str, Ints]:
    """Return the day of each cause as the registry knows it; `NEVER` where it does not."""
    days: dict[str, Ints] = {}
    for cause, day in outcomes.day.items():
        fatal = cause in _DEATHS
        seen = known.death_known if fatal else day <= known.nonfatal_until
        days[cause] = np.where(seen, day, NEVER)
    return days


def draw_later_visits(
    scenario: Scenario,
    patients: pl.DataFrame,
    index: pl.DataFrame,
    *,
    known: dict[str, Ints],
    outcomes: Outcomes,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Draw planned stages and the repeat procedures in which known events were treated at the registry.

    Parameters
    ----------
    scenario
        Shares, calendar.
    patients, index
        From `draw_patients`; `index` are their first visits with `lead_vessel`, `lead_severity` and
        `is_passive`.
    known
        From `known_days`.
    outcomes
        From `draw_outcomes`.
    rng
        Stream of the stage.

    Returns
    -------
    polars.DataFrame
        Columns of `index_visits`, at most one staged and one repeat visit per patient, ordered by patient and
        day.
    """
    size = len(patients)
    last_day = np.datetime64(f"{scenario.calendar.last_year}-12-31").astype("datetime64[D]").astype(np.int64)
    room = last_day - patients["index_day"].to_numpy()
    staged_after = patients["staged_after"].to_numpy()
    staged = patients["staged"].to_numpy() & (staged_after < outcomes.death_day) & (staged_after <= room)
    # A site that knows nothing after discharge sends no later procedures either.
    heard_of = ~index["is_passive"].to_numpy()
    staged &= heard_of
    repeat_day, on_target = _first_percutaneous(known, outcomes)
    repeat = (
        draw_yes(rng, scenario.population.repeat_in_registry, size=size)
        & (repeat_day >= 10)
        & (repeat_day <= room)
    )
    repeat &= (repeat_day < outcomes.death_day) & heard_of
    repeat &= ~(patients["staged"].to_numpy() & (np.abs(repeat_day - staged_after) < 11))
    other_vessel = (index["lead_vessel"].to_numpy() + rng.integers(1, 4, size=size)) % 4
    elective = np.zeros(size, dtype=np.int64)
    target = (other_vessel, np.zeros(size, dtype=np.bool_))
    stages = _visit(index, staged, after=staged_after, kind=1, target=target, presentation=elective)
    same = np.where(on_target >= 1, index["lead_vessel"].to_numpy(), other_vessel)
    repeats = _visit(
        index,
        repeat,
        after=repeat_day,
        kind=2,
        target=(same, on_target == 2),
        presentation=np.where(draw_yes(rng, scenario.visit.unstable_if_repeat, size=size), _UNSTABLE, 0),
    )
    return pl.concat([stages, repeats]).sort("patient", "since_index", maintain_order=True)


def _first_percutaneous(known: dict[str, Ints], outcomes: Outcomes) -> tuple[Ints, Ints]:
    """Return the day of the first known repeat PCI; 2 at the target lesion, 1 its vessel, 0 another."""
    days = np.column_stack(
        [
            np.where(outcomes.by_surgery[cause], NEVER, known[cause])
            for cause in ("non_target_revascularisation", "tvr_non_tl", "tlr")
        ]
    )
    return days.min(axis=1), days.argmin(axis=1)


def _visit(
    index: pl.DataFrame,
    happens: Bools,
    *,
    after: Ints,
    kind: int,
    target: tuple[Ints, Bools],
    presentation: Ints,
) -> pl.DataFrame:
    """Return later visits in the columns of `index_visits`; they treat one lesion."""
    rows = np.flatnonzero(happens)
    base = index[rows]
    reason = presentation[rows]
    return base.select(
        "patient",
        "site",
        pl.lit(kind, dtype=pl.Int64).alias("kind"),
        pl.Series("day", base["day"].to_numpy() + after[rows]),
        pl.Series("since_index", after[rows]),
        pl.lit(1, dtype=pl.Int64).alias("n_lesions"),
        pl.col("lead_severity").alias("severity"),
        pl.Series("vessel", target[0][rows]),
        pl.Series("in_stent", target[1][rows]),
        pl.Series("acute", reason >= _UNSTABLE),
        pl.Series("age", base["age"].to_numpy() + after[rows] / 365.25),
        "kidney_disease",
        pl.Series("presentation", reason),
        "unmeasured",
        "prior_pci",
    )


def keep_procedures(n_index: int, later: pl.DataFrame, *, procedures: int) -> tuple[int, pl.DataFrame]:
    """Return how many patients, and which later visits, make up exactly the number asked for."""
    per_patient = 1 + np.bincount(later["patient"].to_numpy(), minlength=n_index)
    total = np.cumsum(per_patient)
    complete = int(np.searchsorted(total, procedures, side="right"))
    spare = procedures - (int(total[complete - 1]) if complete else 0)
    patients = complete + (spare > 0)
    place = pl.int_range(pl.len()).over("patient")
    kept = later.filter(
        (pl.col("patient") < complete) | ((pl.col("patient") == complete) & (place < spare - 1))
    )
    return patients, kept
