"""Reads R text: arithmetic of columns, and the right side of a formula as products."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER, NAME = r"\d+\.?\d*(?:[eE][-+]?\d+)?", r"[A-Za-z.][A-Za-z0-9._]*"
TOKEN = re.compile(rf"\s*(?:{NUMBER}|{NAME}|'[^']*'|\"[^\"]*\"|==|!=|>=|<=|[-+*/^():,<>|&=])")
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
SEVERAL: dict[str, Callable[..., pl.Expr]] = {"pmin": pl.min_horizontal, "pmax": pl.max_horizontal}
OPERAND = re.compile(rf"(?:{NUMBER}|{NAME}|'[^']*'|\"[^\"]*\"|\))$")
SPACED = {"+", "-", "*", "==", "!=", ">=", "<=", "<", ">", "|", "&", "="}
COMPARES = re.compile(r"[<>=!]")


def split_words(text: str) -> list[str]:
    """Split R text into numbers, names, texts and signs."""
    words, at = [], 0
    while at < len(text.rstrip()):
        match = TOKEN.match(text, at)
        assert match, "the formula has an unknown sign"
        words.append(match.group().strip())
        at = match.end()
    return words


def written(text: str) -> str:
    """Write R text with the spaces that R puts in when it names a coefficient."""
    said, before = "", ""
    for word in split_words(text):
        is_binary = word in SPACED and bool(OPERAND.search(before))
        shown = f'"{word[1:-1]}"' if word[0] in "'\"" else word
        said += f" {shown} " if is_binary else f"{shown} " if word == "," else shown
        before = word
    return said


def column_expression(text: str) -> pl.Expr:
    """Read arithmetic of columns."""
    words = split_words(text)
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
        return _several(word, words) if word in SEVERAL else FUNCTIONS[word](_closed(words))
    return pl.lit(value=LOGICAL[word]) if word in LOGICAL else pl.col(word)


def _several(name: str, words: list[str]) -> pl.Expr:
    """Take arguments up to a closing bracket; R's pmin and pmax are missing where one of them is."""
    arguments = [_expression(words, 0)]
    while words[0] == ",":
        words.pop(0)
        arguments.append(_expression(words, 0))
    assert words.pop(0) == ")"
    missing = pl.any_horizontal(*(argument.is_null() for argument in arguments))
    return pl.when(~missing).then(SEVERAL[name](*arguments))


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
        if letter == sign and depth == 0 and "::" not in (text[at : at + 2], text[at - 1 : at + 1]):
            parts.append(text[last:at].strip())
            last = at + 1
    return [*parts, text[last:].strip()]


def expand(text: str) -> list[tuple[str, ...]]:
    """List the products of a term, main effects first: `a*b`, `(a+b)*c` and `(a+b)^2` written out."""
    inner = inside_brackets(text)
    if inner is not None and not COMPARES.search(inner):
        return [atoms for part in split_outside(inner, "+") for atoms in expand(part)]
    powered = re.fullmatch(r"(\(.*\))\^(\d)", text)
    if powered and inside_brackets(powered.group(1)) is not None:
        singles = expand(powered.group(1))
        products = list(singles)
        for _ in range(int(powered.group(2)) - 1):
            products += [merge(a, b) for a in products for b in singles]
        return list({frozenset(atoms): atoms for atoms in reversed(products)}.values())[::-1]
    crossed = split_outside(text, "*")
    if len(crossed) > 1:
        left, right = expand("*".join(crossed[:-1])), expand(crossed[-1])
        return [*left, *right, *(merge(a, b) for b in right for a in left)]
    first, *others = split_outside(text, ":")
    products = expand(first) if others else [(text,)]
    for other in others:
        products = [merge(a, b) for a in products for b in expand(other)]
    return products


def merge(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*left, *right)))


def inside_brackets(text: str) -> str | None:
    """Give what one pair of brackets around the whole text holds; None where there is none."""
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:-1] if letter == ")" and at == len(text) - 1 and text[0] == "(" else None
    return None
