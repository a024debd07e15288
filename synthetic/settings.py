"""The parts of a scenario: frozen settings, one class per table of the TOML file.

Lists of four go by true calcification: none, mild, moderate, severe. Lists of ten go by `codes.STRATEGIES`,
lists of six by `codes.COMPLICATION_COLUMNS`. Probabilities are 0..1. The source of each number stands beside
it in the TOML file.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Four = tuple[float, ...]


@dataclass(frozen=True)
class Calendar:
    """First and last calendar year in which procedures are done."""

    first_year: int
    last_year: int


@dataclass(frozen=True)
class SiteProfile:
    """One hospital: how it follows patients, what it owns, how it grades and what it records.

    `complications_recorded` is all, some, none, or none_until_2020 (none to the end of 2020, all later).
    `event_hazard_ratio` multiplies the hazards that a procedure acts on (those with `device_effect`), and
    `complication_odds` the odds of complications, of procedures from the day `effect_from` on (ISO date; from
    the first where empty): what a hospital does better or worse than others with the same patients.
    """

    site_id: str
    country: str
    on_site_surgery: bool
    followup_source: str
    data_cutoff_date: str
    atherectomy: bool
    calcification_assessor: str
    complications_recorded: str
    dialysis_multiplier: float
    event_hazard_ratio: float = 1.0
    complication_odds: float = 1.0
    effect_from: str = ""


@dataclass(frozen=True)
class SiteVariation:
    """Spread between sites: volume (negative binomial), severity mix, imaging use and choice of device.

    The last three are standard deviations of logarithms of odds. `device_logit_sd` is that of what a hospital
    multiplies the weights of a group of devices by, against plain and non-compliant balloons.
    """

    volume_floor: float
    volume_shape: float
    severity_logit_sd: float
    imaging_logit_sd: float
    device_logit_sd: float = 0.0


@dataclass(frozen=True)
class Severity:
    """True calcification mix of lesions and the operator's grade given the truth (rows: truth)."""

    mix: Four
    same_as_first_lesion: float
    operator_given_true: tuple[Four, ...]


@dataclass(frozen=True)
class Population:
    """Patients at their index procedure, most by true calcification of the first lesion.

    `body_mass_index` and the three filtration rates (mL/min/1.73 m2: neither kidney disease nor dialysis, at
    the mean age; disease; dialysis) are mean and standard deviation before limits.

    `women_older_years`, `ckd_odds_per_10_years`, `egfr_loss_per_10_years`, `lvef_loss` (percentage points)
    and `prior_mi_if_prior_pci` say what goes together; the means and shares beside them stay what they are.
    """

    age_mean: Four
    age_sd: float
    male: float
    women_older_years: float
    diabetes: Four
    insulin_if_diabetes: float
    ckd: Four
    ckd_odds_per_10_years: float
    egfr_loss_per_10_years: float
    egfr_usual: tuple[float, ...]
    egfr_if_ckd: tuple[float, ...]
    egfr_if_dialysis: tuple[float, ...]
    dialysis: Four
    lvef_mean: Four
    lvef_sd: float
    lvef_loss: dict[str, float]
    acute: Four
    presentation_if_acute: Four
    silent_if_chronic: float
    shock_if_stemi: float
    smoking_former: float
    smoking_current: float
    prior_mi: float
    prior_mi_if_prior_pci: float
    prior_pci: float
    prior_cabg: float
    prior_stroke: float
    pad: Four
    hypertension: float
    dyslipidaemia: float
    heart_failure: float
    atrial_fibrillation: float
    body_mass_index: tuple[float, ...]
    research_use_allowed: float
    lesion_counts: tuple[float, ...]
    staged_pci_planned: float
    repeat_in_registry: float


@dataclass(frozen=True)
class Anatomy:
    """Lesions and vessels.

    `length_factor` goes by true calcification and `reference_shift_mm` by vessel; `in_stent` is the share in
    all index patients, of whom only those with an earlier PCI can have such a lesion. `tortuosity_mix` is
    none or mild, moderate, severe; `angulation_mix` below 45, 45 to 90, above 90 degrees.
    """

    vessel_mix: dict[str, float]
    length_log_mean: float
    length_log_sd: float
    length_factor: Four
    length_factor_if_cto: float
    reference_mean: float
    reference_shift_mm: dict[str, float]
    reference_sd: float
    stenosis_mean: float
    stenosis_sd: float
    bifurcation: float
    ostial: Four
    tortuosity_mix: tuple[float, ...]
    angulation_mix: tuple[float, ...]
    in_stent: float
    cto_if_chronic: Four
    wire_failure_if_cto: float
    balloon_uncrossable: Four
    balloon_undilatable: Four


@dataclass(frozen=True)
class Treatment:
    """Who gets which device and why: weights by severity, multiplied by each indication that applies.

    The rest fills in what comes with a strategy. A cutting balloon is a scoring balloon with probability
    `scoring_if_cutting`, a non-compliant one of super-high pressure with `super_high_pressure_if_nc` in
    moderate and severe calcium. A second burr follows with `second_burr` in arteries of at least
    `second_burr_artery_mm`; after debulking comes a semi-compliant balloon with `compliant_after_debulking`,
    else a non-compliant one. A rescue is lithotripsy with `rescue_by_lithotripsy` where it exists and fits.
    `balloon_before` and `balloon_after_stent` are by strategy; before a plain balloon there is always one.
    """

    weights: dict[str, Four]
    multipliers: dict[str, tuple[float, ...]]
    year_factors: dict[str, tuple[float, ...]]
    direct_stent: float
    drug_coated_balloon: float
    rescue_if_resistant: float
    rescue_if_severe: float
    rescue_by_lithotripsy: float
    drug_coated_balloon_if_in_stent: float
    scoring_if_cutting: float
    super_high_pressure_if_nc: float
    second_burr: float
    second_burr_artery_mm: float
    compliant_after_debulking: float
    balloon_before: dict[str, float]
    balloon_after_stent: dict[str, float]


@dataclass(frozen=True)
class Unmeasured:
    """A trait of patients that no table holds, for example frailty.

    `prevalence` goes by true calcification, `treatment` multiplies the weights of the strategies (one value
    each), `hazard_ratio` goes by cause.
    """

    prevalence: Four = (0.0, 0.0, 0.0, 0.0)
    treatment: tuple[float, ...] = ()
    hazard_ratio: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Cause:
    """One cause-specific hazard: events per 100 patient-years by interval at the reference patient.

    `device_hr` gives hazard ratios of strategies for this cause alone, one for all intervals or one each; it
    goes before the ratio that holds for all causes. Both count only where `device_effect` is true.
    """

    rate_per_100_years: tuple[float, ...]
    severity_hr: Four
    device_effect: bool
    covariate_hr: dict[str, float]
    device_hr: dict[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcomes:
    """Hazards of all causes; `breaks_days` are the first days of the second and later intervals.

    The last three are shares written down of known events: cardiac deaths as vascular, infarctions after day
    2 as of the target vessel, revascularisations as driven by ischaemia.
    """

    breaks_days: tuple[int, ...]
    reference_age_years: float
    reference_lvef_pct: float
    device_hr: dict[str, float]
    causes: dict[str, Cause]
    mi_with_stent_thrombosis: float
    tlr_with_stent_thrombosis: float
    cabg_if_revascularised: float
    vascular_if_cardiac_death: float
    target_vessel_if_late_mi: float
    driven_if_revascularised: float


@dataclass(frozen=True)
class FollowUp:
    """Visits at contact sites, in days after the index procedure, and who is lost at each.

    The odds of a loss are multiplied by `loss_odds_near_death` for those who die within 180 days of the
    contact or have died, and by `loss_odds_after_event` for those who had an infarction, revascularisation,
    stroke or stent thrombosis before it: with both 1, nobody is lost because of what happens to them.
    """

    windows: tuple[str, ...]
    earliest_days: tuple[int, ...]
    latest_days: tuple[int, ...]
    lost: tuple[float, ...]
    nonfatal_assessed: float
    loss_odds_near_death: float = 1.0
    loss_odds_after_event: float = 1.0


@dataclass(frozen=True)
class MissingnessRule:
    """Whose cells of a column are unknown more often than others'.

    The odds are multiplied where the `driver`, a column of the same table, is `at_least` and `below` two
    numbers, or is one of the codes `equals`. A driver other than the column makes values missing at random
    given the driver; the column itself makes them missing not at random.
    """

    column: str
    driver: str
    odds: float
    at_least: float = float("-inf")
    below: float = float("inf")
    equals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Missingness:
    """Share of cells that are unknown: `codes` gives the value 'unknown', `cells` gives an empty cell."""

    codes: dict[str, float]
    cells: dict[str, float]
    rules: tuple[MissingnessRule, ...] = ()
