"""Claims from TOML: every key is known and every name exists, or the file is refused in one line."""

from __future__ import annotations

from dataclasses import MISSING, fields
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from analytics.claims import hypothesis as words
from analytics.claims.hypothesis import Anchor, Claim, Component, Limits
from analytics.claims.kind_keys import KIND_KEYS, check_kind
from analytics.claims.value_checks import check_source, check_values
from analytics.cohort.endpoints import bundled_endpoints
from analytics.errors import SpecificationError
from analytics.estimation.specification import read_toml, refuse_unknown
from schemas.registry import TABLES

if TYPE_CHECKING:
    from pathlib import Path

_GUIDE = "Compare with docs/claims.md."
_CHOICES = {
    "family": words.FAMILIES,
    "unit": words.UNITS,
    "overall": words.OVERALL,
    "direction": words.DIRECTIONS,
    "rows": words.ROWS,
    "judged": words.JUDGED,
    "kind": tuple(KIND_KEYS),
}


def read_bundled_claims() -> tuple[Claim, ...]:
    """Read the review's claims, in order of their number."""
    folder = files("analytics.claims") / "hypotheses"
    found = sorted((entry for entry in folder.iterdir() if entry.name.startswith("C")), key=lambda e: e.name)
    return tuple(parse_claim(read_toml(entry, name=entry.name), where=entry.name) for entry in found)


def read_claim(path: Path) -> Claim:
    """Read one claim of one's own.

    Raises
    ------
    InputFileError
        If there is no such file.
    SpecificationError
        If it is no TOML, a key is unknown or absent, or a value does not fit.
    """
    return parse_claim(read_toml(path, name=str(path)), where=path.name)


def read_notes() -> dict[str, str]:
    """Read the notes on the review's own slips, by key."""
    source = files("analytics.claims") / "hypotheses" / "notes.toml"
    return {key: str(text) for key, text in read_toml(source, name=source.name).items()}


def parse_claim(data: dict[str, Any], *, where: str) -> Claim:
    """Turn parsed TOML into a claim; ``where`` names the place in messages."""
    refuse_unknown(data, {"claim", "component", "published"}, where=where)
    head = data.get("claim", {})
    parts = _list(data, "component", where)
    components = tuple(_component(part, f"{where} [[component]] {n}") for n, part in enumerate(parts, 1))
    anchors = _list(data, "published", where)
    published = tuple(_anchor(part, f"{where} [[published]] {n}") for n, part in enumerate(anchors, 1))
    place = f"{where} [claim]"
    lists = {"components": components, "published": published}
    _refuse_keys(head, Claim, place, without=set(lists))
    claim: Claim = _build(Claim, {**head, **lists}, place)
    _check_claim(claim, place)
    return claim


def _component(data: dict[str, Any], where: str) -> Component:
    """Build one component and hold it against what its kind reads."""
    _refuse_keys(data, Component, where)
    clauses = _where(data.get("where", {}), where)
    part: Component = _build(Component, {**data, "where": clauses}, where)
    check_kind(part, set(data), where=where)
    check_values(part, where=where)
    if part.endpoint and part.endpoint not in bundled_endpoints():
        known = ", ".join(bundled_endpoints())
        raise SpecificationError(where=where, what="unknown endpoint", fix=f"Use one of {known}.")
    return part


def _anchor(data: dict[str, Any], where: str) -> Anchor:
    """Build one published figure; a reader must be able to find it."""
    _refuse_keys(data, Anchor, where)
    anchor: Anchor = _build(Anchor, data, where)
    check_source(anchor, where=where)
    return anchor


def _where(data: object, where: str) -> tuple[tuple[str, tuple[Any, ...] | Limits], ...]:
    """Turn conditions into values or limits by column."""
    if not isinstance(data, dict):
        raise SpecificationError(where=where, what="'where' is no table", fix=_GUIDE)
    return tuple((name, _clause(value, where)) for name, value in data.items())


def _clause(value: object, where: str) -> tuple[Any, ...] | Limits:
    """One condition: a list of values, one value, or limits."""
    if isinstance(value, dict):
        _refuse_keys(value, Limits, f"{where} where")
        return Limits(**value)
    return tuple(value) if isinstance(value, list) else (value,)


def _list(data: dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    """Return a list of tables, perhaps empty."""
    found = data.get(key, [])
    if not isinstance(found, list):
        raise SpecificationError(where=where, what=f"'{key}' is no list", fix=f"Write [[{key}]].")
    return found


def _refuse_keys(
    data: dict[str, Any], kind: type[Any], where: str, *, without: set[str] | None = None
) -> None:
    """Refuse a key that nothing reads, and one that is missing."""
    own = [entry for entry in fields(kind) if entry.name not in (without or set())]
    refuse_unknown(data, {entry.name for entry in own}, where=where)
    for entry in own:
        if entry.default is MISSING and entry.name not in data:
            raise SpecificationError(where=where, what=f"'{entry.name}' is missing", fix=_GUIDE)


def _build(kind: type[Any], data: dict[str, Any], where: str) -> Any:  # noqa: ANN401 - one builder for three dataclasses
    """Build a frozen dataclass, refusing values of the wrong type and words outside the closed lists."""
    for entry in fields(kind):
        if entry.name in data:
            _check_type(data[entry.name], str(entry.type), f"{where} {entry.name}")
        if entry.name in _CHOICES and entry.name in data and data[entry.name] not in _CHOICES[entry.name]:
            known = ", ".join(_CHOICES[entry.name])
            raise SpecificationError(
                where=where, what=f"unknown {entry.name} '{data[entry.name]}'", fix=f"Use one of {known}."
            )
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in data.items()})


def _check_type(value: object, annotation: str, where: str) -> None:
    """Refuse a value whose type is not the declared one."""
    expected: tuple[type, ...]
    if annotation.startswith("tuple"):
        expected = (list, tuple)
    elif annotation == "bool":
        expected = (bool,)
    elif annotation == "str":
        expected = (str,)
    else:
        expected = (int, float)
    is_wrong = not isinstance(value, expected) or (bool not in expected and isinstance(value, bool))
    if is_wrong:
        raise SpecificationError(where=where, what="a value of the wrong type", fix=_GUIDE)


def _check_claim(claim: Claim, where: str) -> None:
    """Refuse a claim that cannot be judged, or needs what no table has."""
    marked = sum(part.headline for part in claim.components)
    if not claim.components or (claim.overall == "headline" and marked != 1):
        raise SpecificationError(
            where=where,
            what="no single component decides the claim",
            fix='Mark one [[component]] with headline = true, or write overall = "every".',
        )
    keys = [part.key for part in claim.components]
    if len(set(keys)) < len(keys):
        raise SpecificationError(
            where=where, what="two components have one key", fix="Give each its own key."
        )
    _check_columns(claim, where)


def _check_columns(claim: Claim, where: str) -> None:
    """Refuse a needed column that the canonical tables do not have, and an unknown note."""
    known = {f"{table.name}.{column.name}" for table in TABLES.values() for column in table.columns}
    for name in claim.needs:
        if name not in known:
            raise SpecificationError(
                where=where, what=f"unknown column '{name}' in needs", fix="Write table.column."
            )
    for note in claim.notes:
        if note not in read_notes():
            raise SpecificationError(where=where, what=f"unknown note '{note}'", fix="Use N1 to N7.")
