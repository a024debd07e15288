"""One specification and one frame of outcomes in, results out. Nothing here reads a file or draws."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from analytics.estimation.estimators import ESTIMATORS
from analytics.estimation.group_labels import assign_groups
from analytics.estimation.groups import GROUP
from analytics.estimation.model_terms import leave_out_unknown
from analytics.estimation.results import Results
from analytics.survival.event_counts import CAUSE, TIME
from analytics.survival.landmark import restrict_to_landmark

if TYPE_CHECKING:
    from analytics.estimation.specification import Specification


def estimate(frame: pl.DataFrame, spec: Specification, *, causes: tuple[str, ...]) -> Results:
    """Run a specification on a frame of outcomes.

    Parameters
    ----------
    frame
        One row per patient (or procedure): ``time_days``, ``cause`` (0 censored, 1 the endpoint, 2 and more
        competing), perhaps ``entry_days`` and ``time_is_exact``, and the columns that it names.
    spec
        What to estimate.
    causes
        Labels of the causes from 1 on.

    Returns
    -------
    Results
        Estimates and refusals; rows with a missing time, cause or group are left out and counted.

    Raises
    ------
    SpecificationError
        If the specification names a column that the frame does not have.
    """
    grouped, left_out = assign_groups(frame, spec)
    grouped, ungraded = leave_out_unknown(grouped, spec)
    known = grouped.drop_nulls([TIME, CAUSE, GROUP])
    complete = known
    if spec.landmark_days is not None:
        complete = restrict_to_landmark(complete, spec.landmark_days)
    if spec.until_days is not None:
        complete = end_follow_up(complete, spec.until_days - (spec.landmark_days or 0))
    found = ESTIMATORS[spec.estimator].run(complete, spec, causes)
    return replace(
        found,
        notes=(*left_out, *ungraded, *found.notes),
        n_rows=complete.height,
        n_incomplete=grouped.height - known.height,
    )


def end_follow_up(frame: pl.DataFrame, day: int) -> pl.DataFrame:
    """Observe nobody beyond a day: whoever is still followed then is censored on it."""
    beyond = pl.col(TIME) > day
    return frame.with_columns(
        pl.when(beyond).then(0).otherwise(pl.col(CAUSE)).cast(frame.schema[CAUSE]).alias(CAUSE),
        pl.when(beyond).then(day).otherwise(pl.col(TIME)).cast(frame.schema[TIME]).alias(TIME),
    )
