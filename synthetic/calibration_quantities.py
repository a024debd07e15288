"""Figures of a registry that can be set beside published ones, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from synthetic.registry import Registry

Quantity = Callable[["Registry"], float | None]

_ABLATION = ("rotational_atherectomy",)
_IVL = ("intravascular_lithotripsy",)
_BALLOONS = ("nc_balloon", "sc_balloon")
_CUTTING = ("cutting_balloon", "scoring_balloon")
_SPECIAL = ("rotational_atherectomy", "orbital_atherectomy", "intravascular_lithotripsy", "elca")


def _share(rows: pl.DataFrame, claim: pl.Expr) -> float | None:
    """Return the share of rows for which a claim holds, rows without an answer left out."""
    value = rows.select(claim.mean()).item()
    return None if value is None else float(value)


def _mean(rows: pl.DataFrame, column: str) -> float | None:
    """Return the mean of a column."""
    value = rows[column].mean()
    return float(value) if isinstance(value, int | float) else None


def _lesions_with(registry: Registry, classes: tuple[str, ...], *, alone: bool = False) -> pl.DataFrame:
    """Return lesions in which a device was used; `alone`: and no other calcium-specific one."""
    uses = registry.tables["device_uses"].with_columns(pl.col("device_class").cast(pl.String))
    hit = uses.filter(pl.col("device_class").is_in(list(classes))).select("lesion_id").unique()
    rows = registry.tables["lesions"].join(hit, on="lesion_id", how="semi")
    if alone:
        others = [name for name in (*_SPECIAL, *_CUTTING) if name not in classes]
        mixed = uses.filter(pl.col("device_class").is_in(others)).select("lesion_id").unique()
        rows = rows.join(mixed, on="lesion_id", how="anti")
    return rows


def _procedures_with(registry: Registry, classes: tuple[str, ...], *, alone: bool = False) -> pl.DataFrame:
    """Return procedures in which a device was used."""
    lesions = _lesions_with(registry, classes, alone=alone).select("procedure_id").unique()
    return registry.tables["procedures"].join(lesions, on="procedure_id", how="semi")


def _plain_procedures(registry: Registry) -> pl.DataFrame:
    """Return procedures in which nothing but balloons without blades prepared lesions."""
    special = _procedures_with(registry, (*_SPECIAL, *_CUTTING)).select("procedure_id")
    return registry.tables["procedures"].join(special, on="procedure_id", how="anti")


def _patients_with(registry: Registry, classes: tuple[str, ...]) -> pl.DataFrame:
    """Return first procedures of patients in which a device was used."""
    return _procedures_with(registry, classes).sort("procedure_date").unique("patient_id", keep="first")


def _complication(
    registry: Registry, rows: pl.DataFrame, kind: str, grades: tuple[str, ...] = ()
) -> float | None:
    """Return the share of procedures with a complication, where the hospital states presence or absence."""
    records = registry.tables["complications"].filter(pl.col("complication_type").cast(pl.String) == kind)
    if grades:
        records = records.filter(pl.col("grade").is_in(list(grades)))
    told = rows.filter(pl.col("complications_recorded").cast(pl.String) == "all")
    return _share(told, pl.col("procedure_id").is_in(records["procedure_id"].implode()))


def _risk(registry: Registry, strategy: str, day: int, endpoint: str = "death_mi_tvr") -> float | None:
    """Return the true risk of those given a strategy."""
    rows = registry.truth.get("marginal", {}).get("risks", [])
    wanted = (endpoint, "treated", strategy, day)
    keys = ("endpoint", "population", "strategy", "horizon_days")
    found = [row["risk"] for row in rows if tuple(row[key] for key in keys) == wanted]
    return float(found[0]) if found else None


def _mace(grade: str) -> Quantity:
    """Return the expected one-year risk of a true grade; none and mild together."""

    def of(registry: Registry) -> float | None:
        risk = registry.truth["expected"]["one_year_mace_by_true_severity"]
        counts = registry.truth["counts"]["procedures_by_true_severity"]
        grades = ("none", "mild") if grade == "none_mild" else (grade,)
        known = [(risk[name], counts[name]) for name in grades if risk[name] is not None]
        total = sum(count for _, count in known)
        return sum(value * count for value, count in known) / total if total else None

    return of


def _grade(*grades: str) -> Quantity:
    """Return the share of lesions of true grades."""

    def of(registry: Registry) -> float | None:
        counts = registry.truth["counts"]["lesions_by_true_severity"]
        return float(sum(counts[grade] for grade in grades) / sum(counts.values()))

    return of


def _uses(registry: Registry, *classes: str) -> pl.DataFrame:
    """Return the uses of device classes."""
    return registry.tables["device_uses"].filter(pl.col("device_class").cast(pl.String).is_in(list(classes)))


def _imaged(registry: Registry, *, core_lab_grade: str | None = None) -> pl.DataFrame:
    """Return baseline imaging, of lesions that a core laboratory gave a grade where one is asked for."""
    runs = registry.tables["imaging"].filter(pl.col("stage").cast(pl.String) == "baseline")
    if core_lab_grade is None:
        return runs
    lesions = registry.tables["lesions"].filter(
        (pl.col("calcification_angio").cast(pl.String) == core_lab_grade)
        & (pl.col("calcification_assessor").cast(pl.String) == "core_lab")
    )
    return runs.join(lesions, on="lesion_id", how="semi")


QUANTITIES: dict[str, Quantity] = {
    "male": lambda r: _share(r.tables["patients"], pl.col("sex").cast(pl.String) == "male"),
    "age_rotational": lambda r: _mean(_patients_with(r, _ABLATION), "age_years"),
    "age_lithotripsy": lambda r: _mean(_patients_with(r, _IVL), "age_years"),
    "diabetes_rotational": lambda r: _share(
        _patients_with(r, _ABLATION).filter(pl.col("diabetes").cast(pl.String) != "unknown"),
        pl.col("diabetes").cast(pl.String) != "no",
    ),
    "acute_rotational": lambda r: _share(
        _patients_with(r, _ABLATION),
        pl.col("presentation").cast(pl.String).is_in(["unstable_angina", "nstemi", "stemi"]),
    ),
    "grade_none": _grade("none"),
    "grade_mild": _grade("mild"),
    "grade_moderate": _grade("moderate"),
    "grade_severe": _grade("severe"),
    "kappa_operators": lambda r: r.truth["counts"]["weighted_kappa_of_operators"],
    "calcium_on_imaging": lambda r: _share(_imaged(r), pl.col("calcium_arc_deg") > 0),
    "arc_severe": lambda r: _mean(_imaged(r, core_lab_grade="severe"), "calcium_arc_deg"),
    "thickness_severe": lambda r: _mean(_imaged(r, core_lab_grade="severe"), "calcium_thickness_mm"),
    "superficial_only": lambda r: _share(
        _imaged(r).filter(
            (pl.col("modality").cast(pl.String) == "ivus")
            & pl.col("calcium_depth").cast(pl.String).is_in(["superficial", "deep", "mixed"])
        ),
        pl.col("calcium_depth").cast(pl.String) == "superficial",
    ),
    "length_mm": lambda r: _mean(r.tables["lesions"], "lesion_length_mm"),
    "reference_mm": lambda r: _mean(r.tables["lesions"], "reference_diameter_mm"),
    "rca_rotational": lambda r: _share(
        _lesions_with(r, _ABLATION), pl.col("vessel").cast(pl.String) == "RCA"
    ),
    "perforation_plain": lambda r: _complication(r, _plain_procedures(r), "perforation"),
    "perforation_rotational": lambda r: _complication(r, _procedures_with(r, _ABLATION), "perforation"),
    "tamponade_rotational": lambda r: _complication(r, _procedures_with(r, _ABLATION), "tamponade"),
    "slow_flow_rotational": lambda r: _complication(r, _procedures_with(r, _ABLATION), "slow_flow_no_reflow"),
    "av_block_rotational": lambda r: _complication(r, _procedures_with(r, _ABLATION), "av_block"),
    "entrapment_rotational": lambda r: _complication(r, _procedures_with(r, _ABLATION), "device_entrapment"),
    "rupture_lithotripsy": lambda r: _complication(
        r, _procedures_with(r, _IVL, alone=True), "balloon_rupture"
    ),
    "perforation_lithotripsy": lambda r: _complication(
        r, _procedures_with(r, _IVL, alone=True), "perforation"
    ),
    "severe_dissection_lithotripsy": lambda r: _complication(
        r, _procedures_with(r, _IVL, alone=True), "dissection", ("D", "E", "F")
    ),
    "mi_lithotripsy": lambda r: _complication(r, _procedures_with(r, _IVL, alone=True), "periprocedural_mi"),
    "mace_none_mild": _mace("none_mild"),
    "mace_moderate": _mace("moderate"),
    "mace_severe": _mace("severe"),
    "early_part_severe": lambda r: r.truth["expected"]["share_of_one_year_mace_in_first_30_days"]["severe"],
    "mace_rotational": lambda r: _risk(r, "rotational_atherectomy", 365),
    "mace_lithotripsy_30": lambda r: _risk(r, "intravascular_lithotripsy", 30),
    "mace_lithotripsy": lambda r: _risk(r, "intravascular_lithotripsy", 365),
}
"""Functions of a registry by the name that a check gives."""
