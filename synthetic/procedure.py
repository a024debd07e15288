"""What happens on the table: the sequence of devices on each lesion, in an order a cardiologist would use.

Slots in order: balloon before, first burr or device, second burr, device of a combination, rescue, balloon
after debulking, stent or drug-coated balloon, second stent, high-pressure balloon after the stent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from synthetic.codes import (
    CUTTING,
    D_CUTTING,
    D_DCB,
    D_ELCA,
    D_HIGH,
    D_IVL,
    D_NC,
    D_ORBITAL,
    D_RA,
    D_SC,
    D_SCORING,
    D_STENT,
    ELCA_RA,
    NC,
    PLAIN,
    RA_CUTTING,
    RA_IVL,
)
from synthetic.streams import draw_yes
from synthetic.treatment import years_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthetic.scenario import Scenario
    from synthetic.streams import Bools, Ints

BEFORE, FIRST, SECOND_BURR, COMBINED, RESCUE, AFTER, DEFINITIVE, SECOND_STENT, POST = range(9)
SLOT_ROLES = (
    "pre_dilation",
    "modification",
    "modification",
    "modification",
    "rescue_modification",
    "pre_dilation",
    "definitive",
    "definitive",
    "post_dilation",
)
_NONE = -1
_FIRST_IVL_YEAR = 2019
_MAIN_CLASS = (_NONE, D_NC, D_CUTTING, D_RA, D_IVL, D_ORBITAL, D_ELCA, D_RA, D_RA, D_ELCA, _NONE)
_COMBINED_CLASS = {RA_CUTTING: D_CUTTING, RA_IVL: D_IVL, ELCA_RA: D_RA}
# Chance of a semi-compliant balloon before, and of a high-pressure balloon after the stent, by strategy
# number.
_BEFORE_SHARE = (1.0, 0.6, 0.7, 0.25, 0.65, 0.3, 0.3, 0.25, 0.25, 0.2, 0.0)
_POST_SHARE = (0.40, 0.50, 0.65, 0.75, 0.65, 0.75, 0.60, 0.8, 0.8, 0.7, 0.35)


@dataclass(frozen=True, eq=False)
class Sequence:
    """Devices by lesion and slot.

    Parameters
    ----------
    device
        Number of `codes.DEVICE_CLASSES`, -1 for none: one row per lesion, one column per slot.
    rescued
        The first device failed and another one followed.
    main
        Device class of the first modification, else of the first device; -1 for none.
    is_dcb, has_stent
        Definitive treatment of the lesion.
    """

    device: NDArray[np.int64]
    rescued: Bools
    main: Ints
    is_dcb: Bools
    has_stent: Bools


def draw_sequence(
    scenario: Scenario,
    sites: pl.DataFrame,
    visits: pl.DataFrame,
    lesions: pl.DataFrame,
    *,
    thrombosed: Bools,
    rng: np.random.Generator,
) -> Sequence:
    """Draw the devices used on each lesion.

    Parameters
    ----------
    scenario
        Chances of rescue and of drug-coated balloons.
    sites, visits, lesions
        From the earlier stages; lesions with their `strategy`.
    thrombosed
        Per lesion: its stent will thrombose, so it has one.
    rng
        Stream of the stage.
    """
    size = len(lesions)
    strategy = lesions["strategy"].to_numpy()
    device = np.full((size, len(SLOT_ROLES)), _NONE, dtype=np.int64)

    def share(table: tuple[float, ...]) -> Bools:
        return draw_yes(rng, np.asarray(table)[strategy], size=size)

    device[:, BEFORE] = np.where(share(_BEFORE_SHARE), D_SC, _NONE)
    device[:, FIRST] = _first_device(lesions, strategy, rng)
    big = lesions["reference_mm"].to_numpy() >= 2.9
    device[:, SECOND_BURR] = np.where(
        (device[:, FIRST] == D_RA) & big & draw_yes(rng, 0.25, size=size), D_RA, _NONE
    )
    for combination, second in _COMBINED_CLASS.items():
        device[strategy == combination, COMBINED] = second
    rescued = _needs_rescue(scenario, lesions, strategy, rng)
    device[rescued, RESCUE] = _rescue_device(sites, visits, lesions, rng)[rescued]
    debulked = np.isin(device[:, FIRST], (D_RA, D_ORBITAL, D_ELCA)) & (device[:, COMBINED] == _NONE)
    device[debulked, AFTER] = np.where(draw_yes(rng, 0.5, size=size), D_SC, D_NC)[debulked]
    is_dcb, has_stent = _finish(scenario, lesions, device, thrombosed=thrombosed, rng=rng)
    device[:, POST] = np.where(share(_POST_SHARE) & has_stent, D_NC, _NONE)
    device[lesions["crossability"].to_numpy() == 1] = _NONE
    first_used = device[np.arange(size), np.argmax(device != _NONE, axis=1)]
    return Sequence(
        device=device,
        rescued=rescued,
        main=np.where(device[:, FIRST] != _NONE, device[:, FIRST], first_used),
        is_dcb=is_dcb,
        has_stent=has_stent,
    )


def _first_device(lesions: pl.DataFrame, strategy: Ints, rng: np.random.Generator) -> Ints:
    """Return the class of the first modification device; cutting and scoring share a strategy, so do two NC balloons."""
    size = len(strategy)
    first = np.asarray(_MAIN_CLASS)[strategy]
    scoring, very_high = draw_yes(rng, 0.4, size=size), draw_yes(rng, 0.12, size=size)
    first = np.where((strategy == CUTTING) & scoring, D_SCORING, first)
    hard = lesions["severity"].to_numpy() >= 2
    return np.where((strategy == NC) & very_high & hard, D_HIGH, first)


def _needs_rescue(
    scenario: Scenario, lesions: pl.DataFrame, strategy: Ints, rng: np.random.Generator
) -> Bools:
    """Draw which lesions treated by balloon need another device."""
    model = scenario.treatment
    resistant = lesions["crossability"].to_numpy() >= 2
    chance = np.where(
        resistant,
        model.rescue_if_resistant,
        np.where(lesions["severity"].to_numpy() == 3, model.rescue_if_severe, 0.0),
    )
    return draw_yes(rng, chance, size=len(strategy)) & np.isin(strategy, (PLAIN, NC, CUTTING))


def _rescue_device(
    sites: pl.DataFrame, visits: pl.DataFrame, lesions: pl.DataFrame, rng: np.random.Generator
) -> Ints:
    """Choose the rescue device: lithotripsy once it exists and fits, else a burr where there is one, else cutting."""
    visit = lesions["visit"].to_numpy()
    lithotripsy = years_of(visits["day"].to_numpy()[visit]) >= _FIRST_IVL_YEAR
    lithotripsy &= (lesions["reference_mm"].to_numpy() >= 2.4) & (lesions["crossability"].to_numpy() != 2)
    lithotripsy &= draw_yes(rng, 0.7, size=len(lesions))
    atherectomy = sites["atherectomy"].to_numpy()[visits["site"].to_numpy()[visit]]
    return np.where(lithotripsy, D_IVL, np.where(atherectomy, D_RA, D_CUTTING))


def _finish(
    scenario: Scenario,
    lesions: pl.DataFrame,
    device: NDArray[np.int64],
    *,
    thrombosed: Bools,
    rng: np.random.Generator,
) -> tuple[Bools, Bools]:
    """Draw stents and drug-coated balloons into their slots."""
    size = len(lesions)
    chance = np.where(lesions["in_stent"].to_numpy(), 0.25, scenario.treatment.drug_coated_balloon)
    wired = lesions["crossability"].to_numpy() != 1
    is_dcb = draw_yes(rng, chance, size=size) & wired & ~thrombosed
    has_stent = ~is_dcb & wired
    device[:, DEFINITIVE] = np.where(is_dcb, D_DCB, np.where(has_stent, D_STENT, _NONE))
    long = lesions["length_mm"].to_numpy() > 36
    device[:, SECOND_STENT] = np.where(has_stent & long, D_STENT, _NONE)
    return is_dcb, has_stent


def modified_by(sequence: Sequence, classes: tuple[int, ...]) -> Bools:
    """Return which lesions had a device of one of the classes as modification or rescue."""
    return np.asarray(np.isin(sequence.device[:, FIRST : RESCUE + 1], classes).any(axis=1))


def describe_devices(lesions: pl.DataFrame, sequence: Sequence, rng: np.random.Generator) -> pl.DataFrame:
    """Give every device its size and settings.

    Returns
    -------
    polars.DataFrame
        One row per device in order of use: `lesion` (row of `lesions`), `slot`, `sequence_no`, `device`
        (class number), millimetres, atmospheres, 1000 rpm, seconds, pulses, mJ/mm2, `success`.
    """
    lesion, slot = np.nonzero(sequence.device != _NONE)
    device = sequence.device[lesion, slot]
    first_of_lesion = (
        np.concatenate([[0], np.flatnonzero(np.diff(lesion)) + 1]) if len(lesion) else np.zeros(0, int)
    )
    counts = np.diff(np.append(first_of_lesion, len(lesion)))
    number = np.arange(len(lesion)) - np.repeat(first_of_lesion, counts) + 1
    reference = lesions["reference_mm"].to_numpy()[lesion]
    unopened = lesions["crossability"].to_numpy()[lesion] >= 2
    failed = (slot == BEFORE) & unopened | (slot == FIRST) & sequence.rescued[lesion]
    return pl.DataFrame(
        {
            "lesion": lesion,
            "slot": slot,
            "sequence_no": number,
            "device": device,
            "diameter_mm": _diameters(device, slot, reference, rng),
            "max_pressure_atm": _pressures(device, rng),
            **_settings(device, rng),
            "success": ~failed,
        }
    )


def _diameters(
    device: Ints, slot: Ints, reference: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Size each device to the vessel: balloons 1:1 at most, burrs near half of it and only in marketed sizes."""
    u = rng.random(len(device))
    quarter = np.round(reference * 4) / 4
    burr = np.where((reference >= 2.9) & (u < 0.55), 1.5, 1.25)
    burr = np.where((reference >= 3.5) & (u < 0.25), 1.75, burr)
    burr = np.where(slot == SECOND_BURR, burr + 0.25, burr)
    by_class: dict[int, NDArray[np.float64] | float] = {
        D_RA: burr,
        D_ORBITAL: 1.25,
        D_IVL: np.clip(quarter, 2.5, 4.0),
        D_ELCA: np.where((reference >= 2.5) & (u < 0.5), 1.4, 0.9),
        D_CUTTING: np.clip(quarter - 0.25 * (u < 0.4), 2.0, 4.0),
        D_SCORING: np.clip(quarter - 0.25 * (u < 0.4), 2.0, 4.0),
        D_NC: np.clip(quarter, 2.0, 4.5),
        D_HIGH: np.clip(quarter - 0.25, 2.0, 4.0),
        D_SC: np.clip(quarter - 0.5, 1.5, 3.5),
        D_DCB: np.clip(quarter, 2.0, 4.0),
        D_STENT: np.clip(quarter, 2.25, 4.5),
    }
    return np.asarray(_choose(device, by_class), dtype=np.float64)


def _pressures(device: Ints, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the highest inflation pressure in atmospheres; empty where nothing is inflated."""
    z = rng.standard_normal(len(device))

    def near(mean: float, sd: float, low: float, high: float) -> NDArray[np.float64]:
        return np.round(np.clip(mean + sd * z, low, high))

    by_class = {
        D_IVL: near(5.4, 0.8, 4, 6),
        D_CUTTING: near(10, 2, 6, 14),
        D_SCORING: near(12, 2, 8, 16),
        D_NC: near(18, 3, 12, 26),
        D_HIGH: near(33, 2, 28, 35),
        D_SC: near(11, 2, 6, 16),
        D_DCB: near(9, 1.5, 6, 14),
        D_STENT: near(13, 2, 9, 18),
    }
    return np.asarray(_choose(device, by_class), dtype=np.float64)


def _settings(device: Ints, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """Draw what belongs to one class only: speed, time, pulses, fluence."""
    size = len(device)
    z, u = rng.standard_normal((2, size)), rng.random(size)
    speed = {D_RA: np.round(np.clip(160 + 11 * z[0], 138, 188)), D_ORBITAL: np.where(u < 0.8, 120.0, 80.0)}
    seconds = {
        D_RA: np.round(np.clip(55 + 22 * z[1], 12, 180)),
        D_ORBITAL: np.round(np.clip(60 + 20 * z[1], 15, 180)),
        D_ELCA: np.round(np.clip(70 + 25 * z[1], 10, 200)),
    }
    pulses = {D_IVL: np.clip(np.round((70 + 23 * z[0]) / 10), 1, 12) * 10}
    fluence = {D_ELCA: np.clip(np.round((65 + 10 * z[0]) / 5) * 5, 45, 80)}
    return {
        "rotation_speed_krpm": _choose(device, speed),
        "activation_time_s": _choose(device, seconds),
        "ivl_pulses": _choose(device, pulses),
        "laser_fluence_mj_mm2": _choose(device, fluence),
    }


def _choose(
    device: Ints, by_class: dict[int, NDArray[np.float64]] | dict[int, NDArray[np.float64] | float]
) -> NDArray[np.float64]:
    """Return the value of each device's class, NaN where the class has none."""
    return np.select([device == code for code in by_class], list(by_class.values()), default=np.nan)
