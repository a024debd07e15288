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

    Parameters
    ----------
    texts
        Canonical tables as text, without faults.
    table, row
        The rejected row.
    """
    key = texts[table].item(row, 0)
    for child, column, parent in _REFERENCES:
        if parent != table:
            continue
        for at in (texts[child][column] == key).fill_null(value=False).arg_true().to_list():
            yield Place("K14", "INFO", "consequence", child, column, row=at)
            yield from fallen_children(texts, child, at)
