"""Publish a snapshot: a new closed file for readers, without quarantine or patients who refused research."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import StoreError
from analytics.store.catalogue import read_columns
from analytics.store.completeness import derive_completeness
from analytics.store.connection import open_snapshot, open_to_publish
from analytics.store.engine import registered, run
from analytics.store.ledger import fingerprint_data
from analytics.store.research_use import count_refusals, select_allowed
from analytics.store.snapshot_files import (
    find_current_snapshot,
    move_into_place,
    name_snapshot,
    point_to,
    remove_old_snapshots,
    reserve_building_folder,
    snapshot_folder,
)
from analytics.store.statements import CANONICAL_TABLES, quote_name, select_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from analytics.store.engine import Connection

__all__ = [
    "OWN_TABLES",
    "find_current_snapshot",
    "is_published",
    "publish_snapshot",
    "read_snapshot_info",
    "snapshot_folder",
]

OWN_TABLES: frozenset[str] = frozenset(
    {*CANONICAL_TABLES, "submissions", "findings_summary", "rule_results", "completeness", "snapshot_info"}
)
"""Tables that every snapshot has; a derived table takes none of these names."""

_INFO = "select key, value from snapshot_info"
_FINDINGS_SUMMARY = """
select
    submission_id, site_id, rule_id, level, "table" as table_name, "column" as column_name,
    sentence, remedy, cast(sum(n) as bigint) as n
from findings
group by submission_id, site_id, rule_id, level, "table", "column", sentence, remedy
order by submission_id, site_id, rule_id, level, "table", "column", sentence, remedy
"""


def publish_snapshot(
    db_path: Path, out_dir: Path, *, derived: Mapping[str, pl.DataFrame], info: Mapping[str, str]
) -> Path:
    """Write a snapshot of the store, make it the current one, and clear old ones.

    Parameters
    ----------
    db_path
        The store; nobody may be loading into it.
    out_dir
        Folder of the snapshots; made if missing.
    derived
        Frames to publish beside the canonical tables, by table name (``cohort_procedures``,
        ``time_to_event``...).
    info
        Further pairs for ``snapshot_info``, for example versions and the time of publication.

    Returns
    -------
    Path
        The new file. It never changes, and its name is never used again. The last three are kept.

    Raises
    ------
    StoreError
        The store cannot be read. The current snapshot stays as it was.
    """
    if OWN_TABLES & set(derived):
        message = "a derived table takes the name of a table that every snapshot has"
        raise ValueError(message)
    _require_store(db_path)
    out_dir.mkdir(parents=True, exist_ok=True)
    number, building = reserve_building_folder(out_dir)
    try:
        name = _build(db_path, building / "snapshot.duckdb", number=number, derived=derived, info=info)
        move_into_place(building / "snapshot.duckdb", out_dir / name)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    point_to(out_dir / name)
    remove_old_snapshots(out_dir)
    return out_dir / name


def read_snapshot_info(out_dir: Path) -> dict[str, str]:
    """Return the pairs of ``snapshot_info`` of the current snapshot; empty where none can be read."""
    try:
        with open_snapshot(find_current_snapshot(out_dir)) as connection:
            return {str(key): str(value) for key, value in run(connection, _INFO)}
    except StoreError:
        return {}


def is_published(db_path: Path, out_dir: Path) -> bool:
    """Tell whether the current snapshot shows what the store holds now.

    It does not where a load died between its transaction and its publication.

    Raises
    ------
    StoreError
        The store cannot be read.
    """
    with open_snapshot(db_path) as store:
        fingerprint = fingerprint_data(store)
    return read_snapshot_info(out_dir).get("data_fingerprint") == fingerprint


def _require_store(db_path: Path) -> None:
    """Refuse a snapshot given as a store before anything is written."""
    with open_snapshot(db_path) as store:
        if not read_columns(store, "findings"):
            raise StoreError(
                where=str(db_path), what="not a store", fix="Name the file that 'calcpci load' wrote."
            )


def _build(
    db_path: Path, target: Path, *, number: int, derived: Mapping[str, pl.DataFrame], info: Mapping[str, str]
) -> str:
    """Fill the new file and return the name it gets."""
    with open_to_publish(db_path, target) as connection:
        fingerprint = fingerprint_data(connection)
        own = {
            "snapshot_id": f"{number:06d}-{fingerprint[:12]}",
            "data_fingerprint": fingerprint,
            "n_patients_refused": str(count_refusals(connection)),
        }
        _copy_tables(connection)
        for table, frame in derived.items():
            _create(connection, table, _with_storable_types(frame))
        pairs = {**info, **own}
        pairs_frame = pl.DataFrame({"key": list(pairs), "value": list(pairs.values())})
        _create(connection, "snapshot_info", pairs_frame)
        # From here on plain names mean the snapshot, which holds only what may be shown.
        run(connection, "use snapshot")
        _create(connection, "completeness", derive_completeness(connection))
    return name_snapshot(number, fingerprint)


def _copy_tables(connection: Connection) -> None:
    """Copy the allowed canonical rows and the ledger, and count the findings."""
    for table in CANONICAL_TABLES:
        _copy(connection, table, select_allowed(connection, table, read_columns(connection, table)))
    ledger = read_columns(connection, "submissions")
    _copy(connection, "submissions", select_rows("submissions", ledger, "order by load_number"))
    _copy(connection, "findings_summary", _FINDINGS_SUMMARY)
    results = read_columns(connection, "rule_results")
    if results:
        _copy(connection, "rule_results", select_rows("rule_results", results))


def _copy(connection: Connection, table: str, query: str) -> None:
    """Write the rows of a query on the store as a new table."""
    run(connection, " ".join(("create table snapshot.main." + quote_name(table), "as", query)))


def _create(connection: Connection, table: str, frame: pl.DataFrame) -> None:
    """Write a frame as a new table, columns by name."""
    with registered(connection, frame) as source:
        _copy(connection, table, select_rows(source, frame.columns))


def _with_storable_types(frame: pl.DataFrame) -> pl.DataFrame:
    """Store categories as text and columns of nothing as text, as the canonical tables do."""
    texts = [name for name, kind in frame.schema.items() if kind in (pl.Null, pl.Categorical, pl.Enum)]
    return frame.with_columns(pl.col(texts).cast(pl.String)) if texts else frame
