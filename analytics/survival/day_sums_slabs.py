"""Coded rows gathered into slabs, each ordered by stratum and day: few enough to copy, many enough to sum."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from analytics.survival.day_sums import PlacedRows
from analytics.survival.day_sums_rows import DayRows, code_rows
from analytics.survival.day_sums_types import shrink

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from analytics.survival.cox_rows import Bools, Ints
    from analytics.survival.day_sums_layout import DayLayout
    from analytics.survival.day_sums_rows import Batch, Levels
    from analytics.survival.day_sums_types import Codes, Column

# Some seventy rows per day of five years; the copy that orders them stays small beside all rows.
SLAB = 131_072
# Fewer rows than so many per risk set in a slab, and the slabs are ordered together.
ROWS_PER_SET = 8


def read_slabs(batches: Iterable[Batch], levels: Levels) -> Iterator[tuple[DayRows, Counter[str]]]:
    """Code batches and gather them, ordered by stratum and day.

    Parameters
    ----------
    batches
        Frames or Arrow batches.
    levels
        Of all batches.

    Yields
    ------
    DayRows and Counter
        Complete rows, and how many of the same batches were left out by reason.
    """
    pieces: list[DayRows] = []
    left_out: Counter[str] = Counter()
    for batch in batches:
        rows, missing = code_rows(batch, levels)
        pieces.append(rows)
        left_out.update(missing)
        if sum(piece.day.size for piece in pieces) >= SLAB:
            yield join_rows(pieces), left_out
            pieces, left_out = [], Counter()
    if pieces:
        yield join_rows(pieces), left_out


def join_rows(pieces: Sequence[DayRows]) -> DayRows:
    """Put rows together, ordered by stratum and day."""
    day, stratum = _join([piece.day for piece in pieces]), _join([piece.stratum for piece in pieces])
    event = _join([piece.event for piece in pieces])
    order = _order(stratum, day, event)
    weights = [piece.weight for piece in pieces if piece.weight is not None]
    clusters = [piece.cluster for piece in pieces if piece.cluster is not None]
    return DayRows(
        _ordered([piece.columns for piece in pieces], order),
        day[order],
        stratum[order],
        event[order],
        _join(weights)[order] if weights else None,
        _join(clusters)[order] if clusters else None,
    )


def _join(parts: Sequence[Column]) -> Column:
    """Put arrays one after the other; one array is not copied."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _ordered(pieces: Sequence[tuple[Column, ...]], order: Ints) -> tuple[Column, ...]:
    """Join and order the columns; many small arrays would leave gaps in memory, so types share one."""
    by_column = list(zip(*pieces, strict=True))
    types = [np.result_type(*parts) for parts in by_column]
    shared = {kind: iter(np.empty((types.count(kind), len(order)), kind)) for kind in set(types)}
    columns = []
    for kind, parts in zip(types, by_column, strict=True):
        column = next(shared[kind])
        np.take(_join(parts), order, out=column, mode="clip")
        columns.append(column)
    return tuple(columns)


def _order(stratum: Codes, day: Codes, event: Bools) -> Ints:
    """Order rows by stratum and day, events first."""
    # Small integers are ordered in linear time.
    order = np.argsort(shrink(_events_first(day, event)), kind="stable")
    if not stratum.any():
        return order
    by_stratum: Ints = order[np.argsort(shrink(stratum)[order], kind="stable")]
    return by_stratum


def _events_first(key: Codes, event: Bools) -> Ints:
    """Double the keys, one more for rows without an event."""
    ordered: Ints = key.astype(np.int64) * 2 + ~event
    return ordered


def place_rows(rows: DayRows, layout: DayLayout) -> PlacedRows:
    """Find the last risk set of rows that are ordered by stratum and day, those in none left out."""
    place = shrink(layout.place(rows))
    kept, leading = rows, int(np.argmax(place >= 0)) if place.size else 0
    if place.size and place.min() < 0:
        is_first = len(layout.labels) == 1 and place[leading] >= 0
        chosen = slice(leading, None) if is_first else np.flatnonzero(place >= 0)
        kept, place = rows.take(chosen), place[chosen]
    return PlacedRows(kept.columns, place, kept.event, kept.weight, kept.cluster, layout.centre)


def place_in_memory(slabs: list[DayRows], layout: DayLayout) -> list[PlacedRows]:
    """Place slabs held in memory, each by itself, or together where risk sets are small; empties the list."""
    few = len(layout.set_day) * ROWS_PER_SET
    if len(slabs) > 1 and any(slab.day.size < few for slab in slabs[:-1]):
        slabs[:] = [join_rows(slabs)]
    slabs.reverse()
    return [place_rows(slabs.pop(), layout) for _ in range(len(slabs))]


def join_placed(parts: Sequence[PlacedRows]) -> PlacedRows:
    """Put placed rows together, ordered by their last risk set."""
    place = _join([part.place for part in parts])
    event = _join([part.event for part in parts])
    order = np.argsort(shrink(_events_first(place, event)), kind="stable")
    weights = [part.weight for part in parts if part.weight is not None]
    clusters = [part.cluster for part in parts if part.cluster is not None]
    return PlacedRows(
        _ordered([part.columns for part in parts], order),
        place[order],
        event[order],
        _join(weights)[order] if weights else None,
        _join(clusters)[order] if clusters else None,
        parts[0].centre,
    )
