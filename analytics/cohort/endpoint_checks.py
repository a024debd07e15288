"""Form of an endpoint file: which keys it has and what kind of value each holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT = ("name", "label", "clock", "composition", "source")
_REQUIRED = (*_TEXT, "competing", "components")
_OPTIONAL: dict[str, type] = {"includes_periprocedural_mi": bool, "window_days": int}


def refuse(where: str, what: str, fix: str) -> SpecificationError:
    """Make the error for an endpoint that cannot be used."""
    return SpecificationError(where=f"endpoint {where}", what=what, fix=fix)


def check_endpoint_keys(raw: Mapping[str, Any], *, where: str, conditions: tuple[str, ...]) -> None:
    """Check keys and kinds of values of an endpoint and its components.

    Parameters
    ----------
    raw
        The TOML document.
    where
        Name of the file for the error.
    conditions
        Keys that a component may have besides ``name`` and ``event_type``.

    Raises
    ------
    SpecificationError
        For the first key that is unknown, missing or of the wrong kind.
    """
    _check_keys(raw, required=_REQUIRED, optional=tuple(_OPTIONAL), where=where)
    _check_kinds(raw, where)
    _check_list(raw, "competing", where)
    parts = raw["components"]
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise refuse(where, "no components", "Add at least one [[components]] table.")
    for part in parts:
        _check_keys(part, required=("name", "event_type"), optional=conditions, where=f"{where}, components")
        if not isinstance(part["name"], str):
            raise refuse(where, "name of a component is no text", "Write it in quotes.")
        for key in set(part) - {"name"}:
            _check_list(part, key, where)


def _check_kinds(raw: Mapping[str, Any], where: str) -> None:
    """Refuse values of the wrong kind."""
    for key in _TEXT:
        if not isinstance(raw[key], str) or not raw[key].strip():
            raise refuse(where, f"{key} is no text", f"Write {key} in quotes.")
    for key, kind in _OPTIONAL.items():
        # bool is an int in Python: only the exact type will do.
        if key in raw and type(raw[key]) is not kind:
            raise refuse(where, f"{key} has the wrong kind", f"Give {key} as {kind.__name__}.")


def _check_keys(
    raw: Mapping[str, Any], *, required: tuple[str, ...], optional: tuple[str, ...], where: str
) -> None:
    """Refuse missing and unknown keys."""
    missing = [key for key in required if key not in raw]
    if missing:
        raise refuse(where, f"key {missing[0]} is missing", f"Add {missing[0]}.")
    unknown = sorted(set(raw) - set(required) - set(optional))
    if unknown:
        known = ", ".join((*required, *optional))
        raise refuse(where, f"unknown key {unknown[0]}", f"Known keys: {known}.")


def _check_list(raw: Mapping[str, Any], key: str, where: str) -> None:
    """Refuse what is no list of texts."""
    values = raw[key]
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise refuse(where, f"{key} is no list of texts", f'Write {key} = ["..."].')
