"""Event times after the index procedure, drawn from piecewise-constant cause-specific hazards.

A latent time T is drawn for each cause; the event falls on day floor(T) after the procedure. A hazard that is
constant on days 0-30 is therefore constant for T in [0, 31): on each of these days a patient still at risk
has the event with probability 1 - exp(-hazard). Events later than the death are never seen. Only the first
event of each cause exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from synthetic.codes import CAUSES, NEVER, STRATEGY_CODES
from synthetic.elementary import exp, log
from synthetic.streams import draw_yes

if TYPE_CHECKING:
    import polars as pl

    from synthetic.scenario import Scenario
    from synthetic.settings import Cause
    from synthetic.streams import Bools, Floats, Ints

DAYS_PER_100_YEARS = 36525.0


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What happens to each patient, known or not.

    Parameters
    ----------
    day
        Day of the first event by cause (`codes.CAUSES`), one value per patient; `NEVER` if death comes first.
    hazard
        Hazard per day by cause: one row per patient, one column per interval.
    linked_mi, linked_tlr
        The stent thrombosis brings an infarction or a target-lesion revascularisation on the same day.
    by_surgery
        By cause of revascularisation: it is a bypass operation.
    """

    day: dict[str, Ints]
    hazard: dict[str, Floats]
    linked_mi: Bools
    linked_tlr: Bools
    by_surgery: dict[str, Bools]

    @property
    def death_day(self) -> Ints:
        """Day of death, `NEVER` for none."""
        return np.minimum(self.day["cardiac_death"], self.day["noncardiac_death"])


def draw_outcomes(
    scenario: Scenario,
    patients: pl.DataFrame,
    *,
    lead: pl.DataFrame,
    rng: np.random.Generator,
) -> Outcomes:
    """Draw the first event of each cause for each patient.

    Parameters
    ----------
    scenario
        Hazards and effects.
    patients
        From `draw_patients`.
    lead
        The lesion that stands for each index procedure: `severity` (truth), `strategy`, `vessel`,
        `crossability`.
    rng
        Stream of the stage.
    """
    model = scenario.outcomes
    size = len(patients)
    hazard: dict[str, Floats] = {}
    latent: dict[str, Floats] = {}
    for name, untreated in hazards_without_device(scenario, patients, lead).items():
        hazard[name] = untreated * device_ratios(scenario, name)[lead["strategy"].to_numpy()]
        latent[name] = invert_cumulative_hazard(
            rng.standard_exponential(size), hazard[name], model.breaks_days
        )
    return Outcomes(
        day=_observable_days(latent),
        hazard=hazard,
        linked_mi=draw_yes(rng, model.mi_with_stent_thrombosis, size=size),
        linked_tlr=draw_yes(rng, model.tlr_with_stent_thrombosis, size=size),
        by_surgery={
            name: draw_yes(rng, model.cabg_if_revascularised, size=size)
            for name in ("tlr", "tvr_non_tl", "non_target_revascularisation")
        },
    )


def hazards_without_device(
    scenario: Scenario, patients: pl.DataFrame, lead: pl.DataFrame
) -> dict[str, Floats]:
    """Return each patient's hazards per day by cause, one column per interval, before any device acts.

    Parameters
    ----------
    scenario, patients, lead
        As in `draw_outcomes`; `lead` needs no `strategy`.
    """
    covariates = covariate_values(scenario, patients, (lead["vessel"] == 0).to_numpy())
    severity = lead["severity"].to_numpy()
    has_stent = lead["crossability"].to_numpy() != 1
    trait = patients["unmeasured"].to_numpy()
    at_site = site_effects(scenario, patients, of="event_hazard_ratio")
    hazards: dict[str, Floats] = {}
    for name in CAUSES:
        cause = scenario.outcomes.causes[name]
        relative = np.asarray(cause.severity_hr)[severity] * relative_hazard(cause, covariates)
        relative = relative * np.where(trait, scenario.unmeasured.hazard_ratio.get(name, 1.0), 1.0)
        relative = relative * at_site if cause.device_effect else relative
        relative = relative * has_stent if name == "stent_thrombosis" else relative
        hazards[name] = relative[:, None] * (np.asarray(cause.rate_per_100_years) / DAYS_PER_100_YEARS)
    return hazards


def device_ratios(scenario: Scenario, name: str) -> Floats:
    """Return the hazard ratios of a cause: a row per strategy of `STRATEGY_CODES`, a column per interval."""
    model, cause = scenario.outcomes, scenario.outcomes.causes[name]
    count = len(cause.rate_per_100_years)
    if not cause.device_effect:
        return np.ones((len(STRATEGY_CODES), count))
    rows = [cause.device_hr.get(code, (model.device_hr[code],)) for code in STRATEGY_CODES]
    return np.asarray([row * count if len(row) == 1 else row for row in rows], dtype=np.float64)


def site_effects(scenario: Scenario, rows: pl.DataFrame, *, of: str, day: str = "index_day") -> Floats:
    """Return what a hospital multiplies, one value per row.

    Parameters
    ----------
    scenario
        Its sites.
    rows
        Has `site` (row of the scenario's sites) and the column `day` (days since 1970-01-01).
    of
        ``event_hazard_ratio`` or ``complication_odds``.
    day
        Name of the column with the day of the procedure.
    """
    factor = np.asarray([getattr(site, of) for site in scenario.sites])
    begins = np.asarray([_first_day(site.effect_from) for site in scenario.sites])
    place = rows["site"].to_numpy()
    return np.where(rows[day].to_numpy() >= begins[place], factor[place], 1.0)


def _first_day(text: str) -> int:
    """Turn an ISO date into days since 1970-01-01; the first of all days where there is none."""
    return int(np.datetime64(text, "D").astype(np.int64)) if text else -NEVER


def covariate_values(scenario: Scenario, patients: pl.DataFrame, left_main: Bools) -> dict[str, Floats]:
    """Return what each hazard ratio is raised to, one value per patient; zero is the reference patient."""
    model = scenario.outcomes
    flags = {name: patients[name].to_numpy() for name in ("dialysis", "ckd", "prior_stroke", "acute")}
    flags["left_main"] = left_main
    flags["diabetes"] = patients["diabetes"].to_numpy() > 0
    flags["current_smoking"] = patients["smoking"].to_numpy() == 2
    return {
        "age_per_10_years": (patients["age"].to_numpy() - model.reference_age_years) / 10,
        "lvef_per_pct": patients["lvef"].to_numpy() - model.reference_lvef_pct,
        **{name: flag.astype(np.float64) for name, flag in flags.items()},
    }


def relative_hazard(cause: Cause, covariates: dict[str, Floats]) -> Floats:
    """Return the hazard relative to the reference patient."""
    log_hr = sum(log(hr) * covariates[name] for name, hr in cause.covariate_hr.items())
    return exp(log_hr)


def cumulative_hazard(hazard: Floats, breaks: tuple[int, ...], *, days: float) -> Floats:
    """Return the cumulative hazard of each patient over [0, days)."""
    starts = np.array([0, *breaks], dtype=np.float64)
    ends = np.append(starts[1:], np.inf)
    spent = np.clip(np.minimum(ends, days) - starts, 0, None)
    return np.asarray((hazard * spent).sum(axis=1), dtype=np.float64)


def invert_cumulative_hazard(target: Floats, hazard: Floats, breaks: tuple[int, ...]) -> Floats:
    """Return the time at which each cumulative hazard reaches its target; infinite if it never does."""
    starts = np.array([0, *breaks], dtype=np.float64)
    at_start = np.column_stack([np.zeros(len(hazard)), np.cumsum(hazard[:, :-1] * np.diff(starts), axis=1)])
    interval = np.sum(target[:, None] >= at_start[:, 1:], axis=1)
    rows = np.arange(len(hazard))
    rate = hazard[rows, interval]
    reached = rate > 0
    beyond = (target - at_start[rows, interval]) / np.where(reached, rate, 1.0)
    return np.where(reached, starts[interval] + beyond, np.inf)


def _observable_days(latent: dict[str, Floats]) -> dict[str, Ints]:
    """Round times down to days and drop what comes after death."""
    death = np.minimum(latent["cardiac_death"], latent["noncardiac_death"])
    return {
        name: np.where(time <= death, np.floor(np.minimum(time, NEVER)), NEVER).astype(np.int64)
        for name, time in latent.items()
    }
