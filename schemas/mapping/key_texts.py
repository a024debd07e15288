"""Keys that a mapping composes, in the letters that a key may have."""

from __future__ import annotations

import hashlib
import re

import polars as pl

from schemas.fields import IDENTIFIER

_KEPT = 40  # characters of the text that stay readable
_DIGITS = 16  # 64 bits of the hash tell texts apart that begin alike
_FOREIGN = re.compile(r"[^A-Za-z0-9_:.-]+")


def fit_keys(texts: pl.Series) -> pl.Series:
    """Return composed keys, those with foreign letters or of too great a length shortened by a hash.

    The same text always becomes the same key, so that references still meet. A key that a site sends as it is
    never comes here: it is checked, not changed.

    Parameters
    ----------
    texts
        Composed keys, null where a part is missing.
    """
    fits = texts.str.contains(IDENTIFIER).fill_null(value=True)
    if fits.all():
        return texts
    others = texts.filter(~fits).unique(maintain_order=True).to_list()
    return texts.replace(others, [_short(text) for text in others])


def _short(text: str) -> str:
    """Return the readable beginning of a key and a hash of the whole."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
    return f"{_FOREIGN.sub('_', text)[:_KEPT]}.{digest}"
