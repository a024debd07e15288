"""Read a TOML table into frozen dataclasses; what the dataclass does not name is an error."""

from __future__ import annotations

import types
from dataclasses import MISSING, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from schemas.errors import SchemaFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")


def build_settings(kind: type[T], table: Mapping[str, Any], *, where: str) -> T:
    """Build one dataclass from one TOML table, nested dataclasses included.

    Parameters
    ----------
    kind
        A dataclass whose fields are int, float, str, bool, tuples, mappings of strings, or such dataclasses.
    table
        The parsed TOML table.
    where
        File and table, for the error message.

    Raises
    ------
    SchemaFileError
        On a key that the dataclass does not have, a key that is missing, or a value of another type.
    """
    hints = get_type_hints(kind)
    members = fields(kind)  # type: ignore[arg-type]  # always a dataclass
    unknown = sorted(set(table) - {member.name for member in members})
    if unknown:
        raise SchemaFileError(
            where=where,
            what=f"unknown key '{unknown[0]}'",
            fix=f"Use one of: {', '.join(member.name for member in members)}",
        )
    values: dict[str, Any] = {}
    for member in members:
        if member.name in table:
            values[member.name] = _convert(
                hints[member.name], table[member.name], where=f"{where}.{member.name}"
            )
        elif member.default is MISSING and member.default_factory is MISSING:
            raise SchemaFileError(where=where, what=f"key '{member.name}' is missing", fix="Add it")
    return kind(**values)


def _convert(hint: Any, value: Any, *, where: str) -> Any:  # noqa: ANN401 - the type is the hint's
    """Convert one TOML value to the type that a field declares."""
    if is_dataclass(hint):
        return build_settings(hint, _expect(value, dict, where=where), where=where)  # type: ignore[arg-type]  # a dataclass
    origin = get_origin(hint)
    if origin is tuple:
        return _convert_tuple(hint, _expect(value, list, where=where), where=where)
    if origin in (dict, types.MappingProxyType):
        item = get_args(hint)[1]
        table = _expect(value, dict, where=where)
        return {key: _convert(item, entry, where=f"{where}.{key}") for key, entry in table.items()}
    if hint is float and type(value) is int:
        return float(value)
    return _expect(value, hint, where=where)


def _convert_tuple(hint: Any, value: list[Any], *, where: str) -> tuple[Any, ...]:  # noqa: ANN401
    """Convert a list whose items share one type."""
    item = get_args(hint)[0]
    return tuple(_convert(item, entry, where=f"{where}[{place}]") for place, entry in enumerate(value))


def _expect(value: Any, kind: type, *, where: str) -> Any:  # noqa: ANN401
    """Return the value if it has exactly the type, so that true is no number."""
    if type(value) is not kind:
        raise SchemaFileError(
            where=where, what=f"holds {type(value).__name__}, not {kind.__name__}", fix="Correct the value"
        )
    return value
