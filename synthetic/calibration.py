"""A generated registry beside published figures: what agrees, and what does not."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from synthetic.calibration_measures import View
from synthetic.calibration_quantities import CHAPTERS, QUANTITIES
from synthetic.toml_reading import build_settings

if TYPE_CHECKING:
    from synthetic.calibration_measures import Measured
    from synthetic.registry import Registry


@dataclass(frozen=True)
class Check:
    """One published figure and what is accepted.

    Parameters
    ----------
    quantity
        Name of a function of `calibration_quantities.QUANTITIES`.
    label
        What is compared.
    unit
        % for shares (`low` and `high` are shares, 0..1), else the unit of a mean; may be empty.
    published, source
        The published figure in words, and its DOI or PMID, or where it was read.
    low, high
        Range accepted of a registry without end, limits included.
    why
        How the range follows from the published figure.
    """

    quantity: str
    label: str
    unit: str
    published: str
    source: str
    low: float
    high: float
    why: str

    @property
    def chapter(self) -> str:
        """Chapter of the quantity."""
        return next(name for name, quantities in CHAPTERS.items() if self.quantity in quantities)


@dataclass(frozen=True)
class Departure:
    """A bundled scenario that leaves the published picture on purpose: in which chapters, and why."""

    scenario: str
    chapters: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Calibration:
    """All checks in the order of the file, and the scenarios that are not held to all of them."""

    check: tuple[Check, ...]
    departure: tuple[Departure, ...]


@dataclass(frozen=True)
class CheckResult:
    """A check and what a registry gave: `measured` is None where it has no row to tell."""

    check: Check
    measured: Measured | None

    @property
    def accepted(self) -> tuple[float, float]:
        """The accepted range with three standard errors of this sample added; as published without one."""
        if self.measured is None:
            return (self.check.low, self.check.high)
        low, high = self.measured.widen(self.check.low, self.check.high)
        return (max(low, 0.0), min(high, 1.0)) if self.check.unit == "%" else (low, high)

    @property
    def agrees(self) -> bool:
        """Whether the value lies within the accepted range; a registry that cannot tell does not agree."""
        low, high = self.accepted
        return self.measured is not None and low <= self.measured.value <= high

    @property
    def fails(self) -> bool:
        """Whether the value lies outside: a registry too small to have the rows does not fail for it."""
        return self.measured is not None and not self.agrees


@cache
def load_calibration() -> Calibration:
    """Return the published figures and the scenarios that leave them."""
    text = resources.files("synthetic").joinpath("calibration.toml").read_text(encoding="utf-8")
    return build_settings(Calibration, tomllib.loads(text), where="calibration.toml")


def load_checks() -> tuple[Check, ...]:
    """Return the checks of the default scenario."""
    return load_calibration().check


def find_departure(scenario: str) -> Departure | None:
    """Return where a bundled scenario leaves the published picture on purpose, if it does."""
    found = [departure for departure in load_calibration().departure if departure.scenario == scenario]
    return found[0] if found else None


def check_registry(registry: Registry) -> tuple[CheckResult, ...]:
    """Set a registry beside the published figures.

    Parameters
    ----------
    registry
        From `generate_registry`, with a truth sample. Its size is allowed for: the smaller it is, the wider
        the ranges (`Measured.widen`).
    """
    view = View(registry)
    return tuple(CheckResult(check, QUANTITIES[check.quantity](view)) for check in load_checks())
