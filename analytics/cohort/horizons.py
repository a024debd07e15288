"""Horizons of the project, and what happened before discharge.

The seed question speaks of immediate complications, early and late events: in hospital, 30 days, day 31 to
one year (landmark), and one, three and five years. Years are whole days, so that no tie depends on a leap
year.
"""

from __future__ import annotations

import polars as pl

IN_HOSPITAL = "in_hospital"
"""Name of the horizon that ends with the index stay, whatever its length."""

DAYS_30 = 30
DAYS_183 = 183
YEAR_1 = 365
YEARS_3 = 1095
YEARS_5 = 1825

HORIZONS_DAYS = (DAYS_30, DAYS_183, YEAR_1, YEARS_3, YEARS_5)
"""Horizons in days since the index procedure, ascending."""

LANDMARK_DAY = 30
"""Late events count from day 31, among those free of the endpoint and under observation after day 30."""

LANDMARK_WINDOW_DAYS = (31, 365)
"""First and last day of the window of early-late analyses, both counted."""


def derive_in_hospital(outcomes: pl.DataFrame, procedures: pl.DataFrame) -> pl.DataFrame:
    """Say of each outcome whether the endpoint fell into the index stay.

    Parameters
    ----------
    outcomes
        Time-to-event frame: ``procedure_id``, ``time_days``, ``cause``.
    procedures
        Cohort frame: ``procedure_id``, ``procedure_day``, ``discharge_day``.

    Returns
    -------
    polars.DataFrame
        `outcomes` in its order plus ``in_hospital``: True where cause 1 occurred on or before the day of
        discharge, False where it did not, null where the day of discharge is unknown.
    """
    stay = procedures.select(
        "procedure_id", (pl.col("discharge_day") - pl.col("procedure_day")).alias("stay_days")
    )
    is_endpoint = pl.col("cause") == 1
    within = pl.col("time_days") <= pl.col("stay_days")
    claim = (
        # Without a known end of the stay nobody is counted: to keep only day 0 would be to choose.
        pl.when(pl.col("stay_days").is_not_null()).then(is_endpoint & within)
    )
    return (
        outcomes.join(stay, on="procedure_id", how="left", maintain_order="left")
        .with_columns(claim.alias("in_hospital"))
        .drop("stay_days")
    )
