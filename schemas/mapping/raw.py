"""A site's file as text, and what a mapping makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from schemas.submission import TextTable


@dataclass(frozen=True, eq=False)
class RawFile:
    """A file after strict decoding, before any meaning.

    Parameters
    ----------
    file
        File name without its folder.
    headers
        Headers in order, as they stand in the file (a dropped column keeps its header here).
    frame
        One ``String`` column for each header, named by position (``#1`` is the first; dropped columns are
        absent), cells as they stand in the file, plus ``record`` (1-based data record) and ``line``
        (physical line where it starts) as ``Int64``. Rows of another width than the headers are not in it.
    n_records
        Data records in the file, unusable ones included.
    findings
        What was found while reading; a finding of level FILE means that the frame must not be used.
    misfits
        Rows of another width, cut or filled up to the width of the headers, with the columns of ``frame``;
        None where their cells must not be kept. Their cells may stand under a wrong header.
    """

    file: str
    headers: tuple[str, ...]
    frame: pl.DataFrame
    n_records: int
    findings: pl.DataFrame
    misfits: pl.DataFrame | None = None


@dataclass(frozen=True, eq=False)
class MappedFile:
    """Canonical text made of one or more files.

    Parameters
    ----------
    tables
        Canonical tables that rows were made for.
    findings
        What was found while reading and mapping.
    n_records
        Data records read.
    """

    tables: tuple[TextTable, ...]
    findings: pl.DataFrame
    n_records: int
