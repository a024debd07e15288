"""Rows counted by a few short keys in one pass over batches, each cell at a place of its own in an array."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

# 32 MB of counts; more cells than that are better hashed.
MOST_CELLS = 4_194_304
# Few enough for their places to stay in the cache of a processor.
SLICE_ROWS = 65_536


def tally_rows(batches: Iterable[pl.DataFrame], keys: Sequence[str]) -> pl.DataFrame | None:
    """Count rows by their keys.

    Parameters
    ----------
    batches
        Frames with the same columns.
    keys
        Columns to count by: whole numbers, truth values or strings.

    Returns
    -------
    pl.DataFrame or None
        The keys and ``n`` (Int64), one row per cell that holds rows. None where there are no rows, a key is
        absent or of another type, or the keys span too many cells.
    """
    tally = _Tally(keys)
    for batch in batches:
        if not all(tally.add(part) for part in batch.iter_slices(SLICE_ROWS)):
            return None
    return tally.frame()


class _Tally:
    """Counts in an array that grows with the values met."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)
        self._words: dict[str, list[str]] = {}
        self._schema: dict[str, pl.DataType] = {}
        self._low: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._counts: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def add(self, batch: pl.DataFrame) -> bool:
        """Count the rows of a batch; False where they cannot be counted like this."""
        if not batch.height:
            return True
        self._schema = {key: batch.schema[key] for key in self._keys}
        columns = [self._codes(batch[key]) for key in self._keys]
        known = [column for column in columns if column is not None]
        if len(known) < len(columns) or not self._make_room(known):
            return False
        places = known[0].astype(np.int64)
        for column, size in zip(known[1:], self._counts.shape[1:], strict=True):
            places *= size
            np.add(places, column, out=places)
        places -= int(np.dot(self._low, _strides(self._counts.shape)))
        flat = self._counts.reshape(-1)
        flat += np.bincount(places, minlength=flat.size)
        return True

    def frame(self) -> pl.DataFrame | None:
        """Give the cells that hold rows."""
        if not self._schema:
            return None
        found = np.nonzero(self._counts)
        columns = {
            key: self._decode(key, index + low)
            for key, index, low in zip(self._keys, found, self._low, strict=True)
        }
        return pl.DataFrame({**columns, "n": self._counts[found]})

    def _codes(self, column: pl.Series) -> NDArray[np.generic] | None:
        """Give one key as whole numbers; None where a value is absent or of another type."""
        if column.null_count():
            return None
        if column.dtype == pl.String:
            words, met = self._words.setdefault(column.name, []), column.unique()
            words += met.filter(~met.is_in(words)).to_list()
            return column.cast(pl.Enum(words)).to_physical().to_numpy()
        whole = column.dtype.is_integer() and column.dtype not in {pl.UInt64, pl.Int128, pl.UInt128}
        return column.to_numpy() if whole or column.dtype == pl.Boolean else None

    def _decode(self, key: str, codes: NDArray[np.int64]) -> pl.Series:
        """Turn whole numbers back into the values of one key."""
        if key in self._words:
            return pl.Series(self._words[key], dtype=pl.String).gather(codes)
        return pl.Series(codes).cast(self._schema[key])

    def _make_room(self, columns: Sequence[NDArray[np.generic]]) -> bool:
        """Let the array span the values of these columns too; False where it would be too large."""
        low = np.array([int(column.min()) for column in columns], dtype=np.int64)
        high = np.array([int(column.max()) for column in columns], dtype=np.int64)
        if not self._counts.size:
            old_low, old_high = low, high
        else:
            old_low, old_high = self._low, self._low + self._counts.shape - 1
        low, high = np.minimum(low, old_low), np.maximum(high, old_high)
        shape = [int(end) - int(start) + 1 for start, end in zip(low, high, strict=True)]
        if np.prod(shape, dtype=np.float64) > MOST_CELLS:
            return False
        if self._counts.size and np.array_equal(shape, self._counts.shape):
            return True
        room = np.zeros(shape, dtype=np.int64)
        if self._counts.size:
            begins = old_low - low
            inside = tuple(
                slice(begin, begin + size) for begin, size in zip(begins, self._counts.shape, strict=True)
            )
            room[inside] = self._counts
        self._low, self._counts = low, room
        return True


def _strides(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Give how far one step of each key moves in the flat array."""
    return np.append(np.cumprod(shape[:0:-1], dtype=np.int64)[::-1], 1)
