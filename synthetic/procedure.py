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
    from synthetic.settings import Treatment
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
NO_DEVICE = -1
_FIRST_IVL_YEAR = 2019
_MAIN_CLASS = (NO_DEVICE, D_NC, D_CUTTING, D_RA, D_IVL, D_ORBITAL, D_ELCA, D_RA, D_RA, D_ELCA, NO_DEVICE)
_COMBINED_CLASS = {RA_CUTTING: D_CUTTING, RA_IVL: D_IVL, ELCA_RA: D_RA}


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
    strategy = lesions["strategy"].to_numpy()
    device = _prepare(scenario.treatment, lesions, strategy, rng)
    rescued = _needs_rescue(scenario, lesions, strategy, rng)
    device[rescued, RESCUE] = _rescue_device(scenario, sites, visits, lesions, rng)[rescued]
    is_dcb, has_stent = _finish(scenario, lesions, device, thrombosed=thrombosed, rng=rng)
    device[lesions["crossability"].to_numpy() == 1] = NO_DEVICE
    first_used = device[np.arange(len(lesions)), np.argmax(device != NO_DEVICE, axis=1)]
    return Sequence(
        device=device,
        rescued=rescued,
        main=np.where(device[:, FIRST] != NO_DEVICE, device[:, FIRST], first_used),
        is_dcb=is_dcb,
        has_stent=has_stent,
    )


def _prepare(
    model: Treatment, lesions: pl.DataFrame, strategy: Ints, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Fill the slots up to the balloon after debulking, rescue left out."""
    size = len(lesions)
    device = np.full((size, len(SLOT_ROLES)), NO_DEVICE, dtype=np.int64)
    # A plain balloon is the balloon before; no preparation is none.
    share = np.array([1.0, *model.balloon_before.values(), 0.0])
    before = draw_yes(rng, share[strategy], size=size)
    device[:, BEFORE] = np.where(before, D_SC, NO_DEVICE)
    device[:, FIRST] = _first_device(model, lesions, strategy, rng)
    big = lesions["reference_mm"].to_numpy() >= model.second_burr_artery_mm
    upsized = (device[:, FIRST] == D_RA) & big & draw_yes(rng, model.second_burr, size=size)
    device[:, SECOND_BURR] = np.where(upsized, D_RA, NO_DEVICE)
    for combination, second in _COMBINED_CLASS.items():
        device[strategy == combination, COMBINED] = second
    debulked = np.isin(device[:, FIRST], (D_RA, D_ORBITAL, D_ELCA)) & (device[:, COMBINED] == NO_DEVICE)
    compliant = draw_yes(rng, model.compliant_after_debulking, size=size)
    device[debulked, AFTER] = np.where(compliant, D_SC, D_NC)[debulked]
    return device


def _first_device(model: Treatment, lesions: pl.DataFrame, strategy: Ints, rng: np.random.Generator) -> Ints:
    """Return the class of the first modification device; cutting and scoring share a strategy."""
    size = len(strategy)
    first = np.asarray(_MAIN_CLASS)[strategy]
    scoring = draw_yes(rng, model.scoring_if_cutting, size=size)
    very_high = draw_yes(rng, model.super_high_pressure_if_nc, size=size)
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
    scenario: Scenario,
    sites: pl.DataFrame,
    visits: pl.DataFrame,
    lesions: pl.DataFrame,
    rng: np.random.Generator,
) -> Ints:
    """Choose lithotripsy once it exists and fits, else a burr where there is one, else cutting."""
    visit = lesions["visit"].to_numpy()
    lithotripsy = years_of(visits["day"].to_numpy()[visit]) >= _FIRST_IVL_YEAR
    lithotripsy &= (lesions["reference_mm"].to_numpy() >= 2.4) & (lesions["crossability"].to_numpy() != 2)
    lithotripsy &= draw_yes(rng, scenario.treatment.rescue_by_lithotripsy, size=len(lesions))
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
    """Draw stents, drug-coated balloons and the balloon after the stent into their slots."""
    size, model = len(lesions), scenario.treatment
    chance = np.where(
        lesions["in_stent"].to_numpy(), model.drug_coated_balloon_if_in_stent, model.drug_coated_balloon
    )
    wired = lesions["crossability"].to_numpy() != 1
    is_dcb = draw_yes(rng, chance, size=size) & wired & ~thrombosed
    has_stent = ~is_dcb & wired
    device[:, DEFINITIVE] = np.where(is_dcb, D_DCB, np.where(has_stent, D_STENT, NO_DEVICE))
    long = lesions["length_mm"].to_numpy() > 36
    device[:, SECOND_STENT] = np.where(has_stent & long, D_STENT, NO_DEVICE)
    share = np.array(list(model.balloon_after_stent.values()))
    after = draw_yes(rng, share[lesions["strategy"].to_numpy()], size=size)
    device[:, POST] = np.where(after & has_stent, D_NC, NO_DEVICE)
    return is_dcb, has_stent


def modified_by(sequence: Sequence, classes: tuple[int, ...]) -> Bools:
    """Return which lesions had a device of one of the classes as modification or rescue."""
    return np.asarray(np.isin(sequence.device[:, FIRST : RESCUE + 1], classes).any(axis=1))
