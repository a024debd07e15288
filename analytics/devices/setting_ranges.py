"""Settings of devices as data: what is read, what is plausible, what is advised and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analytics.devices.sources import Source, check_keys, read_entries, read_sources, refuse
from schemas.vocabulary import DEVICE_CLASSES

if TYPE_CHECKING:
    from pathlib import Path

RATIO = "diameter_to_reference"
"""Quantity that is derived: diameter of the device over the reference diameter of the vessel."""

QUANTITIES = (
    "diameter_mm",
    RATIO,
    "max_pressure_atm",
    "rotation_speed_krpm",
    "activation_time_s",
    "ivl_pulses",
    "laser_fluence_mj_mm2",
)
"""What a setting may be read from."""

BASES = {
    "advice": "advised",
    "label": "on the maker's label",
    "limit": "what the device allows",
}
"""What a judged range rests on, and its words."""


@dataclass(frozen=True)
class Setting:
    """One setting of one class of devices.

    Parameters
    ----------
    key, label
        Stable name, and the words for it.
    device_class
        Code of `schemas.vocabulary.DEVICE_CLASSES`.
    quantity
        One of `QUANTITIES`.
    unit, decimals
        Unit of the values and how many decimals are shown.
    step
        Width of a bar of the figure, in the unit.
    plausible
        Lowest and highest plausible value, both included; a working limit of this project.
    judged
        Lowest and highest value of the range that values are held against, both included, or None where no
        source states one.
    basis
        Key of `BASES`, or an empty text without a judged range.
    sources
        Where the judged range stands.
    note
        A sentence to show beside the numbers.
    centred
        Whether values come in such steps, so that they stand in the middle of their bars.
    """

    key: str
    label: str
    device_class: str
    quantity: str
    unit: str
    decimals: int
    step: float
    plausible: tuple[float, float]
    judged: tuple[float, float] | None = None
    basis: str = ""
    sources: tuple[Source, ...] = ()
    note: str = ""
    centred: bool = False

    @property
    def range_text(self) -> str:
        """The judged range in words, ``not judged`` without one."""
        if self.judged is None:
            return "not judged"
        low, high = self.judged
        unit = "" if self.unit == "ratio" else f" {self.unit}"
        if low <= 0:
            return f"up to {high:g}{unit}"
        return f"{low:g} to {high:g}{unit}"


def read_settings(path: Path | None = None) -> tuple[Setting, ...]:
    """Read the settings and their ranges.

    Parameters
    ----------
    path
        A TOML file like ``setting_ranges.toml`` of this package, which is read where None.

    Returns
    -------
    tuple of Setting
        In the order of the file.

    Raises
    ------
    SpecificationError
        Where a key is unknown or missing, a range does not ascend or leaves the plausible one, a code is
        unknown, or a judged range has no source.
    """
    name = "setting_ranges.toml"
    return tuple(_setting(raw, f"{path or name}: setting") for raw in read_entries(name, "setting", path))


def _setting(raw: dict[str, Any], where: str) -> Setting:
    """Read one entry."""
    check_keys(
        raw,
        required={
            "key",
            "label",
            "device_class",
            "quantity",
            "unit",
            "decimals",
            "step",
            "centred",
            "plausible",
        },
        optional={"judged", "basis", "sources", "note"},
        where=where,
    )
    here = f"{where} {raw['key']}"
    setting = Setting(
        key=raw["key"],
        label=raw["label"],
        device_class=raw["device_class"],
        quantity=raw["quantity"],
        unit=raw["unit"],
        decimals=raw["decimals"],
        step=float(raw["step"]),
        centred=raw["centred"],
        plausible=_range(raw["plausible"], here),
        judged=_range(raw["judged"], here) if "judged" in raw else None,
        basis=raw.get("basis", ""),
        sources=read_sources(raw, here),
        note=raw.get("note", ""),
    )
    _check(setting, here)
    return setting


def _range(raw: object, where: str) -> tuple[float, float]:
    """Read two ascending numbers."""
    if not isinstance(raw, list) or len(raw) != 2 or not all(isinstance(end, int | float) for end in raw):
        raise refuse(where, "a range needs two numbers", "Write [lowest, highest].")
    low, high = (float(end) for end in raw)
    if low >= high:
        raise refuse(where, "a range does not ascend", "Write [lowest, highest].")
    return low, high


def _check(setting: Setting, where: str) -> None:
    """Hold an entry against the schema and against itself."""
    if setting.device_class not in DEVICE_CLASSES:
        raise refuse(where, "unknown device_class", f"Choose from {', '.join(DEVICE_CLASSES)}.")
    if setting.quantity not in QUANTITIES:
        raise refuse(where, "unknown quantity", f"Choose from {', '.join(QUANTITIES)}.")
    if setting.step <= 0:
        raise refuse(where, "step is not above 0", "Give the width of a bar of the figure.")
    if setting.judged is None:
        if setting.basis or setting.sources:
            raise refuse(where, "basis or sources without a judged range", "Give judged, or leave them out.")
        return
    if setting.basis not in BASES or not setting.sources:
        raise refuse(
            where, "a judged range without basis or source", f"Give sources and one of {', '.join(BASES)}."
        )
    if setting.judged[1] > setting.plausible[1]:
        raise refuse(where, "the judged range leaves the plausible one", "Widen the plausible range.")
