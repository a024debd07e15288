"""Size and settings of each device: what fits the vessel, in the sizes and ranges that makers offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from synthetic.codes import (
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
)
from synthetic.procedure import BEFORE, FIRST, NO_DEVICE, SECOND_BURR

if TYPE_CHECKING:
    from synthetic.procedure import Sequence
    from synthetic.streams import Floats, Ints


_LARGE_MM, _LARGER_BURR = 2.7, 0.58  # in arteries of this size the first burr is larger than 1.25 mm so often
_WIDE_MM, _WIDEST_BURR = 3.5, 0.15  # and 1.75 mm so often, rather than 1.5 mm


def describe_devices(lesions: pl.DataFrame, sequence: Sequence, rng: np.random.Generator) -> pl.DataFrame:
    """Give every device its size and settings.

    Returns
    -------
    polars.DataFrame
        One row per device in order of use: `lesion` (row of `lesions`), `slot`, `sequence_no`, `device`
        (class number), millimetres, atmospheres, 1000 rpm, seconds, pulses, mJ/mm2, `success`.
    """
    lesion, slot = np.nonzero(sequence.device != NO_DEVICE)
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


def burr_chances(reference: Floats) -> dict[float, Floats]:
    """Return how likely each size of the first burr (mm) is in arteries of given diameters (mm)."""
    large, wide = reference >= _LARGE_MM, reference >= _WIDE_MM
    widest = np.where(wide, _WIDEST_BURR, 0.0)
    larger = np.where(large, _LARGER_BURR, 0.0) - widest
    return {1.25: 1 - larger - widest, 1.5: larger, 1.75: widest}


def burr_to_artery(lesions: pl.DataFrame, devices: pl.DataFrame) -> Floats:
    """Return the diameter of each lesion's first burr over that of its artery; NaN where none was used.

    Parameters
    ----------
    lesions
        From `draw_lesions`.
    devices
        From `describe_devices`.
    """
    burrs = devices.filter(device=D_RA).unique("lesion", keep="first", maintain_order=True)
    diameter = np.full(len(lesions), np.nan)
    diameter[burrs["lesion"].to_numpy()] = burrs["diameter_mm"].to_numpy()
    return np.asarray(diameter / lesions["reference_mm"].to_numpy(), dtype=np.float64)


def _diameters(device: Ints, slot: Ints, reference: Floats, rng: np.random.Generator) -> Floats:
    """Size each device to the vessel: balloons 1:1 at most, burrs near half and in marketed sizes."""
    u = rng.random(len(device))
    quarter = np.round(reference * 4) / 4
    burr = np.where((reference >= _LARGE_MM) & (u < _LARGER_BURR), 1.5, 1.25)
    burr = np.where((reference >= _WIDE_MM) & (u < _WIDEST_BURR), 1.75, burr)
    burr = np.where(slot == SECOND_BURR, burr + 0.25, burr)
    by_class: dict[int, Floats | float] = {
        D_RA: burr,
        D_ORBITAL: 1.25,
        D_IVL: np.clip(quarter + 0.25, 2.5, 4.0),
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


def _pressures(device: Ints, rng: np.random.Generator) -> Floats:
    """Draw the highest inflation pressure in atmospheres; empty where nothing is inflated."""
    z = rng.standard_normal(len(device))

    def near(mean: float, sd: float, low: float, high: float) -> Floats:
        return np.asarray(np.round(np.clip(mean + sd * z, low, high)), dtype=np.float64)

    by_class = {
        D_IVL: near(5.4, 0.8, 4, 6),
        D_CUTTING: near(10, 2, 6, 14),
        D_SCORING: near(12, 2, 8, 16),
        D_NC: near(19, 4, 12, 30),
        D_HIGH: near(33, 2, 28, 35),
        D_SC: near(11, 2, 6, 16),
        D_DCB: near(9, 1.5, 6, 14),
        D_STENT: near(13, 2, 9, 18),
    }
    return np.asarray(_choose(device, by_class), dtype=np.float64)


def _settings(device: Ints, rng: np.random.Generator) -> dict[str, Floats]:
    """Draw what belongs to one class only: speed, time, pulses, fluence."""
    size = len(device)
    z, u = rng.standard_normal((2, size)), rng.random(size)
    speed = {D_RA: np.round(np.clip(170 + 13 * z[0], 138, 199)), D_ORBITAL: np.where(u < 0.8, 120.0, 80.0)}
    seconds = {
        D_RA: np.round(np.clip(55 + 22 * z[1], 12, 180)),
        D_ORBITAL: np.round(np.clip(60 + 20 * z[1], 15, 180)),
        D_ELCA: np.round(np.clip(70 + 25 * z[1], 10, 200)),
    }
    pulses = {D_IVL: np.clip(np.round((70 + 23 * z[0]) / 10), 1, 12) * 10}
    fluence = {D_ELCA: np.clip(np.round((76 + 10 * z[0]) / 5) * 5, 45, 80)}
    return {
        "rotation_speed_krpm": _choose(device, speed),
        "activation_time_s": _choose(device, seconds),
        "ivl_pulses": _choose(device, pulses),
        "laser_fluence_mj_mm2": _choose(device, fluence),
    }


def _choose(device: Ints, by_class: dict[int, Floats] | dict[int, Floats | float]) -> Floats:
    """Return the value of each device's class, NaN where the class has none."""
    return np.select([device == code for code in by_class], list(by_class.values()), default=np.nan)
