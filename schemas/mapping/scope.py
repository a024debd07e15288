"""What an expression can see while it is evaluated, and what it leaves behind."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from schemas.mapping.notes import no_notes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.mapping.model import ReadOptions
    from schemas.mapping.texts import HeaderIndex

CAUSE_SCHEMA: dict[str, type[pl.DataType]] = {
    "at": pl.Int64,  # row of the evaluated frame
    "rule_id": pl.String,
    "header": pl.String,
    "detail": pl.String,  # tells two readings of one cell apart
    "record": pl.Int64,
    "line": pl.Int64,
    "is_inherited": pl.Boolean,  # whether a let brought it
}
"""Columns of a frame of causes: why a value is null although something was sent."""

_BOUND = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)(?::0?([0-9]+))?\}")
_PART = re.compile(r"\{([^{}]*)\}")


def no_causes() -> pl.DataFrame:
    """Return a frame of causes without rows."""
    return pl.DataFrame(schema=CAUSE_SCHEMA)


@dataclass(frozen=True)
class Target:
    """The canonical column that an expression fills.

    Parameters
    ----------
    column
        Its name; empty for a ``[let]``.
    kind
        string, int, float, bool, date or enum.
    unit
        Unit of the schema, empty where there is none.
    is_needed
        Whether a value that was not sent is a fault.
    is_key
        Whether it is a key, of this table or of another.
    """

    column: str = ""
    kind: str = "string"
    unit: str = ""
    is_needed: bool = False
    is_key: bool = False


@dataclass(frozen=True, eq=False)
class Evaluated:
    """Canonical text of one expression.

    Parameters
    ----------
    values
        One text for each row of the frame, null where there is none.
    causes
        Rows of `CAUSE_SCHEMA`: where a value was sent and could not be understood.
    header
        Header that the values come from, None if not from one header.
    missing
        How many cells held a declared missing code (blank cells are not counted), by the reason it gives;
        the empty reason is none.
    notes
        Rows of `NOTE_SCHEMA`: what was set by rule, or is less exact than its column.
    """

    values: pl.Series
    causes: pl.DataFrame
    header: str | None = None
    missing: Mapping[str, int] = field(default_factory=dict)
    notes: pl.DataFrame = field(default_factory=no_notes)

    def without_blanks(self) -> Evaluated:
        """Return the same without causes that only say that nothing was sent."""
        return replace(self, causes=self.causes.filter(pl.col("rule_id") != "C05"))


@dataclass(frozen=True, eq=False)
class Scope:
    """Rows under evaluation and everything that an expression may refer to.

    Parameters
    ----------
    frame
        Normalised cells (``#1`` ...), lets (``@name``), step variables (``$name``), ``src``, ``record``,
        ``line``.
    source
        The same for all rows of the file, for look-ups.
    index
        Finds headers.
    read
        Section ``[read]``.
    bindings
        Step variables that are constant here.
    let_causes
        For each let, its causes with ``at`` counting rows of ``source``.
    dated_lets
        Lets whose text is canonical already.
    site_id, secret
        What pseudonyms are made with.
    split_labels
        Header of the cell that each step variable is an item of.
    let_headers
        Header that the values of each let come from, None if not from one.
    """

    frame: pl.DataFrame
    source: pl.DataFrame
    index: HeaderIndex
    read: ReadOptions
    bindings: Mapping[str, str]
    let_causes: Mapping[str, pl.DataFrame]
    dated_lets: frozenset[str]
    site_id: str | None
    secret: bytes | None
    split_labels: Mapping[str, str] = field(default_factory=dict)
    let_headers: Mapping[str, str | None] = field(default_factory=dict)

    def cells(self, name: str) -> pl.Series | None:
        """Return the texts of a let, a step variable or a header, None if the file has none."""
        column = self.column(name)
        if column is None:
            return None
        if column.startswith("="):
            return pl.repeat(column[1:], self.frame.height, dtype=pl.String, eager=True)
        return self.frame.get_column(column)

    def column(self, name: str) -> str | None:
        """Return the frame's column of a name, ``=text`` for a constant step variable, None for neither."""
        if name.startswith("@") or f"${name}" in self.frame.columns:
            return name if name.startswith("@") else f"${name}"
        if name in self.bindings:
            return f"={self.bindings[name]}"
        found = self.index.column(bind(name, self.bindings))
        return found if found in self.frame.columns else None

    def label(self, name: str) -> str | None:
        """Return the site's header behind a name, None for lets and constant step variables."""
        column = self.column(name)
        if column is not None and column.startswith("$"):
            return self.split_labels.get(name)
        return self.index.label(column) if column is not None and column.startswith("#") else None

    def header_of_let(self, names: tuple[str, ...]) -> str | None:
        """Return the header behind a single name that is a let."""
        is_let = len(names) == 1 and names[0].startswith("@")
        return self.let_headers.get(names[0].removeprefix("@")) if is_let else None


def bind(text: str, bindings: Mapping[str, str]) -> str:
    """Return a text with ``{i}``, ``{i:02}`` and other constant step variables written out."""

    def value(match: re.Match[str]) -> str:
        bound = bindings.get(match[1])
        return match[0] if bound is None else bound.zfill(int(match[2] or 0))

    return _BOUND.sub(value, text)


def template_parts(template: str) -> list[tuple[bool, str]]:
    """Return the parts of a bound template in order: (is a name, text)."""
    pieces = _PART.split(template)
    return [(place % 2 == 1, piece) for place, piece in enumerate(pieces) if piece]
