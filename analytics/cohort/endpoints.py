"""Endpoints as data: what counts, what competes, on which clock.

The bundled endpoints are TOML files in the folder ``endpoints`` beside this module; a study may bring its
own. A file with an unknown key is refused, because a misspelt condition would silently count everything.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from analytics.cohort.endpoint_checks import check_endpoint_keys, refuse
from schemas.registry import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VITAL: Final = "vital"
"""Clock of endpoints made of deaths only: to the last day on which vital status is known."""

ASSESSED: Final = "assessed"
"""Clock of endpoints with a non-fatal part: to the last contact that asked about events."""

CONDITION_COLUMNS = (
    "target_relation",
    "death_cause",
    "mi_type",
    "clinically_driven",
    "stent_thrombosis_certainty",
)
"""Columns of ``events`` on which a component may set a condition."""

_BLANK_MEANS = {"death_cause": "undetermined"}


@dataclass(frozen=True)
class Component:
    """One way of reaching an endpoint.

    Parameters
    ----------
    name
        Short name, shown as the event that fired.
    event_types
        Values of ``events.event_type`` that count.
    conditions
        Column of `CONDITION_COLUMNS` to the values that count. A blank cell reads as ``unknown``
        (``undetermined`` for the cause of death), so that a condition says openly whether blanks count.
    """

    name: str
    event_types: tuple[str, ...]
    conditions: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Endpoint:
    """An endpoint and all that a reader must know to compare it with another study's.

    Parameters
    ----------
    name
        Key, for example ``mace_d``.
    label
        Name on screen.
    components
        Ways of reaching it; of several on one day the first listed is reported.
    competing
        Event types that end the follow-up of the endpoint without being it: ``("death",)`` or none.
    clock
        ``vital`` or ``assessed``.
    composition
        Sentence shown beside every number.
    source
        Where this composition comes from.
    includes_periprocedural_mi
        Whether a complication ``periprocedural_mi`` that is no dated event counts as an infarction on the day
        of its procedure. The rate of such records depends on the definition more than on the device.
    window_days
        Last day that counts, or None; follow-up ends there.
    """

    name: str
    label: str
    components: tuple[Component, ...]
    competing: tuple[str, ...]
    clock: str
    composition: str
    source: str
    includes_periprocedural_mi: bool = False
    window_days: int | None = None

    @property
    def event_types(self) -> frozenset[str]:
        """Every event type that some component counts."""
        return frozenset(kind for component in self.components for kind in component.event_types)


def read_endpoint(text: str, *, where: str) -> Endpoint:
    """Read an endpoint from the text of a TOML file.

    Parameters
    ----------
    text
        Contents of the file; keys in `docs/methods/endpoints.md`.
    where
        Name of the file for the error.

    Returns
    -------
    Endpoint
        The endpoint.

    Raises
    ------
    SpecificationError
        Where the text is no TOML, a key is unknown or missing, a code is not in the schema, or the parts
        contradict each other (a vital clock with a non-fatal component; no death component and no competing
        death).
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise refuse(where, "not valid TOML", "Check quotes and brackets.") from None
    check_endpoint_keys(raw, where=where, conditions=CONDITION_COLUMNS)
    endpoint = Endpoint(
        name=raw["name"],
        label=raw["label"],
        components=tuple(_component(part, where) for part in raw["components"]),
        competing=tuple(raw["competing"]),
        clock=raw["clock"],
        composition=raw["composition"],
        source=raw["source"],
        includes_periprocedural_mi=raw.get("includes_periprocedural_mi", False),
        window_days=raw.get("window_days"),
    )
    _check_meaning(endpoint, where)
    return endpoint


def read_endpoint_file(path: Path) -> Endpoint:
    """Read an endpoint from a file of the user.

    Parameters
    ----------
    path
        A TOML file in UTF-8.

    Returns
    -------
    Endpoint
        The endpoint.

    Raises
    ------
    SpecificationError
        As `read_endpoint`, and where the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise refuse(
            str(path), "cannot be read as UTF-8 text", "Give the path of an endpoint file."
        ) from None
    return read_endpoint(text, where=str(path))


def bundled_endpoints() -> dict[str, Endpoint]:
    """Return the endpoints that come with the package.

    Returns
    -------
    dict of str to Endpoint
        By name: composites first, then single components, as the files are numbered.
    """
    folder = resources.files("analytics.cohort") / "endpoints"
    files = sorted(
        (item for item in folder.iterdir() if item.name.endswith(".toml")), key=lambda item: item.name
    )
    endpoints = [read_endpoint(item.read_text(encoding="utf-8"), where=item.name) for item in files]
    return {endpoint.name: endpoint for endpoint in endpoints}


def blank_meaning(column: str) -> str:
    """Return the code that a blank cell of a condition column stands for."""
    return _BLANK_MEANS.get(column, "unknown")


def _component(raw: Mapping[str, Any], where: str) -> Component:
    """Read one component and hold its codes against the schema."""
    conditions = {column: tuple(raw[column]) for column in CONDITION_COLUMNS if column in raw}
    component = Component(name=raw["name"], event_types=tuple(raw["event_type"]), conditions=conditions)
    _check_codes(component.event_types, _codes("event_type"), "event_type", where)
    for column, values in conditions.items():
        _check_codes(values, _codes(column), column, where)
    return component


def _codes(column: str) -> frozenset[str]:
    """Codes that a condition on a column of ``events`` may name."""
    if column == "clinically_driven":
        return frozenset({"true", "false", "unknown"})
    known = next(item.codes for item in TABLES["events"].columns if item.name == column)
    return frozenset({*known, *((blank_meaning(column),) if column in CONDITION_COLUMNS else ())})


def _check_codes(values: tuple[str, ...], known: frozenset[str], column: str, where: str) -> None:
    """Refuse codes that no record can hold."""
    if not values or not known.issuperset(values):
        raise refuse(where, f"unknown or no code for {column}", f"Choose from {', '.join(sorted(known))}.")


def _check_meaning(endpoint: Endpoint, where: str) -> None:
    """Refuse parts that contradict each other."""
    names = [component.name for component in endpoint.components]
    if len(set(names)) < len(names):
        raise refuse(where, "two components of one name", "Give each component its own name.")
    if endpoint.clock not in {VITAL, ASSESSED}:
        raise refuse(where, "unknown clock", f"Choose {VITAL} or {ASSESSED}.")
    if endpoint.clock == VITAL and endpoint.event_types != {"death"}:
        raise refuse(where, "vital clock with a non-fatal component", f"Set clock to {ASSESSED}.")
    if set(endpoint.competing) - {"death"}:
        raise refuse(where, "only death can compete", 'Set competing to ["death"] or [].')
    counts_all_deaths = any(
        "death" in part.event_types and not part.conditions for part in endpoint.components
    )
    if counts_all_deaths == bool(endpoint.competing):
        raise refuse(
            where,
            "competing events do not fit the components",
            'Set competing to ["death"], unless every death is part of the endpoint: then [].',
        )
    if endpoint.window_days is not None and endpoint.window_days < 0:
        raise refuse(where, "negative window_days", "Give a number of days from 0 on.")
