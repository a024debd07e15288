"""Complication records beside the units that they may belong to."""

from __future__ import annotations

import polars as pl

IMPAIRED_BELOW = 3
"""TIMI flow below this at the end is impaired."""


def join_records(
    units: pl.DataFrame, complications: pl.DataFrame, lesions: pl.DataFrame, *, key: str, used: list[str]
) -> pl.DataFrame:
    """Give each record its unit, the devices used there, the final flow, and whether the unit is certain.

    Parameters
    ----------
    units
        Procedures or lesions of the cohort, with `key`, ``procedure_id`` and the columns `used`.
    complications, lesions
        The canonical tables.
    key
        ``procedure_id`` or ``lesion_id``.
    used
        Columns that say which devices were used.

    Returns
    -------
    polars.DataFrame
        `key`, what the record says, ``timi_post`` (of the lesion it names, or of the only or of every lesion
        of its procedure; null where that differs or is unknown), and ``is_certain``: False where the record
        names no lesion in a procedure with several, which is nobody's for certain when lesions are counted.
    """
    records = _add_flow(complications, lesions)
    if key == "procedure_id":
        joined = records.join(units.select(key, *used), on=key, how="inner")
        return joined.with_columns(pl.lit(value=True).alias("is_certain"))
    n_lesions = pl.len().over("procedure_id").alias("n_lesions")
    joined = records.join(units.select(key, "procedure_id", *used, n_lesions), on="procedure_id", how="inner")
    is_named = pl.col("named_lesion") == pl.col("lesion_id")
    return joined.filter(pl.col("named_lesion").is_null() | is_named).with_columns(
        (pl.col("named_lesion").is_not_null() | (pl.col("n_lesions") == 1)).alias("is_certain")
    )


def _add_flow(complications: pl.DataFrame, lesions: pl.DataFrame) -> pl.DataFrame:
    """Add the final flow of the lesion of a record."""
    flow = pl.col("timi_post")
    # Null in one lesion, or normal in one and impaired in another: nobody can tell which is meant.
    agree = (flow.null_count() == 0) & ((flow.min() >= IMPAIRED_BELOW) | (flow.max() < IMPAIRED_BELOW))
    by_procedure = lesions.group_by("procedure_id").agg(pl.when(agree).then(flow.min()).alias("timi_of_all"))
    own = lesions.select(pl.col("lesion_id").alias("named_lesion"), "timi_post")
    return (
        complications.select(
            "procedure_id",
            pl.col("lesion_id").alias("named_lesion"),
            "complication_type",
            "grade_scale",
            "grade",
            "timing",
            "attributed_device_class",
        )
        .join(own, on="named_lesion", how="left")
        .join(by_procedure, on="procedure_id", how="left")
        .with_columns(
            pl.when(pl.col("named_lesion").is_null())
            .then(pl.col("timi_of_all"))
            .otherwise(pl.col("timi_post"))
            .alias("timi_post")
        )
    )
