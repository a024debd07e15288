"""Limits of the gate and of the rules about whole sites, read from a TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from analytics.errors import SpecificationError
from analytics.intake.gate import DEFAULT_GATE, GateSettings
from schemas.registry import TABLES
from schemas.rules.limits import DEFAULT_LIMITS, RuleLimits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_settings(path: Path) -> GateSettings:
    """Read the limits of the gate, and with them those of the rules about whole sites.

    Parameters
    ----------
    path
        TOML file with the tables ``[gate]`` (fields of `GateSettings`), ``[rules]`` (fields of `RuleLimits`)
        and ``[completeness]`` (least share of filled cells by ``"table.column"``; a share of 0 takes the
        column out). What is not given keeps its default.

    Raises
    ------
    SpecificationError
        The file cannot be read, or names a setting or column that does not exist, or a value out of range.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(path, "the settings cannot be read as TOML", "Check the path and the file") from error
    unknown = sorted(set(content) - {"gate", "rules", "completeness"})
    if unknown:
        raise _wrong(path, f"unknown table {unknown[0]}", "Use [gate], [rules] and [completeness]")
    gate = replace(DEFAULT_GATE, **_numbers(path, content, "gate", GateSettings))
    limits = replace(DEFAULT_LIMITS, **_numbers(path, content, "rules", RuleLimits))
    completeness = dict(limits.completeness) | _shares(path, content)
    kept = {name: share for name, share in completeness.items() if share > 0}
    limits = replace(limits, completeness=kept)
    return replace(gate, limits=limits)


def _section(path: Path, content: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return one table of the file."""
    section = content.get(name, {})
    if not isinstance(section, dict):
        raise _wrong(path, f"{name} is no table", f"Write [{name}] above its settings")
    return section


def _numbers(path: Path, content: Mapping[str, Any], name: str, kind: type) -> dict[str, Any]:
    """Return the numbers of one table, refused where a name or value is wrong."""
    section = _section(path, content, name)
    known = {item.name for item in fields(kind)} - {"completeness", "limits"}
    for key, value in section.items():
        where = f"{path} [{name}] {key}"
        if key not in known:
            raise SpecificationError(
                where=where, what="no such setting", fix=f"Use {', '.join(sorted(known))}"
            )
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise SpecificationError(where=where, what="not a number of 0 or more", fix="Give such a number")
    return {key: int(value) if key == "fewest" else float(value) for key, value in section.items()}


def _shares(path: Path, content: Mapping[str, Any]) -> dict[str, float]:
    """Return the limits of completeness by column."""
    section = _section(path, content, "completeness")
    columns = {f"{table.name}.{column}" for table in TABLES.values() for column in table.by_name}
    for key, value in section.items():
        where = f"{path} [completeness] {key}"
        if key not in columns:
            raise SpecificationError(where=where, what="no such column", fix='Write it as "table.column"')
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise SpecificationError(where=where, what="not a share from 0 to 1", fix="Give such a share")
    return {key: float(value) for key, value in section.items()}


def _wrong(path: Path, what: str, fix: str) -> SpecificationError:
    """Return the error about a settings file."""
    return SpecificationError(where=str(path), what=what, fix=fix)
