"""The pages of the rules: an index, and one page for each family with an anchor for each rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.rules.catalogue import CROSS_CHECKS, ROW_CHECKS, RULES, SITE_CHECKS
from schemas.rules.rule import KAHN_CLASSES

if TYPE_CHECKING:
    from schemas.rules.rule import Rule

FAMILIES = {
    "F": ("file", "The file and its format"),
    "C": ("values", "Values and required fields"),
    "K": ("keys", "Keys and references"),
    "D": ("duplicates", "Duplicates"),
    "T": ("time", "Time"),
    "X": ("clinical", "What can be true together"),
    "M": ("completeness", "Completeness"),
    "S": ("sites", "Whole sites and drift"),
}
"""Letter of a rule to the page of its family and its title."""

LEVEL_WORDS = {
    "FILE": "nothing of the file is loaded",
    "ROW": "the row is rejected, and with it the rows that belong to it",
    "NULL": "the value is emptied; where the column is required, the row is rejected",
    "WARN": "the row is kept and listed",
    "INFO": "the rows are counted",
}


def ordered_rules() -> list[Rule]:
    """Return the rules by family and number."""
    return sorted(RULES.values(), key=lambda rule: ("".join(FAMILIES).index(rule.id[0]), rule.id))


def page_name(rule: Rule) -> str:
    """Return page and anchor of a rule, relative to the folder of the pages."""
    return f"{FAMILIES[rule.id[0]][0]}.md#{rule.id.lower()}"


def render_rule_pages(note: str) -> dict[str, str]:
    """Return the page of each family by its path below the folder of documents.

    Parameters
    ----------
    note
        Sentence that says where the page comes from.
    """
    return {f"checks/{page}.md": _page(letter, title, note) for letter, (page, title) in FAMILIES.items()}


def _page(letter: str, title: str, note: str) -> str:
    """Render the page of one family."""
    rules = [rule for rule in ordered_rules() if rule.id[0] == letter]
    return "\n\n".join([f"# {title}", note, *(_section(rule) for rule in rules)]) + "\n"


def _section(rule: Rule) -> str:
    """Render one rule: what is wrong, what to do, what happens, what is counted."""
    waiver = "may be waived" if rule.is_waivable else "cannot be waived"
    facts = [
        f"- Effect: {rule.level}, {LEVEL_WORDS[rule.level]}; {waiver}.",
        f"- Looks at: {', '.join(f'`{place}`' for place in _places(rule))}.",
        f"- Counts: {_counted(rule)}.",
        f"- Class: {KAHN_CLASSES[rule.kahn]}.",
    ]
    return "\n\n".join(
        [f"## {rule.id}", f"{rule.sentence} {rule.remedy}", "\n".join(facts)],
    )


def _places(rule: Rule) -> list[str]:
    """Return the columns a rule is reported at, or else its tables."""
    places = [(check.rule_id, f"{check.table}.{check.column}") for check in ROW_CHECKS]
    places += [(check.rule_id, f"{check.table}.{check.column}") for check in CROSS_CHECKS]
    return list(dict.fromkeys(place for rule_id, place in places if rule_id == rule.id)) or list(rule.tables)


def _counted(rule: Rule) -> str:
    """Say what numerator and denominator of a rule are."""
    if rule.id[0] == "F":
        return "files that break the rule, of all files"
    if any(check.rule_id == rule.id for check in SITE_CHECKS):
        return "by site, what breaks the rule of what the rule can be held against, and the value it measures"
    return "by site, cells or rows that break the rule, of those that hold what it looks at"
