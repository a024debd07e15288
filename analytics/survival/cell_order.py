"""Order of count cells, found without comparing them where the keys are few whole numbers or words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# So many places of an array for each row, at most: beyond that, sorting is cheaper.
PLACES_PER_ROW, FEW_PLACES = 16, 65_536


def order_cells(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame | None:
    """Put rows into ascending order of their keys, absent values first, where no two rows have the same keys.

    Parameters
    ----------
    frame
        One row per cell.
    keys
        Columns to order by.

    Returns
    -------
    pl.DataFrame or None
        None where two rows share a cell, a key is neither a whole number, a truth value nor a string, or the
        keys take so many values that counting them would not pay.
    """
    codes = _codes(frame, keys)
    if codes is None:
        return None
    if bool(np.all(codes[1:] > codes[:-1])):
        return frame
    place = np.full(int(codes.max()) + 1, -1, dtype=np.int64)
    place[codes] = np.arange(len(codes))
    order = place[place >= 0]
    return frame[order] if len(order) == len(codes) else None


def _codes(frame: pl.DataFrame, keys: Sequence[str]) -> NDArray[np.int64] | None:
    """Give each cell a number in the order of their keys."""
    codes, places = np.zeros(frame.height, dtype=np.int64), 1
    if not frame.height:
        return None
    for key in keys:
        column = _code_column(frame[key])
        if column is None:
            return None
        places *= int(column.max()) + 1
        if places > max(FEW_PLACES, PLACES_PER_ROW * frame.height):
            return None
        codes = codes * (int(column.max()) + 1) + column
    return codes


def _code_column(column: pl.Series) -> NDArray[np.int64] | None:
    """Code the values of one key in ascending order, an absent value 0; None where that is not easy."""
    if column.dtype == pl.String:
        words = column.unique().drop_nulls().sort()
        column = column.cast(pl.Enum(words)).to_physical()
    elif not (column.dtype.is_integer() or column.dtype == pl.Boolean):
        return None
    whole = column.cast(pl.Int64, strict=False)
    low = whole.min()
    if low is None or column.null_count() != whole.null_count():
        return None
    codes: NDArray[np.int64] = (whole - low + 1).fill_null(0).to_numpy()
    return codes
