"""The parts of a scenario that say what happens at the table and how it is seen.

Lists of four go by true calcification: none, mild, moderate, severe. Probabilities are 0..1. The source of
each number stands beside it in the TOML file.
"""

from __future__ import annotations

from dataclasses import dataclass

from synthetic.practice_settings import Modifier

Four = tuple[float, ...]


@dataclass(frozen=True)
class Imaging:
    """Share of lesions imaged (first and last year; odds by severity) and calcium by true grade.

    Lesions imaged at baseline are imaged again with probability `after_modification` where a device for
    calcium was used, and `after_stent` where a stent lies. Such devices leave a fracture with the two
    probabilities. The standard deviation of the length of calcium is `length_sd_share` of its mean;
    `depth_mix` is superficial, deep and mixed; `eruptive_if_nodule` a share of nodules. The narrowest lumen
    area is a share of the reference area, which varies around that of the angiographic diameter by
    `reference_area_sd`. Modification multiplies the narrowest area by `area_gain_after_modification`; the
    expansion of a stent falls by `expansion_loss_per_grade` percentage points with each grade.

    A share `second_modality` of lesions imaged at baseline is read by the other modality too. There OCT sees
    nothing of calcium that lies deep only with probability `oct_misses_deep`, and the second reading of an
    arc differs from the first by a normal error of `arc_reading_sd_deg`.
    """

    share_first_year: float
    share_last_year: float
    severity_odds: Four
    oct_share: float
    arc_mean_deg: Four
    arc_sd_deg: Four
    thickness_mean_mm: Four
    length_mean_mm: Four
    visible: Four
    nodule: Four
    after_modification: float
    after_stent: float
    fracture_if_lithotripsy: float
    fracture_otherwise: float
    thickness_sd_mm: float
    length_sd_share: float
    depth_mix: tuple[float, ...]
    eruptive_if_nodule: float
    vessel_to_lumen: float
    reference_area_sd: float
    narrowest_share_mean: float
    narrowest_share_sd: float
    area_gain_after_modification: float
    expansion_mean_pct: float
    expansion_loss_per_grade: float
    expansion_sd_pct: float
    second_modality: float = 0.0
    oct_misses_deep: float = 0.0
    arc_reading_sd_deg: float = 0.0


@dataclass(frozen=True)
class Complications:
    """Probability per procedure by device column, and what multiplies its odds.

    `acute_kidney_injury` is that without kidney disease; with it the probability is multiplied by
    `acute_kidney_injury_ckd_multiplier`, and on dialysis it is zero. `tamponade_after_procedure` is the share
    found after the patient has left the laboratory. The rest are mixes of grades: dissections A to C and D to
    F (NHLBI), perforations I to III (Ellis; a tamponade is III in any case), bleeding 1 and 2 (BARC).
    """

    probability: dict[str, tuple[float, ...]]
    severity_odds: Four
    av_block_rca_multiplier: float
    av_block_other_multiplier: float
    access_site_bleeding: float
    acute_kidney_injury: float
    acute_kidney_injury_ckd_multiplier: float
    tamponade_after_procedure: float
    mild_dissection_mix: tuple[float, ...]
    severe_dissection_mix: tuple[float, ...]
    perforation_mix: tuple[float, ...]
    access_site_bleeding_mix: tuple[float, ...]
    recorded_by_some: tuple[str, ...]
    modifiers: tuple[Modifier, ...] = ()


@dataclass(frozen=True)
class Devices:
    """Sizes and settings of devices, as far as they are chosen rather than given by maker and vessel.

    The first burr is larger than 1.25 mm with probability `larger_burr_if_large` in arteries of at least
    `large_artery_mm`, and 1.75 mm with probability `widest_burr_if_wide` in those of at least
    `wide_artery_mm`. Laser catheters are 1.4 instead of 0.9 mm with probability `larger_laser_if_large` from
    `laser_artery_mm` on; blades are a quarter of a millimetre below the vessel with `smaller_blade`; crowns
    turn fast with `fast_crown`. The others are mean and standard deviation before limits of makers, pressure
    and seconds by device class.
    """

    large_artery_mm: float
    larger_burr_if_large: float
    wide_artery_mm: float
    widest_burr_if_wide: float
    laser_artery_mm: float
    larger_laser_if_large: float
    smaller_blade: float
    fast_crown: float
    burr_speed_krpm: tuple[float, ...]
    lithotripsy_pulses: tuple[float, ...]
    laser_fluence_mj_mm2: tuple[float, ...]
    activation_s: dict[str, tuple[float, ...]]
    pressure_atm: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class Amount:
    """Mean of a visit: `usual`, and what is added; `sd` is the spread around it.

    A `device` for calcium counts once, the others each: lesions beyond the first, occlusion and left main
    (once), diseased territories.
    """

    usual: float
    sd: float
    device: float = 0.0
    further_lesion: float = 0.0
    occlusion: float = 0.0
    diseased_territory: float = 0.0
    left_main: float = 0.0


@dataclass(frozen=True)
class Burden:
    """How much a procedure takes.

    `log_air_kerma` is of mGy; one standard deviation of contrast more adds `log_air_kerma_per_contrast_sd` to
    it, so that the two go together.
    """

    contrast_ml: Amount
    log_air_kerma: Amount
    log_air_kerma_per_contrast_sd: float
    syntax_points: Amount


@dataclass(frozen=True)
class Visit:
    """What is written down about a visit and its result.

    `nights` and `discharge_each_night` go by `codes.PRESENTATIONS`: nights that everybody stays, and the
    probability to leave on each day after them. `unstable_if_repeat` is the share of repeat procedures in
    unstable angina; `shock_if_dead` that of STEMI who die in the stay. `diseased_mix` is one to three
    diseased territories, fewer than treated never. TIMI flow is 0 (else 1) after no-reflow and 2 (else 3)
    otherwise.
    """

    nights: tuple[int, ...]
    discharge_each_night: tuple[float, ...]
    unstable_if_repeat: float
    shock_if_dead: float
    support_if_shock: float
    balloon_pump_if_support: float
    diseased_mix: tuple[float, ...]
    radial: float
    radial_if_device: float
    radial_if_shock: float
    gp2b3a_if_acute: float
    gp2b3a_if_chronic: float
    dapt: float
    flow_0_if_no_reflow: float
    flow_2: float
    residual_with_stent_pct: float
    residual_without_stent_pct: float
    residual_per_grade_pct: float
    residual_sd_pct: float


@dataclass(frozen=True)
class Laboratory:
    """Blood values, most as mean and standard deviation before limits.

    Haemoglobin (g/l) is that of a man of `haemoglobin_age_years` with sound kidneys, less what follows.
    Creatinine rises after kidney injury by micromoles per litre and a share of itself. Troponin, CK-MB and
    C-reactive protein are normal on the log scale: before the procedure in infarction (NSTEMI, STEMI) and
    otherwise, after it without an infarction, after one that brought the patient, after a periprocedural one.
    """

    haemoglobin: tuple[float, ...]
    haemoglobin_age_years: float
    haemoglobin_less_per_year: float
    haemoglobin_less_in_women: float
    haemoglobin_less_if_ckd: float
    haemoglobin_less_if_dialysis: float
    haemoglobin_drop: tuple[float, ...]
    haemoglobin_drop_if_tamponade: float
    creatinine_rise_if_injury_umol_l: float
    creatinine_rise_if_injury_share: float
    calcium: tuple[float, ...]
    phosphate: tuple[float, ...]
    phosphate_mean_if_dialysis: float
    log_c_reactive_protein: tuple[float, ...]
    ldl: tuple[float, ...]
    log_troponin_before: tuple[float, ...]
    log_troponin_before_if_infarction: tuple[float, ...]
    log_troponin_after: tuple[float, ...]
    log_troponin_after_if_infarction: tuple[float, ...]
    log_troponin_after_if_periprocedural: tuple[float, ...]
    log_ckmb: tuple[float, ...]
    log_ckmb_if_nstemi: tuple[float, ...]
    log_ckmb_if_stemi: tuple[float, ...]
    log_ckmb_if_periprocedural: tuple[float, ...]
