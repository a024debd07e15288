"""Arrays in the smallest type that holds their values exactly."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Column: TypeAlias = npt.NDArray[Any]
# Small whole numbers, in the smallest type that holds them.
Codes: TypeAlias = npt.NDArray[np.signedinteger[Any]]

SMALL_TYPES = (np.int8, np.int16, np.int32)


def shrink(values: Column) -> Column:
    """Store values in the smallest type that holds every one of them exactly."""
    if not values.size or values.dtype == np.bool_:
        return values.astype(np.int8)
    if values.dtype.kind in "iu":
        low, high = int(values.min()), int(values.max())
        fits = (small for small in SMALL_TYPES if np.iinfo(small).min <= low and high <= np.iinfo(small).max)
        return values.astype(next(fits, np.float64))
    for small in (np.int8, np.float32):
        if _holds(values[:256], small) and _holds(values, small):
            return values.astype(small)
    return values


def _holds(values: Column, small: type[np.generic]) -> bool:
    """Tell whether a smaller type holds all values exactly."""
    with np.errstate(invalid="ignore", over="ignore"):
        return bool(np.array_equal(values.astype(small), values))
