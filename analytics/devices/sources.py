"""Where a sentence or a range comes from, and the reading of data files that carry such sources."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A text that a reader can open.

    Parameters
    ----------
    text
        What it is, in a few words.
    doi, pmid, url
        At least one of them.
    """

    text: str
    doi: str = ""
    pmid: str = ""
    url: str = ""

    @property
    def citation(self) -> str:
        """The text and how to open it."""
        places = (
            f"DOI {self.doi}" if self.doi else "",
            f"PMID {self.pmid}" if self.pmid else "",
            self.url,
        )
        return ", ".join(part for part in (self.text, *places) if part)


def read_sources(raw: Mapping[str, Any], where: str) -> tuple[Source, ...]:
    """Read the key ``sources`` of an entry.

    Raises
    ------
    SpecificationError
        Where a source cannot be opened by anybody: no DOI, PMID or address.
    """
    found, place = raw.get("sources", []), f"{where}.sources"
    for entry in found:
        check_keys(entry, required={"text"}, optional={"doi", "pmid", "url"}, where=place)
        if not set(entry) & {"doi", "pmid", "url"}:
            raise refuse(place, "a source without an address", "Give doi, pmid or url.")
    return tuple(Source(**entry) for entry in found)


def read_entries(name: str, table: str, path: Path | None = None) -> list[dict[str, Any]]:
    """Read the entries of one table of a data file.

    Parameters
    ----------
    name
        File of this package that is read where no path is given.
    table
        Name of the array of tables.
    path
        A file of the user instead.

    Returns
    -------
    list of dict
        Entries in the order of the file.

    Raises
    ------
    SpecificationError
        Where the file cannot be read, is no TOML, or has no such table.
    """
    where = str(path) if path else name
    try:
        source = path or resources.files("analytics.devices") / name
        raw = tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise refuse(where, "cannot be read as TOML", "Check the path, quotes and brackets.") from None
    entries = raw.get(table)
    if set(raw) != {table} or not isinstance(entries, list) or not entries:
        raise refuse(where, f"entries of '{table}' and nothing else are needed", f"Write [[{table}]].")
    keys = [entry.get("key") for entry in entries]
    if len(set(keys)) < len(keys):
        raise refuse(where, "two entries of one key", "Give each entry its own key.")
    return entries


def check_keys(raw: Mapping[str, Any], *, required: set[str], optional: set[str], where: str) -> None:
    """Refuse an entry with unknown or missing keys.

    Raises
    ------
    SpecificationError
        Names the keys.
    """
    unknown, missing = sorted(set(raw) - required - optional), sorted(required - set(raw))
    if unknown:
        raise refuse(
            where, f"unknown key {', '.join(unknown)}", f"Use {', '.join(sorted(required | optional))}."
        )
    if missing:
        raise refuse(where, f"missing key {', '.join(missing)}", "Add it.")


def refuse(where: str, what: str, fix: str) -> SpecificationError:
    """Build the error of a data file that is not valid."""
    return SpecificationError(where=where, what=what, fix=fix)
