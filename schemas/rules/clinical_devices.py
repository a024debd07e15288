"""Rules about what a device of one class can be and do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.rules.frames import Frames, failing
from schemas.rules.rule import CrossCheck, RowCheck, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

DEVICES = ("device_uses",)

RULES = (
    Rule(
        id="X04",
        level="WARN",
        sentence="The burr is not of a marketed size, or it is large for the vessel.",
        remedy="Check the burr size and the reference diameter; a burr as large as the vessel is emptied.",
        kahn="Pa",
        tables=("device_uses", "lesions"),
    ),
    Rule(
        id="X05",
        level="WARN",
        sentence="The diameter is not one in which this class of device is made.",
        remedy="Check the diameter and the device class.",
        kahn="Pa",
        tables=DEVICES,
    ),
    Rule(
        id="X06",
        level="WARN",
        sentence="The rotation speed is not usual for this class of device.",
        remedy="Check the speed; it counts in thousands per minute.",
        kahn="Pa",
        tables=DEVICES,
    ),
    Rule(
        id="X07",
        level="WARN",
        sentence="More than 120 pulses from one catheter, or not a multiple of ten.",
        remedy="Send each catheter as a row of its own.",
        kahn="Pa",
        tables=DEVICES,
    ),
    Rule(
        id="X08",
        level="WARN",
        sentence="The pressure is higher than this class of device stands.",
        remedy="Check the pressure, its unit and the device class.",
        kahn="Pa",
        tables=DEVICES,
    ),
    Rule(
        id="X09",
        level="NULL",
        sentence="A value that belongs to another class of device.",
        remedy="Move the value to the row of its device, or correct the device class.",
        kahn="Cv",
        tables=DEVICES,
    ),
)

BURR_SIZES_MM = (1.25, 1.5, 1.75, 2.0, 2.15, 2.25, 2.38, 2.5)

DIAMETERS_MM = {
    "intravascular_lithotripsy": (2.5, 4.0),
    "cutting_balloon": (2.0, 4.0),
    "elca": (0.9, 2.0),
    "scoring_balloon": (1.0, 6.0),
    "nc_balloon": (1.0, 6.0),
    "super_high_pressure_balloon": (1.0, 6.0),
    "sc_balloon": (1.0, 6.0),
    "drug_coated_balloon": (1.0, 6.0),
}
"""Nominal diameters in which each class is made."""

SPEEDS_KRPM = {"rotational_atherectomy": (135, 190), "orbital_atherectomy": (80, 120)}

PRESSURES_ATM = {
    "intravascular_lithotripsy": 10,
    "cutting_balloon": 14,
    "nc_balloon": 30,
    "super_high_pressure_balloon": 45,
}
"""Highest plausible inflation pressure of each class."""

OWNERS = {
    "ivl_pulses": ("intravascular_lithotripsy",),
    "laser_fluence_mj_mm2": ("elca",),
    "rotation_speed_krpm": ("rotational_atherectomy", "orbital_atherectomy"),
    "activation_time_s": ("rotational_atherectomy", "orbital_atherectomy", "elca"),
}
"""Columns that only some device classes fill; the class ``other`` may fill any."""

_CLASS = pl.col("device_class")


def _bound(limits: Mapping[str, tuple[float, float]], end: int) -> pl.Expr:
    """Return one end of the class's range, null for a class without one."""
    return _CLASS.replace_strict(
        {name: float(bounds[end]) for name, bounds in limits.items()}, default=None, return_dtype=pl.Float64
    )


def _class_range(rule_id: str, column: str, limits: Mapping[str, tuple[float, float]]) -> RowCheck:
    """Hold a column against the range of its device class."""
    fits = pl.col(column).is_between(_bound(limits, 0), _bound(limits, 1))
    return RowCheck(rule_id=rule_id, table="device_uses", column=column, passes=fits)


def _owned(column: str, classes: tuple[str, ...]) -> RowCheck:
    """Keep a column to the classes that fill it."""
    return RowCheck(
        rule_id="X09",
        table="device_uses",
        column=column,
        passes=pl.col(column).is_null() | _CLASS.is_in([*classes, "other"]),
    )


_IS_BURR = _CLASS == "rotational_atherectomy"

ROW_CHECKS = (
    RowCheck(
        rule_id="X04",
        table="device_uses",
        column="diameter_mm",
        passes=~_IS_BURR
        | pl.any_horizontal((pl.col("diameter_mm") - size).abs() < 0.005 for size in BURR_SIZES_MM),
    ),
    _class_range("X05", "diameter_mm", DIAMETERS_MM),
    _class_range("X06", "rotation_speed_krpm", SPEEDS_KRPM),
    RowCheck(
        rule_id="X07",
        table="device_uses",
        column="ivl_pulses",
        passes=(pl.col("ivl_pulses") <= 120) & (pl.col("ivl_pulses") % 10 == 0),
    ),
    _class_range("X08", "max_pressure_atm", {name: (0, highest) for name, highest in PRESSURES_ATM.items()}),
    *(_owned(column, classes) for column, classes in OWNERS.items()),
)


def _burr_ratios(frames: Frames) -> pl.DataFrame:
    """Return burrs with their ratio to the reference diameter of the vessel."""
    lesions = frames["lesions"].select("lesion_id", "reference_diameter_mm")
    burrs = frames["device_uses"].filter(_IS_BURR).join(lesions, on="lesion_id", how="inner")
    return burrs.with_columns(ratio=pl.col("diameter_mm") / pl.col("reference_diameter_mm"))


def large_burrs(frames: Frames) -> pl.Series:
    """Return burrs wider than 0.7 of the reference diameter."""
    return failing(_burr_ratios(frames), (pl.col("ratio") > 0.7) & (pl.col("ratio") < 1))


def impossible_burrs(frames: Frames) -> pl.Series:
    """Return burrs at least as wide as the reference diameter."""
    return failing(_burr_ratios(frames), pl.col("ratio") >= 1)


CROSS_CHECKS = (
    CrossCheck(rule_id="X04", table="device_uses", column="diameter_mm", failing=large_burrs),
    CrossCheck(
        rule_id="X04", table="device_uses", column="diameter_mm", failing=impossible_burrs, level="NULL"
    ),
)
