"""What was drawn, as canonical tables: sites, patients, procedures, lesions and what was done to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from schemas.registry import TABLES
from synthetic.codes import CROSSABILITIES, DEVICE_CLASSES, PRESENTATIONS, SEGMENTS, SEVERITIES, VESSELS
from synthetic.procedure import RESCUE, SLOT_ROLES

if TYPE_CHECKING:
    from collections.abc import Sequence as Codes

    from synthetic.scenario import Scenario

_OF_PATIENT = (
    *(
        "hypertension",
        "dyslipidaemia",
        "heart_failure",
        "prior_cabg",
        "prior_stroke",
        "pad",
        "ckd",
        "dialysis",
    ),
)
_OF_VISIT = (
    *("procedure_id", "patient_id", "site_id", "operator_id", "discharge_status", "urgency", "access_site"),
    *("cardiogenic_shock", "contrast_ml", "radiation_air_kerma_mgy", "mechanical_support", "syntax_score"),
    *("gp2b3a_inhibitor", "n_diseased_vessels", "dapt_at_discharge", "complications_recorded"),
)
_DIABETES = ("no", "non_insulin", "insulin")
_SMOKING = ("never", "former", "current")
_TORTUOSITY = ("none_mild", "moderate", "severe")
_ANGULATION = ("lt45", "45_90", "gt90")
_DEPTH = ("superficial", "deep", "mixed", "none")
_NODULE = ("none", "non_eruptive", "eruptive")
_STAGES = ("baseline", "after_modification", "after_stent")


def conform(table: str, columns: dict[str, pl.Series | pl.Expr]) -> pl.DataFrame:
    """Return a typed canonical table: all its columns in order, empty where nothing was drawn, NaN as empty.

    Parameters
    ----------
    table
        Name of the canonical table.
    columns
        Columns by canonical name, all of one length.
    """
    frame = pl.DataFrame(columns)
    dtypes = TABLES[table].dtypes
    missing = [
        pl.lit(None, dtype=dtype).alias(name) for name, dtype in dtypes.items() if name not in frame.columns
    ]
    floats = [pl.col(name).fill_nan(None) for name in frame.columns if frame[name].dtype == pl.Float64]
    return (
        frame.with_columns(floats).with_columns(missing).select(pl.col(n).cast(t) for n, t in dtypes.items())
    )


def coded(codes: Codes[str], number: np.ndarray) -> pl.Series:
    """Return the code of each number, empty for negative or NaN."""
    place = np.where(np.isnan(number.astype(np.float64)), -1, number).astype(np.int64)
    names = pl.Series([*codes, None], dtype=pl.String)
    return names.gather(np.where(place < 0, len(codes), place))


def days_as_dates(days: pl.Series) -> pl.Series:
    """Turn days since 1970-01-01 into dates."""
    return days.cast(pl.Int32).cast(pl.Date)


def site_table(scenario: Scenario) -> pl.DataFrame:
    """Lay out the sites; a cut-off is vouched for only where follow-up is linked."""
    frame = pl.DataFrame(
        {
            "site_id": [site.site_id for site in scenario.sites],
            "country": [site.country for site in scenario.sites],
            "on_site_surgery": [site.on_site_surgery for site in scenario.sites],
            "followup_source": [site.followup_source for site in scenario.sites],
            "data_cutoff_date": [
                None if site.followup_source == "passive" else site.data_cutoff_date
                for site in scenario.sites
            ],
        }
    ).with_columns(pl.col("data_cutoff_date").str.to_date("%Y-%m-%d"), pl.lit("actual").alias("date_policy"))
    return conform("sites", {name: frame[name] for name in frame.columns})


def patient_table(patients: pl.DataFrame) -> pl.DataFrame:
    """Lay out the patients."""
    return conform(
        "patients",
        {
            "patient_id": patients["patient_id"],
            "site_id": patients["site_id"],
            "sex": coded(("female", "male"), patients["male"].to_numpy()),
            "research_use_allowed": patients["research_use_allowed"],
        },
    )


def procedure_table(
    visits: pl.DataFrame, patients: pl.DataFrame, *, laboratory: dict[str, np.ndarray]
) -> pl.DataFrame:
    """Lay out the procedures.

    Parameters
    ----------
    visits
        One row per visit with its identifiers, dates and details.
    patients
        The patient of each visit, row for row.
    laboratory
        Columns in canonical names.
    """
    later = visits["visit_number"] > 1
    return conform(
        "procedures",
        {
            "procedure_date": days_as_dates(visits["day"]),
            "discharge_date": days_as_dates(visits["discharge_day"]),
            "age_years": visits["age"].floor(),
            "presentation": coded(PRESENTATIONS, visits["presentation"].to_numpy()),
            "staged_pci_planned": patients["staged"] & ~later,
            "bmi_kg_m2": patients["bmi"],
            "smoking": coded(_SMOKING, patients["smoking"].to_numpy()),
            "diabetes": coded(_DIABETES, patients["diabetes"].to_numpy()),
            "atrial_fibrillation": patients["atrial_fibrillation"],
            "lvef_pct": patients["lvef"],
            "prior_pci": patients["prior_pci"] | later,
            "prior_mi": patients["prior_mi"] | visits["mi_before"],
            **{name: visits[name] for name in _OF_VISIT},
            **{name: patients[name] for name in _OF_PATIENT},
            **{name: pl.Series(values) for name, values in laboratory.items()},
        },
    )


def lesion_table(lesions: pl.DataFrame) -> pl.DataFrame:
    """Lay out the lesions (columns of `draw_lesions` and what treatment and grading added)."""
    vessel = lesions["vessel"].to_numpy()
    place = (lesions["segment_start"].to_numpy() + lesions["lesion_number"].to_numpy()) % 3
    segments = [segment for vessel_segments in SEGMENTS for segment in vessel_segments]
    as_drawn = ("lesion_id", "procedure_id", "lesion_number", "bifurcation", "ostial", "cto", "culprit")
    return conform(
        "lesions",
        {
            **{name: lesions[name] for name in as_drawn},
            "vessel": coded(VESSELS, vessel),
            "segment_code": coded(segments, vessel * 3 + place),
            "calcification_angio": coded(SEVERITIES, lesions["recorded_grade"].to_numpy()),
            "calcification_assessor": lesions["assessor"],
            "stenosis_pre_pct": lesions["stenosis_pct"],
            "lesion_length_mm": lesions["length_mm"],
            "reference_diameter_mm": lesions["reference_mm"],
            "tortuosity": coded(_TORTUOSITY, lesions["tortuosity"].to_numpy()),
            "angulation": coded(_ANGULATION, lesions["angulation"].to_numpy()),
            "in_stent_restenosis": lesions["in_stent"],
            "crossability": coded(CROSSABILITIES, lesions["crossability"].to_numpy()),
            "timi_post": lesions["timi_post"],
            "residual_stenosis_pct": lesions["residual_pct"],
            "stent_type": lesions["stent_type"],
            "stent_count": lesions["stent_count"],
            "stent_length_total_mm": lesions["stent_length_mm"],
        },
    )


def imaging_table(runs: pl.DataFrame, lesion_id: pl.Series) -> pl.DataFrame:
    """Lay out the imaging runs; `lesion_id` by row of the lesions."""
    ids = lesion_id.gather(runs["lesion"])
    stage = coded(_STAGES, runs["stage"].to_numpy())
    modality = coded(("ivus", "oct"), runs["is_oct"].to_numpy())
    fracture = pl.Series(runs["fracture"].fill_nan(None) > 0.5)
    measures = {
        "calcium_arc_deg": "arc",
        "calcium_thickness_mm": "thickness",
        "calcium_length_mm": "length",
        "calcium_arc270_length_mm": "arc270_length",
        "vessel_diameter_mm": "vessel",
        "mla_mm2": "mla",
        "reference_lumen_area_mm2": "reference",
        "msa_mm2": "msa",
        "stent_expansion_pct": "expansion",
    }
    return conform(
        "imaging",
        {
            "imaging_id": ids + "-" + modality + "-" + stage,
            "lesion_id": ids,
            "modality": modality,
            "stage": stage,
            "calcium_depth": coded(_DEPTH, runs["depth"].to_numpy()),
            "calcified_nodule": coded(_NODULE, runs["nodule"].to_numpy()),
            "calcium_fracture": fracture,
            "expansion_basis": coded(
                ("mean_reference",), np.where(np.isnan(runs["expansion"].to_numpy()), -1, 0)
            ),
            **{name: runs[drawn] for name, drawn in measures.items()},
        },
    )


def device_table(devices: pl.DataFrame, lesion_id: pl.Series) -> pl.DataFrame:
    """Lay out the devices; `lesion_id` by row of the lesions."""
    ids = lesion_id.gather(devices["lesion"])
    slot = devices["slot"].to_numpy()
    as_drawn = (
        *(
            "sequence_no",
            "diameter_mm",
            "max_pressure_atm",
            "rotation_speed_krpm",
            "activation_time_s",
            "ivl_pulses",
        ),
        "laser_fluence_mj_mm2",
    )
    return conform(
        "device_uses",
        {
            "device_use_id": ids + "-D" + devices["sequence_no"].cast(pl.String),
            "lesion_id": ids,
            "device_class": coded(DEVICE_CLASSES, devices["device"].to_numpy()),
            "role": coded(SLOT_ROLES, slot),
            "use_plan": coded(("planned", "bailout"), (slot == RESCUE).astype(np.int64)),
            "device_success": devices["success"],
            **{name: devices[name] for name in as_drawn},
        },
    )


def complication_table(
    rows: pl.DataFrame, procedure_id: pl.Series, lead_lesion_id: pl.Series
) -> pl.DataFrame:
    """Lay out the recorded complications; identifiers by row of the visits."""
    ids = procedure_id.gather(rows["visit"])
    number = rows.select(pl.int_range(1, pl.len() + 1).over("visit")).to_series()
    return conform(
        "complications",
        {
            "complication_id": ids + "-C" + number.cast(pl.String),
            "procedure_id": ids,
            "lesion_id": rows.select(
                pl.when("at_lesion")
                .then(lead_lesion_id.gather(rows["visit"]).alias("lesion_id"))
                .alias("lesion_id")
            ).to_series(),
            "complication_type": rows["kind"],
            "grade_scale": rows["grade_scale"],
            "grade": rows["grade"],
            "timing": rows["timing"],
            "attributed_device_class": coded(DEVICE_CLASSES, rows["device"].to_numpy()),
        },
    )
