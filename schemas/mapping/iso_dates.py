"""A mapping for workbooks, whose date cells have no order of day and month to declare."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.mapping.model import Expression, SiteMapping

ISO_FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")


def with_iso_dates(mapping: SiteMapping) -> SiteMapping:
    """Return a mapping that reads ISO dates too, in every list of formats.

    Parameters
    ----------
    mapping
        The mapping; its own formats come first, for dates that a sheet holds as text.
    """
    emits = tuple(replace(emit, columns=_widened(emit.columns)) for emit in mapping.emits)
    read = replace(mapping.read, dates=(*mapping.read.dates, *ISO_FORMATS))
    return replace(mapping, read=read, let=_widened(mapping.let), emits=emits)


def _widened(expressions: Mapping[str, Expression]) -> dict[str, Expression]:
    """Return expressions whose own formats, where they have any, take ISO dates too."""
    return {
        name: one if one.dates is None else replace(one, dates=(*one.dates, *ISO_FORMATS))
        for name, one in expressions.items()
    }
