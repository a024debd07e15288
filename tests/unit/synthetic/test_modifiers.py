"""Lesion, patient and burr make complications likelier, and the average stays that of the table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from schemas.errors import SchemaFileError
from synthetic.codes import CUTTING, ELCA_RA, IVL, PLAIN, RA, STRATEGIES, VESSELS
from synthetic.complications import complication_probability, probability_under
from synthetic.counterfactual import Sample, draw_sample
from synthetic.device_settings import burr_chances, burr_to_artery
from synthetic.modifiers import describe_cases, modifier_odds
from synthetic.practice_settings import Modifier
from synthetic.registry import generate_registry
from synthetic.scenario import Scenario, load_scenario, parse_scenario
from synthetic.truth_of_practice import describe_complications

LENGTH = Modifier(
    "slow_flow_any", "lesion_length_mm", odds_ratio=1.2, per=5.0, reference=(5.0, 5.0, 5.0, 20.0)
)
BURR = Modifier("slow_flow_any", "burr_to_artery", odds_ratio=1.5, per=0.1, reference=(0.4,) * 4)
CTO = Modifier("perforation_any", "cto", odds_ratio=2.0, reference=(0.0,) * 4)


def cases() -> pl.DataFrame:
    """Return two severe lesions of 3.0 mm arteries: 20 mm long, and 30 mm with an occlusion, both of men."""
    lead = pl.DataFrame(
        {
            "severity": [3, 3],
            "vessel": [1, 1],
            "reference_mm": [3.0, 3.0],
            "length_mm": [20.0, 30.0],
            "angulation": [0, 2],
            "cto": [False, True],
        }
    )
    return describe_cases(lead, male=pl.Series([True, False]), odds=np.array([1.0, 3.0]))


def scenario_with(*modifiers: Modifier) -> Scenario:
    default = load_scenario("default")
    return replace(default, complications=replace(default.complications, modifiers=modifiers))


def odds_of(name: str, *modifiers: Modifier, strategy: int = PLAIN, burr: float = np.nan) -> list[float]:
    model = scenario_with(*modifiers).complications
    found = modifier_odds(model, name, cases(), strategy=np.full(2, strategy), burr=np.full(2, burr))
    return [float(value) for value in found]


@pytest.fixture(scope="module")
def sample() -> Sample:
    """Return many patients of the default scenario."""
    return draw_sample(load_scenario("default"), seed=3, size=40_000)


def test_cases_say_who_is_angulated_occluded_and_female() -> None:
    assert cases().select("angulated", "female", "cto").rows() == [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0)]


def test_odds_are_those_of_the_table_at_the_reference_and_grow_by_the_ratio_for_each_step() -> None:
    assert odds_of("slow_flow_any", LENGTH) == pytest.approx([1.0, 1.2**2])


def test_several_modifiers_multiply() -> None:
    bend = Modifier("slow_flow_any", "angulated", odds_ratio=2.0, reference=(0.5,) * 4)
    assert odds_of("slow_flow_any", LENGTH, bend) == pytest.approx([2**-0.5, 1.2**2 * 2**0.5])


def test_what_is_part_of_a_complication_is_modified_with_it_and_nothing_else_is() -> None:
    assert odds_of("no_reflow_final", LENGTH) == odds_of("slow_flow_any", LENGTH)
    assert odds_of("tamponade", CTO) == pytest.approx([1.0, 2.0])
    assert odds_of("av_block", LENGTH, CTO) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("strategy", "expected"), [(RA, 1.5), (ELCA_RA, 1.5), (PLAIN, 1.0), (CUTTING, 1.0), (IVL, 1.0)]
)
def test_the_burr_counts_only_where_the_strategy_has_one(strategy: int, expected: float) -> None:
    found = odds_of("slow_flow_any", BURR, strategy=strategy, burr=0.5)
    assert found == pytest.approx([expected, expected])


def test_under_a_burr_that_nobody_chose_yet_the_risk_is_averaged_over_its_sizes() -> None:
    # 3.0 mm: 1.25 mm in 42 % and 1.5 mm in 58 %; table 8 %, odds times 1.3 for severe calcium
    scenario = scenario_with(BURR)
    odds = 0.08 / 0.92 * 1.3
    by_size = [odds * 1.5 ** ((size / 3.0 - 0.4) / 0.1) for size in (1.25, 1.5)]
    expected = 0.42 * by_size[0] / (1 + by_size[0]) + 0.58 * by_size[1] / (1 + by_size[1])
    found = probability_under(scenario, "slow_flow_any", cases(), strategy=RA)
    assert found[0] == pytest.approx(expected)
    tripled = [3 * value for value in by_size]
    assert found[1] == pytest.approx(
        0.42 * tripled[0] / (1 + tripled[0]) + 0.58 * tripled[1] / (1 + tripled[1])
    )


def test_under_a_device_without_a_burr_the_risk_is_that_of_table_severity_and_hospital() -> None:
    found = probability_under(scenario_with(BURR), "slow_flow_any", cases(), strategy=PLAIN)
    odds = 0.01 / 0.99 * 1.3
    assert found == pytest.approx([odds / (1 + odds), 3 * odds / (1 + 3 * odds)])


def test_chances_of_burrs_are_those_of_the_burrs_drawn() -> None:
    reference = np.array([2.5, 3.0, 4.0])
    chances = burr_chances(load_scenario("default").devices, reference)
    assert sum(chances.values()) == pytest.approx(np.ones(3))
    assert chances[1.25] == pytest.approx([1.0, 0.42, 0.42])
    assert chances[1.75] == pytest.approx([0.0, 0.0, 0.15])


def test_the_ratio_is_that_of_the_first_burr() -> None:
    devices = pl.DataFrame({"lesion": [0, 0, 2], "device": [0, 0, 4], "diameter_mm": [1.25, 1.5, 3.0]})
    found = burr_to_artery(pl.DataFrame({"reference_mm": [2.5, 3.0, 3.0]}), devices)
    assert found[0] == pytest.approx(0.5)
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize("name", ["slow_flow_any", "perforation_any", "tamponade"])
@pytest.mark.parametrize("strategy", [PLAIN, RA, IVL])
def test_centred_modifiers_leave_the_average_of_the_table(sample: Sample, name: str, strategy: int) -> None:
    default = load_scenario("default")
    # lithotripsy and rotational atherectomy are too few to be told apart here
    given = (sample.strategy == PLAIN) if strategy == PLAIN else np.isin(sample.strategy, (RA, IVL))
    with_them, without = (
        probability_under(scenario, name, sample.cases.filter(pl.Series(given)), strategy=strategy).mean()
        for scenario in (default, scenario_with())
    )
    assert with_them == pytest.approx(without, rel=0.07)


@pytest.mark.parametrize("strategy", [PLAIN, CUTTING, IVL])
def test_no_burr_is_ever_caught_where_there_is_none(sample: Sample, strategy: int) -> None:
    assert not probability_under(
        load_scenario("default"), "device_entrapment", sample.cases, strategy=strategy
    ).any()


def test_what_contains_another_complication_is_never_rarer_than_it(sample: Sample) -> None:
    scenario = load_scenario("default")
    for strategy in range(len(STRATEGIES)):
        for part, whole in (("tamponade", "perforation_any"), ("no_reflow_final", "slow_flow_any")):
            risks = [
                probability_under(scenario, name, sample.cases, strategy=strategy) for name in (part, whole)
            ]
            assert (risks[0] <= risks[1]).all()


def test_without_modifiers_the_risk_is_that_of_table_and_odds() -> None:
    scenario = scenario_with()
    own = cases()
    assert probability_under(scenario, "slow_flow_any", own, strategy=RA) == pytest.approx(
        complication_probability(
            scenario.complications,
            "slow_flow_any",
            strategy=np.array([RA, RA]),
            severity=own["severity"].to_numpy(),
            vessel=own["vessel"].to_numpy(),
            odds=own["odds"].to_numpy(),
        )
    )


def test_the_truth_tells_every_modifier_and_where_it_acts() -> None:
    told = generate_registry(load_scenario("default"), procedures=50, seed=1).truth[
        "complication_probability"
    ]
    by_covariate = {entry["covariate"]: entry for entry in told["modifiers"]}
    assert {name: entry["odds_ratio"] for name, entry in by_covariate.items()} == {
        "lesion_length_mm": 1.193,
        "angulated": 2.054,
        "burr_to_artery": 1.451,
        "female": 1.38,
        "cto": 2.59,
    }
    assert by_covariate["female"]["complications"] == ["perforation_any", "tamponade"]
    assert by_covariate["burr_to_artery"]["strategies"] == [
        "rotational_atherectomy",
        "ra_cutting",
        "ra_ivl",
        "elca_ra",
    ]
    assert "plain_balloon" in by_covariate["cto"]["strategies"]


def test_the_truth_tells_how_much_likelier_av_block_is_in_the_right_coronary_artery() -> None:
    scenario = load_scenario("default")
    factor = describe_complications(scenario)["vessel_factor"]
    assert factor == {"av_block": {"RCA": 1.7, "other": 0.67}}
    # Severe calcium multiplies the odds by 1.3; a hospital that divides them leaves the 6 % of the table.
    found = complication_probability(
        scenario.complications,
        "av_block",
        strategy=np.array([RA, RA]),
        severity=np.array([3, 3]),
        vessel=np.array([VESSELS.index("LAD"), VESSELS.index("RCA")]),
        odds=np.full(2, 1 / 1.3),
    )
    assert found == pytest.approx([0.06 * factor["av_block"]["other"], 0.06 * factor["av_block"]["RCA"]])


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("complication", '"slow_flow"', "unknown complication 'slow_flow'"),
        ("complication", '"tamponade"', "give it for 'perforation_any'"),
        ("covariate", '"height"', "unknown covariate 'height'"),
        ("odds_ratio", "0.0", "above 0"),
        ("per", "-1.0", "above 0"),
        ("reference", "[0.0]", "needs 4 values"),
    ],
)
def test_a_faulty_modifier_is_refused_by_place_and_fact(key: str, value: str, what: str) -> None:
    entry = {
        "complication": '"slow_flow_any"',
        "covariate": '"cto"',
        "odds_ratio": "2.0",
        "per": "1.0",
        "reference": "[0.0, 0.0, 0.0, 0.0]",
    }
    lines = [f"{name} = {text}" for name, text in (entry | {key: value}).items()]
    text = "\n".join(['extends = "default"', "[[complications.modifiers]]", *lines])
    with pytest.raises(SchemaFileError) as caught:
        parse_scenario(text, where="mine.toml")
    assert caught.value.where.startswith("mine.toml.complications.modifiers[0]")
    assert what in caught.value.what


def test_a_scenario_of_ones_own_can_go_without_modifiers() -> None:
    own = parse_scenario('extends = "default"\n[complications]\nmodifiers = []', where="mine.toml")
    assert own.complications.modifiers == ()


def test_rare_complications_are_a_tenth_of_the_default_in_every_cell() -> None:
    tables = [load_scenario(name).complications.probability for name in ("default", "rare")]
    for name, row in tables[0].items():
        assert tables[1][name] == pytest.approx([value / 10 for value in row]), name
