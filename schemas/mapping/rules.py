"""Rules that only a mapping can break, beside those of the catalogue."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from schemas.rules.catalogue import RULES
from schemas.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALL = ("all",)
_FILE = ("file",)

MAPPING_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.id: rule
        for rule in (
            Rule(
                id="C14",
                level="INFO",
                sentence="Cells held a declared missing code and were emptied.",
                remedy="Nothing to do; if the code is a real value here, take it off the list of the column.",
                kahn="K",
                tables=_ALL,
            ),
            Rule(
                id="C15",
                level="WARN",
                sentence="Records of the same key disagree on the value; the first one was kept.",
                remedy="Make the records agree at the site, or give them keys of their own.",
                kahn="Cr",
                tables=_ALL,
            ),
            Rule(
                id="C16",
                level="NULL",
                sentence="Not exactly one other record fits, so the value could not be taken from it.",
                remedy="Send the one record that holds the value, or correct the look-up in the mapping.",
                kahn="Cr",
                tables=_ALL,
            ),
            Rule(
                id="C17",
                level="INFO",
                sentence="The value depends on a cell that is reported already.",
                remedy="Correct the cell that is reported; this follows.",
                kahn="Cv",
                tables=_ALL,
            ),
            Rule(
                id="F14",
                level="WARN",
                sentence="The file is not named like a canonical table and was not read.",
                remedy="Name it after its table, such as lesions.csv, or load it with a mapping.",
                kahn="Cv",
                tables=_FILE,
            ),
            Rule(
                id="F15",
                level="WARN",
                sentence="The mapping names a header that the file does not have; its columns stay empty.",
                remedy="Correct the header in the mapping, or add the column to the export.",
                kahn="Cv",
                tables=_FILE,
            ),
            Rule(
                id="F16",
                level="INFO",
                sentence="Records without any value were left out.",
                remedy="Nothing to do; spreadsheets often export empty rows.",
                kahn="Cv",
                tables=_FILE,
            ),
        )
    }
)
"""Rules of mapping and reading by id."""


def rule_of(rule_id: str) -> Rule:
    """Return a rule of the catalogue or of this module."""
    return MAPPING_RULES[rule_id] if rule_id in MAPPING_RULES else RULES[rule_id]
