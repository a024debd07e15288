"""Work out events from a printed percentage, where only one count gives it."""

from __future__ import annotations

import polars as pl

_WITHIN = ("study_id", "outcome", "horizon_days")
_HAIR = 1e-9


def decimals() -> pl.Expr:
    """Count the printed decimals of ``percent``; trailing zeros are lost in a number and not counted."""
    digits = pl.col("percent").cast(pl.String).str.extract(r"\.(\d*?)0*$", 1)
    return digits.str.len_chars().fill_null(0).cast(pl.Float64)


def is_only_count(events: pl.Expr) -> pl.Expr:
    """Tell whether a count, and neither neighbour, rounds to the printed percentage.

    Parameters
    ----------
    events
        The count; ``percent`` and ``n_total`` are columns of the frame.

    Returns
    -------
    polars.Expr
        Null where the percentage or the total is not there. The decimals are the most that the study prints
        for the outcome, because a number keeps no trailing zero.
    """
    half = 0.5 * 10.0 ** -decimals().max().over(*_WITHIN)
    fits = [
        (100 * (events + step) / pl.col("n_total") - pl.col("percent")).abs() <= half + _HAIR
        for step in (-1, 0, 1)
    ]
    return fits[1] & ~fits[0] & ~fits[2]


def recover_events(rows: pl.DataFrame) -> pl.DataFrame:
    """Fill in events that were not printed and are certain.

    Parameters
    ----------
    rows
        Figures in the shipped layout.

    Returns
    -------
    polars.DataFrame
        ``n_events`` filled where the horizon is 0 or blank and only one count gives the percentage; later
        percentages are often Kaplan-Meier. ``count_source`` says ``reported``, ``recovered`` or ``none``.
    """
    guess = (pl.col("percent") * pl.col("n_total") / 100).round().cast(pl.Int64)
    is_early = pl.col("horizon_days").fill_null(0) == 0
    is_certain = (is_early & is_only_count(guess)).fill_null(value=False)
    reported = pl.col("n_events").is_not_null()
    source = pl.when(reported).then(pl.lit("reported")).when(is_certain).then(pl.lit("recovered"))
    return rows.with_columns(
        pl.when(is_certain & ~reported).then(guess).otherwise("n_events").alias("n_events"),
        source.otherwise(pl.lit("none")).alias("count_source"),
    )
