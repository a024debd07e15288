"""Figures of patients and lesions that can be set beside published ones."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from synthetic.calibration_measures import Measured, View, difference, mean, share, standardised

Quantity = Callable[[View], Measured | None]

ROTATIONAL = ("rotational_atherectomy",)
LITHOTRIPSY = ("intravascular_lithotripsy",)
_ACUTE = ["unstable_angina", "nstemi", "stemi"]
_GRADES = ["none", "mild", "moderate", "severe"]


def _known(column: str) -> pl.Expr:
    """Return a code, empty where it is unknown."""
    return pl.when(pl.col(column) != "unknown").then(pl.col(column))


def _is(column: str, *codes: str) -> pl.Expr:
    """Return whether a code is one of some, empty where it is unknown."""
    return _known(column).is_in(list(codes))


def _graded_by_core_lab(view: View) -> pl.DataFrame:
    """Return first procedures whose first lesion a core laboratory graded, with that grade."""
    lesions = view.lesions.filter(
        (pl.col("calcification_assessor") == "core_lab") & (pl.col("lesion_number") == 1)
    )
    grade = lesions.select("procedure_id", _known("calcification_angio").alias("grade")).drop_nulls()
    return view.index_procedures.join(grade, on="procedure_id")


def _age_with_severe(view: View) -> Measured | None:
    """Measure by how much patients with severe calcification are older than others."""
    rows = _graded_by_core_lab(view)
    severe = pl.col("grade") == "severe"
    return difference(mean(rows.filter(severe), "age_years"), mean(rows.filter(~severe), "age_years"))


def _age_with_burr(view: View) -> Measured | None:
    """Measure by how much patients given rotational atherectomy are older than others."""
    treated = view.patients_with(ROTATIONAL)
    others = view.index_procedures.join(treated, on="patient_id", how="anti")
    return difference(mean(treated, "age_years"), mean(others, "age_years"))


def _age_of_women(view: View) -> Measured | None:
    """Measure by how much women given rotational atherectomy are older than men."""
    rows = view.patients_with(ROTATIONAL)
    women, men = (mean(rows.filter(pl.col("sex") == sex), "age_years") for sex in ("female", "male"))
    return difference(women, men)


def _pad_elsewhere(view: View) -> Measured | None:
    """Measure peripheral artery disease in patients without rotational atherectomy."""
    treated = view.patients_with(ROTATIONAL)
    return share(view.index_procedures.join(treated, on="patient_id", how="anti"), pl.col("pad"))


def _truly(*grades: str) -> Quantity:
    """Measure the share of lesions of true grades."""

    def of(view: View) -> Measured:
        counts = view.truth["counts"]["lesions_by_true_severity"]
        total = sum(counts.values())
        return Measured(sum(counts[grade] for grade in grades) / total, total)

    return of


def _vessel(name: str) -> Quantity:
    """Measure the share of lesions given rotational atherectomy that lie in a vessel."""
    return lambda view: share(view.lesions_with(ROTATIONAL), pl.col("vessel") == name)


def _feature(column: str) -> Quantity:
    """Measure a feature in lesions given lithotripsy."""
    return lambda view: share(view.lesions_with(LITHOTRIPSY), pl.col(column))


def _seen(modality: str) -> Quantity:
    """Measure in how many lesions a modality sees calcium, as if all lesions were imaged."""

    def of(view: View) -> Measured | None:
        runs = view.baseline_imaging.filter(pl.col("modality") == modality)
        claim = pl.col("calcium_arc_deg") > 0
        return standardised(runs, claim, by="calcification_angio", target=view.lesions)

    return of


def _quadrants(low: float, high: float) -> Quantity:
    """Measure how many calcified lesions have an arc above one bound, and up to another, by IVUS."""

    def of(view: View) -> Measured | None:
        runs = view.baseline_imaging.filter((pl.col("modality") == "ivus") & (pl.col("calcium_arc_deg") > 0))
        claim = (pl.col("calcium_arc_deg") > low) & (pl.col("calcium_arc_deg") <= high)
        return standardised(runs, claim, by="calcification_angio", target=view.lesions)

    return of


def _arc_of_all(view: View) -> Measured | None:
    """Measure the mean arc by IVUS with 0 where no calcium is seen, as if all lesions were imaged."""
    runs = view.baseline_imaging.filter(pl.col("modality") == "ivus")
    return standardised(runs, pl.col("calcium_arc_deg"), by="calcification_angio", target=view.lesions)


def _imaged_severe(view: View) -> pl.DataFrame:
    """Return baseline imaging of lesions that a core laboratory graded severe."""
    return view.baseline_imaging.filter(
        (pl.col("calcification_angio") == "severe") & (pl.col("calcification_assessor") == "core_lab")
    )


def _depth(name: str) -> Quantity:
    """Measure where calcium lies, by IVUS, in lesions with calcium."""

    def of(view: View) -> Measured | None:
        runs = view.baseline_imaging.filter(
            (pl.col("modality") == "ivus") & pl.col("calcium_depth").is_in(["superficial", "deep", "mixed"])
        )
        return share(runs, pl.col("calcium_depth") == name)

    return of


def _kappa(view: View) -> Measured | None:
    """Return weighted kappa of operators with the truth."""
    value = view.truth["counts"]["weighted_kappa_of_operators"]
    graded = view.lesions.filter(pl.col("calcification_assessor") == "operator")
    return None if value is None else Measured(float(value), len(graded))


PEOPLE: dict[str, Quantity] = {
    "male": lambda v: share(v.index_procedures, pl.col("sex") == "male"),
    "male_rotational": lambda v: share(v.patients_with(ROTATIONAL), pl.col("sex") == "male"),
    "age_rotational": lambda v: mean(v.patients_with(ROTATIONAL), "age_years"),
    "age_lithotripsy": lambda v: mean(v.patients_with(LITHOTRIPSY), "age_years"),
    "age_rotational_difference": _age_with_burr,
    "age_severe_difference": _age_with_severe,
    "age_women_rotational": _age_of_women,
    "diabetes_rotational": lambda v: share(v.patients_with(ROTATIONAL), _known("diabetes") != "no"),
    "diabetes_lithotripsy": lambda v: share(v.patients_with(LITHOTRIPSY), _known("diabetes") != "no"),
    "ckd_rotational": lambda v: share(v.patients_with(ROTATIONAL), pl.col("ckd")),
    "ckd_lithotripsy": lambda v: share(v.patients_with(LITHOTRIPSY), pl.col("ckd")),
    "lvef_rotational": lambda v: mean(v.patients_with(ROTATIONAL), "lvef_pct"),
    "pad_rotational": lambda v: share(v.patients_with(ROTATIONAL), pl.col("pad")),
    "pad_others": _pad_elsewhere,
    "acute_rotational": lambda v: share(v.patients_with(ROTATIONAL), _is("presentation", *_ACUTE)),
    "acute_lithotripsy": lambda v: share(v.patients_with(LITHOTRIPSY), _is("presentation", *_ACUTE)),
}
"""Who is treated."""

CALCIUM: dict[str, Quantity] = {
    **{f"grade_{grade}": _truly(grade) for grade in _GRADES},
    "grade_moderate_severe": _truly("moderate", "severe"),
    "grade_missing": lambda v: share(v.lesions, pl.col("calcification_angio") == "unknown"),
    "kappa_operators": _kappa,
    "calcium_on_angiography": lambda v: share(v.lesions, _is("calcification_angio", "moderate", "severe")),
    "calcium_on_ivus": _seen("ivus"),
    "calcium_on_oct": _seen("oct"),
    "arc_all": _arc_of_all,
    "arc_one_quadrant": _quadrants(0, 90),
    "arc_two_quadrants": _quadrants(90, 180),
    "arc_three_quadrants": _quadrants(180, 270),
    "arc_four_quadrants": _quadrants(270, 360),
    "depth_superficial": _depth("superficial"),
    "depth_deep": _depth("deep"),
    "depth_both": _depth("mixed"),
    "arc_severe": lambda v: mean(_imaged_severe(v), "calcium_arc_deg"),
    "thickness_severe": lambda v: mean(_imaged_severe(v), "calcium_thickness_mm"),
    "calcium_length_severe": lambda v: mean(_imaged_severe(v), "calcium_length_mm"),
    "nodule_severe": lambda v: share(_imaged_severe(v), pl.col("calcified_nodule") != "none"),
}
"""How much calcium there is, and how it is seen."""

LESIONS: dict[str, Quantity] = {
    "length_mm": lambda v: mean(v.lesions_with(LITHOTRIPSY), "lesion_length_mm"),
    "reference_mm": lambda v: mean(v.lesions_with(LITHOTRIPSY), "reference_diameter_mm"),
    **{f"{name.lower()}_rotational": _vessel(name) for name in ("RCA", "LAD", "LCX", "LM")},
    "bifurcation_lithotripsy": _feature("bifurcation"),
    "ostial_lithotripsy": _feature("ostial"),
    "in_stent_lithotripsy": _feature("in_stent_restenosis"),
    "cto_lithotripsy": _feature("cto"),
}
"""Lesions and vessels."""
