"""One folder per site: what arrives there, and how it is to be read.

``DIR/SITE/`` holds arriving files; ``DIR/SITE/corrections/`` those that take the place of an earlier export.
``DIR/SITE/site.toml`` may say::

    mapping = "own.toml"        # a file of this folder or a bundled mapping; canonical CSVs if absent
    sites = ["SITE"]            # sites that may be sent; the folder's name if absent
    settings = "limits.toml"    # limits of the gate
    waivers = "waivers.toml"    # reviewed waivers
    allow_removal = false       # whether the site consents once for all that rows it does not send again go
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE_FILE = "site.toml"
CORRECTIONS = "corrections"
OUTCOMES = {"accepted": "accepted", "returned": "returned"}
_ENDINGS = (".csv", ".csv.gz", ".tsv", ".txt", ".xlsx")
_TEXTS = {"mapping", "settings", "waivers"}
_FINGERPRINT_DIGITS = 12


@dataclass(frozen=True)
class Arrival:
    """A file or folder that arrived; a correction takes the place of an earlier export."""

    path: Path
    is_correction: bool

    @property
    def fingerprint(self) -> str:
        """First digits of a hash over names and contents: the name of a report about an unreadable file."""
        content = hashlib.sha256()
        for file in _files_of(self.path):
            content.update(f"{file.name}\0".encode())
            content.update(file.read_bytes())
        return f"F{content.hexdigest()[:_FINGERPRINT_DIGITS]}"


@dataclass(frozen=True)
class SiteFolder:
    """How the arrivals of one site are read.

    Parameters
    ----------
    mapping
        Path of a mapping file, name of a bundled one, or None for canonical files.
    sites
        Sites that may be sent.
    settings, waivers
        Files, or None.
    allow_removal
        Whether rows that a correction does not hold may go.
    """

    mapping: str | None
    sites: frozenset[str]
    settings: Path | None
    waivers: Path | None
    allow_removal: bool


def read_site_folder(folder: Path) -> SiteFolder:
    """Read the ``site.toml`` of a site's folder; without one the defaults hold.

    Raises
    ------
    SpecificationError
        The file is not valid TOML, or a key or value is not what it may be.
    """
    path = folder / SITE_FILE
    said = _read(path) if path.is_file() else {}
    unknown = sorted(set(said) - _TEXTS - {"sites", "allow_removal"})
    if unknown:
        raise _wrong(
            path, f"unknown key '{unknown[0]}'", "Use mapping, sites, settings, waivers, allow_removal"
        )
    for key in _TEXTS & set(said):
        if not isinstance(said[key], str):
            raise _wrong(path, f"{key} is no text", f'Write {key} = "NAME"')
    sites = said.get("sites", [folder.name])
    if not isinstance(sites, list) or not all(isinstance(site, str) for site in sites):
        raise _wrong(path, "sites is no list of texts", 'Write sites = ["A", "B"]')
    allow_removal = said.get("allow_removal", False)
    if not isinstance(allow_removal, bool):
        raise _wrong(path, "allow_removal is neither true nor false", "Write true or false")
    return SiteFolder(
        mapping=_mapping(folder, said.get("mapping")),
        sites=frozenset(sites),
        settings=folder / said["settings"] if "settings" in said else None,
        waivers=folder / said["waivers"] if "waivers" in said else None,
        allow_removal=allow_removal,
    )


def find_arrivals(folder: Path, *, before: float) -> Iterator[Arrival]:
    """Find what has arrived in a site's folder, oldest first.

    Parameters
    ----------
    folder
        The site's folder. Hidden files, files of other kinds and the folders of outcomes are passed over.
    before
        Time in seconds since 1970; what was changed later is still being written.
    """
    found = [*_candidates(folder, is_correction=False)]
    if (folder / CORRECTIONS).is_dir():
        found += _candidates(folder / CORRECTIONS, is_correction=True)
    ages = [(max((file.stat().st_mtime for file in _files_of(a.path)), default=0.0), a) for a in found]
    ready = [(age, arrival) for age, arrival in ages if age <= before]
    yield from (arrival for _, arrival in sorted(ready, key=lambda pair: (pair[0], pair[1].path.name)))


def _candidates(folder: Path, *, is_correction: bool) -> list[Arrival]:
    """List the files and folders that can be a submission."""
    kept = {CORRECTIONS, *OUTCOMES.values()}
    return [
        Arrival(path, is_correction)
        for path in folder.iterdir()
        if not path.name.startswith(".")
        and ((path.is_dir() and path.name not in kept) or path.name.lower().endswith(_ENDINGS))
    ]


def _files_of(path: Path) -> list[Path]:
    """Return a file, or the files of a folder in order of name."""
    return sorted(item for item in path.iterdir() if item.is_file()) if path.is_dir() else [path]


def _mapping(folder: Path, name: str | None) -> str | None:
    """Return a mapping of the folder by its path, and a bundled one by its name."""
    if name is None:
        return None
    return str(folder / name) if (folder / name).is_file() else name


def _read(path: Path) -> dict[str, Any]:
    """Read a TOML file."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(path, "it cannot be read as TOML", "Check the file") from error


def _wrong(path: Path, what: str, fix: str) -> SpecificationError:
    """Return the error about a site's file."""
    return SpecificationError(where=str(path), what=what, fix=fix)
