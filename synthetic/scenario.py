"""What a synthetic registry is drawn from, read from a scenario file."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

from schemas.errors import SchemaFileError
from synthetic.codes import CAUSES, COMPLICATION_COLUMNS, STRATEGIES, STRATEGY_CODES, VESSELS
from synthetic.course_problems import course_problems
from synthetic.course_settings import Burden, Complications, Devices, Imaging, Laboratory, Visit
from synthetic.modifiers import modifier_problems
from synthetic.operators import operator_problems
from synthetic.practice_settings import OperatorModel
from synthetic.scenario_overlay import resolve
from synthetic.settings import (
    Anatomy,
    Calendar,
    FollowUp,
    Missingness,
    Outcomes,
    Population,
    Severity,
    SiteProfile,
    SiteVariation,
    Treatment,
    Unmeasured,
)
from synthetic.toml_reading import build_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Scenario:
    """Everything a synthetic registry is drawn from."""

    name: str
    description: str
    calendar: Calendar
    sites: tuple[SiteProfile, ...]
    site_variation: SiteVariation
    severity: Severity
    population: Population
    anatomy: Anatomy
    treatment: Treatment
    imaging: Imaging
    devices: Devices
    burden: Burden
    visit: Visit
    laboratory: Laboratory
    complications: Complications
    outcomes: Outcomes
    follow_up: FollowUp
    missingness: Missingness
    unmeasured: Unmeasured = field(default_factory=Unmeasured)
    operators: OperatorModel = field(default_factory=OperatorModel)


def scenario_names() -> tuple[str, ...]:
    """Return the names of the bundled scenarios, sorted."""
    files = resources.files("synthetic").joinpath("scenarios").iterdir()
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in files if entry.name.endswith(".toml")))


def load_scenario(name: str) -> Scenario:
    """Return a bundled scenario.

    Raises
    ------
    SchemaFileError
        If there is no scenario of that name.
    """
    return parse_scenario(_bundled_text(name), where=f"{name}.toml")


def _bundled_text(name: str) -> str:
    """Return the text of a bundled scenario."""
    if name not in scenario_names():
        raise SchemaFileError(
            where=f"scenario '{name}'",
            what="no such scenario",
            fix=f"Use one of: {', '.join(scenario_names())}",
        )
    return resources.files("synthetic").joinpath("scenarios", f"{name}.toml").read_text(encoding="utf-8")


def read_scenario(path: Path) -> Scenario:
    """Read a scenario from a TOML file of one's own, or from the ``scenario.json`` of a registry.

    Raises
    ------
    SchemaFileError
        If the file cannot be read or is not a valid scenario.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SchemaFileError(
            where=str(path), what="cannot be read", fix="Give a UTF-8 TOML or JSON file"
        ) from None
    return parse_scenario(text, where=path.name)


def parse_scenario(text: str, *, where: str) -> Scenario:
    """Parse the text of a scenario file and check what types cannot say.

    Raises
    ------
    SchemaFileError
        On TOML that does not parse, an unknown or missing key, a wrong type, or a list of the wrong length or
        sum.
    """
    table = resolve(_parse(text, where=where), _bundled_table, where=where)
    scenario = build_settings(Scenario, table, where=where)
    for place, problem in _problems(scenario):
        raise SchemaFileError(where=f"{where}.{place}", what=problem, fix="Correct the value")
    return scenario


def _parse(text: str, *, where: str) -> dict[str, Any]:
    """Parse TOML, or JSON where the name of the file says so."""
    kind, parse = ("JSON", json.loads) if where.endswith(".json") else ("TOML", tomllib.loads)
    try:
        table = parse(text)
    except ValueError as error:
        raise SchemaFileError(where=where, what=f"is not {kind} ({error})", fix="Correct that line") from None
    if not isinstance(table, dict):
        raise SchemaFileError(where=where, what="holds no table", fix="Give an object of settings")
    return table


def _bundled_table(name: str) -> dict[str, Any]:
    """Return a bundled scenario as a table, laid over what it extends."""
    where = f"{name}.toml"
    return resolve(_parse(_bundled_text(name), where=where), _bundled_table, where=where)


def _problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield what a scenario's lists get wrong."""
    yield from _sums(scenario)
    yield from _names(scenario)
    for place, row in scenario.complications.probability.items():
        if len(row) != len(COMPLICATION_COLUMNS):
            yield f"complications.probability.{place}", f"needs {len(COMPLICATION_COLUMNS)} values"
    yield from course_problems(scenario)
    yield from modifier_problems(scenario)
    yield from operator_problems(scenario)
    if scenario.site_variation.device_logit_sd < 0:
        yield "site_variation.device_logit_sd", "must be 0 or more"
    yield from _causes(scenario)
    if scenario.unmeasured.treatment and len(scenario.unmeasured.treatment) != len(STRATEGIES):
        yield "unmeasured.treatment", f"needs {len(STRATEGIES)} values"


def _causes(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield hazards and effects that do not fit the intervals, and effects of what does not exist."""
    count = len(scenario.outcomes.breaks_days) + 1
    for place, cause in scenario.outcomes.causes.items():
        where = f"outcomes.causes.{place}"
        if len(cause.rate_per_100_years) != count:
            yield where, "needs one rate per interval"
        for strategy, ratios in cause.device_hr.items():
            if strategy not in STRATEGY_CODES:
                yield f"{where}.device_hr", f"unknown strategy '{strategy}'"
            if len(ratios) not in {1, count}:
                yield f"{where}.device_hr.{strategy}", f"needs 1 or {count} ratios"
    for strategy in set(STRATEGY_CODES) - set(scenario.outcomes.device_hr):
        yield "outcomes.device_hr", f"lacks '{strategy}'"
    for cause_name in set(scenario.unmeasured.hazard_ratio) - set(CAUSES):
        yield "unmeasured.hazard_ratio", f"unknown cause '{cause_name}'"


def _sums(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield the mixes that do not sum to one."""
    mixes = {
        "severity.mix": scenario.severity.mix,
        "population.lesion_counts": scenario.population.lesion_counts,
        "anatomy.vessel_mix": tuple(scenario.anatomy.vessel_mix.values()),
        **{
            f"severity.operator_given_true[{i}]": row
            for i, row in enumerate(scenario.severity.operator_given_true)
        },
    }
    for place, mix in mixes.items():
        if abs(sum(mix) - 1) > 1e-9:
            yield place, "does not sum to 1"


def _names(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield the tables that do not name what they must."""
    keys: dict[str, tuple[Mapping[str, object], tuple[str, ...]]] = {
        "treatment.weights": (scenario.treatment.weights, STRATEGIES),
        "treatment.balloon_before": (scenario.treatment.balloon_before, STRATEGIES[1:]),
        "treatment.balloon_after_stent": (scenario.treatment.balloon_after_stent, STRATEGY_CODES),
        "outcomes.causes": (scenario.outcomes.causes, CAUSES),
        "anatomy.vessel_mix": (scenario.anatomy.vessel_mix, VESSELS),
    }
    for place, (table, expected) in keys.items():
        if tuple(table) != expected:
            yield place, f"must name {', '.join(expected)} in this order"
