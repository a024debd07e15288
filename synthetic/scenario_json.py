"""A scenario as JSON: everything a registry was drawn from, in one file that other software can read."""

from __future__ import annotations

import json
from dataclasses import asdict
from math import isinf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from synthetic.scenario import Scenario

SCENARIO_FILE = "scenario.json"


def describe_scenario(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario as nested tables: what it extends laid out, defaults filled in, sites as they are.

    Bounds of missingness rules that are infinite bound nothing and are left out.
    """
    return {key: _plain(value) for key, value in asdict(scenario).items()}


def write_scenario(scenario: Scenario, out: Path) -> None:
    """Write ``scenario.json`` into an existing folder; `read_scenario` reads it back as the same scenario."""
    text = json.dumps(describe_scenario(scenario), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    (out / SCENARIO_FILE).write_text(text, encoding="utf-8", newline="\n")


def _plain(value: Any) -> Any:  # noqa: ANN401 - a tree of settings
    """Return lists for tuples, and no infinite numbers."""
    if isinstance(value, dict):
        return {
            key: _plain(entry)
            for key, entry in value.items()
            if not (isinstance(entry, float) and isinf(entry))
        }
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value
