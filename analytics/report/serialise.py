"""Results as JSON-ready values: full precision, and a refusal as a refusal."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import polars as pl

from analytics.survival.results import NotEstimable


def serialise(value: object) -> Any:  # noqa: ANN401  # any JSON value
    """Return a result as dicts, lists, strings, numbers and None.

    Parameters
    ----------
    value
        A result object, a frame, a mapping, a sequence or a plain value.

    Returns
    -------
    JSON-ready value
        Dataclasses become dicts of their fields; frames become lists of rows; `NotEstimable` becomes
        ``{"not_estimable": {"group", "code", "reason"}}``. Floats keep full precision; NaN and infinity,
        which JSON cannot hold, become None.
    """
    if isinstance(value, NotEstimable):
        return {"not_estimable": {"group": value.group, "code": value.code, "reason": value.reason}}
    if isinstance(value, pl.DataFrame):
        return [serialise(row) for row in value.iter_rows(named=True)]
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: serialise(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): serialise(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [serialise(item) for item in value]
    return _plain(value)


def _plain(value: object) -> str | float | bool | None:
    """One JSON scalar."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    return str(value)
