"""Start-stop rows: follow-up cut into pieces, for covariates or coefficients that change with time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.cox_design import specification_error

if TYPE_CHECKING:
    from collections.abc import Sequence

START, STOP, EVENT, EPISODE = "start_days", "stop_days", "has_event", "episode"


def split_follow_up(
    frame: pl.DataFrame, *, time: str, event: str, cuts: Sequence[float], entry: str | None = None
) -> pl.DataFrame:
    """Cut every row's follow-up at fixed times.

    A coefficient that differs between periods is the product of its covariate with ``episode``; one that
    follows a function of time needs cuts at every event time and the function of ``stop_days``. The
    likelihood of a model without such terms does not change. Cluster by patient where a robust variance is
    wanted.

    Parameters
    ----------
    frame
        One row per patient or interval.
    time, event
        Columns with the end of follow-up (days) and the event indicator (boolean, or 0 and 1).
    cuts
        Times (days) to cut at; a row is at risk in (start, stop], so an event on a cut belongs to the earlier
        piece.
    entry
        Column with the time of entry; None means time 0, or before an end on day 0.

    Returns
    -------
    pl.DataFrame
        All columns of the frame and ``start_days``, ``stop_days``, ``has_event``, ``episode`` (from 1), one
        row per piece, in the order of the frame.

    Raises
    ------
    SpecificationError
        Where a time is missing, or a row ends before it enters.
    """
    stop = frame[time].cast(pl.Float64).to_numpy()
    start = frame[entry].cast(pl.Float64).to_numpy() if entry else np.where(stop > 0, 0.0, stop - 1.0)
    if not np.all(start < stop):
        raise specification_error(what="a row has no time under observation", fix="Leave such rows out.")
    knots = np.unique(np.asarray(cuts, dtype=np.float64))
    first = np.searchsorted(knots, start, side="right")
    n_cuts = np.maximum(np.searchsorted(knots, stop) - first, 0)
    row = np.repeat(np.arange(frame.height), n_cuts + 1)
    piece = np.arange(len(row)) - np.repeat(np.cumsum(n_cuts + 1) - (n_cuts + 1), n_cuts + 1)
    is_last = piece == n_cuts[row]
    padded = np.append(knots, np.inf)
    happened = frame[event].cast(pl.Boolean).to_numpy()[row] & is_last
    return frame[row].with_columns(
        pl.Series(START, np.where(piece == 0, start[row], padded[first[row] + piece - 1])),
        pl.Series(STOP, np.where(is_last, stop[row], padded[first[row] + piece])),
        pl.Series(EVENT, happened),
        pl.Series(EPISODE, first[row] + piece + 1),
    )
