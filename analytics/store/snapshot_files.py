"""Names of snapshots on disk: a new one each time, a pointer to the current one, and which old ones to keep.

A snapshot never changes and its name is never used again: DuckDB keeps answering from an old file for as long
as one connection of the process still holds it, so writing over a name would serve old numbers in silence.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from analytics.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

POINTER_NAME = "current.json"
KEPT_SNAPSHOTS = 3
# A publication takes seconds; a building folder of yesterday belongs to one that died.
_STALE_SECONDS = 86_400
_SNAPSHOT_NAME = re.compile(r"snapshot-(\d{6,})-[0-9a-f]{12}\.duckdb")
_BUILDING_NAME = re.compile(r"building-(\d{6,})")


def snapshot_folder(db_path: Path) -> Path:
    """Return the folder beside a store in which its snapshots are published."""
    return db_path.with_name(f"{db_path.stem}-snapshots")


def find_current_snapshot(folder: Path) -> Path:
    """Find the snapshot that readers should open.

    Parameters
    ----------
    folder
        Where `publish_snapshot` writes.

    Returns
    -------
    Path
        The file the pointer names. Open it, read, close it, and ask again for the next read.

    Raises
    ------
    StoreError
        Nothing was published there, or the pointer is damaged.
    """
    pointer = folder / POINTER_NAME
    try:
        name = json.loads(pointer.read_text("utf-8"))["snapshot"]
    except FileNotFoundError:
        raise StoreError(
            where=str(folder),
            what="no snapshot was published here",
            fix="Load a registry with 'calcpci load' first.",
        ) from None
    except (ValueError, KeyError, TypeError):
        raise _damaged(pointer) from None
    if not isinstance(name, str) or not _SNAPSHOT_NAME.fullmatch(name) or not (folder / name).is_file():
        raise _damaged(pointer)
    return folder / name


def reserve_building_folder(folder: Path) -> tuple[int, Path]:
    """Take the next sequence number by making a folder for it; two publishers never get the same one."""
    while True:
        number = 1 + max((0, *_used_numbers(folder)))
        building = folder / f"building-{number:06d}"
        with suppress(FileExistsError):
            building.mkdir()
            return number, building


def name_snapshot(number: int, fingerprint: str) -> str:
    """Name a snapshot after its sequence number and the data it holds."""
    return f"snapshot-{number:06d}-{fingerprint[:12]}.duckdb"


def move_into_place(built: Path, target: Path) -> None:
    """Make a finished file durable and give it its name."""
    _write_through(built)
    built.replace(target)


def point_to(target: Path) -> None:
    """Make a snapshot the current one; a reader sees the old pointer or the new one, nothing between."""
    pointer = target.parent / POINTER_NAME
    draft = pointer.with_name(f"{POINTER_NAME}.{os.getpid()}")
    draft.write_text(json.dumps({"snapshot": target.name}) + "\n", "utf-8")
    _write_through(draft)
    draft.replace(pointer)


def remove_old_snapshots(folder: Path) -> None:
    """Keep the newest snapshots and the current one; clear what dead publications left behind."""
    snapshots = sorted(
        (path for path in folder.iterdir() if _SNAPSHOT_NAME.fullmatch(path.name)), key=_number_of
    )
    current = find_current_snapshot(folder)
    for path in snapshots[:-KEPT_SNAPSHOTS]:
        if path != current:
            # Windows refuses while a reader holds the file; the next publication tries again.
            with suppress(PermissionError):
                path.unlink(missing_ok=True)
    for path in folder.iterdir():
        if _BUILDING_NAME.fullmatch(path.name) and time.time() - path.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def _used_numbers(folder: Path) -> list[int]:
    """List the sequence numbers that are taken."""
    found = (
        _SNAPSHOT_NAME.fullmatch(path.name) or _BUILDING_NAME.fullmatch(path.name)
        for path in folder.iterdir()
    )
    return [int(match.group(1)) for match in found if match]


def _number_of(path: Path) -> int:
    """Read the sequence number of a snapshot."""
    return int(path.name.split("-")[1])


def _write_through(path: Path) -> None:
    """Have the operating system write a file to the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _damaged(pointer: Path) -> StoreError:
    """Say that the pointer names no snapshot."""
    return StoreError(
        where=str(pointer), what="it names no snapshot", fix="Publish again with 'calcpci load'."
    )
