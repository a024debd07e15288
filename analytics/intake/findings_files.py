"""Everything that is handed out about a submission, into one folder: CSV, page, and rows to paste back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.intake.findings import blocking_tables, summarise_findings
from analytics.intake.findings_csv import list_findings, unwritable, write_findings_csv
from analytics.intake.findings_html import render_findings_html
from analytics.intake.paste_back import faulty_files, target_names, write_paste_back_csv

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from analytics.intake.paste_back import FaultyFile
    from analytics.intake.submission import PreparedSubmission

FINDINGS_FILE = "findings.csv"
PAGE_FILE = "findings.html"


@dataclass(frozen=True)
class WrittenFindings:
    """What was written.

    Parameters
    ----------
    paths
        The files, ``findings.csv`` first.
    remarks
        Sentences about what could not be written, or not as the site's file is.
    """

    paths: tuple[Path, ...]
    remarks: tuple[str, ...]


def write_findings_files(prepared: PreparedSubmission, out: Path) -> WrittenFindings:
    """Write the findings of a submission into a folder.

    Parameters
    ----------
    prepared
        A submission.
    out
        Folder; made if missing. What an earlier run wrote there about these files is replaced, or removed
        where there is nothing to correct any more.

    Returns
    -------
    WrittenFindings
        ``findings.csv``, ``findings.html``, and for each file with faulty rows ``NAME_to_correct.csv`` and
        ``NAME_to_correct.xlsx``; only the last two hold values, the site's own, without identifiers.

    Raises
    ------
    InputFileError
        A file cannot be written, or a file of the site changed since it was checked.
    """
    write_findings_csv(list_findings(prepared), out / FINDINGS_FILE)
    returned, remarks = _write_paste_back(prepared, out)
    page = out / PAGE_FILE
    try:
        page.write_text(render_findings_html(prepared, remarks=remarks), encoding="utf-8")
    except OSError as error:
        raise unwritable(page) from error
    return WrittenFindings((out / FINDINGS_FILE, page, *returned), tuple(remarks))


def _write_paste_back(prepared: PreparedSubmission, out: Path) -> tuple[list[Path], list[str]]:
    """Write the faulty rows of each file, and remove what an earlier run left of files that have none."""
    targets = target_names(prepared.paths)
    wanted = {file.path: file for file in faulty_files(prepared)}
    summary = summarise_findings(prepared.findings, blocking=blocking_tables(prepared))
    paths: list[Path] = []
    remarks: list[str] = []
    for path, name in targets.items():
        text, book = out / f"{name}.csv", out / f"{name}.xlsx"
        if path not in wanted:
            text.unlink(missing_ok=True)
            book.unlink(missing_ok=True)
            continue
        said = _write_both(wanted[path], summary, text, book)
        remarks += [remark for remark in said if remark is not None]
        paths += [item for item in (text, book) if item.is_file()]
    return paths, remarks


def _write_both(file: FaultyFile, summary: pl.DataFrame, text: Path, book: Path) -> list[str | None]:
    """Write the rows of one file as CSV and workbook, or neither."""
    from analytics.intake.paste_back_workbook import write_paste_back_workbook  # noqa: PLC0415 -- only here

    try:
        return [write_paste_back_csv(file, text), write_paste_back_workbook(file, summary, book)]
    except BaseException:
        # Half of the rows would pass for all of them.
        text.unlink(missing_ok=True)
        book.unlink(missing_ok=True)
        raise
