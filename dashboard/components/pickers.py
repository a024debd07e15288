"""Choices of one page whose key the address carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def pick(
    label: str, options: Sequence[str], *, parameter: str, word: Callable[[str], str], default: str = ""
) -> str:
    """Let the reader choose one of several keys.

    Parameters
    ----------
    label
        What is chosen.
    options
        Keys; what a browser sends besides them gives the first.
    parameter
        Name in the address.
    word
        Key to the words shown.
    default
        Key chosen where the address names none; the first where it is no option.
    """
    asked = st.query_params.get(parameter, default)
    start = list(options).index(asked) if asked in options else 0
    chosen = st.selectbox(label, options, index=start, format_func=word, key=f"pick-{parameter}")
    if chosen not in options:
        return options[0]
    st.query_params[parameter] = chosen
    return str(chosen)
