"""Anatomy and result of a lesion as claims use them, and of a procedure as the worst of its lesions."""

from __future__ import annotations

import polars as pl

SUCCESS_STENOSIS_PCT = 30.0
"""Residual stenosis below which a lesion is a technical success, with TIMI 3 flow."""

_KEPT = (
    "lesion_id", "procedure_id", "segment_code", "stenosis_pre_pct", "lesion_length_mm",
    "reference_diameter_mm", "bifurcation", "ostial", "cto", "in_stent_restenosis", "timi_post",
    "residual_stenosis_pct",
)  # fmt: skip


def derive_lesion_outcomes(lesions: pl.DataFrame) -> pl.DataFrame:
    """Derive what claims say of lesions.

    Parameters
    ----------
    lesions
        The canonical table ``lesions``.

    Returns
    -------
    polars.DataFrame
        Its anatomy, and: ``technical_success`` (TIMI 3 and a residual stenosis below 30 %; null where either
        is not recorded), ``acute_gain_mm`` (stenosis gained times the reference diameter), ``tortuosity``
        and ``angulation`` (unknown becomes null), ``is_uncrossable`` (no balloon crossed), and
        ``is_resistant`` (no balloon crossed or none opened it).
    """
    success = (pl.col("timi_post") == 3) & (pl.col("residual_stenosis_pct") < SUCCESS_STENOSIS_PCT)
    gain = pl.col("stenosis_pre_pct") - pl.col("residual_stenosis_pct")
    crossing = pl.col("crossability")
    return lesions.select(
        *_KEPT,
        success.alias("technical_success"),
        (gain / 100.0 * pl.col("reference_diameter_mm")).alias("acute_gain_mm"),
        *(_known(name) for name in ("tortuosity", "angulation")),
        (crossing == "balloon_uncrossable").alias("is_uncrossable"),
        crossing.is_in(["balloon_uncrossable", "balloon_undilatable"]).alias("is_resistant"),
    )


def roll_up_lesions(lesions: pl.DataFrame) -> pl.DataFrame:
    """Derive what claims say of a procedure from its lesions.

    Parameters
    ----------
    lesions
        Result of `derive_lesion_outcomes` with the columns of
        `analytics.claims.device_columns.derive_device_columns`.

    Returns
    -------
    polars.DataFrame
        ``procedure_id``, ``technical_success`` (of every lesion), ``crossover`` (in any lesion; null where
        no devices are recorded) and ``longest_lesion_mm``.
    """
    return lesions.group_by("procedure_id", maintain_order=True).agg(
        pl.col("technical_success").all(ignore_nulls=False),
        pl.col("crossover").any(ignore_nulls=False),
        pl.col("lesion_length_mm").max().alias("longest_lesion_mm"),
    )


def _known(name: str) -> pl.Expr:
    """Take the code for not known as missing."""
    return pl.when(pl.col(name) != "unknown").then(pl.col(name)).alias(name)
