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
    DEVICE_CLASSES,
)
from synthetic.procedure import BEFORE, FIRST, NO_DEVICE, SECOND_BURR

if TYPE_CHECKING:
    from synthetic.course_settings import Devices
    from synthetic.procedure import Sequence
    from synthetic.streams import Floats, Ints


_ATMOSPHERES = {
    D_IVL: (4, 6),
    D_CUTTING: (6, 14),
    D_SCORING: (8, 16),
    D_NC: (12, 30),
    D_HIGH: (28, 35),
    D_SC: (6, 16),
    D_DCB: (6, 14),
    D_STENT: (9, 18),
}
_SECONDS = {D_RA: (12, 180), D_ORBITAL: (15, 180), D_ELCA: (10, 200)}
INFLATED = tuple(DEVICE_CLASSES[code] for code in _ATMOSPHERES)
"""Device classes that have a pressure."""
ACTIVATED = tuple(DEVICE_CLASSES[code] for code in _SECONDS)
"""Device classes that have a time of activation."""


def describe_devices(
    model: Devices, lesions: pl.DataFrame, sequence: Sequence, rng: np.random.Generator
) -> pl.DataFrame:
    """Give every device its size and settings.

    Parameters
    ----------
    model
        What is chosen how often.
    lesions, sequence
        From the earlier stages.
    rng
        Stream of the stage.

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
            "diameter_mm": _diameters(model, device, slot, reference=reference, rng=rng),
            "max_pressure_atm": _pressures(model, device, rng),
            **_settings(model, device, rng),
            "success": ~failed,
        }
    )


def burr_chances(model: Devices, reference: Floats) -> dict[float, Floats]:
    """Return how likely each size of the first burr (mm) is in arteries of given diameters (mm)."""
    large, wide = reference >= model.large_artery_mm, reference >= model.wide_artery_mm
    widest = np.where(wide, model.widest_burr_if_wide, 0.0)
    larger = np.where(large, model.larger_burr_if_large, 0.0) - widest
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


def _diameters(
    model: Devices, device: Ints, slot: Ints, *, reference: Floats, rng: np.random.Generator
) -> Floats:
    """Size each device to the vessel: balloons 1:1 at most, burrs near half and in marketed sizes."""
    u = rng.random(len(device))
    quarter = np.round(reference * 4) / 4
    burr = np.where((reference >= model.large_artery_mm) & (u < model.larger_burr_if_large), 1.5, 1.25)
    burr = np.where((reference >= model.wide_artery_mm) & (u < model.widest_burr_if_wide), 1.75, burr)
    burr = np.where(slot == SECOND_BURR, burr + 0.25, burr)
    large_laser = (reference >= model.laser_artery_mm) & (u < model.larger_laser_if_large)
    blade = np.clip(quarter - 0.25 * (u < model.smaller_blade), 2.0, 4.0)
    by_class: dict[int, Floats | float] = {
        D_RA: burr,
        D_ORBITAL: 1.25,
        D_IVL: np.clip(quarter + 0.25, 2.5, 4.0),
        D_ELCA: np.where(large_laser, 1.4, 0.9),
        D_CUTTING: blade,
        D_SCORING: blade,
        D_NC: np.clip(quarter, 2.0, 4.5),
        D_HIGH: np.clip(quarter - 0.25, 2.0, 4.0),
        D_SC: np.clip(quarter - 0.5, 1.5, 3.5),
        D_DCB: np.clip(quarter, 2.0, 4.0),
        D_STENT: np.clip(quarter, 2.25, 4.5),
    }
    return np.asarray(_choose(device, by_class), dtype=np.float64)


def _pressures(model: Devices, device: Ints, rng: np.random.Generator) -> Floats:
    """Draw the highest inflation pressure in atmospheres; empty where nothing is inflated."""
    z = rng.standard_normal(len(device))
    by_class = {
        code: np.round(_near(model.pressure_atm[DEVICE_CLASSES[code]], z, low, high))
        for code, (low, high) in _ATMOSPHERES.items()
    }
    return np.asarray(_choose(device, by_class), dtype=np.float64)


def _settings(model: Devices, device: Ints, rng: np.random.Generator) -> dict[str, Floats]:
    """Draw what belongs to one class only: speed, time, pulses, fluence."""
    size = len(device)
    z, u = rng.standard_normal((2, size)), rng.random(size)
    speed = {
        D_RA: np.round(_near(model.burr_speed_krpm, z[0], 138, 199)),
        D_ORBITAL: np.where(u < model.fast_crown, 120.0, 80.0),
    }
    seconds = {
        code: np.round(_near(model.activation_s[DEVICE_CLASSES[code]], z[1], low, high))
        for code, (low, high) in _SECONDS.items()
    }
    mean, sd = model.lithotripsy_pulses
    pulses = {D_IVL: np.clip(np.round((mean + sd * z[0]) / 10), 1, 12) * 10}
    mean, sd = model.laser_fluence_mj_mm2
    fluence = {D_ELCA: np.clip(np.round((mean + sd * z[0]) / 5) * 5, 45, 80)}
    return {
        "rotation_speed_krpm": _choose(device, speed),
        "activation_time_s": _choose(device, seconds),
        "ivl_pulses": _choose(device, pulses),
        "laser_fluence_mj_mm2": _choose(device, fluence),
    }


def _near(around: tuple[float, ...], z: Floats, low: float, high: float) -> Floats:
    """Return values around a mean with a standard deviation, within limits."""
    mean, sd = around
    return np.asarray(np.clip(mean + sd * z, low, high), dtype=np.float64)


def _choose(device: Ints, by_class: dict[int, Floats] | dict[int, Floats | float]) -> Floats:
    """Return the value of each device's class, NaN where the class has none."""
    return np.select([device == code for code in by_class], list(by_class.values()), default=np.nan)
