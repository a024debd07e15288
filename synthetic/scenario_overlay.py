"""Scenario files that say only in what they differ from another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.errors import SchemaFileError

if TYPE_CHECKING:
    from collections.abc import Callable

Table = dict[str, Any]
_INSTRUCTIONS = frozenset({"extends", "site_changes", "site_copies"})


def resolve(table: Table, read: Callable[[str], Table], *, where: str) -> Table:
    """Lay a scenario over the one that it extends.

    Parameters
    ----------
    table
        Parsed TOML. ``extends`` names a bundled scenario; tables are merged key by key, everything else
        replaces what stood there. ``site_changes`` holds one table of changes per site identifier, and
        ``"*"`` changes every site. ``site_copies`` repeats every site so many times under numbered names.
    read
        Returns the parsed table of a bundled scenario, itself resolved.
    where
        File, for error messages.

    Raises
    ------
    SchemaFileError
        If a change names a site that the scenario does not have.
    """
    rest = {key: value for key, value in table.items() if key not in _INSTRUCTIONS}
    merged = _merge(read(str(table["extends"])), rest) if "extends" in table else rest
    changes = table.get("site_changes", {})
    sites = merged.get("sites", [])
    _refuse_strangers(changes, sites, where=where)
    if changes:
        general = changes.get("*", {})
        merged["sites"] = [{**site, **general, **changes.get(site.get("site_id"), {})} for site in sites]
    copies = table.get("site_copies", 1)
    if type(copies) is not int or copies < 1:
        raise SchemaFileError(where=f"{where}.site_copies", what="is no count", fix="Give 1 or more")
    if copies > 1:
        merged["sites"] = [
            {**site, "site_id": f"{site.get('site_id')}-{number:02d}"}
            for number in range(1, copies + 1)
            for site in merged["sites"]
        ]
    return merged


def _merge(base: Table, over: Table) -> Table:
    """Merge two tables, key by key."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _refuse_strangers(changes: Table, sites: list[Table], *, where: str) -> None:
    """Refuse changes of a site that is not there."""
    known = [str(site.get("site_id")) for site in sites]
    strangers = sorted(set(changes) - {*known, "*"})
    if strangers:
        raise SchemaFileError(
            where=f"{where}.site_changes",
            what=f"no site '{strangers[0]}'",
            fix=f"Use one of: {', '.join(known)}",
        )
