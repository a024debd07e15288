"""Finds the records that no section of a mapping takes: left out, but never in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.mapping.findings import finding, findings_frame
from schemas.mapping.lookup import rows_where
from schemas.submission import empty_findings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.mapping.model import SiteMapping
    from schemas.mapping.scope import Scope

MOST_NAMED = 100
"""Records that get a finding each; more are counted in one."""

_RULE = "F17"
_SAYS_NOTHING = "sites"  # a site's own row is made of any record


def unclaimed_findings(mapping: SiteMapping, scope: Scope, *, file: str) -> pl.DataFrame:
    """Return the records that fulfil the ``where`` of no ``[[emit]]`` and that no value is looked up in.

    Parameters
    ----------
    mapping
        Its sections; those that make site rows do not count.
    scope
        The source rows.
    file
        File name, for findings.

    Returns
    -------
    polars.DataFrame
        Findings (F17) with record and line and the header that parts the records; one that counts them where
        there are more than `MOST_NAMED`. None for a mapping with a section that takes every record.
    """
    wanted = [emit.where for emit in mapping.emits if emit.table != _SAYS_NOTHING]
    if not wanted or not all(wanted):
        return empty_findings()
    taken = pl.concat(
        [rows_where(scope.frame, where, scope).get_column("src") for where in (*wanted, *_looked_up(mapping))]
    )
    left = scope.frame.filter(~pl.col("src").is_in(taken.unique().implode())).select("record", "line")
    column = scope.index.column(next(iter(wanted[0])))
    header = None if column is None else scope.index.label(column)
    if left.height > MOST_NAMED:
        return findings_frame([finding(_RULE, file=file, header=header, n=left.height)])
    return findings_frame(
        [
            finding(_RULE, file=file, header=header, record=record, line=line)
            for record, line in left.iter_rows()
        ]
    )


def _looked_up(mapping: SiteMapping) -> list[Mapping[str, tuple[str, ...]]]:
    """Return the conditions under which other records lend a value."""
    emitted = [expression for emit in mapping.emits for expression in emit.columns.values()]
    return [expression.at for expression in (*mapping.let.values(), *emitted) if expression.at]
