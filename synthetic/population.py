"""Hospitals, patients and their visits to the catheter laboratory."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from synthetic.codes import ATHERECTOMY_COLUMNS, COMPLICATION_COLUMNS, INDEX_VISIT
from synthetic.elementary import exp
from synthetic.history import draw_history, draw_kidneys
from synthetic.streams import draw_between, draw_category, draw_from_mix, draw_yes

if TYPE_CHECKING:
    from synthetic.scenario import Scenario
    from synthetic.settings import Population
    from synthetic.streams import Bools, Floats, Ints

_EPOCH = date(1970, 1, 1).toordinal()


def day_number(day: date) -> int:
    """Return days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def draw_sites(scenario: Scenario, rng: np.random.Generator) -> pl.DataFrame:
    """Draw volume, severity shift, imaging shift and preferred devices of each site.

    Returns
    -------
    polars.DataFrame
        One row per site in the scenario's order: `site_id`, `volume` (share of all patients),
        `severity_shift` and `imaging_shift` (logit; volume-weighted mean 0, so that the overall mix stays),
        `device_multiplier` (of the weights of each of `codes.COMPLICATION_COLUMNS`; mean 1 over the volume of
        the sites that have the device), `cutoff_day` (days since 1970-01-01) and the profile's columns.
    """
    spread = scenario.site_variation
    count = len(scenario.sites)
    volume = spread.volume_floor + rng.standard_gamma(spread.volume_shape, count)
    # Gamma draws end in the mathematics of the system: nine decimals are the same everywhere.
    volume = np.round(volume / volume.sum(), 9)
    shifts = rng.standard_normal((2, count)) * np.array(
        [[spread.severity_logit_sd], [spread.imaging_logit_sd]]
    )
    shifts -= (shifts * volume).sum(axis=1, keepdims=True)
    profiles = scenario.sites
    preference = _draw_preferences(scenario, volume, rng)
    return pl.DataFrame(
        {
            "site_id": [profile.site_id for profile in profiles],
            "volume": volume,
            "severity_shift": shifts[0],
            "imaging_shift": shifts[1],
            "device_multiplier": pl.Series(preference, dtype=pl.Array(pl.Float64, preference.shape[1])),
            "cutoff_day": [day_number(date.fromisoformat(profile.data_cutoff_date)) for profile in profiles],
            "followup_source": [profile.followup_source for profile in profiles],
            "atherectomy": [profile.atherectomy for profile in profiles],
            "assessor": [profile.calcification_assessor for profile in profiles],
            "recorded": [profile.complications_recorded for profile in profiles],
            "dialysis_multiplier": [profile.dialysis_multiplier for profile in profiles],
        }
    )


def _draw_preferences(scenario: Scenario, volume: Floats, rng: np.random.Generator) -> Floats:
    """Draw what each site multiplies the weights of each group of devices by; 1 for plain and NC balloons."""
    shape = (len(volume), len(COMPLICATION_COLUMNS))
    multiplier = exp(scenario.site_variation.device_logit_sd * rng.standard_normal(shape))
    multiplier[:, 0] = 1.0
    needs_atherectomy = np.isin(COMPLICATION_COLUMNS, ATHERECTOMY_COLUMNS)
    atherectomy = np.array([site.atherectomy for site in scenario.sites])
    users = volume[:, None] * (atherectomy[:, None] | ~needs_atherectomy)
    total = users.sum(axis=0)
    mean = np.divide((users * multiplier).sum(axis=0), total, out=np.ones(shape[1]), where=total > 0)
    return np.asarray(multiplier / mean, dtype=np.float64)


def severity_weights(mix: tuple[float, ...], shift: Floats) -> Floats:
    """Shift the cumulative logits of a severity mix; one row of four probabilities per shift."""
    cumulative = np.cumsum(np.asarray(mix))[:-1]
    odds = cumulative / (1 - cumulative) * exp(-shift)[:, None]
    below = np.column_stack([np.zeros(len(shift)), odds / (1 + odds), np.ones(len(shift))])
    return np.asarray(np.diff(below, axis=1), dtype=np.float64)


def draw_patients(
    scenario: Scenario, sites: pl.DataFrame, rng: np.random.Generator, *, size: int
) -> pl.DataFrame:
    """Draw patients as they are at their index procedure.

    Returns
    -------
    polars.DataFrame
        One row per patient: `site` (row of `sites`), `severity` (true class of the first lesion, 0..3),
        `index_day`, `age` (years, with fraction), sex, history, kidney function and presentation.
    """
    model = scenario.population
    site = draw_from_mix(rng, tuple(sites["volume"]), size=size)
    severity = draw_category(
        rng, severity_weights(scenario.severity.mix, sites["severity_shift"].to_numpy())[site]
    )
    first, last = date(scenario.calendar.first_year, 1, 1), date(scenario.calendar.last_year, 12, 31)
    acute = draw_yes(rng, np.asarray(model.acute)[severity], size=size)
    presentation = _draw_presentation(model, acute, rng)
    male = draw_yes(rng, model.male, size=size)
    older = model.women_older_years * (np.where(male, 0.0, 1.0) - (1 - model.male))
    mean_age = np.asarray(model.age_mean)[severity]
    age = draw_between(rng, mean_age + older, sd=model.age_sd, low=35, high=95, size=size)
    patients = {
        "site": site,
        "severity": severity,
        "index_day": rng.integers(day_number(first), day_number(last), size=size, endpoint=True),
        "acute": acute,
        "presentation": presentation,
        "age": age,
        "male": male,
        "research_use_allowed": draw_yes(rng, model.research_use_allowed, size=size),
        "n_lesions": draw_from_mix(rng, model.lesion_counts, size=size) + 1,
        "staged": draw_yes(rng, model.staged_pci_planned, size=size),
        "staged_after": rng.integers(20, 60, size=size),
        **draw_history(model, severity, presentation, rng),
        **draw_kidneys(
            model,
            severity,
            decades=(age - mean_age) / 10,
            dialysis_multiplier=sites["dialysis_multiplier"].to_numpy()[site],
            rng=rng,
        ),
    }
    return pl.DataFrame(patients)


def draw_trait(scenario: Scenario, patients: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
    """Draw who has the trait that no table holds."""
    share = np.asarray(scenario.unmeasured.prevalence)[patients["severity"].to_numpy()]
    return pl.Series(draw_yes(rng, share, size=len(patients)))


def _draw_presentation(model: Population, acute: Bools, rng: np.random.Generator) -> Ints:
    """Draw the presentation, in the order of `codes.PRESENTATIONS`."""
    chronic = draw_yes(rng, model.silent_if_chronic, size=len(acute)).astype(np.int64)
    return np.where(acute, 2 + draw_from_mix(rng, model.presentation_if_acute, size=len(acute)), chronic)


def index_visits(patients: pl.DataFrame) -> pl.DataFrame:
    """Return the first visit of each patient, in the columns that lesions and treatment are drawn from.

    Returns
    -------
    polars.DataFrame
        `patient` (row of `patients`), `site`, `kind`, `day`, `since_index` (days), `n_lesions`, `severity`
        (class of the first lesion), `vessel` (-1: drawn), `in_stent` (the first lesion is a restenosis),
        `acute`, `age`, `kidney_disease`, `presentation`, `unmeasured`, `prior_pci` (before the index).
    """
    return patients.select(
        pl.int_range(pl.len()).alias("patient"),
        "site",
        pl.lit(INDEX_VISIT).alias("kind"),
        pl.col("index_day").alias("day"),
        pl.lit(0).alias("since_index"),
        "n_lesions",
        "severity",
        pl.lit(-1).alias("vessel"),
        pl.lit(value=False).alias("in_stent"),
        "acute",
        "age",
        pl.col("ckd").alias("kidney_disease"),
        "presentation",
        "unmeasured",
        "prior_pci",
    ).with_columns(pl.col("patient", "kind", "since_index", "vessel").cast(pl.Int64))
