"""Which rows fall with a rejected one: their findings are consequences, not faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.registry import TABLES
from synthetic.faults.places import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

_REFERENCES = (
    ("procedures", "patient_id", "patients"),
    ("follow_up", "patient_id", "patients"),
    ("events", "patient_id", "patients"),
    ("lesions", "procedure_id", "procedures"),
    ("complications", "procedure_id", "procedures"),
    ("events", "procedure_id", "procedures"),
    ("imaging", "lesion_id", "lesions"),
    ("device_uses", "lesion_id", "lesions"),
    ("complications", "lesion_id", "lesions"),
    ("events", "lesion_id", "lesions"),
)


def fallen_children(texts: dict[str, pl.DataFrame], table: str, row: int) -> Iterator[Place]:
    """Return the rows that refer to a row, to those that do, and so on, as consequences of rule K14.

    A row that needs a rejected one falls with it, once; one that may do without loses each link that leads
    nowhere.

    Parameters
    ----------
    texts
        Canonical tables as text, without faults.
    table, row
        The rejected row.
    """
    lost: dict[tuple[str, int], list[int]] = {}
    for child, at, reference in _falling(texts, table, row):
        lost.setdefault((child, at), []).append(reference)
    for (child, at), references in lost.items():
        columns = [_REFERENCES[reference][1] for reference in sorted(set(references))]
        needed = [column for column in columns if TABLES[child].by_name[column].required == "yes"]
        for column in needed[:1] or columns:
            yield Place("K14", "INFO", "consequence", child, column, row=at)


def _falling(texts: dict[str, pl.DataFrame], table: str, row: int) -> Iterator[tuple[str, int, int]]:
    """Return table, row and number of the reference of every row that refers to a fallen one."""
    key = texts[table].item(row, 0)
    for reference, (child, column, parent) in enumerate(_REFERENCES):
        if parent != table:
            continue
        for at in (texts[child][column] == key).fill_null(value=False).arg_true().to_list():
            yield child, at, reference
            yield from _falling(texts, child, at)
