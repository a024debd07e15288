"""The course of every procedure: devices, imaging, complications, laboratory and result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from synthetic.codes import CALCIUM_SPECIFIC, INDEX_VISIT, NEVER
from synthetic.complications import Drawn, draw_complications
from synthetic.details import draw_lesion_details, draw_visit_details, recording_of_visits
from synthetic.device_settings import burr_to_artery, describe_devices
from synthetic.elementary import exp
from synthetic.imaging import draw_imaging
from synthetic.laboratory import draw_laboratory
from synthetic.lesions import draw_recorded_grade
from synthetic.modifiers import describe_cases
from synthetic.operators import draw_operator_of_visits, draw_operators, learning_odds
from synthetic.outcomes import cumulative_hazard, site_effects
from synthetic.procedure import draw_sequence
from synthetic.second_imaging import read_again

if TYPE_CHECKING:
    from synthetic.people import People
    from synthetic.procedure import Sequence
    from synthetic.scenario import Scenario
    from synthetic.streams import Bools, Floats

_PERIPROCEDURAL_DAYS = 2


@dataclass(frozen=True, eq=False)
class Course:
    """What happened in the catheter laboratory and the ward.

    Parameters
    ----------
    visits, lesions
        Those of `People` with everything that is written down about them.
    devices, imaging
        From `describe_devices` and `draw_imaging`.
    complications
        From `draw_complications`.
    laboratory
        Blood values by canonical name, one value per visit.
    """

    visits: pl.DataFrame
    lesions: pl.DataFrame
    devices: pl.DataFrame
    imaging: pl.DataFrame
    complications: Drawn
    laboratory: dict[str, Floats]


def draw_course(scenario: Scenario, people: People, streams: dict[str, np.random.Generator]) -> Course:
    """Draw the course of every procedure.

    Parameters
    ----------
    scenario
        From `load_scenario`.
    people
        From `draw_people`.
    streams
        From `open_streams`.
    """
    sites, lesions = people.sites, people.lesions
    visits = _with_operators(scenario, people, streams)
    strategy = lesions["strategy"].to_numpy()
    thrombosed = np.zeros(len(lesions), dtype=np.bool_)
    thrombosed[people.index_lead] = people.outcomes.day["stent_thrombosis"] < NEVER
    sequence = draw_sequence(scenario, sites, visits, lesions, thrombosed=thrombosed, rng=streams["devices"])
    devices = describe_devices(scenario.devices, lesions, sequence, streams["devices"])
    lead = pl.DataFrame(
        {
            "main": sequence.main[people.lead],
            "burr_to_artery": burr_to_artery(lesions, devices)[people.lead],
            "odds": visits["odds"],
        }
    )
    drawn = _complicate(scenario, people, lead, streams["complications"])
    hard = np.isin(strategy[people.lead], CALCIUM_SPECIFIC)
    details = draw_visit_details(scenario, visits, lesions, hard=hard, rng=streams["laboratory"])
    laboratory = draw_laboratory(
        scenario.laboratory,
        people.patients[visits["patient"].to_numpy()],
        age_years=np.floor(visits["age"].to_numpy()).astype(np.int64),
        presentation=visits["presentation"].to_numpy(),
        happened=drawn.happened,
        rng=streams["laboratory"],
    )
    return Course(
        visits=visits.with_columns(
            pl.Series("complications_recorded", recording_of_visits(sites, visits)), **details
        ),
        lesions=_finish_lesions(scenario, people, sequence, drawn, streams),
        devices=devices,
        imaging=read_again(
            scenario,
            draw_imaging(scenario, sites, visits, lesions, sequence=sequence, rng=streams["imaging"]),
            streams["second_imaging"],
        ),
        complications=drawn,
        laboratory=laboratory,
    )


def _finish_lesions(
    scenario: Scenario,
    people: People,
    sequence: Sequence,
    drawn: Drawn,
    streams: dict[str, np.random.Generator],
) -> pl.DataFrame:
    """Add identifiers, the recorded grade and the result to the lesions."""
    lesions, visits = people.lesions, people.visits
    assessor = people.sites["assessor"].gather(visits["site"].gather(lesions["visit"]))
    grade = draw_recorded_grade(
        scenario,
        lesions["severity"].to_numpy(),
        strategy=lesions["strategy"].to_numpy(),
        is_core_lab=(assessor == "core_lab").to_numpy(),
        rng=streams["grading"],
    )
    details = draw_lesion_details(
        scenario.visit, people, sequence, happened=drawn.happened, rng=streams["devices"]
    )
    procedure_id = visits["procedure_id"].gather(lesions["visit"])
    return lesions.with_columns(
        procedure_id.alias("procedure_id"),
        (procedure_id + "-L" + lesions["lesion_number"].cast(pl.String)).alias("lesion_id"),
        assessor.alias("assessor"),
        pl.Series("recorded_grade", grade),
        **details,
    )


def _with_operators(
    scenario: Scenario, people: People, streams: dict[str, np.random.Generator]
) -> pl.DataFrame:
    """Add who treats each visit, and what hospital, skill and experience multiply the odds by."""
    visits = people.visits
    site, day = visits["site"].to_numpy(), visits["day"].to_numpy()
    operators = draw_operators(scenario, streams["operators"])
    operator = draw_operator_of_visits(operators, site, streams["operator_choice"])
    learning = learning_odds(
        scenario.operators,
        strategy=people.lesions["strategy"].to_numpy()[people.lead],
        site=site,
        operator=operator,
        day=day,
    )
    at_site = site_effects(scenario, visits, of="complication_odds", day="day")
    return visits.with_columns(
        operator=pl.Series(operator), odds=pl.Series(at_site * operators.odds[site, operator] * learning)
    )


def _complicate(scenario: Scenario, people: People, lead: pl.DataFrame, rng: np.random.Generator) -> Drawn:
    """Draw complications so that they agree with the events of the outcome model in the index stay."""
    of_patient = people.patients[people.visits["patient"].to_numpy()]
    leading = people.lesions[people.lead]
    early, chance = _early_events(scenario, people)
    return draw_complications(
        scenario,
        describe_cases(leading, male=of_patient["male"], odds=lead["odds"].to_numpy()).with_columns(
            lead["main"],
            lead["burr_to_artery"],
            leading["strategy"],
            of_patient["ckd"],
            of_patient["dialysis"],
        ),
        early=early,
        early_mi_probability=chance,
        rng=rng,
    )


def _early_events(scenario: Scenario, people: People) -> tuple[dict[str, Bools], Floats]:
    """Return which index stays had an event, and the chance of an infarction within two days."""
    visits, outcomes = people.visits, people.outcomes
    patient = visits["patient"].to_numpy()
    is_index = (visits["kind"] == INDEX_VISIT).to_numpy()
    stay = people.known.discharge[patient]
    days = {name: outcomes.day[name][patient] for name in ("mi", "stroke", "stent_thrombosis")}
    chance = 1 - exp(
        -cumulative_hazard(
            outcomes.hazard["mi"], scenario.outcomes.breaks_days, days=_PERIPROCEDURAL_DAYS + 1
        )
    )
    early = {
        "mi": is_index & (days["mi"] <= _PERIPROCEDURAL_DAYS),
        "stroke": is_index & (days["stroke"] <= stay),
        "stent_thrombosis": is_index & (days["stent_thrombosis"] <= stay),
    }
    return early, np.where(is_index, chance[patient], 0.0)
