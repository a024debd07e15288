"""Missing codes: cells that say that there is no value, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.mapping.model import Expression
    from schemas.mapping.scope import Scope


def declared_codes(expression: Expression, scope: Scope) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Return the codes that count for an expression, and the reasons that they give."""
    if expression.missing is None:
        return scope.read.missing, scope.read.reasons
    return expression.missing, expression.reasons


def without_codes(
    name: str, cells: pl.Series, codes: tuple[str, ...], reasons: Mapping[str, str]
) -> tuple[pl.Series, dict[str, int]]:
    """Return cells with missing codes nulled, and how many there were for each reason (empty: none given).

    Parameters
    ----------
    name
        Where the cells come from; the text of a ``[let]`` is canonical and stays.
    cells
        Normalised cells.
    codes, reasons
        Codes, and the reason that some of them give.
    """
    if name.startswith("@") or not codes:
        return cells, {}
    is_code = cells.is_in(list(codes)).fill_null(value=False)
    if not is_code.any():
        return cells, {}
    counts: dict[str, int] = {}
    hit = cells.filter(is_code).alias("code")
    for code, n in hit.value_counts(sort=True).sort("code").rows():
        reason = reasons.get(code, "")
        counts[reason] = counts.get(reason, 0) + n
    return cells.zip_with(~is_code, pl.repeat(None, len(cells), dtype=pl.String, eager=True)), counts


def added(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    """Return the sums of two counts by reason."""
    return {reason: first.get(reason, 0) + second.get(reason, 0) for reason in {**first, **second}}
