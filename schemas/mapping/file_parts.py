"""The part of a mapping that concerns one of several files of different layouts."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.mapping.model import Expression, SiteMapping

_LET = re.compile(r"\{(@[^{}]*)\}")


def mapping_of_file(mapping: SiteMapping, file: str) -> SiteMapping:
    """Return the sections that read a file, and the lets that these use.

    Parameters
    ----------
    mapping
        The mapping; one without a section of a ``file`` of its own is returned as it is.
    file
        File name without its folder; case does not matter.
    """
    if all(emit.file is None for emit in mapping.emits):
        return mapping
    emits = tuple(
        emit
        for emit in mapping.emits
        if emit.file is None or fnmatchcase(file.casefold(), emit.file.casefold())
    )
    used = _lets_of(expression for emit in emits for expression in emit.columns.values())
    for name in reversed(list(mapping.let)):
        if name in used:
            used |= _lets_of([mapping.let[name]])
    let = {name: expression for name, expression in mapping.let.items() if name in used}
    return replace(mapping, emits=emits, let=let)


def _lets_of(expressions: Iterable[Expression]) -> set[str]:
    """Return the names of the lets that expressions use."""
    names: set[str] = set()
    for expression in expressions:
        mentioned = [*expression.sources, *_LET.findall(expression.template or "")]
        names |= {name.removeprefix("@") for name in mentioned if name.startswith("@")}
    return names
