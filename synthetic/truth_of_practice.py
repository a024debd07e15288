"""What is true about hospitals, operators and complications, for `truth.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from synthetic.codes import COMPLICATION_COLUMNS, SEVERITIES, STRATEGY_CODES, USES_RA
from synthetic.modifiers import BURR, CONTAINED
from synthetic.operators import draw_operators
from synthetic.population import draw_sites
from synthetic.streams import open_streams

if TYPE_CHECKING:
    from synthetic.practice_settings import Modifier
    from synthetic.scenario import Scenario

_DECIMALS = 8


def describe_sites(scenario: Scenario, *, seed: int) -> dict[str, Any]:
    """Describe what each hospital and each of its operators do differently from others.

    Parameters
    ----------
    scenario
        The scenario.
    seed
        Seed of the registry: it gives the hospitals.

    Returns
    -------
    dict
        By hospital: the effects that the scenario gives it, ``device_weight`` by group of devices, and
        ``operators`` with their ``share`` of the hospital's procedures and their ``complication_odds``.
    """
    streams = open_streams(seed)
    weights = draw_sites(scenario, streams["sites"])["device_multiplier"].to_numpy()
    operators = draw_operators(scenario, streams["operators"])
    return {
        site.site_id: {
            "event_hazard_ratio": site.event_hazard_ratio,
            "complication_odds": site.complication_odds,
            "effect_from": site.effect_from or None,
            "device_weight": dict(
                zip(COMPLICATION_COLUMNS, weights[place].round(_DECIMALS).tolist(), strict=True)
            ),
            "operators": {
                f"{site.site_id}-OP{number}": {
                    "share": round(share, _DECIMALS),
                    "complication_odds": round(odds, _DECIMALS),
                }
                for number, (share, odds) in enumerate(
                    zip(operators.share[place].tolist(), operators.odds[place].tolist(), strict=True), start=1
                )
            },
        }
        for place, site in enumerate(scenario.sites)
    }


def describe_learning(scenario: Scenario) -> dict[str, Any]:
    """Describe how the odds of complications fall with an operator's cases, by device."""
    return {
        device: {"first_case_odds": curve.first_case_odds, "halving_cases": curve.halving_cases}
        for device, curve in scenario.operators.learning.items()
    }


def describe_complications(scenario: Scenario) -> dict[str, Any]:
    """Describe the table of complications and what multiplies its odds, or its probabilities by vessel."""
    model = scenario.complications
    return {
        "columns": list(COMPLICATION_COLUMNS),
        "table": {name: list(row) for name, row in model.probability.items()},
        "severity_odds": dict(zip(SEVERITIES, model.severity_odds, strict=True)),
        "modifiers": [_describe(modifier) for modifier in model.modifiers],
        # Neither device nor calcium acts on these two; factors multiply the probability, not its odds.
        "access_site_bleeding": {"probability": model.access_site_bleeding},
        "acute_kidney_injury": {
            "probability": model.acute_kidney_injury,
            "ckd_factor": model.acute_kidney_injury_ckd_multiplier,
            "dialysis_factor": 0.0,
        },
        # What multiplies the probability, not its odds, by vessel of the leading lesion.
        "vessel_factor": {
            "av_block": {"RCA": model.av_block_rca_multiplier, "other": model.av_block_other_multiplier}
        },
    }


def _describe(modifier: Modifier) -> dict[str, Any]:
    """Describe a modifier, with the complications and strategies that it acts on."""
    parts = [part for part, whole in CONTAINED.items() if whole == modifier.complication]
    with_burr = [STRATEGY_CODES[place] for place in USES_RA]
    return {
        "complications": [modifier.complication, *parts],
        "covariate": modifier.covariate,
        "odds_ratio": modifier.odds_ratio,
        "per": modifier.per,
        "reference": dict(zip(SEVERITIES, modifier.reference, strict=True)),
        "strategies": with_burr if modifier.covariate == BURR else list(STRATEGY_CODES),
    }
