"""Sheets of Excel workbooks as text: what stands in a cell, never what a formula would make of it anew."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from analytics.intake.records import Rows, arrange
from schemas.mapping.findings import finding

if TYPE_CHECKING:
    from schemas.mapping.model import ReadOptions

_SUFFIXES = (".xlsx", ".xlsm")
_MOST_BYTES = 2 * 1024**3  # unpacked; a sheet holds at most a million rows
_SIGNIFICANT = ".15g"  # Excel keeps fifteen digits; more would show the noise of binary fractions
_ERROR_CELL = re.compile(
    rb'<c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*>(?:(?!</c>).)*?<v>([^<]{1,20})</v>',
    re.DOTALL,
)
_SHEET = re.compile(rb'<sheet\b[^>]*?\bname="([^"]*)"[^>]*?\br:id="([^"]*)"')
_TARGET = re.compile(rb"<Relationship\b[^>]*>")


def is_workbook(file: str) -> bool:
    """Return whether a file is named like an Excel workbook."""
    return file.casefold().endswith(_SUFFIXES)


def sheet_names(data: bytes) -> list[str]:
    """Return the names of a workbook's sheets; none if it cannot be opened."""
    from python_calamine import load_workbook  # noqa: PLC0415 -- only workbooks need it

    try:
        return load_workbook(io.BytesIO(data)).sheet_names
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException:  # noqa: BLE001 -- damaged workbooks make the reader panic, which is no Exception
        return []


def read_sheet(data: bytes, read: ReadOptions, file: str) -> Rows:
    """Return the records of one sheet, or the finding that says why there are none.

    Parameters
    ----------
    data
        Bytes of the workbook.
    read
        Sheet (needed where there are several) and row of headers; encoding and delimiter do not apply.
    file
        File name, for findings.

    Returns
    -------
    Rows
        Cells as text: numbers with up to 15 digits, dates as ISO dates, results of formulas as the workbook
        keeps them, errors such as ``#N/A`` as they show. A cell merged over rows counts in each of them.
    """
    try:
        return _opened(data, read, file)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException:  # noqa: BLE001 -- damaged workbooks make the reader panic, which is no Exception
        return _refused(
            file, "F01", "The workbook is damaged, protected, or no workbook.", "Save it as .xlsx again."
        )


def _opened(data: bytes, read: ReadOptions, file: str) -> Rows:
    """Return the records of one sheet of a workbook that can be opened."""
    from python_calamine import load_workbook  # noqa: PLC0415 -- only workbooks need it

    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        if sum(part.file_size for part in parts.infolist()) > _MOST_BYTES:
            return _refused(file, "F01", "The workbook is too large to unpack.", "Export the sheet as CSV.")
    workbook = load_workbook(io.BytesIO(data))
    names = workbook.sheet_names
    name = read.sheet if read.sheet is not None else names[0]
    if read.sheet is None and len(names) > 1:
        sentence = f"The workbook has {len(names)} sheets, and the mapping names none."
        return _refused(file, "F02", sentence, 'Add sheet = "..." to [read] in the mapping.')
    if name not in names:
        sentence = f"The workbook has no sheet '{name}'."
        return _refused(file, "F02", sentence, "Correct sheet in the mapping, or rename the sheet.")
    sheet = workbook.get_sheet_by_name(name)
    grid = [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    _put_errors(grid, data, name)
    _fill_merged(grid, sheet.merged_cell_ranges or [], read.header_row)
    return _records(grid, read, file)


def _records(grid: list[list[str]], read: ReadOptions, file: str) -> Rows:
    """Return the rows that hold something, with the number that they have in the sheet."""
    filled = [at for at, row in enumerate(grid) if any(cell.strip() for cell in row)]
    width = 1 + max(
        (place for at in filled for place, cell in enumerate(grid[at]) if cell.strip()), default=0
    )
    return arrange([grid[at][:width] for at in filled], [at + 1 for at in filled], read, file)


def _text(cell: Any) -> str:  # noqa: ANN401 -- a cell holds any of these types
    """Return a cell as text."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return format(cell, _SIGNIFICANT) if abs(cell) < 1e15 else format(cell, ".0f")
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S" if cell.second else "%Y-%m-%d %H:%M")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(cell)


def _fill_merged(grid: list[list[str]], ranges: list[Any], header_row: int) -> None:
    """Give every row of a cell that is merged downwards its text, below the headers."""
    for (top, left), (bottom, _) in ranges:
        if top >= header_row and bottom < len(grid) and left < len(grid[top]):
            for at in range(top + 1, bottom + 1):
                grid[at][left] = grid[top][left]


def _put_errors(grid: list[list[str]], data: bytes, name: str) -> None:
    """Put errors such as ``#REF!`` where they stand: the reader leaves a blank, which would pass unseen."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        path = _path_of(parts, name)
        found = [] if path is None else _ERROR_CELL.findall(parts.read(path))
    for letters, row, text in found:
        at, place = int(row) - 1, _column(letters.decode())
        if at < len(grid) and place < len(grid[at]) and not grid[at][place]:
            grid[at][place] = text.decode(errors="replace")


def _path_of(parts: zipfile.ZipFile, name: str) -> str | None:
    """Return where in the workbook a sheet's cells stand, None if that cannot be told."""
    ids = {_plain(title): link for title, link in _SHEET.findall(parts.read("xl/workbook.xml"))}
    for relation in _TARGET.findall(parts.read("xl/_rels/workbook.xml.rels")):
        if b'Id="' + ids.get(name, b"\0") + b'"' in relation:
            target = re.search(rb'\bTarget="([^"]*)"', relation)
            path = "" if target is None else target[1].decode()
            full = path.removeprefix("/") if path.startswith("/") else f"xl/{path}"
            return full if full in parts.namelist() else None
    return None


def _plain(title: bytes) -> str:
    """Return the title of a sheet without XML escapes."""
    from html import unescape  # noqa: PLC0415 -- only workbooks need it

    return unescape(title.decode(errors="replace"))


def _column(letters: str) -> int:
    """Return the 0-based place of a column by its letters."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


def _refused(file: str, rule_id: str, sentence: str, remedy: str) -> Rows:
    """Return no rows and the reason."""
    return Rows(findings=[finding(rule_id, file=file, sentence=sentence, remedy=remedy)])
