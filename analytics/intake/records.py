"""Text or sheet to records: cells, and the physical line where each record starts."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from schemas.mapping.findings import finding

if TYPE_CHECKING:
    from schemas.mapping.model import ReadOptions

    Finding = dict[str, str | int | None]

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_MAC_LINE_END = re.compile(r"\r(?!\n)")


@dataclass
class Rows:
    """Records of a file as they are split.

    Parameters
    ----------
    headers
        Headers in order, empty where a finding says why there are none.
    cells, lines
        Cells of each data record, and the line where it starts.
    findings
        What was found; after a finding of level FILE the rest is empty.
    is_cut_off
        Whether the text ends without the end of a line.
    """

    headers: tuple[str, ...] = ()
    cells: list[list[str]] | None = None
    lines: list[int] | None = None
    findings: list[Finding] | None = None
    is_cut_off: bool = False


def split_text(text: str, read: ReadOptions, file: str) -> Rows:
    """Return the records of a text, or the finding that says why it cannot be split.

    Parameters
    ----------
    text
        The whole file, decoded.
    read
        Delimiter, and where the headers stand.
    file
        File name, for findings.
    """
    text, skipped = _without_separator_line(text, read.delimiter)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=read.delimiter, strict=True)
    records: list[list[str]] = []
    lines: list[int] = []
    start = 1
    try:
        for record in reader:
            if record:
                records.append(record)
                lines.append(start + skipped)
            start = reader.line_num + 1
    except csv.Error:
        return Rows(findings=[_broken_quotes(file, start + skipped)])
    rows = arrange(records, lines, read, file)
    wrong = _wrong_delimiter(rows.headers, read, file)
    if wrong is not None:
        return Rows(findings=[wrong])
    rows.is_cut_off = not text.endswith(("\n", "\r"))
    rows.findings = [*(rows.findings or []), *_oddities(text, rows, file)]
    return rows


def arrange(records: list[list[str]], lines: list[int], read: ReadOptions, file: str) -> Rows:
    """Return records with their headers, which stand in a row of the file or in the mapping.

    Parameters
    ----------
    records, lines
        Every record that is not blank, and the line where it starts.
    read
        Where the headers stand.
    file
        File name, for findings.
    """
    if read.names:
        return Rows(read.names, records, lines, [])
    if len(records) < read.header_row:
        return Rows(findings=[finding("F06", file=file, n=0)])
    at = read.header_row
    return Rows(tuple(records[at - 1]), records[at:], lines[at:], [])


def layout_finding(headers: tuple[str, ...], widths: list[int], *, file: str, line: int) -> Finding:
    """Return the finding about many rows of another width than the header (F04, level FILE).

    Parameters
    ----------
    headers
        The headers.
    widths
        How many cells each of the rows of another width has.
    file, line
        File name, and line of the first such row.
    """
    facts: dict[str, str | int | None] = {"level": "FILE", "line": line, "n": len(widths)}
    usual, n = Counter(widths).most_common(1)[0]
    if usual > len(headers) and n == len(widths) and sum(bool(header.strip()) for header in headers) <= 1:
        facts["sentence"] = f"The row of headers has {len(headers)} cells, the records have {usual}."
        facts["remedy"] = "If a title stands above the headers, set header_row in the mapping."
    return finding("F04", file=file, **facts)


def _without_separator_line(text: str, delimiter: str) -> tuple[str, int]:
    """Return the text without Excel's first line ``sep=;``, and how many lines that took."""
    first, end, rest = text.partition("\n")
    is_separator_line = first.rstrip("\r") == f"sep={delimiter}"
    return (rest, len(end)) if is_separator_line else (text, 0)


def _broken_quotes(file: str, line: int) -> Finding:
    """Return the finding about quotation marks that do not pair."""
    return finding(
        "F04",
        file=file,
        level="FILE",
        line=line,
        sentence="A quotation mark in the record that starts here is not closed, or stands inside a cell.",
        remedy="Double quotation marks inside quoted cells, and export the file again.",
    )


def _wrong_delimiter(headers: tuple[str, ...], read: ReadOptions, file: str) -> Finding | None:
    """Return the finding about a single header that another delimiter would part."""
    if read.names or len(headers) != 1:
        return None
    counts = {sign: headers[0].count(sign) for sign in _DELIMITERS if sign != read.delimiter}
    sign = max(counts, key=lambda key: counts[key])
    if not counts[sign]:
        return None
    declared = _DELIMITERS.get(read.delimiter, "declared delimiter")
    return finding(
        "F02",
        file=file,
        line=1,
        sentence=f"The row of headers is not parted by the {declared}, but holds {counts[sign]} times the "
        f"{_DELIMITERS[sign]}.",
        remedy="Correct delimiter in the mapping, or export the file with the declared one.",
    )


def _oddities(text: str, rows: Rows, file: str) -> list[Finding]:
    """Return remarks on a text that could be read: old line ends, stray quotation marks."""
    found: list[Finding] = []
    if "\n" not in text and _MAC_LINE_END.search(text):
        sentence = "The lines end in carriage returns alone, as old Macintosh programs wrote them."
        remedy = "Nothing to do; the file was read line by line."
        found.append(finding("F04", file=file, level="INFO", sentence=sentence, remedy=remedy))
    stray = _stray_quotes(text, rows) if '"' in text else []
    if stray:
        sentence = "A quotation mark stands inside a cell that is not quoted; it was kept."
        remedy = "Remove it, or put the cell between quotation marks and double it."
        facts: dict[str, str | int | None] = {"line": stray[0], "n": len(stray)}
        found.append(finding("F04", file=file, level="WARN", sentence=sentence, remedy=remedy, **facts))
    return found


def _stray_quotes(text: str, rows: Rows) -> list[int]:
    """Return the lines of records that hold a quotation mark which is doubled in none of their lines."""
    cells, lines = rows.cells or [], rows.lines or []
    marked = [at for at, row in enumerate(cells) if any('"' in cell for cell in row)]
    if not marked:
        return []
    physical = re.split(r"\r\n|\r|\n", text)
    ends = [*lines[1:], len(physical) + 1]
    return [
        lines[at]
        for at in marked
        if lines[at] <= len(physical) and '""' not in "".join(physical[lines[at] - 1 : ends[at] - 1])
    ]
