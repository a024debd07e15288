"""Headers against what a mapping or a canonical table expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.intake.identifiers import identifier_columns
from schemas.mapping.findings import absent_header_findings, finding, findings_frame
from schemas.mapping.references import header_uses
from schemas.mapping.texts import HeaderIndex, position_name

if TYPE_CHECKING:
    import polars as pl

    from schemas.mapping.model import SiteMapping
    from schemas.mapping.raw import RawFile

    Finding = dict[str, str | int | None]


def check_headers(mapping: SiteMapping, raw: RawFile) -> pl.DataFrame:
    """Return findings about the headers of a file, and about identifiers that nobody declared.

    Parameters
    ----------
    mapping
        What the file should hold.
    raw
        The file as read.

    Returns
    -------
    polars.DataFrame
        F02 where a required header is absent, F07 where a column holds a direct identifier and is not
        dropped, F12 where a header is neither read nor dropped nor ignored, F15 where the mapping names a
        header in vain. While no header of the file is known to the mapping, no header is named: the first
        row may then be a patient.
    """
    index = HeaderIndex(raw.headers, loose=mapping.read.headers == "loose")
    known = {index.column(name) for name in _named(mapping)} - {None}
    if not known:
        sentence = "None of the headers that the mapping names is in the file."
        remedy = (
            "Check delimiter, header_row and encoding in the mapping, and that the export has a header row."
        )
        return findings_frame([finding("F02", file=raw.file, sentence=sentence, remedy=remedy)])
    hashed = {index.column(use.header) for use in header_uses(mapping) if use.is_hashed}
    unread = {name for place in range(len(raw.headers)) if (name := position_name(place)) not in known}
    personal = [column for column in identifier_columns(raw) if column not in hashed]
    findings = [
        *(_absent(raw, name) for name in mapping.source.require if index.column(name) is None),
        *(_identifier(raw, index, column) for column in personal),
        *(_unmapped(raw, index, column) for column in sorted(unread - set(personal), key=_place)),
    ]
    absent = absent_header_findings(mapping, raw)
    return findings_frame([*findings, *absent.iter_rows(named=True)])


def _named(mapping: SiteMapping) -> list[str]:
    """Return every header that a mapping reads, drops, ignores or requires."""
    source = mapping.source
    return [*(use.header for use in header_uses(mapping)), *source.drop, *source.ignore, *source.require]


def _place(column: str) -> int:
    """Return the position of a column."""
    return int(column[1:])


def _absent(raw: RawFile, name: str) -> Finding:
    """Return the finding about a required header."""
    return finding("F02", file=raw.file, header=name)


def _identifier(raw: RawFile, index: HeaderIndex, column: str) -> Finding:
    """Return the finding about an identifier."""
    return finding("F07", file=raw.file, header=index.label(column))


def _unmapped(raw: RawFile, index: HeaderIndex, column: str) -> Finding:
    """Return the finding about a header that the mapping does not know."""
    return finding("F12", file=raw.file, header=index.label(column))
