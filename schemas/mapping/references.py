"""Which headers a mapping reads, and where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from schemas.mapping.scope import bind, template_parts
from schemas.mapping.steps import Branch, branches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schemas.mapping.model import Emit, Expression, SiteMapping


@dataclass(frozen=True)
class HeaderUse:
    """One mention of a header.

    Parameters
    ----------
    header
        Header as the mapping writes it, numbers filled in.
    place
        Where it is mentioned.
    table
        Canonical table that it feeds, ``file`` for a ``[let]``.
    column
        Canonical column that it feeds, None for a ``[let]`` and for conditions.
    is_numbered
        Whether it is one of a range of numbered headers, which a file may have fewer of.
    is_hashed
        Whether only a keyed hash of it is kept.
    is_optional
        Whether the mapping says what to do without it: another header, or a default.
    """

    header: str
    place: str
    table: str = "file"
    column: str | None = None
    is_numbered: bool = False
    is_hashed: bool = False
    is_optional: bool = False


def header_uses(mapping: SiteMapping) -> list[HeaderUse]:
    """Return every mention of a header in the order of the file."""
    uses = [
        _use(header, expression, HeaderUse("", ""))
        for expression in mapping.let.values()
        for header in _headers(expression, {}, frozenset())
    ]
    for emit in mapping.emits:
        uses.extend(_uses_of_emit(emit))
    return list(dict.fromkeys(uses))


def _uses_of_emit(emit: Emit) -> Iterator[HeaderUse]:
    """Return the mentions of one emit."""
    for header in emit.where:
        yield HeaderUse(header, emit.place, emit.table)
    for way in branches(emit.each):
        variables = frozenset({*way.bindings, *(split.variable for split in way.splits), "n"})
        for header in _headers_of_steps(way):
            yield HeaderUse(header, emit.place, emit.table, is_numbered="i" in way.bindings)
        for column, expression in emit.columns.items():
            for header in _headers(expression, way.bindings, variables):
                base = HeaderUse("", "", emit.table, column, "i" in way.bindings)
                yield _use(header, expression, base)


def _use(header: str, expression: Expression, base: HeaderUse) -> HeaderUse:
    """Return the mention of a header in an expression."""
    is_optional = len(expression.sources) > 1 or expression.default is not None or expression.is_optional
    return replace(
        base, header=header, place=expression.place, is_hashed=expression.pseudonym, is_optional=is_optional
    )


def _headers_of_steps(way: Branch) -> list[str]:
    """Return the headers that a way through the steps looks at."""
    return [*way.filled, *(header for header, _ in way.flagged), *(split.header for split in way.splits)]


def _headers(expression: Expression, bindings: Mapping[str, str], variables: frozenset[str]) -> list[str]:
    """Return the headers that one expression reads."""
    names = [*expression.sources, *expression.at, *expression.on]
    names = [bind(name, bindings) for name in names if name not in variables]
    if expression.template is not None:
        parts = template_parts(bind(expression.template, bindings))
        names += [text for is_name, text in parts if is_name and text not in variables]
    return [name for name in names if not name.startswith("@")]
