"""Limits of the rules about whole sites: defaults of this project, meant to be set by a registry."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CORE = (
    "procedures.procedure_date",
    "patients.sex",
    "procedures.age_years",
    "procedures.presentation",
    "lesions.calcification_angio",
    "device_uses.device_class",
    "procedures.discharge_status",
    "procedures.complications_recorded",
)
COVARIATES = (
    "procedures.diabetes",
    "procedures.dialysis",
    "procedures.creatinine_umol_l",
    "procedures.prior_mi",
    "procedures.prior_pci",
    "procedures.prior_cabg",
    "procedures.lvef_pct",
    "lesions.vessel",
    "lesions.lesion_length_mm",
    "lesions.reference_diameter_mm",
    "lesions.stenosis_pre_pct",
    "lesions.timi_post",
)
IMAGING = ("imaging.calcium_arc_deg", "imaging.msa_mm2")

CORE_SHARE, COVARIATE_SHARE, IMAGING_SHARE = 0.98, 0.90, 0.80


def _default_completeness() -> Mapping[str, float]:
    """Return the least share of filled cells by ``table.column``."""
    shares = dict.fromkeys(CORE, CORE_SHARE) | dict.fromkeys(COVARIATES, COVARIATE_SHARE)
    return MappingProxyType(shares | dict.fromkeys(IMAGING, IMAGING_SHARE))


@dataclass(frozen=True, kw_only=True)
class RuleLimits:
    """Limits of the rules about whole sites.

    Parameters
    ----------
    completeness
        Least share of filled cells by ``table.column`` (M01); a code ``unknown`` is not filled.
    fewest
        Rows of a site below which a share proves nothing and the rule does not apply.
    complications_recorded
        Least share of procedures that state every complication (M02).
    missing_difference
        Largest difference between two groups in the share of missing values (M03, M04).
    vague_grades
        Largest share of lesions graded unknown or not severe (M05).
    device_detail
        Least share of devices with the detail of their class (M06).
    known_30_days, known_1_year
        Least share of patients whose status is known (M09).
    clark_completeness, clark_gap
        Least completeness of follow-up at one year after Clark, and largest gap between devices (M10).
    lost_difference
        Largest standardised difference between lost patients and the rest (M11).
    surprise
        Probability below which a volume or a gap is no chance (M08, S01).
    stability_index
        Largest population stability index (S02).
    no_event
        Probability of no event below which complications were probably not recorded (S03, S10).
    funnel_deviations
        Standard deviations from the expected number beyond which a site is listed (S04).
    end_digits, one_value, on_one_kind_of_day
        Largest shares of numbers that end in 0 or 5 (S05), of one value (S06), of one kind of day (S08).
    grader_effect
        Largest intraclass correlation of the calcification grade (S09).
    unlisted_values
        Largest share of values outside the code list of a column (S11).
    """

    completeness: Mapping[str, float] = field(default_factory=_default_completeness)
    fewest: int = 20
    complications_recorded: float = 0.95
    missing_difference: float = 0.10
    vague_grades: float = 0.10
    device_detail: float = 0.80
    known_30_days: float = 0.95
    known_1_year: float = 0.85
    clark_completeness: float = 0.90
    clark_gap: float = 0.05
    lost_difference: float = 0.2
    surprise: float = 0.001
    stability_index: float = 0.25
    no_event: float = 0.01
    funnel_deviations: float = 3.0
    end_digits: float = 0.60
    one_value: float = 0.30
    on_one_kind_of_day: float = 0.50
    grader_effect: float = 0.15
    unlisted_values: float = 0.01


DEFAULT_LIMITS = RuleLimits()
