"""What is true about a synthetic registry, for `truth.json`: coefficients, counts and expected marginals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from synthetic.codes import CAUSES, INDEX_VISIT, MACE_CAUSES, SEVERITIES, STRATEGIES, STRATEGY_CODES
from synthetic.elementary import exp
from synthetic.lesions import cross_gradings, weighted_kappa
from synthetic.outcomes import DAYS_PER_100_YEARS, cumulative_hazard, device_ratios
from synthetic.truth_of_practice import describe_complications, describe_learning, describe_sites

if TYPE_CHECKING:
    from collections.abc import Sequence

    from synthetic.course import Course
    from synthetic.people import People
    from synthetic.scenario import Scenario
    from synthetic.settings import MissingnessRule
    from synthetic.streams import Floats, Ints

SCHEMA_VERSION = 1
_THIRTY_DAYS = 31  # a day is over when the next one begins
_ONE_YEAR_DAYS = 366


@dataclass(frozen=True)
class Share:
    """A mean as its sum and what it is divided by, so that blocks can be added."""

    total: float
    weight: float

    def value(self) -> float | None:
        """Return the mean, rounded for a stable file; nothing for no rows."""
        return round(self.total / self.weight, 8) if self.weight else None


Tally: TypeAlias = "dict[str, Any]"
"""What a block adds to the truth: nested numbers, arrays and shares, all of which can be added."""


def tally_truth(scenario: Scenario, people: People, course: Course) -> Tally:
    """Count what came of a block.

    Parameters
    ----------
    scenario, people, course
        The scenario and the stages.
    """
    return {
        "sizes": {
            "procedures": len(people.visits),
            "patients": len(people.patients),
            "lesions": len(people.lesions),
        },
        "counts": _counts(people, course),
        "expected": _expected(scenario, people, course),
    }


def describe_truth(scenario: Scenario, tallies: Sequence[Tally], *, seed: int) -> dict[str, Any]:
    """Describe what the registry was drawn from and what came of it.

    Parameters
    ----------
    scenario
        The scenario.
    tallies
        From `tally_truth`, one per block.
    seed
        The seed they were drawn with.
    """
    whole = _finish(reduce(_add, tallies))
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": scenario.name,
        "seed": seed,
        "sizes": whole["sizes"] | {"sites": len(scenario.sites)},
        "time": {
            "unit": "days",
            "rule": "an event at time t falls on day floor(t) after the index procedure; "
            "a patient at risk on a day has the event with probability 1 - exp(-hazard)",
            "interval_first_days": [0, *scenario.outcomes.breaks_days],
        },
        "hazards": _hazards(scenario),
        "device_hazard_ratio": dict(scenario.outcomes.device_hr),
        "unmeasured": {
            "prevalence": dict(zip(SEVERITIES, scenario.unmeasured.prevalence, strict=True)),
            "treatment": dict(zip(STRATEGIES, scenario.unmeasured.treatment, strict=False)),
            "hazard_ratio": dict(scenario.unmeasured.hazard_ratio),
        },
        "sites": describe_sites(scenario, seed=seed),
        "operators_learn": describe_learning(scenario),
        "losses": {
            "odds_near_death": scenario.follow_up.loss_odds_near_death,
            "odds_after_event": scenario.follow_up.loss_odds_after_event,
        },
        "missingness_rules": [_rule(rule) for rule in scenario.missingness.rules],
        "linked_events": {
            "mi_with_stent_thrombosis": scenario.outcomes.mi_with_stent_thrombosis,
            "tlr_with_stent_thrombosis": scenario.outcomes.tlr_with_stent_thrombosis,
        },
        "complication_probability": describe_complications(scenario),
        "counts": whole["counts"],
        "expected": {
            "severity_mix": dict(zip(SEVERITIES, scenario.severity.mix, strict=True)),
            "male": scenario.population.male,
            **whole["expected"],
        },
    }


def _add(first: Any, second: Any) -> Any:  # noqa: ANN401 - a tree of things that can be added
    """Add two tallies, leaf by leaf."""
    if isinstance(first, dict):
        return {key: _add(value, second[key]) for key, value in first.items()}
    if isinstance(first, Share):
        return Share(first.total + second.total, first.weight + second.weight)
    return first + second


def _finish(value: Any) -> Any:  # noqa: ANN401 - a tree of numbers
    """Turn sums into means, and the table of gradings into its kappa."""
    if isinstance(value, dict):
        return {key: _finish(entry) for key, entry in value.items()}
    if isinstance(value, Share):
        return value.value()
    if isinstance(value, np.ndarray):
        kappa = weighted_kappa(value)
        return None if np.isnan(kappa) else round(kappa, 4)
    return value


def _hazards(scenario: Scenario) -> dict[str, Any]:
    """Return hazards per day by cause, severity and interval at the reference patient, and ratios."""
    return {
        name: {
            "per_day": {
                grade: [rate * ratio / DAYS_PER_100_YEARS for rate in cause.rate_per_100_years]
                for grade, ratio in zip(SEVERITIES, cause.severity_hr, strict=True)
            },
            "severity_hazard_ratio": dict(zip(SEVERITIES, cause.severity_hr, strict=True)),
            "covariate_hazard_ratio": dict(cause.covariate_hr),
            "device_effect": cause.device_effect,
            "device_hazard_ratio": dict(
                zip(STRATEGY_CODES, device_ratios(scenario, name).tolist(), strict=True)
            ),
        }
        for name, cause in scenario.outcomes.causes.items()
    }


def _rule(rule: MissingnessRule) -> dict[str, Any]:
    """Say whose cells are unknown more often."""
    mechanism = "not at random" if rule.driver == rule.column else "at random given the driver"
    bounds = {"at_least": rule.at_least, "below": rule.below}
    finite = {name: value for name, value in bounds.items() if np.isfinite(value)}
    head = {"column": rule.column, "driver": rule.driver, "odds": rule.odds, "mechanism": mechanism}
    return head | finite | ({"equals": list(rule.equals)} if rule.equals else {})


def _counts(people: People, course: Course) -> dict[str, Any]:
    """Count groups as they truly are, whether the registry shows them or not."""
    severity, strategy = people.lesions["severity"].to_numpy(), people.lesions["strategy"].to_numpy()
    lead = people.lead
    day = {cause: people.outcomes.day[cause] for cause in CAUSES}
    return {
        "lesions_by_true_severity": _tally(severity, SEVERITIES),
        "procedures_by_true_severity": _tally(severity[lead], SEVERITIES),
        "lesions_by_strategy": _tally(strategy, STRATEGY_CODES),
        "procedures_by_strategy": _tally(strategy[lead], STRATEGY_CODES),
        "procedures_by_kind": _tally(people.visits["kind"].to_numpy(), ("index", "staged", "repeat")),
        "complications": {name: int(flags.sum()) for name, flags in course.complications.happened.items()},
        "first_events_within_one_year": {cause: int((day[cause] < _ONE_YEAR_DAYS).sum()) for cause in CAUSES},
        "weighted_kappa_of_operators": _operator_gradings(course),
    }


def _operator_gradings(course: Course) -> Floats:
    """Count lesions by truth and operator's grade, core laboratories left out."""
    graded = course.lesions.filter(assessor="operator")
    return cross_gradings(graded["severity"].to_numpy(), graded["recorded_grade"].to_numpy())


def _tally(numbers: Ints, codes: tuple[str, ...]) -> dict[str, int]:
    """Count numbers by their code."""
    return dict(zip(codes, np.bincount(numbers, minlength=len(codes)).tolist(), strict=True))


def _expected(scenario: Scenario, people: People, course: Course) -> dict[str, Any]:
    """Return the averages that the draws vary around, given patients and lesions."""
    severity = people.lesions["severity"].to_numpy()
    probability = people.lesions["probability"].to_numpy()
    lead_severity, lead_strategy = severity[people.lead], people.lesions["strategy"].to_numpy()[people.lead]
    return {
        "device_mix_by_true_severity": {
            grade: _means(probability[severity == place], STRATEGIES)
            for place, grade in enumerate(SEVERITIES)
        },
        "complication_rate_by_strategy": {
            name: {code: _mean(chance[lead_strategy == place]) for place, code in enumerate(STRATEGY_CODES)}
            for name, chance in course.complications.probability.items()
        },
        "complication_rate": {
            name: _mean(chance) for name, chance in course.complications.probability.items()
        },
        "one_year_mace_by_true_severity": _one_year_mace(scenario, people, lead_severity),
        "share_of_one_year_mace_in_first_30_days": _early_share(scenario, people, lead_severity),
    }


def _means(rows: Floats, names: tuple[str, ...]) -> dict[str, Share]:
    """Average columns by name."""
    return {name: _mean(rows[:, place]) for place, name in enumerate(names)}


def _mean(values: Floats) -> Share:
    """Sum and count."""
    return Share(float(values.sum()), float(len(values)))


def _mace_hazard(scenario: Scenario, people: People, *, days: float) -> Floats:
    """Return each patient's cumulative hazard of any death, infarction or target-vessel revascularisation."""
    model = scenario.outcomes
    total = sum(
        (
            cumulative_hazard(people.outcomes.hazard[cause], model.breaks_days, days=days)
            for cause in MACE_CAUSES
        ),
        np.zeros(len(people.patients)),
    )
    linked = 1 - (1 - model.mi_with_stent_thrombosis) * (1 - model.tlr_with_stent_thrombosis)
    thrombosis = cumulative_hazard(people.outcomes.hazard["stent_thrombosis"], model.breaks_days, days=days)
    return np.asarray(total + linked * thrombosis, dtype=np.float64)


def _one_year_mace(scenario: Scenario, people: People, lead_severity: Ints) -> dict[str, Share]:
    """Average the risk of the composite to the end of day 365 over index procedures of each true grade."""
    risk = 1 - exp(-_mace_hazard(scenario, people, days=_ONE_YEAR_DAYS))
    index = lead_severity[(people.visits["kind"] == INDEX_VISIT).to_numpy()]
    return {grade: _mean(risk[index == place]) for place, grade in enumerate(SEVERITIES)}


def _early_share(scenario: Scenario, people: People, lead_severity: Ints) -> dict[str, Share]:
    """Return which part of that risk falls into days 0-30."""
    first = 1 - exp(-_mace_hazard(scenario, people, days=_THIRTY_DAYS))
    whole = 1 - exp(-_mace_hazard(scenario, people, days=_ONE_YEAR_DAYS))
    index = lead_severity[(people.visits["kind"] == INDEX_VISIT).to_numpy()]
    return {
        grade: Share(float(first[index == place].sum()), float(whole[index == place].sum()))
        for place, grade in enumerate(SEVERITIES)
    }
