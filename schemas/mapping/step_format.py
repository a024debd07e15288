"""The ``each`` steps of an emit: inline tables to steps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from schemas.mapping.model import FlaggedStep, NumberedStep, SplitStep, Step
from schemas.mapping.read_format import normalised
from schemas.mapping.toml_section import TomlSection

if TYPE_CHECKING:
    from collections.abc import Callable

_RANGE = re.compile(r"([0-9]+)\.\.([0-9]+)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_CHECKED, _UNCHECKED = ("1",), ("0",)


def parse_steps(emit: TomlSection) -> tuple[Step, ...]:
    """Return the steps of an emit in file order.

    Raises
    ------
    SchemaFileError
        If a step is of no known kind or lacks a part.
    """
    steps: list[Step] = []
    for number, values in enumerate(emit.tables("each"), start=1):
        section = TomlSection(values, where=f"{emit.where} each {number}")
        steps.append(_step_parser(section)(section))
        section.close()
    return tuple(steps)


def _step_parser(section: TomlSection) -> Callable[[TomlSection], Step]:
    """Return the reader of the kind of step that a section holds."""
    kinds: dict[str, Callable[[TomlSection], Step]] = {
        "i": _numbered,
        "split": _split,
        "checkbox": _checkbox,
        "columns": _columns,
    }
    found = [kind for kind in kinds if kind in section.names()]
    if len(found) != 1:
        raise section.error(
            what="the kind of step is not clear", fix="Give exactly one of i, split, checkbox, columns"
        )
    return kinds[found[0]]


def _numbered(section: TomlSection) -> NumberedStep:
    """Return numbered columns ``{ i = "1..8", exists = "Header{i:02}" }``."""
    bounds = _RANGE.fullmatch(section.needed_text("i"))
    if bounds is None or int(bounds[1]) > int(bounds[2]):
        raise section.error(what="a range is needed", fix='Write i = "1..8"', key="i")
    return NumberedStep("i", int(bounds[1]), int(bounds[2]), section.needed_text("exists"))


def _split(section: TomlSection) -> SplitStep:
    """Return a multi-select cell ``{ split = "Header", sep = "[,;]", none = ["none"], as = "item" }``."""
    sep = section.needed_text("sep")
    try:
        pl.Series(["x"]).str.replace_all(sep, "")
    except pl.exceptions.ComputeError as error:
        raise section.error(
            what="the pattern is not valid", fix="Write a character class such as [,;]", key="sep"
        ) from error
    none = normalised(section.text_or_texts("none"))
    return SplitStep(section.needed_text("split"), sep, none, _variable(section))


def _checkbox(section: TomlSection) -> FlaggedStep:
    """Return REDCap's check boxes ``{ checkbox = "dev", codes = { "1" = "..." }, as = "cls" }``."""
    field = section.needed_text("checkbox")
    codes = section.pairs("codes")
    if not codes:
        raise section.error(what="no code is named", fix='Write codes = { "1" = "..." }', key="codes")
    columns = {f"{field}___{code}": value for code, value in codes.items()}
    return FlaggedStep(columns, _CHECKED, _variable(section), _UNCHECKED)


def _columns(section: TomlSection) -> FlaggedStep:
    """Return flagged columns ``{ columns = { Header = "..." }, is = ["Yes"], no = ["No"], as = "kind" }``."""
    columns = section.pairs("columns")
    accepted = normalised(section.text_or_texts("is"))
    if not columns or not accepted:
        raise section.error(
            what="columns and is are needed", fix='Write columns = { HEADER = "..." }, is = ["Yes"]'
        )
    refused = normalised(section.text_or_texts("no"))
    if set(accepted) & set(refused):
        raise section.error(what="a text stands in is and in no", fix="Leave it in one of them", key="no")
    return FlaggedStep(columns, accepted, _variable(section), refused)


def _variable(section: TomlSection) -> str:
    """Return the name that a step gives its value."""
    name = section.needed_text("as")
    if not _NAME.fullmatch(name) or name in {"i", "n"}:
        raise section.error(
            what="this name cannot be used", fix="Use letters, digits and _, but not i or n", key="as"
        )
    return name
