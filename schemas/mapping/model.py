"""What a mapping file says, as immutable values.

A mapping is declarative: it names headers, constants, value maps and patterns, and holds neither code nor
arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

MatchKind = Literal["exact", "prefix", "contains"]
ElseKind = Literal["reject", "null", "keep"]
ConvertKind = Literal["date", "datetime_key", "precision"]


@dataclass(frozen=True)
class SourceOptions:
    """Section ``[source]``: whose file it is, and which headers it must, may and must not be read from.

    Parameters
    ----------
    name
        Name of the file's kind, for people.
    site_id
        Site code that pseudonyms begin with, or None.
    require
        Headers without which the file is refused.
    drop
        Headers of direct identifiers: never read past the header.
    ignore
        Headers left unread on purpose.
    site
        Further columns of the site's row (country, date_policy, followup_source, data_cutoff_date), for
        mappings without an emit that feeds ``sites``.
    """

    name: str
    site_id: str | None = None
    require: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    site: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReadOptions:
    """Section ``[read]``: how bytes become cells. Nothing of it is guessed.

    Parameters
    ----------
    encoding
        Name of the codec; decoding is strict. A byte-order mark is accepted.
    delimiter
        One character.
    decimal, thousands
        Signs inside numbers; ``thousands`` is empty where there is none.
    headers
        ``loose`` (width, case, blanks and underscores do not matter) or ``exact``.
    names
        Headers of a file that has none, in order; empty where the file has its own.
    header_row
        Record that holds the headers, 1 being the first.
    sheet
        Sheet of a workbook to read, None where there is only one.
    missing
        Cell texts that mean "no value", after width and outer blanks are normalised. The empty cell always
        does.
    reasons
        Missing code to the reason it gives; codes without one are not in it.
    dates
        Formats that a date may have: ``%Y %y %m %d %b %H %M %S``, ``excel1900`` or ``excel1904``.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    thousands: str = ""
    headers: Literal["loose", "exact"] = "loose"
    names: tuple[str, ...] = ()
    header_row: int = 1
    sheet: str | None = None
    missing: tuple[str, ...] = ("",)
    reasons: Mapping[str, str] = field(default_factory=dict)
    dates: tuple[str, ...] = ("%Y-%m-%d",)


@dataclass(frozen=True)
class ValueMap:
    """Raw text to canonical text, in file order (which matters for prefix and contains).

    Parameters
    ----------
    keys, values
        Pairs; keys are normalised like cells.
    match
        How a key meets a cell.
    otherwise
        What becomes of a cell that meets no key: a finding, null, or the cell itself.
    """

    keys: tuple[str, ...]
    values: tuple[str, ...]
    match: MatchKind = "exact"
    otherwise: ElseKind = "reject"


@dataclass(frozen=True)
class Expression:
    """One right-hand side of ``[let]`` or ``[emit.set]``: exactly one of sources, const and template.

    Parameters
    ----------
    place
        Where it stands in the file, for messages.
    sources
        Headers, ``@let`` names or step variables; the first that is not missing counts.
    const
        Constant canonical text.
    template
        Text with ``{parts}``; null if any part is null.
    value_map, regex, soft, dates, missing, unit, pseudonym, then, default, convert
        What is done with the value, in the order missing, regex, map or dates or unit, then, default.
    reasons
        Missing code of this column to the reason it gives.
    only_if
        Step variable to the value for which the expression applies.
    is_optional
        Whether the file may lack the header without a word.
    keeps_text
        Whether the mapping states that the text may stay as it is, although it is named like a chart number.
    at, on
        Conditions that pick another row of the file, and the headers that tie it to this one.
    """

    place: str
    sources: tuple[str, ...] = ()
    const: str | None = None
    template: str | None = None
    value_map: ValueMap | None = None
    regex: str | None = None
    soft: bool = False
    dates: tuple[str, ...] | None = None
    missing: tuple[str, ...] | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    unit: str | None = None
    pseudonym: bool = False
    then: str | None = None
    default: str | None = None
    convert: ConvertKind | None = None
    is_optional: bool = False
    keeps_text: bool = False
    only_if: Mapping[str, str] = field(default_factory=dict)
    at: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    on: tuple[str, ...] = ()


@dataclass(frozen=True)
class NumberedStep:
    """Numbered columns: one row for each number whose ``exists`` header is filled."""

    variable: str
    first: int
    last: int
    exists: str


@dataclass(frozen=True)
class SplitStep:
    """One cell that holds several items; ``sep`` is a pattern, ``none`` the items that mean there is none."""

    header: str
    sep: str
    none: tuple[str, ...]
    variable: str


@dataclass(frozen=True)
class FlaggedStep:
    """One row for each column that holds one of ``accepted``; ``columns``: header to the variable's value.

    Where ``refused`` is not empty, a cell that is neither in it nor accepted is not understood.
    """

    columns: Mapping[str, str]
    accepted: tuple[str, ...]
    variable: str
    refused: tuple[str, ...] = ()


Step = NumberedStep | SplitStep | FlaggedStep


@dataclass(frozen=True)
class Emit:
    """Section ``[[emit]]``: rows of one canonical table.

    Parameters
    ----------
    place
        Where it stands in the file, for messages.
    table
        Canonical table.
    columns
        Canonical column to its expression.
    where
        Header to the cell texts that a source row must hold.
    each
        Steps that make 0 to n rows of one source row.
    collapse
        Whether rows of the same key are joined, blanks filled and disagreement reported.
    file
        Pattern of the file names that the section reads, such as ``lesions*``; None for every file.
    """

    place: str
    table: str
    columns: Mapping[str, Expression]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    each: tuple[Step, ...] = ()
    collapse: bool = False
    file: str | None = None


@dataclass(frozen=True)
class SiteMapping:
    """A whole mapping file.

    Parameters
    ----------
    name
        File name without its folder.
    sha256
        Hash of the file's bytes: stored with every submission that used it.
    source, read, let, emits
        Its sections.
    is_draft
        Whether the file says that nobody has reviewed it; then it reads nothing.
    """

    name: str
    sha256: str
    source: SourceOptions
    read: ReadOptions
    let: Mapping[str, Expression]
    emits: tuple[Emit, ...]
    is_draft: bool = False

    @property
    def uses_pseudonyms(self) -> bool:
        """Whether any expression needs the secret."""
        sets = [self.let, *(emit.columns for emit in self.emits)]
        return any(expression.pseudonym for part in sets for expression in part.values())
