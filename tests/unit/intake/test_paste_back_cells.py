"""What a hospital's cells could do in a spreadsheet: nothing runs, nothing breaks, no text is changed."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from python_calamine import load_workbook

from analytics.intake.findings_files import write_findings_files
from analytics.intake.paste_back import neutralised

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from analytics.intake.submission import PreparedSubmission


def last_of_csv(out: Path, *, row: int = 1) -> str:
    """Return the last cell of a row of the CSV file that goes back."""
    text = (out / "export_to_correct.csv").read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))[row][-1]


def last_of_workbook(out: Path) -> list[str]:
    """Return the last cell of every faulty row of the workbook that goes back."""
    rows = load_workbook(out / "export_to_correct.xlsx").get_sheet_by_name("To correct").to_python()
    return [str(row[-1]) for row in rows[1:]]


CELLS = [
    "=1+1",
    '=HYPERLINK("http://x.test","y")',
    "@SUM(A1)",
    "+1+cmd|' /C calc'!A0",
    "-9",
    "+5",
    "0012",
    "12345678901234567890",
    "2024-03-05",
    "http://x.test",
    "mailto:x",
    "internal:Sheet!A1",
    "TRUE",
    "1e5",
    "<r>bold</r>",
    "<r><t>x</t></r>",
    "<b>&amp;\"'",
    "_x0041_",
    "two\nlines",
    "  blanks  ",
    "\uff46ull",
    "\N{GRINNING FACE}",
    "tab\tinside",
    "bell\x07",
    "é" * 300,
]


def test_a_workbook_gives_back_every_text_as_it_was_and_runs_nothing(
    tmp_path: Path, submit: Callable[..., PreparedSubmission]
) -> None:
    rows = [[str(at), "n", "x", "70", "2024-03-06", cell] for at, cell in enumerate(CELLS)]
    write_findings_files(submit(rows), tmp_path / "out")
    # Excel writes signs that XML cannot hold as _xHHHH_, and a text that looks so with its "_" escaped.
    escaped = re.compile(r"_x(00[01][0-9A-F]|005F)_")
    texts = last_of_workbook(tmp_path / "out")
    assert [escaped.sub(lambda said: chr(int(said[1], 16)), text) for text in texts] == CELLS
    with zipfile.ZipFile(tmp_path / "out" / "export_to_correct.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("-cmd|x", "'-cmd|x"),
        ("\uff1d1", "'\uff1d1"),
        ("-9", "-9"),
        ("+1,5", "+1,5"),
        ("-", "-"),
        ("- 5", "'- 5"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_a_csv_cell_that_could_run_gets_an_apostrophe_and_a_number_does_not(cell: str, safe: str) -> None:
    assert neutralised(cell) == safe


def test_signs_that_xml_cannot_hold_do_not_break_the_workbook(
    tmp_path: Path, submit: Callable[..., PreparedSubmission]
) -> None:
    write_findings_files(submit([["1", "n", "x", "70", "2024-03-06", "a\uffff\ufffeb"]]), tmp_path / "out")
    assert last_of_workbook(tmp_path / "out") == ["a\ufffd\ufffdb"]
    assert last_of_csv(tmp_path / "out") == "a\uffff\ufffeb"


def test_headers_of_a_site_cannot_run_either(
    tmp_path: Path, submit: Callable[..., PreparedSubmission]
) -> None:
    prepared = submit([["1", "n", "x", "70", "2024-03-06", ""]])
    path = prepared.paths[0]
    path.write_text(path.read_text("utf-8").replace("备注", "=cmd()"), "utf-8")
    write_findings_files(prepared, tmp_path / "out")
    assert last_of_csv(tmp_path / "out", row=0) == "'=cmd()"


def test_a_cell_longer_than_excel_allows_is_cut_in_the_workbook_only(
    tmp_path: Path, submit: Callable[..., PreparedSubmission]
) -> None:
    long = "a" * 40_000
    written = write_findings_files(submit([["1", "n", "x", "70", "2024-03-06", long]]), tmp_path / "out")
    assert last_of_csv(tmp_path / "out") == long
    assert last_of_workbook(tmp_path / "out") == ["a" * 32_767]
    assert "1 cells are cut" in written.remarks[0]
