"""What the headers and the last row of a file say about its layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.mapping.findings import finding
from schemas.mapping.texts import HeaderIndex, normalise_header, normalise_text, position_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.mapping.model import ReadOptions

    Finding = dict[str, str | int | None]

_TOTALS = {
    "total",
    "totals",
    "sum",
    "subtotal",
    "grandtotal",
    "summe",
    "gesamt",
    "合计",
    "总计",
    "小计",
    "総計",
    "合計",
}


def columns_read(headers: tuple[str, ...], read: ReadOptions, drop: Sequence[str]) -> list[int]:
    """Return the 0-based positions of the columns that may be read."""
    index = HeaderIndex(headers, loose=read.headers == "loose")
    dropped = {index.column(name) for name in drop}
    return [place for place in range(len(headers)) if position_name(place) not in dropped]


def is_blank_row(row: Sequence[str]) -> bool:
    """Return whether no cell of a row holds anything but blanks."""
    return not any(cell and not cell.isspace() for cell in row)


def is_totals_row(row: Sequence[str]) -> bool:
    """Return whether the first filled cell of a row announces totals."""
    first = next((cell for cell in row if cell.strip()), "")
    return normalise_header(normalise_text(first), loose=True).strip(":") in _TOTALS


def repeated_headers(headers: tuple[str, ...], read: ReadOptions, file: str) -> list[Finding]:
    """Return one finding for each header that an earlier one equals; it is named by position only."""
    first: dict[str, int] = {}
    findings: list[Finding] = []
    for place, header in enumerate(headers):
        name = normalise_header(header, loose=read.headers == "loose").strip()
        if name and first.setdefault(name, place) != place:
            sentence = f"Columns {first[name] + 1} and {place + 1} of the file have the same header."
            findings.append(finding("F03", file=file, header=position_name(place), sentence=sentence))
    return findings
