"""Keep what was loaded outside the database: one folder per submission, named after its content hash.

A bundle holds the rows as they came out of the mapping, after identifiers were dropped or replaced by
pseudonyms. It is written before the transaction and marked after it, so that the archive alone can rebuild a
damaged store, and a store can be held against it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from analytics.errors import StoreError
from schemas.submission import SubmissionReport, TableReport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.store.prepared import PreparedSubmission

FORMAT = 1
_MANIFEST = "manifest.json"
_LOADED = "loaded.json"
_WITHDRAWN = "withdrawn.json"
_BUILDING = ".building-"
_FRAMES = ("findings", "rule_results", "waived")


@dataclass(frozen=True)
class ArchivedSource:
    """The submission of a bundle, as the ledger describes it; see `analytics.store.prepared.Submission`."""

    submission_id: str
    source_name: str
    sha256: str
    site_ids: tuple[str, ...]
    mapping_name: str | None
    mapping_sha256: str | None


@dataclass(frozen=True)
class ArchivedGate:
    """The verdict of a bundle: colour and reasons."""

    colour: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Bundle:
    """One archived submission.

    Parameters
    ----------
    path
        Its folder.
    submission, gate
        What the ledger says of it.
    received_at
        UTC.
    replaces
        Submissions that it superseded.
    is_loaded
        Whether its transaction was seen to end; a bundle without that mark belongs to a load that died.
    withdrawn
        Reason and time of its withdrawal, or None.
    """

    path: Path
    submission: ArchivedSource
    gate: ArchivedGate
    received_at: datetime
    replaces: tuple[str, ...]
    is_loaded: bool
    withdrawn: dict[str, str] | None

    @property
    def report(self) -> SubmissionReport:
        """Read the rows and findings back.

        Raises
        ------
        StoreError
            A file of the bundle is missing or not what was written.
        """
        return _read_report(self.path)


def archive_folder(db_path: Path) -> Path:
    """Return the folder beside a store in which its submissions are archived."""
    return db_path.with_name(f"{db_path.stem}-archive")


def write_bundle(
    folder: Path, prepared: PreparedSubmission, *, received_at: datetime, replaces: tuple[str, ...] = ()
) -> Path:
    """Archive a submission that is about to be loaded.

    Parameters
    ----------
    folder
        The archive; made, for its owner only, if missing.
    prepared
        Submission, report and gate.
    received_at
        UTC.
    replaces
        Submissions that it will supersede.

    Returns
    -------
    Path
        The folder of the bundle, complete and durable; nothing else ever shows under that name.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_dead_bundles(folder, prepared.submission.sha256)
    building = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=folder))
    try:
        hashes = {name: _write_frame(building / name, frame) for name, frame in _frames(prepared.report)}
        manifest = _describe(prepared, received_at, replaces) | {"files": hashes}
        _write_json(building / _MANIFEST, manifest)
        target = folder / f"{received_at:%Y%m%dT%H%M%S%f}Z-{prepared.submission.sha256[:16]}"
        building.rename(target)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return target


def remove_bundle(bundle: Path) -> None:
    """Remove the bundle of a load that was refused."""
    shutil.rmtree(bundle, ignore_errors=True)


def mark_loaded(bundle: Path) -> None:
    """Note that the transaction of a bundle has ended."""
    _write_json(bundle / _LOADED, {"loaded_at": datetime.now(UTC).isoformat()})


def mark_withdrawn(bundle: Path, *, reason: str, at: datetime) -> None:
    """Note that a bundle was withdrawn, and why."""
    _write_json(bundle / _WITHDRAWN, {"reason": reason, "at": at.isoformat()})


def read_bundles(folder: Path) -> list[Bundle]:
    """Read the bundles of an archive in order of arrival; rows are read when asked for.

    Raises
    ------
    StoreError
        A manifest is missing, damaged, or of a newer calcpci.
    """
    return list(_bundles(folder))


def find_bundle(folder: Path, submission_id: str) -> Bundle | None:
    """Return the newest loaded bundle of a submission, or None."""
    found = [b for b in _bundles(folder) if b.submission.submission_id == submission_id and b.is_loaded]
    return found[-1] if found else None


def _bundles(folder: Path) -> Iterator[Bundle]:
    """Read manifests in order of name, which is the order of arrival."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith(_BUILDING):
            yield _read_bundle(path)


def _read_bundle(path: Path) -> Bundle:
    """Read the manifest and the marks of one bundle."""
    said = _read_json(path / _MANIFEST)
    try:
        source = said["submission"] | {"site_ids": tuple(said["submission"]["site_ids"])}
        return Bundle(
            path=path,
            submission=ArchivedSource(**source),
            gate=ArchivedGate(said["gate"]["colour"], tuple(said["gate"]["reasons"])),
            received_at=datetime.fromisoformat(said["received_at"]),
            replaces=tuple(said["replaces"]),
            is_loaded=(path / _LOADED).is_file(),
            withdrawn=_read_json(path / _WITHDRAWN) if (path / _WITHDRAWN).is_file() else None,
        )
    except (KeyError, TypeError, ValueError):
        raise damaged_bundle(path) from None


def _read_report(path: Path) -> SubmissionReport:
    """Read the frames of a bundle and hold each against its hash."""
    hashes = _read_json(path / _MANIFEST)["files"]
    frames = {name: _read_frame(path / name, expected) for name, expected in hashes.items()}
    tables = {}
    for name in (key.split(".")[1] for key in frames if key.startswith("accepted.")):
        accepted, rejected = frames[f"accepted.{name}.parquet"], frames[f"rejected.{name}.parquet"]
        tables[name] = TableReport(name, accepted, rejected, accepted.height + rejected.height)
    others = {name: frames[f"{name}.parquet"] for name in _FRAMES if f"{name}.parquet" in frames}
    return SubmissionReport(tables=tables, **others)


def damaged_bundle(path: Path) -> StoreError:
    """Say that a bundle is not what was written."""
    return StoreError(
        where=str(path),
        what="the archived submission is damaged",
        fix="Restore it from a backup of the archive, or ask the site for the file again.",
    )


def _frames(report: SubmissionReport) -> Iterator[tuple[str, pl.DataFrame]]:
    """Name every frame of a report."""
    for name, table in report.tables.items():
        yield f"accepted.{name}.parquet", table.accepted
        yield f"rejected.{name}.parquet", table.rejected
    for name in _FRAMES:
        yield f"{name}.parquet", getattr(report, name)


def _describe(
    prepared: PreparedSubmission, received_at: datetime, replaces: tuple[str, ...]
) -> dict[str, Any]:
    """Return the manifest without the hashes of the files."""
    of = prepared.submission
    source = ArchivedSource(
        of.submission_id, of.source_name, of.sha256, tuple(of.site_ids), of.mapping_name, of.mapping_sha256
    )
    return {
        "format": FORMAT,
        "submission": asdict(source),
        "gate": {"colour": prepared.gate.colour, "reasons": list(prepared.gate.reasons)},
        "received_at": received_at.isoformat(),
        "replaces": list(replaces),
    }


def _remove_dead_bundles(folder: Path, sha256: str) -> None:
    """Clear what loads of the same content left behind that never ended."""
    for path in folder.glob(f"*-{sha256[:16]}"):
        if not (path / _LOADED).exists():
            shutil.rmtree(path, ignore_errors=True)


def _write_frame(path: Path, frame: pl.DataFrame) -> str:
    """Write a frame durably and return the hash of its file."""
    frame.write_parquet(path, compression="zstd", statistics=False)
    _write_through(path)
    return _hash(path)


def _read_frame(path: Path, expected: str) -> pl.DataFrame:
    """Read a frame whose file is still what was written."""
    if not path.is_file() or _hash(path) != expected:
        raise damaged_bundle(path.parent)
    return pl.read_parquet(path)


def _hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a small file so that it is there whole or not at all."""
    draft = path.with_name(f".{path.name}")
    draft.write_text(json.dumps(value, indent=1) + "\n", "utf-8")
    _write_through(draft)
    draft.replace(path)


def _read_json(path: Path) -> dict[str, Any]:
    """Read a small file of a bundle."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        raise damaged_bundle(path.parent) from None
    if not isinstance(found, dict) or found.get("format", FORMAT) != FORMAT:
        raise damaged_bundle(path.parent)
    return found


def _write_through(path: Path) -> None:
    """Have the operating system write a file to the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
