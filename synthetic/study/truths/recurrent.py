"""True mean numbers of events per patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthetic.absolute_risk import Endpoint, follow
from synthetic.study.truths.horizons import THREE_YEARS

if TYPE_CHECKING:
    from synthetic.settings import Outcomes
    from synthetic.streams import Floats
    from synthetic.study.truths.population import Population

_REVASCULARISATIONS = ("tlr", "tvr_non_tl", "non_target_revascularisation")


def find_truths(population: Population) -> dict[str, float]:
    """Return the true value of each quantity by name."""
    own, model = population.own, population.scenario.outcomes
    return {
        "mi_count_1095": mean_count(
            own, model, ("mi",), linked_to="mi", share=model.mi_with_stent_thrombosis, day=THREE_YEARS
        ),
        "revascularisation_count_1095": mean_count(
            own,
            model,
            _REVASCULARISATIONS,
            linked_to="tlr",
            share=model.tlr_with_stent_thrombosis,
            day=THREE_YEARS,
        ),
    }


def mean_count(
    hazards: dict[str, Floats],
    model: Outcomes,
    causes: tuple[str, ...],
    *,
    linked_to: str,
    share: float,
    day: int,
) -> float:
    """Return the mean number of events per patient by a day.

    Each cause comes at most once, and not after death. A thrombosis brings one more event where that of its
    kind has not come yet; the later one still counts.

    Parameters
    ----------
    hazards, model
        As in `synthetic.absolute_risk.follow`.
    causes
        Causes whose events are counted.
    linked_to
        The one of them that a thrombosis may bring too.
    share
        Chance that it does.
    day
        Last day that counts.

    Notes
    -----
    Both events on one day count once in a registry and twice here: less than one in 100,000 patients.
    """
    own = sum(_mean_risk(hazards, model, cause, day) for cause in causes)
    ended = {**hazards, "cardiac_death": hazards["cardiac_death"] + hazards[linked_to]}
    return own + share * _mean_risk(ended, model, "stent_thrombosis", day)


def _mean_risk(hazards: dict[str, Floats], model: Outcomes, cause: str, day: int) -> float:
    """Return the share of patients who had the first event of a cause by a day, deaths competing."""
    return float(follow(hazards, model, Endpoint((cause,)), days=(day,)).risk.mean())
