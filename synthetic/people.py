"""Patients through the years: index procedures, what follows, and the later procedures that come of it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import polars as pl

from synthetic.codes import INDEX_VISIT, NEVER, STRATEGIES
from synthetic.follow_up import (
    Ascertainment,
    draw_ascertainment,
    draw_later_visits,
    draw_stays,
    keep_procedures,
    known_days,
)
from synthetic.lesions import draw_lesions
from synthetic.outcomes import Outcomes, draw_outcomes
from synthetic.population import draw_patients, draw_sites, draw_trait, index_visits
from synthetic.treatment import draw_treatment, lead_lesions

if TYPE_CHECKING:
    from synthetic.course_settings import Visit
    from synthetic.scenario import Scenario
    from synthetic.streams import Ints

Arrays = TypeVar("Arrays", Outcomes, Ascertainment)


@dataclass(frozen=True, eq=False)
class People:
    """Everybody in the registry, before anything is written down.

    Parameters
    ----------
    sites, patients
        From `draw_sites` and `draw_patients`, with `patient_id` and `site_id`.
    visits
        All procedures in the order of patient and day, in the columns of `index_visits` with `visit_number`,
        identifiers, `discharge_day`, `discharge_status` and `mi_before`.
    lesions
        All lesions in the order of visits, with `strategy` (number of `codes.STRATEGY_CODES`) and
        `probability` (chance of each of `codes.STRATEGIES`).
    lead
        Row of the lesion that stands for each visit.
    outcomes, known
        What happens to each patient, and how far the registry knows it.
    """

    sites: pl.DataFrame
    patients: pl.DataFrame
    visits: pl.DataFrame
    lesions: pl.DataFrame
    lead: Ints
    outcomes: Outcomes
    known: Ascertainment

    @property
    def index_lead(self) -> Ints:
        """Row of the lesion that stands for each patient's index procedure."""
        return np.asarray(self.lead[(self.visits["kind"] == INDEX_VISIT).to_numpy()])


def draw_people(
    scenario: Scenario, streams: dict[str, np.random.Generator], *, procedures: int, numbered: Ints
) -> People:
    """Draw patients until their procedures make up the number asked for.

    Parameters
    ----------
    scenario
        From `load_scenario`.
    streams
        From `open_streams`.
    procedures
        Procedures of all kinds together.
    numbered
        Patients of each site that earlier blocks have numbered.
    """
    sites = draw_sites(scenario, streams["sites"])
    patients = draw_patients(scenario, sites, streams["patients"], size=procedures)
    patients = patients.with_columns(unmeasured=draw_trait(scenario, patients, streams["unmeasured"]))
    index = index_visits(patients)
    lesions = _treated_lesions(scenario, sites, index, streams, phase="index")
    leading = lesions[lead_lesions(lesions, lesions["strategy"].to_numpy(), n_visits=len(index))]
    index = index.with_columns(
        lead_vessel=leading["vessel"],
        lead_severity=leading["severity"],
        is_passive=sites["followup_source"].gather(patients["site"]) == "passive",
    )
    outcomes = draw_outcomes(scenario, patients, lead=leading, rng=streams["outcomes"])
    known = draw_ascertainment(scenario, sites, patients, outcomes, streams["follow_up"])
    later = draw_later_visits(
        scenario,
        patients,
        index,
        known=known_days(outcomes, known),
        outcomes=outcomes,
        rng=streams["later_visits"],
    )
    n_patients, later = keep_procedures(procedures, later, procedures=procedures)
    again = _treated_lesions(scenario, sites, later, streams, phase="later")
    return _in_order(
        sites,
        _with_identifiers(patients.head(n_patients), sites, numbered),
        pl.concat([index.head(n_patients).select(later.columns), later]),
        pl.concat(
            [lesions.filter(pl.col("visit") < n_patients), again.with_columns(pl.col("visit") + n_patients)]
        ),
        outcomes=_first_rows(outcomes, n_patients),
        known=_first_rows(known, n_patients),
        model=scenario.visit,
        rng=streams["events"],
    )


def _treated_lesions(
    scenario: Scenario,
    sites: pl.DataFrame,
    visits: pl.DataFrame,
    streams: dict[str, np.random.Generator],
    *,
    phase: str,
) -> pl.DataFrame:
    """Draw the lesions of visits, with the `strategy` of each and the `probability` it was drawn from."""
    lesions = draw_lesions(scenario, sites, visits, streams[f"{phase}_lesions"])
    treatment = draw_treatment(scenario, sites, visits, lesions, streams[f"{phase}_treatment"])
    return lesions.with_columns(
        pl.Series("strategy", treatment.strategy),
        pl.Series("probability", treatment.probability, dtype=pl.Array(pl.Float64, len(STRATEGIES))),
    )


def _with_identifiers(patients: pl.DataFrame, sites: pl.DataFrame, numbered: Ints) -> pl.DataFrame:
    """Add the pseudonym of each patient: the site and a number within it."""
    before = pl.lit(pl.Series(numbered[patients["site"].to_numpy()]))
    number = (pl.int_range(1, pl.len() + 1).over("site") + before).cast(pl.String).str.zfill(7)
    site_id = sites["site_id"].gather(patients["site"])
    return patients.with_columns(site_id.alias("site_id"), number.alias("number")).with_columns(
        pl.concat_str("site_id", pl.lit("-P"), "number").alias("patient_id")
    )


def _in_order(  # noqa: PLR0913 - the parts of one object
    sites: pl.DataFrame,
    patients: pl.DataFrame,
    visits: pl.DataFrame,
    lesions: pl.DataFrame,
    *,
    outcomes: Outcomes,
    known: Ascertainment,
    model: Visit,
    rng: np.random.Generator,
) -> People:
    """Sort visits by patient and day, and lesions with them."""
    order = visits.select(pl.arg_sort_by("patient", "since_index")).to_series().to_numpy()
    place = np.empty(len(visits), dtype=np.int64)
    place[order] = np.arange(len(visits))
    lesions = lesions.with_columns(pl.Series("visit", place[lesions["visit"].to_numpy()]))
    lesions = lesions.sort("visit", "lesion_number")
    visits = _with_stays(model, visits[order], patients, outcomes=outcomes, known=known, rng=rng)
    return People(
        sites=sites,
        patients=patients,
        visits=visits,
        lesions=lesions,
        lead=lead_lesions(lesions, lesions["strategy"].to_numpy(), n_visits=len(visits)),
        outcomes=outcomes,
        known=_with_deaths_in_hospital(known, visits, outcomes),
    )


def _with_stays(
    model: Visit,
    visits: pl.DataFrame,
    patients: pl.DataFrame,
    *,
    outcomes: Outcomes,
    known: Ascertainment,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Add identifiers, discharge and whether an infarction came before."""
    patient = visits["patient"].to_numpy()
    since, day = visits["since_index"].to_numpy(), visits["day"].to_numpy()
    death = outcomes.death_day[patient]
    stay = since + draw_stays(model, visits["presentation"].to_numpy(), rng)
    is_index = (visits["kind"] == INDEX_VISIT).to_numpy()
    discharge = np.where(is_index, known.discharge[patient], np.minimum(stay, death))
    mi = known_days(outcomes, known)["mi"][patient]
    number = visits.select(pl.int_range(1, pl.len() + 1).over("patient")).to_series()
    patient_id = patients["patient_id"].gather(visits["patient"])
    return visits.with_columns(
        number.alias("visit_number"),
        patient_id.alias("patient_id"),
        (patient_id + "-" + number.cast(pl.String)).alias("procedure_id"),
        patients["site_id"].gather(visits["patient"]).alias("site_id"),
        pl.Series("discharge_day", day - since + discharge),
        pl.Series("discharge_status", np.where(death <= discharge, "dead", "alive")),
        pl.Series("discharged_after", discharge),
        pl.Series("mi_before", mi < since),
    )


def _with_deaths_in_hospital(known: Ascertainment, visits: pl.DataFrame, outcomes: Outcomes) -> Ascertainment:
    """Make deaths in any stay known."""
    death_known = known.death_known.copy()
    died = (visits["discharge_status"] == "dead").to_numpy()
    death_known[visits["patient"].to_numpy()[died]] = True
    return replace(known, death_known=death_known & (outcomes.death_day < NEVER))


def _first_rows(arrays: Arrays, count: int) -> Arrays:
    """Return outcomes or ascertainment of the first patients."""

    def cut(value: Any) -> Any:  # noqa: ANN401 - arrays, or dictionaries of arrays
        return (
            {key: part[:count] for key, part in value.items()} if isinstance(value, dict) else value[:count]
        )

    return replace(arrays, **{member.name: cut(getattr(arrays, member.name)) for member in fields(arrays)})
