"""Details that follow from what was drawn before: access, contrast, flow, residual stenosis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from synthetic.burden import draw_burden, draw_shock
from synthetic.codes import D_STENT
from synthetic.streams import draw_between, draw_from_mix, draw_yes
from synthetic.treatment import years_of

if TYPE_CHECKING:
    from synthetic.course_settings import Visit
    from synthetic.people import People
    from synthetic.procedure import Sequence
    from synthetic.scenario import Scenario
    from synthetic.streams import Bools, Floats, Ints

_ACUTE_PRESENTATIONS = (2, 3, 4)
_STEMI = 4
_LAST_UNRECORDED_YEAR = 2020


def draw_visit_details(
    scenario: Scenario, visits: pl.DataFrame, lesions: pl.DataFrame, *, hard: Bools, rng: np.random.Generator
) -> dict[str, pl.Series]:
    """Draw what is written down about the visit as a whole.

    Parameters
    ----------
    scenario
        Shares and means.
    visits, lesions
        From the earlier stages; visits with the number of their `operator` in the hospital, from 0.
    hard
        Per visit: a device for calcium was used, which takes more contrast and radiation.
    rng
        Stream of the stage.
    """
    size, model = len(visits), scenario.visit
    presentation = visits["presentation"].to_numpy()
    acute = np.isin(presentation, _ACUTE_PRESENTATIONS)
    died = (visits["discharge_status"] == "dead").to_numpy()
    shock = draw_shock(
        scenario.population.shock_if_stemi,
        if_dead=model.shock_if_dead,
        stemi=presentation == _STEMI,
        died=died,
        rng=rng,
    )
    treated = lesions.filter(pl.col("vessel") > 0).group_by("visit").agg(pl.col("vessel").n_unique())
    territories = np.zeros(size, dtype=np.int64)
    territories[treated["visit"].to_numpy()] = treated["vessel"].to_numpy()
    diseased = np.maximum(territories, 1 + draw_from_mix(rng, model.diseased_mix, size=size))
    urgency = np.where(presentation == _STEMI, "emergency", np.where(acute, "urgent", "elective"))
    supported = np.where(draw_yes(rng, model.balloon_pump_if_support, size=size), "iabp", "axial_pump")
    radial = np.where(shock, model.radial_if_shock, np.where(hard, model.radial_if_device, model.radial))
    inhibited = np.where(acute, model.gp2b3a_if_acute, model.gp2b3a_if_chronic)
    burden = draw_burden(scenario.burden, lesions, hard=hard, diseased=diseased, rng=rng)
    return {
        "cardiogenic_shock": pl.Series(shock),
        "n_diseased_vessels": pl.Series(diseased),
        "urgency": pl.Series(urgency),
        "access_site": pl.Series(np.where(draw_yes(rng, radial, size=size), "radial", "femoral")),
        "mechanical_support": pl.Series(
            np.where(shock & draw_yes(rng, model.support_if_shock, size=size), supported, "none")
        ),
        **{name: pl.Series(values) for name, values in burden.items()},
        "gp2b3a_inhibitor": pl.Series(draw_yes(rng, inhibited, size=size)),
        "dapt_at_discharge": _with_gaps(draw_yes(rng, model.dapt, size=size), died),
        "operator_id": visits["site_id"] + "-OP" + (visits["operator"] + 1).cast(pl.String),
    }


def recording_of_visits(sites: pl.DataFrame, visits: pl.DataFrame) -> np.ndarray:
    """Return whether each visit's complications are recorded: all, some or none."""
    practice = sites["recorded"].to_numpy()[visits["site"].to_numpy()]
    early = years_of(visits["day"].to_numpy()) <= _LAST_UNRECORDED_YEAR
    return np.where(practice == "none_until_2020", np.where(early, "none", "all"), practice)


def draw_lesion_details(
    model: Visit,
    people: People,
    sequence: Sequence,
    *,
    happened: dict[str, Bools],
    rng: np.random.Generator,
) -> dict[str, pl.Series]:
    """Draw flow, residual stenosis and stents of each lesion.

    Parameters
    ----------
    model
        Shares and means.
    people, sequence
        From the earlier stages; complications arise in the lesion that stands for each visit.
    happened
        `no_reflow_final` and `dissection_severe` per visit.
    rng
        Stream of the stage.
    """
    visits, lesions = people.visits, people.lesions
    size = len(lesions)
    visit = lesions["visit"].to_numpy()
    is_lead = np.zeros(size, dtype=np.bool_)
    is_lead[people.lead] = True
    untreated = lesions["crossability"].to_numpy() == 1
    stents = np.sum(sequence.device == D_STENT, axis=1)
    acute = np.isin(visits["presentation"].to_numpy()[visit], _ACUTE_PRESENTATIONS)
    length = lesions["length_mm"].to_numpy() + np.round(4 * rng.random(size))
    return {
        "timi_post": _with_gaps(_flow(model, is_lead, visit, happened=happened, rng=rng), untreated),
        "residual_pct": _with_gaps(_residual(model, lesions, sequence, rng), untreated),
        "stent_type": pl.Series(
            np.where(sequence.has_stent, "des", np.where(sequence.is_dcb, "dcb_only", "none"))
        ),
        "stent_count": pl.Series(stents),
        "stent_length_mm": _with_gaps(np.clip(length, 8, 95), ~sequence.has_stent),
        "culprit": _with_gaps((lesions["lesion_number"].to_numpy() == 1), ~acute),
    }


def _flow(
    model: Visit, is_lead: Bools, visit: Ints, *, happened: dict[str, Bools], rng: np.random.Generator
) -> Ints:
    """Draw final TIMI flow: below 2 only after no-reflow, 2 after a severe dissection or now and then."""
    low = np.where(draw_yes(rng, model.flow_0_if_no_reflow, size=len(visit)), 0, 1)
    dissected = is_lead & happened["dissection_severe"][visit]
    slow = draw_yes(rng, model.flow_2, size=len(visit)) | dissected
    return np.where(is_lead & happened["no_reflow_final"][visit], low, np.where(slow, 2, 3))


def _residual(model: Visit, lesions: pl.DataFrame, sequence: Sequence, rng: np.random.Generator) -> Floats:
    """Draw residual stenosis in per cent: more without a stent and with more calcium."""
    size = len(lesions)
    mean = np.where(sequence.has_stent, model.residual_with_stent_pct, model.residual_without_stent_pct)
    mean = mean + model.residual_per_grade_pct * lesions["severity"].to_numpy()
    return np.round(draw_between(rng, mean, sd=model.residual_sd_pct, low=0, high=30, size=size))


def _with_gaps(values: Ints | Floats | Bools, gaps: Bools) -> pl.Series:
    """Return the values with nulls where there is nothing to state."""
    return (
        pl.DataFrame({"value": values, "gap": gaps}).select(pl.when(~pl.col("gap")).then("value")).to_series()
    )
