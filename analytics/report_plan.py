"""Plans of reports: which analyses, read from TOML before the data are seen."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from analytics.errors import SpecificationError
from analytics.estimation.outcome_data import find_endpoint
from analytics.estimation.specification import (
    Specification,
    build_part,
    parse_specification,
    read_specification,
    read_toml,
    refuse_unknown,
)
from analytics.outcomes.blocks import GROUPINGS, WINDOWS
from analytics.store.filters import CohortFilter


@dataclass(frozen=True)
class EndpointPlan:
    """One endpoint of a plan: groupings (``severity``, ``strategy``) and windows (keys of `WINDOWS`)."""

    endpoint: str
    by: tuple[str, ...] = ("severity",)
    windows: tuple[str, ...] = ("all",)


@dataclass(frozen=True)
class ModelPlan:
    """One Cox model of a plan: endpoint, and whether calcification and device interact."""

    endpoint: str
    interaction: bool = False


@dataclass(frozen=True)
class Plan:
    """What a report holds.

    Parameters
    ----------
    title, description
        Words at the top.
    population
        Which procedures.
    survival, components
        Composite endpoints, and their components.
    models
        Cox models.
    analyses
        Specifications of single analyses, in order.
    sha256
        Hash of the plan's text, for the manifest.
    """

    title: str
    description: str
    population: CohortFilter = field(default_factory=CohortFilter)
    survival: tuple[EndpointPlan, ...] = ()
    components: tuple[EndpointPlan, ...] = ()
    models: tuple[ModelPlan, ...] = ()
    analyses: tuple[Specification, ...] = ()
    sha256: str = ""

    @property
    def is_focused(self) -> bool:
        """Whether the plan asks for single analyses only: the report then leaves complications to others."""
        return bool(self.analyses) and not (self.survival or self.components or self.models)


def read_plan(path: Path | None) -> Plan:
    """Read a plan; None reads the bundled one.

    Raises
    ------
    InputFileError, SpecificationError
        If there is no such file, a key is unknown, or an endpoint, grouping or window does not exist.
    """
    if path is None:
        source = files("analytics") / "plans" / "default.toml"
        return parse_plan(read_toml(source, name="default plan"), source.read_bytes(), where="default plan")
    data = read_toml(path, name=str(path))
    return parse_plan(data, path.read_bytes(), where=path.name, folder=path.parent)


def is_plan(path: Path) -> bool:
    """Whether a file lists analyses instead of being one.

    Raises
    ------
    InputFileError, SpecificationError
        If there is no such file, or it is no TOML.
    """
    return "analyses" in read_toml(path, name=str(path))


def parse_plan(data: dict[str, Any], raw: bytes, *, where: str, folder: Path | None = None) -> Plan:
    """Turn parsed TOML into a plan, refusing what nothing reads; files it names lie relative to a folder."""
    refuse_unknown(data, {"report", "population", "survival", "component", "model", "analyses"}, where=where)
    head = data.get("report", {})
    refuse_unknown(head, {"title", "description"}, where=f"{where} [report]")
    return Plan(
        title=head.get("title", "calcpci report"),
        description=head.get("description", ""),
        population=build_part(CohortFilter, data.get("population", {}), f"{where} [population]"),
        survival=_endpoints(data.get("survival", []), f"{where} [[survival]]"),
        components=_endpoints(data.get("component", []), f"{where} [[component]]"),
        models=tuple(_model(entry, f"{where} [[model]]") for entry in data.get("model", [])),
        analyses=_analyses(data.get("analyses", []), folder, where=f"{where} [[analyses]]"),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def _analyses(entries: list[dict[str, Any]], folder: Path | None, *, where: str) -> tuple[Specification, ...]:
    """Read the analyses of a plan: each a file, or the tables of one; no two of one name."""
    found = tuple(_analysis(entry, folder, f"{where} {number}") for number, entry in enumerate(entries, 1))
    names = [one.name for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SpecificationError(
            where=where, what=f"two analyses are named {twice[0]}", fix="Give each its own name."
        )
    return found


def _analysis(entry: dict[str, Any], folder: Path | None, where: str) -> Specification:
    """Read one analysis of a plan."""
    if "file" not in entry:
        return parse_specification(entry, where=where)
    refuse_unknown(entry, {"file"}, where=where)
    return read_specification((folder or Path()) / str(entry["file"]))


def _endpoints(entries: list[dict[str, Any]], where: str) -> tuple[EndpointPlan, ...]:
    """Read the endpoints of a plan and check every name."""
    plans = tuple(build_part(EndpointPlan, entry, where) for entry in entries)
    for plan in plans:
        find_endpoint(plan.endpoint)
        _demand(plan.by, tuple(GROUPINGS), where=where, what="grouping")
        _demand(plan.windows, tuple(WINDOWS), where=where, what="window")
    return plans


def _model(entry: dict[str, Any], where: str) -> ModelPlan:
    """Read a model of a plan."""
    plan: ModelPlan = build_part(ModelPlan, entry, where)
    find_endpoint(plan.endpoint)
    return plan


def _demand(given: tuple[str, ...], known: tuple[str, ...], *, where: str, what: str) -> None:
    """Refuse a name that does not exist."""
    for name in given:
        if name not in known:
            raise SpecificationError(
                where=where, what=f"unknown {what} '{name}'", fix=f"Use {', '.join(known)}."
            )
