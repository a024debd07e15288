"""The list of headers and cell texts that sites use, as data: a draft of a mapping is proposed from it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from schemas.mapping.texts import normalise_header, normalise_text
from schemas.registry import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

_BRACKETS = re.compile(r"[(\[（【].*?[)\]）】]")  # noqa: RUF001 -- full-width brackets are what sheets hold
_POINTS = re.compile(r"[.:/-]")


@dataclass(frozen=True)
class Synonyms:
    """What sites call things.

    Parameters
    ----------
    headers
        Normalised header to table and column.
    values
        Column (or ``bool``) to normalised cell text to canonical text.
    words
        Column to words inside a cell, in order of trial, with their canonical text.
    """

    headers: Mapping[str, tuple[str, str]]
    values: Mapping[str, Mapping[str, str]]
    words: Mapping[str, Mapping[str, str]]


def plain_header(header: str) -> str:
    """Return a header as it is compared with the list: without case, width, blanks, points and brackets."""
    return _POINTS.sub("", normalise_header(_BRACKETS.sub("", header), loose=True))


def bracketed(header: str) -> str | None:
    """Return what a header says in brackets, mostly a unit; None if nothing."""
    found = _BRACKETS.search(header)
    return normalise_text(found[0])[1:-1].strip() if found else None


@lru_cache(maxsize=1)
def load_synonyms() -> Synonyms:
    """Return the list that ships with the package; canonical names stand for themselves."""
    data = tomllib.loads(
        resources.files("schemas.mapping").joinpath("synonyms.toml").read_text(encoding="utf-8")
    )
    headers = {
        plain_header(column.name): (name, column.name)
        for name in reversed(list(TABLES))
        for column in TABLES[name].columns
        if not column.name.endswith("_id")
    }
    for target, names in data["headers"].items():
        table, _, column = target.partition(".")
        headers |= {plain_header(name): (table, column) for name in names}
    values = {
        column: {normalise_text(text).casefold(): value for value, texts in lists.items() for text in texts}
        for column, lists in data["values"].items()
    }
    words = {
        column: {word: value for value, texts in lists.items() for word in texts}
        for column, lists in data["words"].items()
    }
    return Synonyms(headers, values, words)
