"""Yes-or-no calls of each method: is there calcium, and is it severe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.calcium_measures import ArcLimits
from analytics.imaging.pairs import METHODS

if TYPE_CHECKING:
    from collections.abc import Sequence

CALLS = ("any", "severe")
"""Questions that every method answers: calcium seen, and severe calcium."""

_ANY = {"none": False, "mild": True, "moderate": True, "severe": True}
_SEVERE = {
    "none": False,
    "mild": False,
    "moderate": False,
    "none_mild": False,
    "not_severe": False,
    "severe": True,
}


def derive_calls(readings: pl.DataFrame, *, limits: ArcLimits | None = None) -> pl.DataFrame:
    """Add the calls of each method.

    Parameters
    ----------
    readings
        As `analytics.imaging.pairs.Readings.table`.
    limits
        The arc above which imaging calls severe is `moderate_up_to`.

    Returns
    -------
    polars.DataFrame
        With ``any_angiography``, ``any_ivus``, ``any_oct``, ``severe_angiography``, ``severe_ivus``,
        ``severe_oct``; null where a method did not say. Angiography graded ``none_mild`` or ``not_severe``
        does not say whether there is calcium, but says that it is not severe.
    """
    arcs = limits or ArcLimits()
    angiography = pl.col("grade_angiography")
    return readings.with_columns(
        any_angiography=angiography.replace_strict(_ANY, default=None, return_dtype=pl.Boolean),
        severe_angiography=angiography.replace_strict(_SEVERE, default=None, return_dtype=pl.Boolean),
        **{f"any_{name}": pl.col(f"{name}_arc") > 0 for name in METHODS[1:]},
        **{f"severe_{name}": pl.col(f"{name}_arc") > arcs.moderate_up_to for name in METHODS[1:]},
    )


def method_pairs(methods: Sequence[str] = METHODS) -> tuple[tuple[str, str], ...]:
    """Return every pair of a method judged and a method taken for the truth.

    Parameters
    ----------
    methods
        Methods in order. Angiography is judged and never taken for the truth: it shows the lumen.
    """
    return tuple((test, truth) for truth in methods[1:] for test in methods if test != truth)
