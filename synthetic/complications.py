"""Complications of each procedure, by device and calcium of the lesion that stands for it.

Kinds that contain one another (any and severe dissection, perforation and tamponade, slow flow and no-reflow)
share one draw, so that there is no tamponade without perforation. A probability of zero in the scenario is
never drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from synthetic.codes import COLUMNS_OF_STRATEGY, D_ELCA, D_HIGH, D_IVL, D_NC, D_RA, D_SC, D_SCORING
from synthetic.device_settings import burr_chances
from synthetic.modifiers import CONTAINED, modifier_odds
from synthetic.streams import draw_from_mix, draw_yes, scale_odds

if TYPE_CHECKING:
    from synthetic.course_settings import Complications
    from synthetic.scenario import Scenario
    from synthetic.streams import Bools, Floats, Ints

_RCA = 3
_BALLOONS = (D_NC, D_HIGH, D_SC, D_SCORING, D_SCORING - 1, D_IVL)
_DISSECTION_MILD, _DISSECTION_SEVERE = ("A", "B", "C"), ("D", "E", "F")
_ELLIS = ("I", "II", "III")


@dataclass(frozen=True, eq=False)
class Drawn:
    """Complications of all visits, recorded or not.

    Parameters
    ----------
    probability, happened
        By name of the scenario's table: one value per visit.
    rows
        One row per complication: `visit`, `kind` (registry code), `grade_scale`, `grade`, `timing`, `device`
        (class number, -1 for none), `at_lesion`; ordered by visit.
    """

    probability: dict[str, Floats]
    happened: dict[str, Bools]
    rows: pl.DataFrame


def complication_probability(
    model: Complications, name: str, *, strategy: Ints, severity: Ints, vessel: Ints, odds: Floats
) -> Floats:
    """Return the probability of one complication per visit.

    Parameters
    ----------
    model
        The scenario's complications.
    name
        Row of the scenario's table.
    strategy, severity, vessel
        Of the lesion that stands for the visit.
    odds
        What hospital, operator and covariates multiply the odds by.
    """
    row = np.asarray(model.probability[name])
    base = np.array([row[list(columns)].max() for columns in COLUMNS_OF_STRATEGY])[strategy]
    scaled = scale_odds(base, np.asarray(model.severity_odds)[severity] * odds)
    if name != "av_block":
        return scaled
    return scaled * np.where(vessel == _RCA, model.av_block_rca_multiplier, model.av_block_other_multiplier)


def probability_under(scenario: Scenario, name: str, cases: pl.DataFrame, *, strategy: int) -> Floats:
    """Return the probability of one complication per visit if all had been treated with one strategy.

    A burr is not there before somebody chooses it, so that the probability is averaged over the sizes it
    could have. Where operators learn, they are taken to be experienced.

    Parameters
    ----------
    scenario
        Table, modifiers and odds.
    name
        Row of the scenario's table.
    cases
        From `describe_cases`.
    strategy
        Number of `codes.STRATEGY_CODES`.
    """
    model, reference = scenario.complications, cases["reference_mm"].to_numpy()
    everybody = np.full(len(cases), strategy)
    average = np.zeros(len(cases))
    for diameter, chance in burr_chances(scenario.devices, reference).items():
        odds = modifier_odds(model, name, cases, strategy=everybody, burr=diameter / reference)
        average += chance * complication_probability(
            model,
            name,
            strategy=everybody,
            severity=cases["severity"].to_numpy(),
            vessel=cases["vessel"].to_numpy(),
            odds=odds * cases["odds"].to_numpy(),
        )
    return average


def draw_complications(
    scenario: Scenario,
    lead: pl.DataFrame,
    *,
    early: dict[str, Bools],
    early_mi_probability: Floats,
    rng: np.random.Generator,
) -> Drawn:
    """Draw the complications of each visit.

    Parameters
    ----------
    scenario
        Table and odds.
    lead
        One row per visit: what `describe_cases` gives, `strategy`, `burr_to_artery` and `main` (device class,
        -1 for none) of its leading lesion, `ckd`, `dialysis`.
    early
        Events of the outcome model that fell into the stay: `mi` (within two days), `stroke`,
        `stent_thrombosis`.
    early_mi_probability
        Chance of such an infarction; the rest of the table's probability is infarction by markers only.
    rng
        Stream of the stage.
    """
    model = scenario.complications
    size = len(lead)
    probability = _probabilities(model, lead)
    # An infarction of the outcome model is one in any case, also where it is likelier than the table says.
    probability["periprocedural_mi"] = np.maximum(probability["periprocedural_mi"], early_mi_probability)
    uniform = _shared_uniforms(tuple(model.probability), size, rng)
    happened = {name: uniform[name] < probability[name] for name in model.probability}
    by_markers = (probability["periprocedural_mi"] - early_mi_probability) / (1 - early_mi_probability)
    happened["periprocedural_mi"] = early["mi"] | (uniform["periprocedural_mi"] < by_markers)
    ckd = lead["ckd"].to_numpy()
    happened["access_site_bleeding"] = draw_yes(rng, model.access_site_bleeding, size=size)
    injury = model.acute_kidney_injury * np.where(ckd, model.acute_kidney_injury_ckd_multiplier, 1.0)
    happened["acute_kidney_injury"] = draw_yes(rng, injury, size=size) & ~lead["dialysis"].to_numpy()
    happened |= {"stroke": early["stroke"], "stent_thrombosis": early["stent_thrombosis"]}
    return Drawn(
        probability=probability, happened=happened, rows=_rows(model, happened, lead["main"].to_numpy(), rng)
    )


def _probabilities(model: Complications, lead: pl.DataFrame) -> dict[str, Floats]:
    """Return the probability of each complication of the table, given the devices used."""
    strategy, severity, vessel, burr, odds = (
        lead[name].to_numpy() for name in ("strategy", "severity", "vessel", "burr_to_artery", "odds")
    )
    return {
        name: complication_probability(
            model,
            name,
            strategy=strategy,
            severity=severity,
            vessel=vessel,
            odds=odds * modifier_odds(model, name, lead, strategy=strategy, burr=burr),
        )
        for name in model.probability
    }


def _shared_uniforms(names: tuple[str, ...], size: int, rng: np.random.Generator) -> dict[str, Floats]:
    """Draw one number per visit and kind; a kind within another takes the other's."""
    uniform = {name: rng.random(size) for name in names}
    return uniform | {inner: uniform[outer] for inner, outer in CONTAINED.items()}


def _rows(
    model: Complications, happened: dict[str, Bools], main: Ints, rng: np.random.Generator
) -> pl.DataFrame:
    """Lay out one row per complication, with its grade, timing and device."""
    size = len(main)
    grades = _grades(model, happened, size, rng)
    late = draw_yes(rng, model.tamponade_after_procedure, size=size)
    parts = []
    for kind, source in (
        ("dissection", "dissection_any"),
        ("perforation", "perforation_any"),
        ("tamponade", "tamponade"),
        ("slow_flow_no_reflow", "slow_flow_any"),
        ("av_block", "av_block"),
        ("wire_fracture", "wire_fracture"),
        ("device_entrapment", "device_entrapment"),
        ("balloon_rupture", "balloon_rupture"),
        ("periprocedural_mi", "periprocedural_mi"),
        ("stent_thrombosis", "stent_thrombosis"),
        ("stroke", "stroke"),
        ("access_site_bleeding", "access_site_bleeding"),
        ("acute_kidney_injury", "acute_kidney_injury"),
    ):
        visit = np.flatnonzero(happened[source])
        parts.append(_rows_of(kind, visit, main=main[visit], late=late[visit], grades=grades.get(kind)))
    return pl.concat(parts).sort("visit", maintain_order=True)


def _grades(
    model: Complications, happened: dict[str, Bools], size: int, rng: np.random.Generator
) -> dict[str, tuple[str, np.ndarray]]:
    """Draw scale and grade of dissection (NHLBI), perforation (Ellis) and access bleeding (BARC)."""
    mild = np.asarray(_DISSECTION_MILD)[draw_from_mix(rng, model.mild_dissection_mix, size=size)]
    severe = np.asarray(_DISSECTION_SEVERE)[draw_from_mix(rng, model.severe_dissection_mix, size=size)]
    ellis = np.asarray(_ELLIS)[draw_from_mix(rng, model.perforation_mix, size=size)]
    barc = np.asarray(("1", "2"))[draw_from_mix(rng, model.access_site_bleeding_mix, size=size)]
    return {
        "dissection": ("nhlbi", np.where(happened["dissection_severe"], severe, mild)),
        "perforation": ("ellis", np.where(happened["tamponade"], "III", ellis)),
        "access_site_bleeding": ("barc", barc),
    }


def _rows_of(
    kind: str,
    visit: Ints,
    *,
    main: Ints,
    late: Bools,
    grades: tuple[str, np.ndarray] | None,
) -> pl.DataFrame:
    """Return the rows of one kind."""
    systemic = kind in {"stroke", "access_site_bleeding", "acute_kidney_injury", "stent_thrombosis"}
    blames_balloon = (kind != "balloon_rupture") | np.isin(main, _BALLOONS)
    # After laser and burr together it is the burr that gets stuck.
    culprit = np.where((main == D_ELCA) & (kind == "device_entrapment"), D_RA, main)
    in_hospital = systemic or kind == "periprocedural_mi"
    timing = np.where(in_hospital | (late & (kind == "tamponade")), "in_hospital", "in_lab")
    return pl.DataFrame(
        {
            "visit": visit,
            "kind": pl.Series([kind], dtype=pl.String).new_from_index(0, len(visit)),
            "grade_scale": pl.Series([grades[0] if grades else None], dtype=pl.String).new_from_index(
                0, len(visit)
            ),
            "grade": pl.Series(grades[1][visit] if grades else [None] * len(visit), dtype=pl.String),
            "timing": pl.Series(timing, dtype=pl.String),
            "device": np.where(systemic | ~blames_balloon | (kind == "periprocedural_mi"), -1, culprit),
            "at_lesion": np.full(len(visit), not systemic),
        }
    )
