"""Who gets which device: indication, calcium, site and year decide, and confound crude comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from synthetic.codes import COLUMNS_OF_STRATEGY, NO_PREPARATION, PLAIN, STRATEGIES
from synthetic.elementary import exp, log
from synthetic.streams import draw_category, draw_yes

if TYPE_CHECKING:
    import polars as pl

    from synthetic.scenario import Scenario
    from synthetic.streams import Bools, Floats, Ints

_WIRE_FAILURE = 1


@dataclass(frozen=True, eq=False)
class Treatment:
    """The strategy of each lesion and the probabilities it was drawn from.

    Parameters
    ----------
    strategy
        Number of `codes.STRATEGY_CODES`, one per lesion.
    probability
        One row per lesion, one column per strategy of `codes.STRATEGIES`; direct stenting counts as plain
        balloon.
    """

    strategy: Ints
    probability: Floats


def draw_treatment(
    scenario: Scenario,
    sites: pl.DataFrame,
    visits: pl.DataFrame,
    lesions: pl.DataFrame,
    rng: np.random.Generator,
) -> Treatment:
    """Choose the strategy of each lesion.

    Parameters
    ----------
    scenario
        Weights, indications and year factors; `sites` add what each hospital prefers.
    sites, visits, lesions
        From `draw_sites`, `index_visits` and `draw_lesions`.
    rng
        Stream of the stage.
    """
    model = scenario.treatment
    severity = lesions["severity"].to_numpy()
    weights = np.asarray([model.weights[strategy] for strategy in STRATEGIES]).T[severity]
    for name, applies in indications(sites, visits, lesions).items():
        weights = np.where(applies[:, None], weights * np.asarray(model.multipliers[name]), weights)
    weights = weights * site_factors(sites)[visits["site"].to_numpy()[lesions["visit"].to_numpy()]]
    weights = weights * _year_factors(scenario, visits["day"].to_numpy()[lesions["visit"].to_numpy()])
    if scenario.unmeasured.treatment:
        trait = visits["unmeasured"].to_numpy()[lesions["visit"].to_numpy()]
        weights = np.where(trait[:, None], weights * np.asarray(scenario.unmeasured.treatment), weights)
    strategy = draw_category(rng, weights)
    direct = draw_yes(rng, model.direct_stent, size=len(lesions)) & (strategy == PLAIN) & (severity < 2)
    unwired = lesions["crossability"].to_numpy() == _WIRE_FAILURE
    return Treatment(
        strategy=np.where(direct | unwired, NO_PREPARATION, strategy),
        probability=weights / weights.sum(axis=1, keepdims=True),
    )


def indications(sites: pl.DataFrame, visits: pl.DataFrame, lesions: pl.DataFrame) -> dict[str, Bools]:
    """Return, per lesion, which of the scenario's reasons for or against a device apply."""
    of_visit = visits[lesions["visit"].to_numpy()]
    atherectomy = sites["atherectomy"].to_numpy()[of_visit["site"].to_numpy()]
    crossability = lesions["crossability"].to_numpy()
    return {
        "balloon_uncrossable": crossability == 2,
        "balloon_undilatable": crossability == 3,
        "long_lesion": lesions["length_mm"].to_numpy() > 25,
        "age_75_or_older": of_visit["age"].to_numpy() >= 75,
        "kidney_disease": of_visit["kidney_disease"].to_numpy(),
        "acute_presentation": of_visit["acute"].to_numpy(),
        "in_stent_restenosis": lesions["in_stent"].to_numpy(),
        "small_vessel": lesions["reference_mm"].to_numpy() < 2.5,
        "left_main": lesions["vessel"].to_numpy() == 0,
        "no_atherectomy_at_site": ~atherectomy,
        "atherectomy_at_site": atherectomy,
    }


def years_of(day: Ints) -> Ints:
    """Return the calendar year of days since 1970-01-01."""
    return day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def site_factors(sites: pl.DataFrame) -> Floats:
    """Return what each site multiplies the weight of each strategy by; the mean of both for a combination."""
    factors = log(sites["device_multiplier"].to_numpy())
    return exp([factors[:, columns].mean(axis=1) for columns in COLUMNS_OF_STRATEGY[:NO_PREPARATION]]).T


def _year_factors(scenario: Scenario, day: Ints) -> Floats:
    """Return one factor per lesion and strategy."""
    place = years_of(day) - scenario.calendar.first_year
    span = scenario.calendar.last_year - scenario.calendar.first_year + 1
    factors = np.ones((span, len(STRATEGIES)))
    for strategy, by_year in scenario.treatment.year_factors.items():
        factors[:, STRATEGIES.index(strategy)] = by_year
    return factors[place]


def lead_lesions(lesions: pl.DataFrame, strategy: Ints, *, n_visits: int) -> Ints:
    """Return the row of each visit's leading lesion: worst calcium, then highest strategy, then first."""
    visit = lesions["visit"].to_numpy()
    order = np.lexsort(
        (
            -lesions["lesion_number"].to_numpy(),
            strategy % NO_PREPARATION,
            lesions["severity"].to_numpy(),
            visit,
        )
    )
    lead = np.empty(n_visits, dtype=np.int64)
    lead[visit[order]] = order
    return lead
