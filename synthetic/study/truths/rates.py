"""True shares of procedures with a complication, and how they differ between groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import truncnorm

from synthetic.codes import COMPLICATION_COLUMNS, NC, PLAIN, RA, STRATEGY_CODES, USES_RA
from synthetic.complications import probability_under
from synthetic.study.truths.models import grades_are_true

if TYPE_CHECKING:
    from synthetic.scenario import Scenario
    from synthetic.streams import Bools, Floats, Ints
    from synthetic.study.truths.population import Population

FIRST_RECORDED_DAY = 18_628  # 2021-01-01, in days since 1970-01-01
_BALLOON, _BURR = COMPLICATION_COLUMNS.index("plain_nc"), COMPLICATION_COLUMNS.index("rotational")
_LITTLE, _SEVERE = (0, 1), 3
_AGES = (35, 95)
_NOT_KNOWN = float("nan")


def find_truths(population: Population) -> dict[str, float]:
    """Return the true value of each quantity by name.

    The day of the month tells nothing of a patient, sex nothing of the calcium. Shares are NaN where
    operators learn: what befalls one patient then depends on what was done to others.
    """
    learns = bool(population.scenario.operators.learning)
    shares = dict.fromkeys(_SHARES, _NOT_KNOWN) if learns else _find_shares(population)
    return shares | {
        "age_by_sex": _age_by_sex(population),
        "severity_by_sex": 0.0,
        "complications_by_day_alike": 1.0,
        "complications_by_grade_alike": 0.0,
    }


def _age_by_sex(population: Population) -> float:
    """Return by how many years women are older than men, ages being normal between two bounds."""
    model = population.scenario.population
    shift = model.women_older_years * np.array([model.male, model.male - 1])
    centre = np.asarray(model.age_mean)[:, None] + shift
    low, high = ((limit - centre) / model.age_sd for limit in _AGES)
    means = centre + model.age_sd * truncnorm.mean(low, high)
    severity = population.sample.patients["severity"].to_numpy()
    share = np.bincount(severity, minlength=len(means)) / len(severity)
    return float(share @ (means[:, 0] - means[:, 1]))


def _find_shares(population: Population) -> dict[str, float]:
    """Return shares and ratios that follow from each patient's chances.

    Devices are compared where one lesion was treated: of several the worst one gives the device, and which
    one that is depends on who graded them.
    """
    told = who_is_told(population)
    strategy = population.sample.strategy
    slow_flow, dissection, block, entrapment, perforation = (
        own_probability(population, name)
        for name in ("slow_flow_any", "dissection_any", "av_block", "device_entrapment", "perforation_any")
    )
    single = told & (population.sample.patients["n_lesions"].to_numpy() == 1)
    burr, balloon = single & (strategy == RA), single & np.isin(strategy, (PLAIN, NC))
    male = population.sample.patients["male"].to_numpy()
    men, women = slow_flow[told & male].mean(), slow_flow[told & ~male].mean()
    known = grades_are_true(population.scenario)
    return {
        "slow_flow_rate": float(slow_flow[told].mean()),
        "perforation_rate": float(perforation[told].mean()),
        "entrapment_rate": float(entrapment[single & np.isin(strategy, USES_RA)].mean()),
        "sex_slow_flow_difference": float(men - women),
        "sex_slow_flow_log_ratio": float(np.log(men / women)),
        "sex_slow_flow_log_odds_ratio": log_odds_ratio(men, women),
        "block_log_odds_ratio": log_odds_ratio(block[burr].mean(), block[balloon].mean()),
        "dissection_log_risk_ratio": float(np.log(dissection[burr].mean() / dissection[balloon].mean())),
        "dissection_severity_log_odds": _severity(population.scenario) if known else _NOT_KNOWN,
        "dissection_device_log_odds": _device(population.scenario) if known else _NOT_KNOWN,
        "slow_flow_grade_area": _grade_area(population, slow_flow, told) if known else _NOT_KNOWN,
    }


_SHARES = (
    "slow_flow_rate",
    "perforation_rate",
    "entrapment_rate",
    "sex_slow_flow_difference",
    "sex_slow_flow_log_ratio",
    "sex_slow_flow_log_odds_ratio",
    "block_log_odds_ratio",
    "dissection_log_risk_ratio",
    "dissection_severity_log_odds",
    "dissection_device_log_odds",
    "slow_flow_grade_area",
)


def who_is_told(population: Population) -> Bools:
    """Mark the procedures whose hospital says of every complication whether it happened."""
    visits = population.sample.visits
    recorded = np.array([site.complications_recorded for site in population.scenario.sites])[visits["site"]]
    late = visits["day"].to_numpy() >= FIRST_RECORDED_DAY
    told: Bools = (recorded == "all") | ((recorded == "none_until_2020") & late)
    return told


def own_probability(population: Population, name: str) -> Floats:
    """Return each patient's chance of a complication with the strategy that was given."""
    sample = population.sample
    chance = np.zeros(len(sample.strategy))
    for place in range(len(STRATEGY_CODES)):
        given = sample.strategy == place
        if given.any():
            cases = sample.cases.filter(given)
            chance[given] = probability_under(population.scenario, name, cases, strategy=place)
    return chance


def log_odds_ratio(first: float, second: float) -> float:
    """Return the logarithm of the ratio of the odds of two risks."""
    return float(np.log(first / (1 - first)) - np.log(second / (1 - second)))


def area_of_classes(classes: Ints, chance: Floats) -> float:
    """Return the ROC area of classes in order: events fall as chances say, ties count half."""
    events = np.bincount(classes, weights=chance)
    others = np.bincount(classes, weights=1 - chance)
    below = np.cumsum(others) - others
    return float((events * (below + others / 2)).sum() / (events.sum() * others.sum()))


def _grade_area(population: Population, chance: Floats, told: Bools) -> float:
    """Return the ROC area of the calcium grade, none and mild joined."""
    grade = np.clip(population.sample.lead["severity"].to_numpy()[told] - 1, 0, None)
    return area_of_classes(grade, chance[told])


def _severity(scenario: Scenario) -> float:
    """Return the log odds ratio of dissection, severe against little calcium; NaN if these differ."""
    odds = np.asarray(scenario.complications.severity_odds)
    little = odds[list(_LITTLE)]
    if np.ptp(little) > 0 or _is_modified(scenario, "dissection_any"):
        return _NOT_KNOWN
    return float(np.log(odds[_SEVERE] / little[0]))


def _device(scenario: Scenario) -> float:
    """Return the log odds ratio of dissection, rotational atherectomy against balloons."""
    if _is_modified(scenario, "dissection_any"):
        return _NOT_KNOWN
    row = scenario.complications.probability["dissection_any"]
    return log_odds_ratio(row[_BURR], row[_BALLOON])


def _is_modified(scenario: Scenario, name: str) -> bool:
    """Tell whether covariates that the analysis leaves out act on a complication."""
    return any(modifier.complication == name for modifier in scenario.complications.modifiers)
