"""Reads the model formulas of reference cases (R notation) into columns and a `CoxSpec`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from analytics.survival.cox_design import CoxSpec, Factor, Interaction, Term

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER, NAME = r"\d+\.?\d*(?:[eE][-+]?\d+)?", r"[A-Za-z.][A-Za-z0-9._]*"
TOKEN = re.compile(rf"\s*(?:{NUMBER}|{NAME}|'[^']*'|\"[^\"]*\"|==|!=|>=|<=|[-+*/^():,<>|&])")
LOGICAL = {"T": True, "TRUE": True, "F": False, "FALSE": False}
BINARY: dict[str, tuple[int, Callable[[pl.Expr, pl.Expr], pl.Expr]]] = {
    "|": (1, lambda a, b: a | b),
    "&": (2, lambda a, b: a & b),
    "==": (3, lambda a, b: a == b),
    "!=": (3, lambda a, b: a != b),
    ">": (3, lambda a, b: a > b),
    "<": (3, lambda a, b: a < b),
    ">=": (3, lambda a, b: a >= b),
    "<=": (3, lambda a, b: a <= b),
    "+": (4, lambda a, b: a + b),
    "-": (4, lambda a, b: a - b),
    "*": (5, lambda a, b: a * b),
    "/": (5, lambda a, b: a / b),
    "^": (7, lambda a, b: a**b),
}
FUNCTIONS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "I": lambda a: a,
    "abs": lambda a: a.abs(),
    "as.integer": lambda a: a.cast(pl.Int64),
    "as.numeric": lambda a: a.cast(pl.Float64),
    "exp": lambda a: a.exp(),
    "log": lambda a: a.log(),
    "log10": lambda a: a.log10(),
    "log1p": lambda a: a.log1p(),
    "log2": lambda a: a.log(2),
    "sqrt": lambda a: a.sqrt(),
}


def column_expression(text: str) -> pl.Expr:
    """Read arithmetic of columns."""
    words, at = [], 0
    while at < len(text.rstrip()):
        match = TOKEN.match(text, at)
        assert match, "the formula has an unknown sign"
        words.append(match.group().strip())
        at = match.end()
    expression = _expression(words, 0)
    assert not words, "the formula goes on after its end"
    return expression


def _expression(words: list[str], least: int) -> pl.Expr:
    """Take an expression from the front of the words, by precedence climbing."""
    left = _primary(words)
    while words and words[0] in BINARY and BINARY[words[0]][0] >= least:
        rank, combine = BINARY[words.pop(0)]
        left = combine(left, _expression(words, rank + 1))
    return left


def _primary(words: list[str]) -> pl.Expr:
    """Take a number, a text, a column, a call or a bracket from the front of the words."""
    word = words.pop(0)
    if word == "-":
        return -_expression(words, 6)
    if word == "(":
        return _closed(words)
    if word[0] in "'\"":
        return pl.lit(word[1:-1])
    if word[0].isdigit():
        return pl.lit(float(word))
    if words and words[0] == "(":
        words.pop(0)
        return FUNCTIONS[word](_closed(words))
    return pl.lit(value=LOGICAL[word]) if word in LOGICAL else pl.col(word)


def _closed(words: list[str]) -> pl.Expr:
    """Take what stands before a closing bracket."""
    inside = _expression(words, 0)
    assert words.pop(0) == ")"
    return inside


def split_outside(text: str, sign: str) -> list[str]:
    """Split at a sign that stands outside brackets."""
    parts, depth, last = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == sign and depth == 0:
            parts.append(text[last:at].strip())
            last = at + 1
    return [*parts, text[last:].strip()]


@dataclass
class Model:
    """A formula carried out: the data with derived columns, the terms, and R's names for them."""

    frame: pl.DataFrame
    derived: dict[str, pl.Expr] = field(default_factory=dict)
    terms: list[Term] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    strata: list[str] = field(default_factory=list)
    cluster: str | None = None

    @property
    def names(self) -> list[str]:
        """R's names of the coefficients."""
        return [name for term in self.terms for name in self._names(term)]

    @property
    def term_names(self) -> list[str]:
        """R's names of the terms."""
        return [self._term_name(term) for term in self.terms]

    def _names(self, term: Term) -> list[str]:
        if isinstance(term, Interaction):
            return [f"{a}:{b}" for b in self._names(term.right) for a in self._names(term.left)]
        if isinstance(term, Factor):
            return [f"{self.labels[term.column]}{level}" for level in term.levels if level != term.reference]
        return [self.labels[term]]

    def _term_name(self, term: Term) -> str:
        if isinstance(term, Interaction):
            return f"{self._term_name(term.left)}:{self._term_name(term.right)}"
        return self.labels[term.column if isinstance(term, Factor) else term]

    def column(self, text: str) -> str:
        """Have a column of this text, derived where the data do not hold it."""
        if text not in self.frame.columns:
            self.derived[text] = column_expression(text)
            self.frame = self.frame.with_columns(self.derived[text].alias(text))
        return text

    def add_term(self, text: str) -> None:
        """Add what stands between two plus signs."""
        special = re.fullmatch(r"(strata|cluster)\((.*)\)", text)
        crossed = split_outside(text, "*")
        if special and special.group(1) == "strata":
            self.strata += [self.column(part) for part in split_outside(special.group(2), ",")]
        elif special:
            self.cluster = special.group(2).strip()
        elif len(crossed) > 1:
            for part in [*crossed, ":".join(crossed)]:
                self.add_term(part)
        else:
            self._add_product([self._atom(part) for part in split_outside(text, ":")])

    def _add_product(self, atoms: list[Term]) -> None:
        term = atoms[0]
        for other in atoms[1:]:
            term = Interaction(term, other)
        if term not in self.terms:
            self.terms.append(term)

    def _atom(self, text: str) -> Term:
        called = re.fullmatch(r"(?:as\.)?factor\((.*)\)", text)
        column = self.column(called.group(1).strip() if called else text)
        self.labels[column] = text
        values = self.frame[column]
        if not called and (values.dtype.is_numeric() or values.dtype == pl.Boolean):
            return column
        levels = values.drop_nulls().unique().sort().cast(pl.String).to_list()
        return Factor(column, tuple(levels), levels[0])

    def profiles(self, newdata: dict[str, list[object]]) -> pl.DataFrame:
        """Make a frame of covariate profiles, with derived columns where they can be had."""
        frame = pl.DataFrame(newdata, strict=False)
        known = {
            name: expression
            for name, expression in self.derived.items()
            if set(expression.meta.root_names()) <= set(frame.columns)
        }
        return frame.with_columns(**known)


def read_model(call: dict, frame: pl.DataFrame) -> tuple[Model, CoxSpec]:
    """Carry out the formula and the options of a call."""
    response, right = split_outside(call["formula"], "~")
    model = Model(frame)
    times = split_outside(re.fullmatch(r"Surv\((.*)\)", response).group(1), ",")
    columns = [model.column(text) for text in times]
    model.frame = model.frame.with_columns(event_indicator(model.frame[columns[-1]]).alias(".event"))
    for text in split_outside(right, "+"):
        model.add_term(text)
    model.terms.sort(key=degree)
    spec = CoxSpec(
        time=columns[-2],
        event=".event",
        terms=tuple(model.terms),
        entry=columns[0] if len(columns) == 3 else None,
        strata=tuple(model.strata),
        weights=call.get("weights"),
        cluster=call.get("cluster") or model.cluster,
        ties=call.get("ties") or "efron",
        robust=asks_for_robust(call, frame),
    )
    return model, spec


def degree(term: Term) -> int:
    """Count the columns that are multiplied; R lists main effects first."""
    return degree(term.left) + degree(term.right) if isinstance(term, Interaction) else 1


def event_indicator(column: pl.Series) -> pl.Series:
    """Read a status; R takes 1 and 2 for 0 and 1."""
    values = column.cast(pl.Float64)
    return values == (2.0 if values.max() == 2 else 1.0)


def asks_for_robust(call: dict, frame: pl.DataFrame) -> bool:
    """Tell whether R gives a robust variance: asked for, or by itself with clusters or broken weights."""
    if call.get("robust") is not None:
        return bool(call["robust"])
    weights = frame[call["weights"]].drop_nulls() if call.get("weights") else pl.Series([1.0])
    return call.get("cluster") is not None or bool((weights != weights.round()).any())
