"""A generated registry beside published figures: what agrees, and what does not."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from synthetic.calibration_quantities import QUANTITIES
from synthetic.toml_reading import build_settings

if TYPE_CHECKING:
    from synthetic.registry import Registry


@dataclass(frozen=True)
class Check:
    """One published figure and what is accepted.

    Parameters
    ----------
    quantity
        Name of a function of `calibration_quantities.QUANTITIES`.
    label
        What is compared; shares are written as shares, other units are named.
    published, source
        The published figure in words, and its DOI or PMID.
    low, high
        Accepted range, limits included.
    why
        How the range follows from the published figure.
    """

    quantity: str
    label: str
    published: str
    source: str
    low: float
    high: float
    why: str


@dataclass(frozen=True)
class Calibration:
    """All checks, in the order of the file."""

    check: tuple[Check, ...]


@dataclass(frozen=True)
class CheckResult:
    """A check and what a registry gave: `value` is None where it has no row to tell."""

    check: Check
    value: float | None

    @property
    def agrees(self) -> bool:
        """Whether the value lies within the accepted range; a registry that cannot tell does not agree."""
        return self.value is not None and self.check.low <= self.value <= self.check.high


def load_checks() -> tuple[Check, ...]:
    """Return the checks of the default scenario."""
    text = resources.files("synthetic").joinpath("calibration.toml").read_text(encoding="utf-8")
    return build_settings(Calibration, tomllib.loads(text), where="calibration.toml").check


def check_registry(registry: Registry) -> tuple[CheckResult, ...]:
    """Set a registry beside the published figures.

    Parameters
    ----------
    registry
        From `generate_registry`, with a truth sample; 5,000 procedures or more, or chance decides.
    """
    return tuple(CheckResult(check, QUANTITIES[check.quantity](registry)) for check in load_checks())


def render_checks(results: tuple[CheckResult, ...]) -> str:
    """Return the comparison as lines of text: generated, accepted, published, source."""
    lines = [_render(result) for result in results]
    failed = sum(not result.agrees for result in results)
    return "\n".join([*lines, f"{len(results) - failed} of {len(results)} figures lie within their range."])


def _render(result: CheckResult) -> str:
    """Return one check as a line."""
    check = result.check
    value = "no row" if result.value is None else f"{result.value:.4g}"
    mark = "ok  " if result.agrees else "FAIL"
    accepted = f"accepted {check.low:g} to {check.high:g}: {check.why}"
    return f"{mark} {check.label}: {value} ({accepted}). Published: {check.published}; {check.source}."
