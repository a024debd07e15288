"""Figures of a registry that can be set beside published ones, by name and chapter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthetic.calibration_people import CALCIUM, LESIONS, PEOPLE
from synthetic.calibration_practice import COMPLICATIONS, DEVICES, OUTCOMES

if TYPE_CHECKING:
    from synthetic.calibration_people import Quantity

CHAPTERS: dict[str, dict[str, Quantity]] = {
    "Patients": PEOPLE,
    "Calcium": CALCIUM,
    "Lesions": LESIONS,
    "Devices": DEVICES,
    "Complications": COMPLICATIONS,
    "Outcomes": OUTCOMES,
}
"""Functions of a registry by the name that a check gives, in chapters."""

QUANTITIES: dict[str, Quantity] = {name: of for chapter in CHAPTERS.values() for name, of in chapter.items()}
"""All of them by name."""
