"""A change in one stage leaves the others as they were."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from synthetic.registry import generate_registry
from synthetic.scenario import load_scenario


@pytest.fixture(scope="module")
def pair() -> list[dict[str, pl.DataFrame]]:
    """Return the default registry, and one with other imaging and other complications."""
    scenario = load_scenario("default")
    other = replace(
        scenario,
        imaging=replace(scenario.imaging, oct_share=0.9),
        complications=replace(scenario.complications, severity_odds=(2.0, 2.0, 2.0, 2.0)),
    )
    return [generate_registry(each, procedures=600, seed=8).tables for each in (scenario, other)]


@pytest.mark.parametrize("table", ["patients", "device_uses", "events", "follow_up"])
def test_a_changed_stage_leaves_the_others_as_they_were(
    pair: list[dict[str, pl.DataFrame]], table: str
) -> None:
    assert pair[0][table].equals(pair[1][table])


@pytest.mark.parametrize("table", ["imaging", "complications"])
def test_the_changed_stage_does_change(pair: list[dict[str, pl.DataFrame]], table: str) -> None:
    assert not pair[0][table].equals(pair[1][table])


def test_a_device_effect_in_the_scenario_moves_outcomes_but_not_treatment() -> None:
    scenario = load_scenario("default")
    harmful = dict.fromkeys(scenario.outcomes.device_hr, 3.0)
    harmed = replace(scenario, outcomes=replace(scenario.outcomes, device_hr=harmful))
    first, second = (generate_registry(each, procedures=600, seed=8) for each in (scenario, harmed))
    infarctions = [
        each.truth["counts"]["first_events_within_one_year"]["mi"] / each.truth["sizes"]["patients"]
        for each in (first, second)
    ]
    assert infarctions[1] > 1.5 * infarctions[0]
    shared = first.tables["patients"].join(second.tables["patients"], on="patient_id", how="semi")
    assert len(shared) > 450
    rows = [
        each.tables["lesions"].filter(pl.col("procedure_id").is_in([f"{p}-1" for p in shared["patient_id"]]))
        for each in (first, second)
    ]
    assert rows[0]["lesion_id"].to_list() == rows[1]["lesion_id"].to_list()
