"""What a synthetic registry is drawn from: one frozen tree of settings per scenario file.

Lists of four go by true calcification: none, mild, moderate, severe. Lists of ten go by `codes.STRATEGIES`,
lists of six by `codes.COMPLICATION_COLUMNS`. Probabilities are 0..1. The source of each number stands beside
it in the TOML file.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from schemas.errors import SchemaFileError
from synthetic.codes import CAUSES, COMPLICATION_COLUMNS, STRATEGIES, VESSELS
from synthetic.toml_reading import build_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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


@dataclass(frozen=True)
class SiteVariation:
    """Spread between sites: volume (negative binomial), severity mix and imaging use (logit sd)."""

    volume_floor: float
    volume_shape: float
    severity_logit_sd: float
    imaging_logit_sd: float


@dataclass(frozen=True)
class Severity:
    """True calcification mix of lesions and the operator's grade given the truth (rows: truth)."""

    mix: Four
    same_as_first_lesion: float
    operator_given_true: tuple[Four, ...]


@dataclass(frozen=True)
class Population:
    """Patients at their index procedure, most by true calcification of the first lesion."""

    age_mean: Four
    age_sd: float
    male: float
    diabetes: Four
    insulin_if_diabetes: float
    ckd: Four
    dialysis: Four
    lvef_mean: Four
    lvef_sd: float
    acute: Four
    presentation_if_acute: Four
    silent_if_chronic: float
    shock_if_stemi: float
    smoking_former: float
    smoking_current: float
    prior_mi: float
    prior_pci: float
    prior_cabg: float
    prior_stroke: float
    pad: Four
    hypertension: float
    dyslipidaemia: float
    heart_failure: float
    atrial_fibrillation: float
    research_use_allowed: float
    lesion_counts: tuple[float, ...]
    staged_pci_planned: float
    repeat_in_registry: float


@dataclass(frozen=True)
class Anatomy:
    """Lesions and vessels."""

    vessel_mix: dict[str, float]
    length_log_mean: float
    length_log_sd: float
    reference_mean: float
    reference_sd: float
    stenosis_mean: float
    stenosis_sd: float
    bifurcation: float
    ostial: float
    in_stent: float
    cto_if_chronic: float
    wire_failure_if_cto: float
    balloon_uncrossable: Four
    balloon_undilatable: Four


@dataclass(frozen=True)
class Treatment:
    """Who gets which device and why: weights by severity, multiplied by each indication that applies."""

    weights: dict[str, Four]
    multipliers: dict[str, tuple[float, ...]]
    year_factors: dict[str, tuple[float, ...]]
    direct_stent: float
    drug_coated_balloon: float
    rescue_if_resistant: float
    rescue_if_severe: float


@dataclass(frozen=True)
class Imaging:
    """Share of lesions imaged (first and last year; odds by severity) and calcium by true grade."""

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


@dataclass(frozen=True)
class Complications:
    """Probability per procedure by device column, and the odds multiplier by severity."""

    probability: dict[str, tuple[float, ...]]
    severity_odds: Four
    av_block_rca_multiplier: float
    av_block_other_multiplier: float
    access_site_bleeding: float
    acute_kidney_injury: float
    recorded_by_some: tuple[str, ...]


@dataclass(frozen=True)
class Cause:
    """One cause-specific hazard: events per 100 patient-years by interval at the reference patient."""

    rate_per_100_years: tuple[float, ...]
    severity_hr: Four
    device_effect: bool
    covariate_hr: dict[str, float]


@dataclass(frozen=True)
class Outcomes:
    """Hazards of all causes; `breaks_days` are the first days of the second and later intervals."""

    breaks_days: tuple[int, ...]
    reference_age_years: float
    reference_lvef_pct: float
    device_hr: dict[str, float]
    causes: dict[str, Cause]
    mi_with_stent_thrombosis: float
    tlr_with_stent_thrombosis: float
    cabg_if_revascularised: float


@dataclass(frozen=True)
class FollowUp:
    """Visits at contact sites, in days after the index procedure, and who is lost at each."""

    windows: tuple[str, ...]
    earliest_days: tuple[int, ...]
    latest_days: tuple[int, ...]
    lost: tuple[float, ...]
    nonfatal_assessed: float


@dataclass(frozen=True)
class Missingness:
    """Share of cells that are unknown: `codes` gives the value 'unknown', `cells` gives an empty cell."""

    codes: dict[str, float]
    cells: dict[str, float]


@dataclass(frozen=True)
class Scenario:
    """Everything a synthetic registry is drawn from."""

    name: str
    description: str
    calendar: Calendar
    sites: tuple[SiteProfile, ...]
    site_variation: SiteVariation
    severity: Severity
    population: Population
    anatomy: Anatomy
    treatment: Treatment
    imaging: Imaging
    complications: Complications
    outcomes: Outcomes
    follow_up: FollowUp
    missingness: Missingness


def scenario_names() -> tuple[str, ...]:
    """Return the names of the bundled scenarios, sorted."""
    files = resources.files("synthetic").joinpath("scenarios").iterdir()
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in files if entry.name.endswith(".toml")))


def load_scenario(name: str) -> Scenario:
    """Return a bundled scenario.

    Raises
    ------
    SchemaFileError
        If there is no scenario of that name.
    """
    if name not in scenario_names():
        raise SchemaFileError(
            where=f"scenario '{name}'",
            what="no such scenario",
            fix=f"Use one of: {', '.join(scenario_names())}",
        )
    text = resources.files("synthetic").joinpath("scenarios", f"{name}.toml").read_text(encoding="utf-8")
    return parse_scenario(text, where=f"{name}.toml")


def read_scenario(path: Path) -> Scenario:
    """Read a scenario from a file of one's own.

    Raises
    ------
    SchemaFileError
        If the file cannot be read or is not a valid scenario.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SchemaFileError(where=str(path), what="cannot be read", fix="Give a UTF-8 TOML file") from None
    return parse_scenario(text, where=path.name)


def parse_scenario(text: str, *, where: str) -> Scenario:
    """Parse the text of a scenario file and check what types cannot say.

    Raises
    ------
    SchemaFileError
        On TOML that does not parse, an unknown or missing key, a wrong type, or a list of the wrong length or
        sum.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SchemaFileError(where=where, what=f"is not TOML ({error})", fix="Correct that line") from None
    scenario = build_settings(Scenario, table, where=where)
    for place, problem in _problems(scenario):
        raise SchemaFileError(where=f"{where}.{place}", what=problem, fix="Correct the value")
    return scenario


def _problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield what a scenario's lists get wrong."""
    mixes = {
        "severity.mix": scenario.severity.mix,
        "population.lesion_counts": scenario.population.lesion_counts,
        "anatomy.vessel_mix": tuple(scenario.anatomy.vessel_mix.values()),
        **{
            f"severity.operator_given_true[{i}]": row
            for i, row in enumerate(scenario.severity.operator_given_true)
        },
    }
    for place, mix in mixes.items():
        if abs(sum(mix) - 1) > 1e-9:
            yield place, "does not sum to 1"
    keys = {
        "treatment.weights": (scenario.treatment.weights, STRATEGIES),
        "outcomes.causes": (scenario.outcomes.causes, CAUSES),
        "anatomy.vessel_mix": (scenario.anatomy.vessel_mix, VESSELS),
    }
    for place, (table, expected) in keys.items():
        if tuple(table) != expected:
            yield place, f"must name {', '.join(expected)} in this order"
    for place, row in scenario.complications.probability.items():
        if len(row) != len(COMPLICATION_COLUMNS):
            yield f"complications.probability.{place}", f"needs {len(COMPLICATION_COLUMNS)} values"
    for place, cause in scenario.outcomes.causes.items():
        if len(cause.rate_per_100_years) != len(scenario.outcomes.breaks_days) + 1:
            yield f"outcomes.causes.{place}", "needs one rate per interval"
