"""The site's own faulty rows as an Excel workbook: faulty cells coloured, every cell text, nothing runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from analytics.intake.findings import EFFECTS, STEPS
from analytics.intake.findings_csv import unwritable
from analytics.intake.paste_back import FRONT, FaultyFile, FaultyRow
from analytics.intake.row_faults import FIRST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

MOST_ROWS = 100_000
"""Faulty rows above which only the CSV is written: Excel hardly opens more, and nobody mends them by hand."""

_NO_CHARACTERS = dict.fromkeys((0xFFFE, 0xFFFF), "\N{REPLACEMENT CHARACTER}")  # XML cannot hold these two
_MOST_COLUMNS = 16_384
_MOST_CHARACTERS = 32_767
_MOST_NOTES = 2_000
_MOST_VALUES = 1_000
_UNLISTED = "C02"
_COLOURS = {"ROW": "#F8CBAD", "NULL": "#FFE699", "WARN": "#DDEBF7", "FILE": "#F8CBAD"}
_WIDTHS = (7, 8, 70)
_LEGEND = (
    ("ROW", "row rejected", "Because of this cell the row is not taken over, nor what depends on it."),
    ("NULL", "value emptied", "The row is taken over without this value."),
    ("WARN", "please check", "The value is kept; confirm it against the source, or correct it."),
    (
        "ROW first",
        FIRST,
        "Bold, with a thick frame: mend this first; other faults of the row may follow from it.",
    ),
    (
        "words",
        "line, record",
        "Where the row stands in your file: its line, and its number without the header.",
    ),
    ("words", "blank column", "A column that tells who a patient is, is left out; its header stays."),
    (
        "words",
        "how to use it",
        "Correct the rows in your system, export again, and send the whole file again.",
    ),
    ("words", "notes", f"The first {_MOST_NOTES:,} faulty cells carry a note with what is wrong."),
    (
        "words",
        "this file",
        "It holds your patients' values. Keep it as you keep the export that it comes from.",
    ),
)
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


@dataclass(eq=False)
class _Sheet:
    """The first sheet while it is written."""

    sheet: Any
    formats: dict[str, Any]
    unlisted: Counter[tuple[str, str]] = field(default_factory=Counter)
    n_notes: int = 0
    n_cut: int = 0

    def write(self, at: int, place: int, text: str, style: str) -> None:
        """Write a cell as text, whatever it holds."""
        text = text.translate(_NO_CHARACTERS)
        self.n_cut += len(text) > _MOST_CHARACTERS
        if text.startswith("<r>") and text.endswith("</r>"):
            # The writer takes such a text for its own markup; in two pieces it is text.
            pieces = [text[:2], self.formats[style], text[2:_MOST_CHARACTERS]]
            self.sheet.write_rich_string(at, place, *pieces, self.formats[style])
        elif text:
            self.sheet.write_string(at, place, text[:_MOST_CHARACTERS], self.formats[style])
        else:
            self.sheet.write_blank(at, place, None, self.formats[style])

    def note(self, at: int, place: int, text: str) -> None:
        """Write a note on a cell while there are not too many for Excel."""
        if self.n_notes < _MOST_NOTES:
            self.sheet.write_comment(at, place, text, {"x_scale": 2})
            self.n_notes += 1


def write_paste_back_workbook(file: FaultyFile, summary: pl.DataFrame, target: Path) -> str | None:
    """Write the faulty rows of a file as a workbook with a summary and a legend.

    Parameters
    ----------
    file
        What is handed back.
    summary
        Result of `analytics.intake.findings.summarise_findings`; what it says of this file, its notes left
        out, stands on the second sheet.
    target
        File to write; it is replaced.

    Returns
    -------
    str or None
        A remark if there is no workbook, or not every cell has its whole text.

    Raises
    ------
    InputFileError
        It cannot be written, or the site's file changed.
    """
    if file.faults.height > MOST_ROWS or len(file.headers) + len(FRONT) > _MOST_COLUMNS:
        target.unlink(missing_ok=True)
        return (
            f"{file.path.name}: {file.faults.height:,} faulty rows and {len(file.headers):,} columns are "
            f"more than a workbook is written for ({MOST_ROWS:,} rows, {_MOST_COLUMNS:,} columns); "
            "the CSV file has them"
        )
    try:
        with xlsxwriter.Workbook(str(target), {**_OPTIONS, "tmpdir": str(target.parent)}) as book:
            formats = _formats(book)
            sheet = _write_rows(book, file, formats)
            _write_summary(book, file, summary, formats)
            _write_values(book, sheet.unlisted, formats)
            _write_legend(book, formats)
    except (OSError, XlsxWriterException) as error:
        raise unwritable(target) from error
    if sheet.n_cut:
        return (
            f"{target.name}: {sheet.n_cut:,} cells are cut to the length Excel allows; the CSV file has them"
        )
    return None


def _write_rows(book: Any, file: FaultyFile, formats: dict[str, Any]) -> _Sheet:  # noqa: ANN401 -- untyped
    """Write the rows as they came, with their faults in front."""
    sheet = _Sheet(book.add_worksheet("To correct"), formats)
    n_columns = len(FRONT) + len(file.headers)
    for place, width in enumerate(_WIDTHS):
        sheet.sheet.set_column(place, place, width)
    sheet.sheet.set_column(len(FRONT), n_columns, 16)
    sheet.sheet.freeze_panes(1, 2)
    sheet.sheet.autofilter(0, 0, file.faults.height, n_columns - 1)
    for place, header in enumerate((*FRONT, *file.headers)):
        sheet.write(0, place, header, "header")
        if place - len(FRONT) in file.hidden:
            words = (
                "Left out because it tells who a patient is. Line and record lead to the row in your file."
            )
            sheet.note(0, place, words)
    for at, row in enumerate(file.rows(), start=1):
        _write_row(sheet, at, row, file)
    return sheet


def _write_row(sheet: _Sheet, at: int, row: FaultyRow, file: FaultyFile) -> None:
    """Write one row: numbers, words, cells."""
    sheet.sheet.write_number(at, 0, row.line, sheet.formats["number"])
    sheet.sheet.write_number(at, 1, row.record, sheet.formats["number"])
    if row.others is None:
        sheet.write(at, 2, row.first, "first")
    else:
        words = (row.first.translate(_NO_CHARACTERS), row.others.translate(_NO_CHARACTERS))
        pieces = [sheet.formats["bold"], words[0], "\n" + words[1]]
        sheet.sheet.write_rich_string(at, 2, *pieces, sheet.formats["words"])
    for place in sorted({*range(len(row.cells)), *row.faults}):
        text = row.cells[place] if place < len(row.cells) else ""
        level, rule, note = row.faults.get(place, ("cell", "", ""))
        sheet.write(at, place + len(FRONT), text, f"{level} first" if place == row.first_place else level)
        if note:
            sheet.note(at, place + len(FRONT), note)
        if rule == _UNLISTED and place not in file.hidden:
            sheet.unlisted[file.headers[place], text] += 1


def _write_summary(book: Any, file: FaultyFile, summary: pl.DataFrame, formats: dict[str, Any]) -> None:  # noqa: ANN401 -- untyped
    """Write what is called for by rule, the most urgent first."""
    summed = summary.filter((summary["file"] == file.path.name) & (summary["level"] != "INFO"))
    rows = [
        (
            STEPS[row["step"]],
            row["rule_id"],
            EFFECTS[row["level"]],
            row["header"] or row["column"] or "",
            row["sentence"],
            row["remedy"],
            row["n"],
            ", ".join(map(str, row["lines"])),
        )
        for row in summed.head(_MOST_VALUES).iter_rows(named=True)
    ]
    header = (
        "what it does",
        "rule",
        "effect",
        "your column",
        "what is wrong",
        "how to fix it",
        "times",
        "lines",
    )
    _write_table(book, "Summary", header, rows, formats)


def _write_values(book: Any, unlisted: Counter[tuple[str, str]], formats: dict[str, Any]) -> None:  # noqa: ANN401 -- untyped
    """Write the values that are in no code list: one entry in the mapping mends every row that has it."""
    if unlisted:
        rows = [(header, value, n) for (header, value), n in unlisted.most_common(_MOST_VALUES)]
        _write_table(book, "Values not listed", ("your column", "your value", "times"), rows, formats)


def _write_legend(book: Any, formats: dict[str, Any]) -> None:  # noqa: ANN401 -- untyped
    """Write what colours and words mean."""
    sheet = book.add_worksheet("Legend")
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 100)
    for at, (style, name, words) in enumerate(_LEGEND):
        sheet.write_string(at, 0, name, formats[style])
        sheet.write_string(at, 1, words, formats["words"])


def _write_table(
    book: Any,  # noqa: ANN401 -- untyped
    name: str,
    header: tuple[str, ...],
    rows: Sequence[tuple[str | int, ...]],
    formats: dict[str, Any],
) -> None:
    """Write a sheet with a header and rows of text and counts."""
    sheet = _Sheet(book.add_worksheet(name), formats)
    sheet.sheet.set_column(0, len(header) - 1, 24)
    sheet.sheet.freeze_panes(1, 0)
    sheet.sheet.autofilter(0, 0, len(rows), len(header) - 1)
    for place, text in enumerate(header):
        sheet.write(0, place, text, "header")
    for at, row in enumerate(rows, start=1):
        for place, cell in enumerate(row):
            if isinstance(cell, int):
                sheet.sheet.write_number(at, place, cell, formats["number"])
            else:
                sheet.write(at, place, cell, "words")


def _formats(book: Any) -> dict[str, Any]:  # noqa: ANN401 -- untyped
    """Return the looks of cells; the site's are text, so that a code such as 007 stays what it is."""
    plain: dict[str, Any] = {"font_size": 10, "valign": "top", "num_format": "@"}
    looks: dict[str, dict[str, Any]] = {
        "cell": plain,
        "words": plain | {"text_wrap": True},
        "first": plain | {"text_wrap": True, "bold": True},
        "bold": {"font_size": 10, "bold": True},
        "number": {"font_size": 10, "valign": "top"},
        "header": plain | {"text_wrap": True, "bold": True, "bg_color": "#1F3864", "font_color": "#FFFFFF"},
    }
    for level, colour in _COLOURS.items():
        looks[level] = plain | {"bg_color": colour, "border": 1}
        looks[f"{level} first"] = looks[level] | {"bold": True, "border": 2}
    return {name: book.add_format(look) for name, look in looks.items()}
