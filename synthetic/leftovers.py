"""What an earlier registry left in a folder: two registries in one folder would be read as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import SchemaFileError
from schemas.registry import TABLES
from schemas.rules.catalogue import RULES
from synthetic.dialects.writing import FILE, MAPPING
from synthetic.faults.files import FOLDER

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

FAULTS = "faults.csv"
OF_FAULTS = (FAULTS, FOLDER)
"""Names that only a registry with faults has."""

_ENDINGS = (".csv", ".csv.gz", ".parquet")
_TABLE_FILES = frozenset(f"{table}{ending}" for table in TABLES for ending in _ENDINGS)
_MOST_NAMED = 4


def refuse_leftovers(out: Path, written: Collection[str]) -> None:
    """Refuse a folder in which parts of another registry would stay beside the one that is to be written.

    Nothing is deleted, since what lies there may be somebody's own; files of other names are let be.

    Parameters
    ----------
    out
        Folder that is to be written to; it may be absent.
    written
        Names of the files and folders right below it that will be written, and replaced.

    Raises
    ------
    SchemaFileError
        If there is a table, a list of faults, a folder of broken files or a hospital's folder beyond these.
    """
    if not out.is_dir():
        return
    left = sorted(
        f"{path.name}/" if path.is_dir() else path.name
        for path in out.iterdir()
        if path.name not in written and _is_of_registry(path)
    )
    if left:
        more = f" and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
        raise SchemaFileError(
            where=str(out),
            what=f"{', '.join(left[:_MOST_NAMED])}{more} of another registry would stay beside this one",
            fix="Name another folder, or remove what is left of the other registry",
        )


def _is_of_registry(path: Path) -> bool:
    """Tell whether a registry has a file or a folder of this kind."""
    if not path.is_dir():
        return path.name.casefold() in {*_TABLE_FILES, FAULTS}
    if path.name == FOLDER:
        return any(item.is_dir() and item.name.split("-")[0] in RULES for item in path.iterdir())
    return (path / FILE).is_file() and (path / MAPPING).is_file()
