"""Who was given which device: what a comparison of devices adjusts for unless told otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Covariate:
    """One covariate of the default set.

    Parameters
    ----------
    name
        Column that `derive_covariates` gives.
    label
        Words for a table.
    reason
        Why it is held: what it does to the choice of the device and to the outcome.
    stands_for
        Other columns that carry the same thing; a comparison of one of them does not adjust for it.
    """

    name: str
    label: str
    reason: str
    stands_for: tuple[str, ...] = ()


DEFAULT_COVARIATES = (
    Covariate(
        "calcium_grade",
        "calcium grade",
        "decides most about the device, and hard calcium tears and perforates more easily",
        (
            "severity",
            "severity_group",
            "severity_angiography",
            "severity_ivus",
            "severity_oct",
            "ivus_arc_class",
            "oct_calcium_score",
        ),
    ),
    Covariate("age_years", "age (years)", "older arteries are stiffer; the old are spared long procedures"),
    Covariate(
        "is_acute",
        "acute presentation",
        "an acute vessel is treated quickly, with more thrombus and slow flow",
        ("presentation", "presentation_group"),
    ),
    Covariate(
        "kidney",
        "kidney disease",
        "renal failure calcifies the media, and worsens every outcome",
        ("ckd", "dialysis"),
    ),
    Covariate(
        "length_class",
        "lesion length",
        "long lesions take more devices and shed more debris",
        ("lesion_length_mm",),
    ),
    Covariate(
        "lvef_class",
        "ejection fraction",
        "a weak ventricle tolerates neither slow flow nor heart block, and steers away from atherectomy",
        ("lvef_pct",),
    ),
    Covariate("has_cto", "chronic total occlusion", "needs other devices, and perforates more", ("cto",)),
    Covariate("sex", "sex", "women have smaller vessels, and complications more often"),
    Covariate("has_diabetes", "diabetes", "calcified and diffuse disease, more events", ("diabetes",)),
    Covariate(
        "vessel_group",
        "vessel",
        "left main and right coronary: other anatomy, other burrs, heart block",
        ("vessel",),
    ),
    Covariate(
        "has_in_stent_restenosis",
        "in-stent restenosis",
        "an old stent rules out some devices and invites others",
        ("in_stent_restenosis",),
    ),
    Covariate(
        "has_bifurcation",
        "bifurcation",
        "side branches limit burrs and get lost",
        ("bifurcation",),
    ),
    Covariate(
        "procedure_year", "year", "lithotripsy came late, and results improved with time", ("procedure_date",)
    ),
    Covariate("site_id", "site", "sites own different devices and record complications differently"),
)
"""The set, the most important first: where events are few, the first ones are those that stay."""

VESSEL_GROUPS = {
    "LM": "left main",
    "LAD": "anterior descending",
    "RCA": "right",
    "LCX": "circumflex or intermediate",
    "RI": "circumflex or intermediate",
    "vein_graft": "graft",
    "arterial_graft": "graft",
}
"""Groups of vessels; of several in one procedure the first in this order stands."""

LENGTHS_MM = (20.0, 30.0)
LENGTH_CLASSES = ("under 20 mm", "20 to under 30 mm", "30 mm or more")
LVEF_PCT = (40.0, 50.0)
LVEF_CLASSES = ("under 40 %", "40 to under 50 %", "50 % or more")
GRADES = {"none": "none or mild", "mild": "none or mild", "moderate": "moderate", "severe": "severe"}
NEEDED = ("procedure_id", "severity", "presentation_group", "ckd", "dialysis", "lvef_pct")
LESION_COLUMNS = ("lesion_length_mm", "cto", "in_stent_restenosis", "bifurcation")
_ANY = ("cto", "in_stent_restenosis", "bifurcation")


def derive_covariates(rows: pl.DataFrame, *, lesions: pl.DataFrame) -> pl.DataFrame:
    """Add the default covariates to the rows of a cohort.

    Parameters
    ----------
    rows
        A cohort table by lesion (with ``lesion_id``) or by procedure: ``procedure_id``, ``severity``,
        ``ckd``, ``dialysis``, ``lvef_pct``, ``has_diabetes`` and the columns named in
        `DEFAULT_COVARIATES`.
    lesions
        Canonical lesions: ``lesion_id``, ``procedure_id``, ``vessel``, ``lesion_length_mm``, ``cto``,
        ``in_stent_restenosis``, ``bifurcation``. A procedure takes its longest lesion, any occlusion,
        restenosis or bifurcation, and its left main or else its leading vessel.

    Returns
    -------
    pl.DataFrame
        The rows in their order, with ``is_acute``, ``calcium_grade``, ``kidney``, ``length_class``,
        ``lvef_class``, ``vessel_group`` (Enums in clinical order), ``has_cto``,
        ``has_in_stent_restenosis`` and ``has_bifurcation``. Null where nothing is on record: `standardise`
        knows what to do with that.

    Raises
    ------
    SpecificationError
        Where a column that is needed is absent.
    """
    _require(rows, NEEDED)
    _require(lesions, ("lesion_id", "procedure_id", "vessel", *LESION_COLUMNS))
    key = "lesion_id" if "lesion_id" in rows.columns else "procedure_id"
    anatomy = _describe_anatomy(lesions, key)
    stale = [name for name in anatomy.columns if name in rows.columns and name != key]
    return (
        rows.drop(stale)
        .join(anatomy, on=key, how="left", maintain_order="left")
        .with_columns(
            _grade().alias("calcium_grade"),
            _is_acute().alias("is_acute"),
            _kidney().alias("kidney"),
            _cut("lvef_pct", LVEF_PCT, LVEF_CLASSES, reference=2).alias("lvef_class"),
        )
    )


def choose_covariates(rows: pl.DataFrame, *, exposure: str, without: Sequence[str] = ()) -> tuple[str, ...]:
    """Name the default covariates for a comparison, the most important first.

    Parameters
    ----------
    rows
        As `derive_covariates` returned them; covariates that are not columns are left out.
    exposure
        What is compared; a covariate that stands for the same is left out.
    without
        Names or columns not to adjust for, for example what the outcome is made of.
    """
    barred = {exposure, *without}
    return tuple(
        covariate.name
        for covariate in DEFAULT_COVARIATES
        if covariate.name in rows.columns and not barred & {covariate.name, *covariate.stands_for}
    )


def label_covariate(name: str) -> str:
    """Return the words for a covariate: those of the default set, or its own name."""
    return next((one.label for one in DEFAULT_COVARIATES if one.name == name), name)


def _require(rows: pl.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a frame without a column."""
    absent = [name for name in columns if name not in rows.columns]
    if absent:
        what = f"no column {', '.join(absent)}"
        raise SpecificationError(where="covariates", what=what, fix="Read a cohort table and the lesions.")


def _describe_anatomy(lesions: pl.DataFrame, key: str) -> pl.DataFrame:
    """Describe the lesion, or the lesions of a procedure, in one row."""
    named = lesions.with_columns(vessel=pl.col("vessel").replace("unknown", None).replace(VESSEL_GROUPS))
    ordered = named.with_columns(pl.col("vessel").cast(pl.Enum(list(dict.fromkeys(VESSEL_GROUPS.values())))))
    worst = ordered.group_by(key).agg(
        pl.col("lesion_length_mm").max(),
        # The least of an Enum follows its order.
        pl.col("vessel").min().alias("vessel_group"),
        *[pl.col(name).any(ignore_nulls=False).alias(f"has_{name}") for name in _ANY],
    )
    return worst.with_columns(
        _cut("lesion_length_mm", LENGTHS_MM, LENGTH_CLASSES).alias("length_class")
    ).drop("lesion_length_mm")


def _grade() -> pl.Expr:
    """Join none and mild, which no device tells apart; null where there is no grade."""
    groups = pl.Enum(list(dict.fromkeys(GRADES.values())))
    return pl.col("severity").replace_strict(GRADES, default=None, return_dtype=groups)


def _is_acute() -> pl.Expr:
    """Tell acute from chronic presentations; null where neither is on record."""
    return pl.col("presentation_group").replace_strict(
        {"acute": True, "chronic": False}, default=None, return_dtype=pl.Boolean
    )


def _kidney() -> pl.Expr:
    """Tell dialysis, kidney disease without it, and neither; null where that is not known."""
    words = pl.Enum(["no kidney disease", "kidney disease", "dialysis"])
    return (
        pl.when("dialysis")
        .then(pl.lit("dialysis"))
        .when("ckd")
        .then(pl.lit("kidney disease"))
        .when(pl.col("ckd").not_())
        .then(pl.lit("no kidney disease"))
        .cast(words)
    )


def _cut(column: str, edges: tuple[float, float], words: tuple[str, ...], *, reference: int = 0) -> pl.Expr:
    """Cut a number into three classes, the reference first; null stays null."""
    order = (words[reference], *(word for word in words if word != words[reference]))
    value = pl.col(column)
    low = pl.when(value < edges[0]).then(pl.lit(words[0]))
    middle = low.when(value < edges[1]).then(pl.lit(words[1]))
    return middle.when(value >= edges[1]).then(pl.lit(words[2])).cast(pl.Enum(order))
