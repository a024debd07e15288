"""Which rows fall with a rejected one: their findings are consequences, not faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

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

    A row that refers to several rejected ones falls once, by the first of its references.

    Parameters
    ----------
    texts
        Canonical tables as text, without faults.
    table, row
        The rejected row.
    """
    fallen: dict[tuple[str, int], int] = {}
    for child, at, reference in _falling(texts, table, row):
        fallen[child, at] = min(reference, fallen.get((child, at), reference))
    for (child, at), reference in fallen.items():
        yield Place("K14", "INFO", "consequence", child, _REFERENCES[reference][1], row=at)


def _falling(texts: dict[str, pl.DataFrame], table: str, row: int) -> Iterator[tuple[str, int, int]]:
    """Return table, row and number of the reference of every row that refers to a fallen one."""
    key = texts[table].item(row, 0)
    for reference, (child, column, parent) in enumerate(_REFERENCES):
        if parent != table:
            continue
        for at in (texts[child][column] == key).fill_null(value=False).arg_true().to_list():
            yield child, at, reference
            yield from _falling(texts, child, at)
