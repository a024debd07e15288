"""What was seen inside the vessel as claims use it: by lesion, and by lesion that two modalities saw."""

from __future__ import annotations

import polars as pl

UNDER_EXPANSION_PCT = 80.0
"""Stent expansion below which a stent counts as under-expanded (doi:10.3389/fcvm.2025.1524390)."""
MISSED_ARC_DEG = 90.0
"""Arc by which OCT must fall short of IVUS to count as an underestimate (Wang 2017)."""


def derive_imaging_columns(imaging: pl.DataFrame) -> pl.DataFrame:
    """Derive what claims say of a lesion that was imaged.

    Parameters
    ----------
    imaging
        The canonical table ``imaging``.

    Returns
    -------
    polars.DataFrame
        ``lesion_id``; from runs before treatment ``calcium_arc_deg`` (largest), ``calcium_depth`` (OCT first,
        then IVUS; ``none`` becomes null), ``has_deep_calcium`` (deep against superficial or mixed); from any
        run ``calcium_fracture``; from runs after the stent ``msa_mm2``, ``stent_expansion_pct`` and
        ``is_under_expanded`` (below 80 %), each from the last run that has it.
    """
    depth = pl.when(pl.col("calcium_depth") != "none").then(pl.col("calcium_depth"))
    before, after = pl.col("stage") == "baseline", pl.col("stage") == "after_stent"
    ordered = imaging.with_columns(_depth=depth).sort(
        "lesion_id", "modality", "imaging_id", descending=[False, True, False]
    )
    return (
        ordered.group_by("lesion_id", maintain_order=True)
        .agg(
            pl.col("calcium_arc_deg").filter(before).max(),
            pl.col("_depth").filter(before).drop_nulls().first().alias("calcium_depth"),
            pl.col("calcium_fracture").drop_nulls().any().alias("_fractured"),
            pl.col("calcium_fracture").is_not_null().any().alias("_looked_for"),
            pl.col("msa_mm2").filter(after).drop_nulls().last(),
            pl.col("stent_expansion_pct").filter(after).drop_nulls().last(),
        )
        .with_columns(
            pl.when("_looked_for").then("_fractured").alias("calcium_fracture"),
            (pl.col("calcium_depth") == "deep").alias("has_deep_calcium"),
            (pl.col("stent_expansion_pct") < UNDER_EXPANSION_PCT).alias("is_under_expanded"),
        )
        .drop("_looked_for", "_fractured")
    )


def derive_image_pairs(imaging: pl.DataFrame) -> pl.DataFrame:
    """Pair the readings of lesions that IVUS and OCT both saw before treatment.

    Parameters
    ----------
    imaging
        The canonical table ``imaging``.

    Returns
    -------
    polars.DataFrame
        ``lesion_id``, ``ivus_arc_deg``, ``oct_arc_deg`` (largest of the lesion), ``ivus_sees_calcium``,
        ``oct_sees_calcium`` (an arc above 0), ``oct_falls_short`` (calcium that IVUS sees and OCT does not,
        or with an arc more than 90 degrees smaller; only where IVUS sees calcium), ``ivus_calls_none`` (the
        reverse of ``ivus_sees_calcium``) and ``is_deep`` (depth by IVUS).
    """
    before = imaging.filter((pl.col("stage") == "baseline") & pl.col("calcium_arc_deg").is_not_null())
    sides = [
        before.filter(pl.col("modality") == name)
        .group_by("lesion_id", maintain_order=True)
        .agg(
            pl.col("calcium_arc_deg").max().alias(f"{name}_arc_deg"),
            pl.col("calcium_depth").drop_nulls().first().alias(f"{name}_depth"),
        )
        for name in ("ivus", "oct")
    ]
    ivus, oct_arc = pl.col("ivus_arc_deg"), pl.col("oct_arc_deg")
    short = (oct_arc == 0) | (ivus - oct_arc > MISSED_ARC_DEG)
    return (
        sides[0]
        .join(sides[1], on="lesion_id", how="inner", maintain_order="left")
        .with_columns(
            (ivus > 0).alias("ivus_sees_calcium"),
            (ivus == 0).alias("ivus_calls_none"),
            (oct_arc > 0).alias("oct_sees_calcium"),
            pl.when(ivus > 0).then(short).alias("oct_falls_short"),
            (pl.col("ivus_depth") == "deep").alias("is_deep"),
        )
    )
