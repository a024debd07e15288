"""Hospitals prefer some devices to others; all together use as much of each as without preferences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from synthetic.codes import COMPLICATION_COLUMNS, RA_CUTTING, STRATEGIES
from synthetic.population import draw_sites
from synthetic.registry import Registry, generate_registry
from synthetic.scenario import Scenario, load_scenario
from synthetic.treatment import site_factors

LITHOTRIPSY, ROTATIONAL = (COMPLICATION_COLUMNS.index(name) for name in ("lithotripsy", "rotational"))


def scenario_with(device_logit_sd: float) -> Scenario:
    default = load_scenario("default")
    return replace(default, site_variation=replace(default.site_variation, device_logit_sd=device_logit_sd))


def sites_of(scenario: Scenario, seed: int = 1) -> pl.DataFrame:
    return draw_sites(scenario, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def registry() -> Registry:
    """Return a registry of hospitals that differ much."""
    return generate_registry(scenario_with(1.0), procedures=15_000, seed=6)


def test_without_spread_hospitals_prefer_nothing() -> None:
    assert site_factors(sites_of(scenario_with(0.0))) == pytest.approx(np.ones((20, len(STRATEGIES))))


def test_spread_is_the_scenarios_and_balloons_have_none() -> None:
    weights = sites_of(load_scenario("national"))["device_multiplier"].to_numpy()
    assert np.log(weights[:, 1:]).std(axis=0) == pytest.approx(np.full(5, 0.4), rel=0.12)
    assert (weights[:, 0] == 1).all()


def test_preferences_average_one_over_the_volume_of_those_who_have_the_device() -> None:
    sites = sites_of(load_scenario("default"))
    weights, volume = sites["device_multiplier"].to_numpy(), sites["volume"].to_numpy()
    assert np.average(weights[:, LITHOTRIPSY], weights=volume) == pytest.approx(1.0)
    has_burrs = sites["atherectomy"].to_numpy()
    assert np.average(weights[has_burrs, ROTATIONAL], weights=volume[has_burrs]) == pytest.approx(1.0)


def test_a_combination_takes_the_geometric_mean_of_both_preferences() -> None:
    sites = sites_of(load_scenario("default"))
    weights = sites["device_multiplier"].to_numpy()
    cutting = COMPLICATION_COLUMNS.index("cutting")
    expected = np.sqrt(weights[:, cutting] * weights[:, ROTATIONAL])
    assert site_factors(sites)[:, RA_CUTTING] == pytest.approx(expected)


def test_hospitals_use_more_of_what_they_prefer(registry: Registry) -> None:
    lesions = registry.tables["lesions"].with_columns(
        site=pl.col("procedure_id").str.split("-P").list.first()
    )
    used = registry.tables["device_uses"].filter(
        pl.col("device_class").cast(pl.String) == "intravascular_lithotripsy"
    )
    shares = (
        lesions.group_by("site")
        .agg(share=pl.col("lesion_id").is_in(used["lesion_id"].implode()).mean(), n=pl.len())
        .filter(pl.col("n") > 300)
    )
    told = [registry.truth["sites"][site]["device_weight"]["lithotripsy"] for site in shares["site"]]
    assert len(told) > 8
    ranks = [pl.Series(values).rank().to_numpy() for values in (told, shares["share"].to_list())]
    assert np.corrcoef(*ranks)[0, 1] > 0.7


def test_the_mix_of_all_hospitals_stays() -> None:
    mixes = [
        generate_registry(scenario_with(sd), procedures=15_000, seed=6).truth["expected"][
            "device_mix_by_true_severity"
        ]["severe"]
        for sd in (0.0, load_scenario("default").site_variation.device_logit_sd)
    ]
    for strategy in ("plain_balloon", "rotational_atherectomy", "intravascular_lithotripsy"):
        assert mixes[1][strategy] == pytest.approx(mixes[0][strategy], rel=0.12)
