"""Writes and sorts values as R does."""

from __future__ import annotations


def r_text(value: object) -> str:
    """Write a value as R writes it: 1 for 1.0, TRUE for a claim."""
    if isinstance(value, bool):
        return str(value).upper()
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def r_sorted(values: list[object]) -> list[object]:
    """Sort text as R does: signs before digits before letters, small before capital letters."""
    signs = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"

    def key(value: object) -> tuple:
        text = r_text(value)
        rank = [(0, signs.index(letter)) if letter in signs else (1, letter) for letter in text.casefold()]
        return rank, text.swapcase()

    return sorted(values, key=key)
