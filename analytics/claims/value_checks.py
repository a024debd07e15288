"""Whether the values of a claim's file make sense together, before any data are seen."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from analytics.claims.hypothesis import Limits
from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from analytics.claims.hypothesis import Anchor, Component

DOI = re.compile(r"10\.\d{4,9}/\S+")


def check_values(part: Component, *, where: str) -> None:
    """Refuse limits that hold nothing, steps that are no step, and covariates that are the question itself.

    Raises
    ------
    SpecificationError
        Says which key.
    """
    asked = {part.outcome, part.exposure} & set(part.adjust)
    faults = {
        "'per' is not above 0": not (math.isfinite(part.per) and part.per > 0),
        "'margin' is not above 0": part.margin is not None and not part.margin > 0,
        "'low' is not below 'high'": _is_reversed(part.low, part.high),
        "'where' asks for nothing": any(_is_void(values) for _, values in part.where),
        "'adjust' names the outcome or the exposure": bool(asked),
    }
    for what, is_fault in faults.items():
        if is_fault:
            raise SpecificationError(where=where, what=what, fix="Compare with docs/claims.md.")


def check_source(anchor: Anchor, *, where: str) -> None:
    """Refuse a published figure that a reader could not find.

    Raises
    ------
    SpecificationError
        Where there is no source, or its number has another form.
    """
    if not (anchor.doi or anchor.pmid or anchor.title):
        what = "a published figure without a source"
    elif (anchor.doi and not DOI.fullmatch(anchor.doi)) or (anchor.pmid and not anchor.pmid.isdigit()):
        what = "a DOI or a PMID of another form"
    else:
        return
    raise SpecificationError(where=where, what=what, fix="Give its DOI (10.1234/...) or its PMID (digits).")


def _is_void(values: tuple[object, ...] | Limits) -> bool:
    """Whether no value can meet a condition."""
    return _is_reversed(values.low, values.high) if isinstance(values, Limits) else not values


def _is_reversed(low: float | None, high: float | None) -> bool:
    """Whether the lower limit is not below the upper one."""
    return low is not None and high is not None and not low < high
