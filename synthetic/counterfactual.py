"""The true answers: what would happen to whom under each device, averaged over a population.

Large samples of patients are drawn from the scenario at the hospitals of the registry. Each patient's risk
under each strategy follows exactly from the hazards, so the only error left is that of the sample; it is
given with every number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from synthetic.absolute_risk import ENDPOINTS, follow, free_days, lost_days
from synthetic.codes import CAUSES, PLAIN, STRATEGIES
from synthetic.elementary import exp
from synthetic.lesions import draw_lesions
from synthetic.modifiers import describe_cases
from synthetic.operators import draw_operator_of_visits, draw_operators
from synthetic.outcomes import device_ratios, hazards_without_device, site_effects
from synthetic.population import draw_patients, draw_sites, draw_trait, index_visits
from synthetic.streams import open_streams
from synthetic.treatment import draw_treatment, lead_lesions

if TYPE_CHECKING:
    import polars as pl

    from synthetic.absolute_risk import Endpoint, Fate
    from synthetic.scenario import Scenario
    from synthetic.streams import Floats, Ints

HORIZONS_DAYS = (30, 365, 1095)
"""Days at which risks are told."""

POPULATIONS = {
    "all": "every index patient",
    "treated": "index patients whose leading lesion was given the strategy",
    "overlap": "index patients weighted by p q / (p + q), with the probabilities of strategy and reference",
}
REFERENCE = STRATEGIES[PLAIN]
_GRID = (0, 1, 3, 7, 15, 30, 60, 120, 180, 240, 300, 365, 450, 550, 640, 730, 820, 910, 1000, 1095)
_BATCHES = 20


@dataclass(frozen=True, eq=False)
class Sample:
    """Patients of a scenario, and their hazards before any device acts.

    Parameters
    ----------
    hazards
        By cause: one row per patient, one column per interval.
    strategy
        What the leading lesion was given: number of `codes.STRATEGY_CODES`.
    probability
        Chance of each of `codes.STRATEGIES` for that lesion.
    patients, visits, lead
        Who they are, their index visits, and the leading lesion of each.
    cases
        What complications depend on besides the device: see `describe_cases`.
    """

    hazards: dict[str, Floats]
    strategy: Ints
    probability: Floats
    patients: pl.DataFrame
    visits: pl.DataFrame
    lead: pl.DataFrame
    cases: pl.DataFrame


@dataclass(frozen=True, eq=False)
class Outcome:
    """What happens to each patient under one strategy.

    Parameters
    ----------
    fate
        By the days of a grid.
    risk, free
        By day of `HORIZONS_DAYS`: risk of the endpoint, and days free of it where nothing competes.
    lost
        By day: days lost to the endpoint, where death competes.
    """

    fate: Fate
    risk: dict[int, Floats]
    free: dict[int, Floats]
    lost: dict[int, Floats]


def draw_sample(scenario: Scenario, *, seed: int, size: int) -> Sample:
    """Draw patients at the hospitals that a seed gives, independent of the registry's own patients."""
    streams = open_streams(seed)
    patient_rng, trait_rng, lesion_rng, treatment_rng, operator_rng = streams["truth"].spawn(5)
    sites = draw_sites(scenario, streams["sites"])
    patients = draw_patients(scenario, sites, patient_rng, size=size)
    patients = patients.with_columns(unmeasured=draw_trait(scenario, patients, trait_rng))
    visits = index_visits(patients)
    lesions = draw_lesions(scenario, sites, visits, lesion_rng)
    treatment = draw_treatment(scenario, sites, visits, lesions, treatment_rng)
    lead = lead_lesions(lesions, treatment.strategy, n_visits=size)
    operators, site = draw_operators(scenario, streams["operators"]), visits["site"].to_numpy()
    skill = operators.odds[site, draw_operator_of_visits(operators, site, operator_rng)]
    at_site = site_effects(scenario, visits, of="complication_odds", day="day")
    return Sample(
        hazards=hazards_without_device(scenario, patients, lesions[lead]),
        strategy=treatment.strategy[lead],
        probability=treatment.probability[lead],
        patients=patients,
        visits=visits,
        lead=lesions[lead],
        cases=describe_cases(lesions[lead], male=patients["male"], odds=at_site * skill),
    )


def describe_marginals(scenario: Scenario, *, seed: int, size: int) -> dict[str, Any]:
    """Describe the true risks, differences, event-free days and hazard ratios of every strategy.

    Parameters
    ----------
    scenario
        The scenario.
    seed
        Seed of the registry: the same hospitals.
    size
        Patients of the sample.

    Returns
    -------
    dict
        ``sample_size``, ``reference``, ``populations``, ``endpoints``; ``risks``: one entry per endpoint,
        population, strategy and day with ``risk``, ``risk_reference``, ``difference``, where nothing competes
        ``free_days`` and ``free_days_difference`` too, where death does ``lost_days`` and its difference
        (days spent after the endpoint), each with a Monte-Carlo error (``*_error``); and
        ``hazard_ratios``: what a Cox model of a trial without censoring to day 1095 tends to, None where
        nobody has the endpoint.
    """
    sample = draw_sample(scenario, seed=seed, size=size)
    risks, ratios = [], []
    for name, endpoint in ENDPOINTS.items():
        outcomes = _outcomes(scenario, sample, endpoint)
        for place, strategy in enumerate(STRATEGIES):
            for population, weights in _weights(sample, place).items():
                if not weights.any():
                    continue
                head = {"endpoint": name, "population": population, "strategy": strategy}
                risks += [head | row for row in _compare(outcomes[place], outcomes[PLAIN], weights)]
                if place != PLAIN:
                    ratios.append(head | _hazard_ratio(outcomes[place], outcomes[PLAIN], weights))
    return {
        "sample_size": size,
        "reference": REFERENCE,
        "populations": dict(POPULATIONS),
        "endpoints": {
            name: {
                "causes": list(endpoint.causes),
                "stent_thrombosis_with_probability": endpoint.linked(scenario.outcomes),
                "competing": list(endpoint.competing),
            }
            for name, endpoint in ENDPOINTS.items()
        },
        "risks": risks,
        "hazard_ratios": ratios,
    }


def _outcomes(scenario: Scenario, sample: Sample, endpoint: Endpoint) -> list[Outcome]:
    """Return what happens to each patient under each strategy; equal effects share the answer."""
    known: dict[bytes, Outcome] = {}
    found = []
    for place in range(len(STRATEGIES)):
        ratios = {name: device_ratios(scenario, name)[place] for name in CAUSES}
        key = np.stack(list(ratios.values())).tobytes()
        if key not in known:
            known[key] = _outcome(scenario, sample, endpoint, ratios)
        found.append(known[key])
    return found


def _outcome(scenario: Scenario, sample: Sample, endpoint: Endpoint, ratios: dict[str, Floats]) -> Outcome:
    """Return risks, free or lost days and the course over time under given hazard ratios."""
    model = scenario.outcomes
    hazards = {name: untreated * ratios[name] for name, untreated in sample.hazards.items()}
    fate = follow(hazards, model, endpoint, days=_GRID)
    risk = {day: fate.risk[:, _GRID.index(day)] for day in HORIZONS_DAYS}
    free = (
        {}
        if endpoint.competing
        else {day: free_days(hazards, model, endpoint, day=day) for day in HORIZONS_DAYS}
    )
    lost = (
        {day: lost_days(hazards, model, endpoint, day=day) for day in HORIZONS_DAYS}
        if endpoint.competing
        else {}
    )
    return Outcome(fate=fate, risk=risk, free=free, lost=lost)


def _weights(sample: Sample, place: int) -> dict[str, Floats]:
    """Return the weight of each patient in each population."""
    own, other = sample.probability[:, place], sample.probability[:, PLAIN]
    total = own + other
    overlap = np.divide(own * other, total, out=np.zeros_like(total), where=total > 0)
    return {
        "all": np.ones(len(own)),
        "treated": (sample.strategy == place).astype(np.float64),
        "overlap": overlap,
    }


def _compare(treated: Outcome, reference: Outcome, weights: Floats) -> list[dict[str, Any]]:
    """Average risks, free and lost days, with their errors."""
    rows = []
    for day in HORIZONS_DAYS:
        row: dict[str, Any] = {"horizon_days": day}
        row |= _triple("risk", treated.risk[day], reference.risk[day], weights)
        if day in treated.free:
            row |= _triple("free_days", treated.free[day], reference.free[day], weights)
        if day in treated.lost:
            row |= _triple("lost_days", treated.lost[day], reference.lost[day], weights)
        rows.append(row)
    return rows


def _triple(name: str, treated: Floats, reference: Floats, weights: Floats) -> dict[str, float]:
    """Average a value under the strategy, under the reference, and their difference."""
    difference = "difference" if name == "risk" else f"{name}_difference"
    values = {name: treated, f"{name}_reference": reference, difference: treated - reference}
    told: dict[str, float] = {}
    for key, value in values.items():
        mean, error = weighted_mean(value, weights)
        told |= {key: mean, f"{key}_error": error}
    return told


def weighted_mean(values: Floats, weights: Floats) -> tuple[float, float]:
    """Return a weighted mean and its Monte-Carlo error (linearised)."""
    total = weights.sum()
    mean = float((weights * values).sum() / total)
    error = float(np.sqrt(((weights * (values - mean)) ** 2).sum()) / total)
    return _rounded(mean), _rounded(error)


def _rounded(value: float) -> float:
    """Round to ten significant digits, so that a file does not depend on the last bits of a sum."""
    return float(f"{value:.10g}")


def _hazard_ratio(treated: Outcome, reference: Outcome, weights: Floats) -> dict[str, float | None]:
    """Return the ratio that a Cox model tends to, and the error of its logarithm from batches."""
    if treated is reference:
        return {"until_days": _GRID[-1], "hazard_ratio": 1.0, "log_hazard_ratio_error": 0.0}
    arms = [
        (_by_batch(arm.fate.risk, weights), _by_batch(arm.fate.free, weights)) for arm in (treated, reference)
    ]
    total = _by_batch(np.ones((len(weights), 1)), weights)
    whole = _log_ratio(*[(risk.sum(0) / total.sum(), free.sum(0) / total.sum()) for risk, free in arms])
    parts = [
        _log_ratio(*[(risk[place] / total[place], free[place] / total[place]) for risk, free in arms])
        for place in range(_BATCHES)
        if total[place] > 0
    ]
    known = [part for part in parts if np.isfinite(part)]
    error = float(np.std(known, ddof=1) / np.sqrt(len(known))) if len(known) > 1 else None
    return {
        "until_days": _GRID[-1],
        "hazard_ratio": _rounded(float(exp(whole))) if np.isfinite(whole) else None,
        "log_hazard_ratio_error": None if error is None else _rounded(error),
    }


def _by_batch(values: Floats, weights: Floats) -> Floats:
    """Sum weighted rows by batch; a batch takes every twentieth patient."""
    weighted = weights[:, None] * values
    return np.stack([weighted[start::_BATCHES].sum(axis=0) for start in range(_BATCHES)])


def _log_ratio(treated: tuple[Floats, Floats], reference: tuple[Floats, Floats]) -> float:
    """Solve the Cox score equation of two equal arms, each its average risk and chance of being left."""
    first, second = (np.diff(risk, prepend=0.0) for risk, _ in (treated, reference))
    middle = [(np.concatenate([[1.0], free[:-1]]) + free) / 2 for _, free in (treated, reference)]
    beta = 0.0
    for _ in range(50):
        hazard = middle[0] * exp(beta)
        expected = hazard / (hazard + middle[1])
        information = float(((first + second) * expected * (1 - expected)).sum())
        if information <= 0:
            return float("nan")
        step = float((first - (first + second) * expected).sum()) / information
        beta += step
        if abs(step) < 1e-12:
            break
    return beta
