"""Reads a site's file as text, strictly: what does not fit is a finding, never shifted, padded or guessed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import InputFileError
from analytics.intake.decoding import decode_strictly, unpacked
from analytics.intake.fast_reading import read_clean_file
from analytics.intake.layout import columns_read, is_blank_row, is_totals_row, repeated_headers
from analytics.intake.records import Rows, layout_finding, split_text
from analytics.intake.workbooks import is_workbook, read_sheet
from schemas.mapping.findings import finding, findings_frame
from schemas.mapping.raw import RawFile
from schemas.mapping.texts import position_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from schemas.mapping.model import ReadOptions

    Finding = dict[str, str | int | None]

_TOLERATED_SHARE = 0.01  # rows of a wrong width, beyond which the whole layout is in doubt
_TOLERATED_ROWS = 5  # in a short file one row proves nothing about the layout


def read_raw_file(
    path: Path, read: ReadOptions, *, drop: Sequence[str] = (), keep_misfits: bool = False
) -> RawFile:
    """Read a delimited text file, packed by gzip or not, or a sheet without giving any cell a meaning.

    Parameters
    ----------
    path
        The file.
    read
        Encoding, delimiter, header row and how headers are compared.
    drop
        Headers whose cells must not be read.
    keep_misfits
        Whether to keep the cells of rows of another width; only where no cell can be an identifier.

    Returns
    -------
    RawFile
        Cells with record number and physical line. Where a finding has the level FILE (F01 encoding or
        quotation marks that do not close, F03 repeated header, F04 many rows of another width, F06 no data
        or a row of totals), the frame is empty. A row of another width than the header is left out with a
        finding of level ROW.

    Raises
    ------
    InputFileError
        If there is no such file, or it cannot be opened.
    """
    clean = None if is_workbook(path.name) else read_clean_file(path, read, drop=drop)
    if clean is None:
        return read_exactly(path, read, drop=drop, keep_misfits=keep_misfits)
    frame = clean.frame
    misfits = frame.clear() if keep_misfits and not drop else None
    return RawFile(path.name, clean.headers, frame, frame.height, findings_frame([]), misfits)


def read_exactly(
    path: Path, read: ReadOptions, *, drop: Sequence[str] = (), keep_misfits: bool = False
) -> RawFile:
    """Read a file of any form as `read_raw_file` does, cell by cell; the whole text is held at once."""
    try:
        data = path.read_bytes()
    except OSError as error:
        fix = "Check the path and the permission to read it"
        raise InputFileError(where=str(path), what="the file cannot be read", fix=fix) from error
    rows = _rows_of(data, read, path.name)
    raw = _raw_file(rows, read, drop=drop, name=path.name)
    return replace(raw, misfits=_misfits(rows, raw)) if keep_misfits and not drop else raw


def _rows_of(data: bytes, read: ReadOptions, file: str) -> Rows:
    """Return the records of a file, or the finding that says why there are none."""
    if is_workbook(file):
        return read_sheet(data, read, file)
    data, problem = unpacked(data, file)
    text = ""
    if problem is None:
        text, problem = decode_strictly(data, read.encoding, file=file)
    return split_text(text, read, file) if problem is None else Rows(findings=[problem])


def _raw_file(rows: Rows, read: ReadOptions, *, drop: Sequence[str], name: str) -> RawFile:
    """Return the file with its rows checked; without rows where a finding refuses it."""
    findings = list(rows.findings or [])
    cells = rows.cells or []
    kept: list[int] = []
    if not any(item["level"] == "FILE" for item in findings):
        kept, found = _kept_rows(rows, file=name)
        findings = [*findings, *repeated_headers(rows.headers, read, name), *found]
    is_refused = any(item["level"] == "FILE" for item in findings)
    frame = _frame(rows, [] if is_refused else kept, columns_read(rows.headers, read, drop))
    return RawFile(name, rows.headers, frame, len(cells), findings_frame(findings))


def _frame(rows: Rows, kept: list[int], places: list[int]) -> pl.DataFrame:
    """Return the kept records as columns of text with record and line."""
    cells, lines = rows.cells or [], rows.lines or []
    whole = zip(*(cells[at] for at in kept), strict=True) if kept else iter([()] * len(rows.headers))
    columns = list(whole)
    texts = [pl.Series(position_name(place), columns[place], dtype=pl.String) for place in places]
    record = pl.Series("record", [at + 1 for at in kept], dtype=pl.Int64)
    line = pl.Series("line", [lines[at] for at in kept], dtype=pl.Int64)
    return pl.DataFrame([*texts, record, line])


def _misfits(rows: Rows, raw: RawFile) -> pl.DataFrame:
    """Return the rows that were left out for their width, cut or filled up to it."""
    width = len(rows.headers)
    is_misfit = (pl.col("rule_id") == "F04") & pl.col("record").is_not_null()
    at = [] if "FILE" in raw.findings["level"] else raw.findings.filter(is_misfit)["record"].to_list()
    cells = rows.cells or []
    whole = {record - 1: [*cells[record - 1], *[""] * width][:width] for record in at}
    padded = [whole.get(place, []) for place in range(len(cells))]
    return _frame(replace(rows, cells=padded), sorted(whole), list(range(width)))


def _kept_rows(rows: Rows, *, file: str) -> tuple[list[int], list[Finding]]:
    """Return the 0-based records that can be used, and what was found about the others."""
    headers, cells, lines = rows.headers, rows.cells or [], rows.lines or []
    blank = [at for at, row in enumerate(cells) if is_blank_row(row)]
    is_blank = set(blank)
    filled = [at for at in range(len(cells)) if at not in is_blank]
    totals = [at for at in filled[-1:] if is_totals_row(cells[at])]
    kept = [at for at in filled if len(cells[at]) == len(headers)]
    findings = [finding("F16", file=file, line=lines[blank[0]], n=len(blank))] if blank else []
    wrong = [at for at in filled if len(cells[at]) != len(headers) and at not in totals]
    if len(wrong) > max(_TOLERATED_ROWS, _TOLERATED_SHARE * len(filled)):
        widths = [len(cells[at]) for at in wrong]
        findings.append(layout_finding(headers, widths, file=file, line=lines[wrong[0]]))
    else:
        findings += [_misfit(rows, at, file=file) for at in wrong]
    if not filled:
        findings.append(finding("F06", file=file, n=0))
    findings += [finding("F06", file=file, record=at + 1, line=lines[at]) for at in totals]
    return kept, findings


def _misfit(rows: Rows, at: int, *, file: str) -> Finding:
    """Return the finding about a record of another width than the header."""
    cells, lines = rows.cells or [], rows.lines or []
    found = finding("F04", file=file, record=at + 1, line=lines[at])
    if rows.is_cut_off and at == len(cells) - 1 and len(cells[at]) < len(rows.headers):
        found["sentence"] = "The last line is cut off; what followed it is lost."
        found["remedy"] = "Export the file again and send the whole of it."
    return found
