"""Results as JSON-ready values: full precision, and a refusal as a refusal."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import polars as pl

from analytics.survival.results import NotEstimable


def serialise(value: object, *, by_column: bool = False) -> Any:  # noqa: ANN401  # any JSON value
    """Return a result as dicts, lists, strings, numbers and None.

    Parameters
    ----------
    value
        A result object, a frame, a mapping, a sequence or a plain value.
    by_column
        Whether a frame becomes a dict of columns, a third of the size, instead of a list of rows.

    Returns
    -------
    JSON-ready value
        Dataclasses become dicts of their fields; `NotEstimable` becomes
        ``{"not_estimable": {"group", "code", "reason"}}``. Floats keep full precision; NaN and infinity,
        which JSON cannot hold, become None.
    """
    if isinstance(value, NotEstimable):
        return {"not_estimable": {"group": value.group, "code": value.code, "reason": value.reason}}
    if isinstance(value, pl.DataFrame):
        return serialise(
            value.to_dict(as_series=False) if by_column else value.to_dicts(), by_column=by_column
        )
    if is_dataclass(value) and not isinstance(value, type):
        return {
            item.name: serialise(getattr(value, item.name), by_column=by_column) for item in fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): serialise(item, by_column=by_column) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple | set | frozenset):
        return [serialise(item, by_column=by_column) for item in value]
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
