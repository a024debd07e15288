"""Complications of procedures or lesions as yes or no, with the covariates that a comparison needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.comparison.covariates import derive_covariates
from analytics.complications.definitions import COMPLICATIONS
from analytics.complications.denominators import in_denominator, in_numerator
from analytics.errors import SpecificationError
from analytics.estimation.outcome_data import OutcomeData
from analytics.store.queries import read_cohort, read_table
from analytics.survival.event_counts import CAUSE, TIME

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.estimation.specification import Specification

LEVELS = {"procedure": "complications", "lesion": "lesion_complications"}
"""Table of the cohort by what one row is."""


def read_complication_outcomes(snapshot: Path, spec: Specification, *, source: str) -> OutcomeData:
    """Read the rows in the denominator of a complication, and whether it occurred.

    Rows whose site does not state absence, or in which no device was used that could cause it, take no part.

    Raises
    ------
    SpecificationError
        If the snapshot does not hold the complication.
    """
    level = LEVELS[spec.outcome.rows]
    rows = read_cohort(snapshot, level, spec.population)  # type: ignore[arg-type]  # one of the literals
    definition = COMPLICATIONS.get(str(spec.outcome.complication))
    if definition is None or definition.key not in rows.columns:
        known = ", ".join(key for key in COMPLICATIONS if key in rows.columns)
        what, fix = "'complication' is missing or unknown", f"Use one of {known}."
        raise SpecificationError(where="specification [outcome]", what=what, fix=fix)
    counted = rows.filter(in_denominator(definition)).with_columns(
        pl.col(spec.population.severity_column).alias("severity"),
        pl.col(spec.population.strategy_column).alias("strategy"),
        in_numerator(definition).cast(pl.Int8).alias(CAUSE),
        # There is no time to an event here; the column is what every frame of outcomes has.
        pl.lit(0, dtype=pl.Int64).alias(TIME),
    )
    frame = derive_covariates(counted, lesions=read_table(snapshot, "lesions"))
    words = f"{definition.sentence} Rows are {spec.outcome.rows}s."
    left_out = rows.height - counted.height
    return OutcomeData(frame, (definition.label,), definition.label, words, source, left_out)
