"""Rejected rows keep the site's own cells: header -> text, without columns that tell who a patient is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from analytics.intake.original_rows import hidden_places, places_read, read_original_rows
from schemas.mapping.file_parts import mapping_of_file
from schemas.mapping.texts import HeaderIndex, position_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from schemas.mapping.model import SiteMapping
    from schemas.submission import SubmissionReport

ORIGINAL = "original_json"
_PLACE = {"file": pl.String, "line": pl.Int64}


def with_original_texts(
    report: SubmissionReport, paths: Sequence[Path], mapping: SiteMapping
) -> SubmissionReport:
    """Return a report whose rejected rows hold the site's own cells.

    Parameters
    ----------
    report
        A submission that came through a mapping.
    paths
        Its files.
    mapping
        The mapping. Columns that it drops, makes pseudonyms of or does not read are left out, and so is
        every column whose header names an identifier.

    Returns
    -------
    SubmissionReport
        Rejected frames with the further column ``original_json``: one JSON object, header to text; null
        where the row does not come from one of the files.

    Raises
    ------
    InputFileError
        A file changed since it was read.
    """
    places = [table.rejected.select(list(_PLACE)) for table in report.tables.values()]
    wanted = pl.concat([pl.DataFrame(schema=_PLACE), *places]).unique()
    if wanted.is_empty():
        return report
    rows = [row for path in paths for row in _texts_of(path, mapping, wanted)]
    texts = pl.DataFrame(rows, schema=_PLACE | {ORIGINAL: pl.String}, orient="row")
    # Two files of one name cannot be told apart: their rows would be given each other's cells.
    texts = texts.unique(list(_PLACE), keep="none", maintain_order=True)
    tables = {
        name: replace(
            table,
            rejected=table.rejected.join(texts, on=list(_PLACE), how="left", maintain_order="left"),
        )
        for name, table in report.tables.items()
    }
    return replace(report, tables=tables)


def _texts_of(path: Path, mapping: SiteMapping, wanted: pl.DataFrame) -> Iterator[tuple[str, int, str]]:
    """Yield file, line and cells of the wanted rows of one file."""
    lines = wanted.filter(pl.col("file") == path.name).get_column("line").to_list()
    if not lines:
        return
    original = read_original_rows(path, mapping.read, lines)
    read = places_read(original.headers, mapping_of_file(mapping, path.name))
    shown = sorted(read - hidden_places(original.headers, mapping))
    index = HeaderIndex(original.headers, loose=mapping.read.headers == "loose")
    names = [index.label(position_name(place)) for place in shown]
    for line, cells in original.rows:
        texts = dict(zip(names, (cells[place] for place in shown), strict=True))
        yield path.name, line, json.dumps(texts, ensure_ascii=False)
