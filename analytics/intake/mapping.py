"""From files on disk to canonical text: through a mapping, or as canonical CSVs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import InputFileError, MappingError, SecretMissingError
from analytics.intake.headers import check_headers
from analytics.intake.identifiers import identifier_columns
from analytics.intake.implied_site import implied_site
from analytics.intake.original_rows import CANONICAL_READ
from analytics.intake.reading import read_raw_file
from analytics.intake.suspicion import (
    confirmed_units,
    find_empty_columns,
    find_swapped_dates,
    find_unit_suspicions,
)
from analytics.intake.typed_reading import read_typed_file
from analytics.intake.workbooks import is_workbook
from schemas.errors import SchemaFileError
from schemas.mapping.apply import apply_mapping
from schemas.mapping.checks import check_mapping
from schemas.mapping.file_parts import mapping_of_file
from schemas.mapping.findings import finding, findings_frame
from schemas.mapping.format import bundled_mapping_names, load_bundled_mapping, load_mapping
from schemas.mapping.iso_dates import with_iso_dates
from schemas.mapping.raw import MappedFile
from schemas.mapping.texts import normalise_cells, position_name
from schemas.registry import LOADER_COLUMNS, TABLES
from schemas.submission import TextTable, empty_findings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.mapping.model import SiteMapping
    from schemas.mapping.raw import RawFile

SECRET_VARIABLE = "CALCPCI_PSEUDONYM_SECRET"  # noqa: S105 -- the name of the variable, not the secret
_POSITION = ("row", "record", "line")


def find_mapping(mapping: Path | str) -> SiteMapping:
    """Return a mapping by the path of its file or by its bundled name, checked without data.

    Raises
    ------
    MappingError
        If there is none, or it has a fault.
    """
    try:
        is_bundled = isinstance(mapping, str) and mapping in bundled_mapping_names()
        found = load_bundled_mapping(str(mapping)) if is_bundled else load_mapping(Path(mapping))
        check_mapping(found)
    except SchemaFileError as error:
        raise MappingError(where=error.where, what=error.what, fix=error.fix) from error
    return found


def read_mapped(
    paths: Sequence[Path],
    mapping: SiteMapping,
    *,
    secret: bytes | None,
    known_sites: Mapping[str, Mapping[str, str] | None] = MappingProxyType({}),
) -> MappedFile:
    """Read a site's files through a mapping.

    Parameters
    ----------
    paths
        Files of the same layout.
    mapping
        What their columns mean.
    secret
        Key of the pseudonyms.
    known_sites
        Sites that the store knows, with the cells of their rows where these are at hand.

    Returns
    -------
    MappedFile
        Canonical text. A file with a finding of level FILE contributes findings and no rows.

    Raises
    ------
    SecretMissingError
        If the mapping makes pseudonyms and there is no secret.
    InputFileError
        If a file cannot be opened.
    """
    if mapping.uses_pseudonyms and not secret:
        fix = f"Set {SECRET_VARIABLE}, always to the same secret, because pseudonyms depend on it"
        raise SecretMissingError(where=mapping.name, what="the secret for pseudonyms is not set", fix=fix)
    mapped = _joined([_map_one(path, mapping, secret) for path in paths])
    site = implied_site(mapping, known_sites) if mapped.tables else None
    if site is not None:
        mapped = replace(mapped, tables=(site, *mapped.tables))
    collapsing = {emit.table for emit in mapping.emits if emit.collapse}
    tables = _without_repeats(mapped.tables, collapsing)
    found = [mapped.findings, find_unit_suspicions(tables, confirmed=confirmed_units(mapping))]
    return MappedFile(
        tables, pl.concat([*found, find_empty_columns(tables, earlier=mapped.findings)]), mapped.n_records
    )


def _without_repeats(tables: Sequence[TextTable], collapsing: set[str]) -> tuple[TextTable, ...]:
    """Return tables without rows that an earlier file said word for word, where keys are joined."""
    kept: list[TextTable] = []
    for text in tables:
        names = [name for name in TABLES[text.table].dtypes if name in text.frame.columns]
        earlier = [other.frame.select(names) for other in kept if other.table == text.table]
        if text.table in collapsing and earlier:
            said = pl.concat(earlier)
            rest = text.frame.join(said, on=names, how="anti", nulls_equal=True, maintain_order="left")
            kept.append(replace(text, frame=rest))
        else:
            kept.append(text)
    return tuple(kept)


def _map_one(path: Path, mapping: SiteMapping, secret: bytes | None) -> MappedFile:
    """Return the canonical text of one file."""
    mapping = mapping_of_file(mapping, path.name)
    if not mapping.emits:
        return MappedFile((), findings_frame([_unnamed_file(path.name)]), 0)
    if is_workbook(path.name):
        mapping = with_iso_dates(mapping)
    raw = read_raw_file(path, mapping.read, drop=mapping.source.drop)
    if not raw.headers or _is_refused(raw.findings):
        return MappedFile((), raw.findings, raw.n_records)
    checked = [raw.findings, check_headers(mapping, raw), find_swapped_dates(mapping, raw)]
    raw = replace(raw, findings=pl.concat(checked))
    if _is_refused(raw.findings):
        return MappedFile((), raw.findings, raw.n_records)
    return apply_mapping(mapping, raw, secret=secret)


def read_canonical(paths: Sequence[Path]) -> MappedFile:
    """Read canonical CSVs: UTF-8, comma, each file named after its table.

    Parameters
    ----------
    paths
        Files; those not named like a table are listed (F14) and not read.

    Returns
    -------
    MappedFile
        Canonical text. A file with a finding of level FILE contributes findings and no rows.

    Raises
    ------
    InputFileError
        If no file is named like a table, or one cannot be opened.
    """
    named = [path for path in paths if _table_of(path) in TABLES and not is_workbook(path.name)]
    if not named:
        where = str(paths[0].parent) if paths else "input"
        fix = f"Name the files {', '.join(f'{table}.csv' for table in TABLES)}, or give a mapping"
        raise InputFileError(where=where, what="no file is named like a canonical table", fix=fix)
    others = findings_frame([finding("F14", file=path.name) for path in paths if path not in named])
    read = [(_table_of(path), *_read_canonical_one(path)) for path in named]
    has_rows = any(raw.n_records for _, raw, _ in read)
    parts = [MappedFile((), others, 0)]
    while read:  # the cells of a file are let go as soon as its table is made
        table, raw, text = read.pop(0)
        parts.append(_canonical_one(_let_header_alone(raw) if has_rows else raw, table, text))
    joined = _joined(parts)
    found = [joined.findings, find_unit_suspicions(joined.tables), find_empty_columns(joined.tables)]
    return MappedFile(joined.tables, pl.concat(found), joined.n_records)


def _read_canonical_one(path: Path) -> tuple[RawFile, TextTable | None]:
    """Return a canonical CSV as it is read, and its table where its cells were typed while they passed."""
    typed = read_typed_file(path, TABLES[_table_of(path)])
    if typed is not None:
        return typed.raw, typed.text
    return read_raw_file(path, CANONICAL_READ, keep_misfits=True), None


def _unnamed_file(name: str) -> dict[str, str | int | None]:
    """Return the finding about a file that no section of the mapping reads."""
    sentence = "No section of the mapping reads files of this name; the file was not read."
    remedy = "Rename the file, or correct 'file' in the mapping."
    return finding("F14", file=name, sentence=sentence, remedy=remedy)


def _table_of(path: Path) -> str:
    """Return the table that a file is named after."""
    return path.name.removesuffix(".gz").removesuffix(".csv")


def _let_header_alone(raw: RawFile) -> RawFile:
    """Let a table without rows pass beside tables with rows: a quarter without an event is no fault."""
    if not raw.headers or raw.findings["rule_id"].to_list() != ["F06"] or raw.frame.height:
        return raw
    if raw.findings["record"].null_count() == 0:  # a row of totals, which refuses the file
        return raw
    said = raw.findings.with_columns(
        level=pl.lit("INFO"),
        sentence=pl.lit("The file has a header and no row."),
        remedy=pl.lit("Nothing to do if there is nothing to report."),
        n=pl.lit(1, pl.Int64),
    )
    return replace(raw, findings=said)


def _canonical_one(raw: RawFile, table: str, text: TextTable | None) -> MappedFile:
    """Return the rows of one canonical CSV; `text` where they are read already."""
    if _is_refused(raw.findings):
        return MappedFile((), raw.findings, raw.n_records)
    ours = {*TABLES[table].dtypes, *LOADER_COLUMNS}
    if not ours & set(raw.headers):
        # The first row may be a patient: its cells are not to be shown as if they were headers.
        sentence = f"None of the columns of {table} is in the file."
        found = findings_frame([finding("F02", file=raw.file, table=table, sentence=sentence)])
        return MappedFile((), found, raw.n_records)
    foreign = [column for column in identifier_columns(raw) if raw.headers[int(column[1:]) - 1] not in ours]
    found = findings_frame(
        [finding("F07", file=raw.file, header=raw.headers[int(column[1:]) - 1]) for column in foreign]
    )
    if foreign:
        return MappedFile((), pl.concat([raw.findings, found]), raw.n_records)
    text = _identity_table(raw, table) if text is None else text
    return MappedFile((text,), _with_rows(raw.findings, text), raw.n_records)


def _identity_table(raw: RawFile, table: str) -> TextTable:
    """Return the cells of a canonical CSV under their headers; blank headers are left out.

    A row of another width stays in its place, where its finding rejects it: it is kept and counted, and its
    children fall with it.
    """
    cells = raw.frame
    if raw.misfits is not None and not raw.misfits.is_empty():
        cells = pl.concat([raw.frame, raw.misfits]).sort("record")
    columns = [
        normalise_cells(cells.get_column(position_name(place))).alias(header)
        for place, header in enumerate(raw.headers)
        if header.strip() and header not in _POSITION
    ]
    frame = pl.DataFrame(columns).with_columns(
        pl.int_range(pl.len()).alias("row"), cells["record"], cells["line"]
    )
    return TextTable(table, frame, raw.file, {header: header for header in raw.headers if header})


def _with_rows(findings: pl.DataFrame, text: TextTable) -> pl.DataFrame:
    """Tie the findings about records of a width of their own to the rows that these became."""
    is_misfit = (pl.col("rule_id") == "F04") & pl.col("record").is_not_null()
    records = findings.filter(is_misfit)["record"]
    places = text.frame.select("record", "row").filter(pl.col("record").is_in(records.implode()))
    rows = dict(places.iter_rows())
    row = pl.col("record").replace_strict(rows, default=None, return_dtype=pl.Int64)
    return findings.with_columns(
        pl.when(is_misfit).then(pl.lit(text.table)).otherwise("table").alias("table"),
        pl.when(is_misfit).then(row).otherwise("row").alias("row"),
    )


def _joined(parts: Sequence[MappedFile]) -> MappedFile:
    """Return several files as one."""
    return MappedFile(
        tuple(table for part in parts for table in part.tables),
        pl.concat([empty_findings(), *(part.findings for part in parts)]),
        sum(part.n_records for part in parts),
    )


def _is_refused(findings: pl.DataFrame) -> bool:
    """Return whether a finding refuses the file."""
    return "FILE" in findings.get_column("level")
