"""Calcium scores recomputed from measurements; a missing measurement leaves a range, not a guess."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from analytics.calcium_measures import oct_calcium_score

_NODULE_SEEN = ("eruptive", "non_eruptive", "present")


@dataclass(frozen=True)
class IvusScoreRule:
    """Criteria of the IVUS calcium score, one point each.

    They are those commonly quoted for the score of Zhang et al (2021, Circ Cardiovasc Interv); the original
    text could not be read, so neither criteria nor cut-off are confirmed, and they are settings.

    Parameters
    ----------
    arc270_length_mm
        Superficial calcium above 270 degrees is longer than this.
    vessel_diameter_mm
        The vessel beside the calcium is narrower than this.
    high_from
        Smallest score of a lesion at risk of under-expansion.
    """

    arc270_length_mm: float = 5.0
    vessel_diameter_mm: float = 3.5
    high_from: int = 2


def derive_oct_score(readings: pl.DataFrame) -> pl.DataFrame:
    """Add the OCT calcium score, 0 to 4, and its bounds.

    Parameters
    ----------
    readings
        ``oct_arc`` (degrees), ``oct_thickness``, ``oct_length`` (mm); null where not measured.

    Returns
    -------
    polars.DataFrame
        With ``oct_score`` (null where a missing measurement leaves it open), ``oct_score_lower`` and
        ``oct_score_upper``: what it is at least and at most. Two points for an angle above 180 degrees, one
        for a thickness above 0.5 mm, one for a length above 5 mm [1]_. An arc of 0 is no calcium: score 0.
        Without any measurement all three are null.

    References
    ----------
    .. [1] Fujino et al (2018), EuroIntervention 13:e2182, doi:10.4244/EIJ-D-17-00962.
    """
    parts = [pl.col(name) for name in ("oct_arc", "oct_thickness", "oct_length")]
    least = oct_calcium_score(*(part.fill_null(0.0) for part in parts))
    most = oct_calcium_score(*(part.fill_null(float("inf")) for part in parts))
    return _with_bounds(readings, "oct", parts, least=least, most=most)


def derive_ivus_score(readings: pl.DataFrame, *, rule: IvusScoreRule | None = None) -> pl.DataFrame:
    """Add the IVUS calcium score, 0 to 4, and its bounds.

    Parameters
    ----------
    readings
        ``ivus_arc`` (degrees), ``ivus_arc270_length``, ``ivus_vessel_diameter`` (mm), ``ivus_depth``,
        ``ivus_nodule``; null or ``unknown`` where not read.
    rule
        Criteria. They are not confirmed at their source: whoever shows the score must say so.

    Returns
    -------
    polars.DataFrame
        With ``ivus_score``, ``ivus_score_lower`` and ``ivus_score_upper`` as of `derive_oct_score`. One point
        each for superficial calcium above 270 degrees that is long, for superficial calcium all around (360
        degrees), for a nodule, and for a narrow vessel. Calcium of depth ``mixed`` counts as superficial.
    """
    cut = rule or IvusScoreRule()
    known_depth = pl.col("ivus_depth").replace({"unknown": None})
    is_superficial = known_depth.is_in(["superficial", "mixed"])
    arc, length = pl.col("ivus_arc"), pl.col("ivus_arc270_length")
    # Where the arc does not reach 270 degrees, no length above it can have been measured.
    is_long = pl.when(arc <= 270).then(pl.lit(value=False)).otherwise(length > cut.arc270_length_mm)
    nodule = pl.col("ivus_nodule").replace({"unknown": None}).is_in(list(_NODULE_SEEN))
    points = [
        is_long,
        (arc >= 360) & is_superficial,
        nodule,
        pl.col("ivus_vessel_diameter") < cut.vessel_diameter_mm,
    ]
    least = pl.sum_horizontal(point.fill_null(value=False).cast(pl.Int64) for point in points)
    most = pl.sum_horizontal(point.fill_null(value=True).cast(pl.Int64) for point in points)
    measured = [arc, length, nodule, pl.col("ivus_vessel_diameter")]
    return _with_bounds(readings, "ivus", measured, least=least, most=most)


def _with_bounds(
    readings: pl.DataFrame, method: str, measured: list[pl.Expr], *, least: pl.Expr, most: pl.Expr
) -> pl.DataFrame:
    """Add score and bounds: 0 where the method saw no calcium, null where it measured nothing."""
    is_none = pl.col(f"{method}_arc") <= 0
    has_any = pl.any_horizontal(part.is_not_null() for part in measured)
    lower, upper = (
        pl.when(is_none.fill_null(value=False)).then(0).when(has_any).then(bound).cast(pl.Int64)
        for bound in (least, most)
    )
    return readings.with_columns(
        lower.alias(f"{method}_score_lower"), upper.alias(f"{method}_score_upper")
    ).with_columns(
        pl.when(pl.col(f"{method}_score_lower") == pl.col(f"{method}_score_upper"))
        .then(pl.col(f"{method}_score_lower"))
        .alias(f"{method}_score")
    )
