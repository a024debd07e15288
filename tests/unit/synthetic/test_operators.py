"""Operators differ in volume and skill, and learn where the scenario says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from schemas.errors import SchemaFileError
from synthetic import registry as registry_module
from synthetic.codes import ELCA_RA, IVL, PLAIN, RA
from synthetic.operators import draw_operators, learning_odds
from synthetic.practice_settings import Learning, OperatorModel
from synthetic.registry import draw_blocks, generate_registry
from synthetic.scenario import Scenario, load_scenario, parse_scenario
from synthetic.streams import open_streams

SLOW = OperatorModel(learning={"rotational": Learning(first_case_odds=4.0, halving_cases=1.0)})


def scenario_with(operators: OperatorModel) -> Scenario:
    return replace(load_scenario("default"), operators=operators)


def learned(*cases: tuple[int, int, int], model: OperatorModel = SLOW) -> list[float]:
    """Return the odds of cases given as strategy, operator and day, all of one hospital."""
    strategy, operator, day = (np.array(column) for column in zip(*cases, strict=True))
    found = learning_odds(model, strategy=strategy, site=np.zeros_like(day), operator=operator, day=day)
    return [float(value) for value in found]


def test_shares_sum_to_one_and_the_busiest_comes_first() -> None:
    operators = draw_operators(load_scenario("national"), np.random.default_rng(1))
    assert operators.share.shape == (500, 5)
    assert operators.share.sum(axis=1) == pytest.approx(np.ones(500))
    assert (np.diff(operators.share, axis=1) <= 0).all()
    assert operators.share[:, 0].mean() > 2 * operators.share[:, 3].mean()


def test_operators_differ_as_much_as_the_scenario_says_and_make_no_hospital_worse() -> None:
    operators = draw_operators(load_scenario("national"), np.random.default_rng(2))
    assert np.log(operators.odds).std() == pytest.approx(0.2, rel=0.15)
    assert (operators.share * operators.odds).sum(axis=1) == pytest.approx(np.ones(500))


def test_without_spread_everybody_is_alike() -> None:
    scenario = scenario_with(OperatorModel(odds_log_sd=0.0))
    assert draw_operators(scenario, np.random.default_rng(1)).odds == pytest.approx(np.ones((20, 5)))


def test_operators_are_the_same_in_every_block() -> None:
    scenario = load_scenario("default")
    first, second = (draw_operators(scenario, open_streams(4, block)["operators"]) for block in (0, 7))
    assert np.array_equal(first.odds, second.odds)
    assert np.array_equal(first.share, second.share)


def test_the_registry_shows_the_shares_that_the_truth_tells() -> None:
    registry = generate_registry(load_scenario("default"), procedures=8_000, seed=2)
    rows = registry.tables["procedures"]
    seen = rows.select(pl.col("operator_id").cast(pl.String))["operator_id"].value_counts()
    counts = dict(seen.iter_rows())
    site = max(registry.truth["sites"], key=lambda name: counts.get(f"{name}-OP1", 0))
    told = registry.truth["sites"][site]["operators"]
    total = sum(counts.get(name, 0) for name in told)
    assert total > 500
    for name, entry in told.items():
        assert counts.get(name, 0) / total == pytest.approx(entry["share"], abs=4 * (0.25 / total) ** 0.5)


def test_unskilled_operators_have_more_complications() -> None:
    scenario = scenario_with(OperatorModel(volume_shape=2.0, odds_log_sd=1.0))
    registry = generate_registry(scenario, procedures=12_000, seed=3)
    skill = {
        name: entry["complication_odds"]
        for site in registry.truth["sites"].values()
        for name, entry in site["operators"].items()
    }
    bad = registry.tables["complications"].filter(
        pl.col("complication_type").cast(pl.String).is_in(["dissection", "slow_flow_no_reflow"])
    )
    rows = registry.tables["procedures"].filter(complications_recorded="all")
    rows = rows.select(
        odds=pl.col("operator_id").cast(pl.String).replace_strict(skill, return_dtype=pl.Float64),
        bad=pl.col("procedure_id").is_in(bad["procedure_id"].implode()),
    )
    high, low = (rows.filter(chosen)["bad"].mean() for chosen in (pl.col("odds") > 1.3, pl.col("odds") < 0.7))
    assert high > 2 * low > 0


def test_odds_halve_on_the_logarithm_with_every_case() -> None:
    assert learned((RA, 1, 10), (RA, 1, 20), (RA, 1, 30)) == pytest.approx([4.0, 2.0, 2**0.5])


def test_cases_are_counted_by_day_not_by_row_and_by_row_on_one_day() -> None:
    assert learned((RA, 1, 30), (RA, 1, 10), (RA, 1, 10)) == pytest.approx([2**0.5, 4.0, 2.0])


def test_nobody_learns_from_others_or_from_other_devices() -> None:
    found = learned((PLAIN, 1, 1), (RA, 2, 2), (RA, 1, 3), (IVL, 1, 4))
    assert found == pytest.approx([1.0, 4.0, 4.0, 1.0])


def test_combinations_count_as_cases_and_take_the_less_familiar_device() -> None:
    model = OperatorModel(
        learning={"rotational": Learning(4.0, halving_cases=1.0), "laser": Learning(9.0, halving_cases=1.0)}
    )
    assert learned((RA, 0, 1), (ELCA_RA, 0, 2), (ELCA_RA, 0, 3), model=model) == pytest.approx(
        [4.0, 9.0, 3.0]
    )


def test_the_default_lets_nobody_learn_and_the_truth_says_who_does() -> None:
    assert load_scenario("default").operators.learning == {}
    told = generate_registry(load_scenario("learning"), procedures=60, seed=1).truth["operators_learn"]
    assert told["rotational"] == {"first_case_odds": 3.0, "halving_cases": 8.0}


def test_a_registry_of_learners_is_not_drawn_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "BLOCK_PROCEDURES", 100)
    assert len(list(draw_blocks(load_scenario("learning"), procedures=100, seed=1))) == 1
    with pytest.raises(SchemaFileError, match="learn") as caught:
        list(draw_blocks(load_scenario("learning"), procedures=101, seed=1))
    assert "at most 100" in caught.value.fix


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("[operators]\nper_site = 0", "operators", "per_site of 1 or more"),
        ("[operators]\nodds_log_sd = -0.1", "operators", "odds_log_sd of 0 or more"),
        (
            "[operators.learning.burr]\nfirst_case_odds = 2.0\nhalving_cases = 5.0",
            "operators.learning.burr",
            "unknown device",
        ),
        (
            "[operators.learning.laser]\nfirst_case_odds = 0.5\nhalving_cases = 5.0",
            "operators.learning.laser",
            "first_case_odds of 1 or more",
        ),
        ("[site_variation]\ndevice_logit_sd = -1.0", "site_variation.device_logit_sd", "0 or more"),
    ],
)
def test_faulty_operators_are_refused_by_place_and_fact(text: str, where: str, what: str) -> None:
    with pytest.raises(SchemaFileError) as caught:
        parse_scenario(f'extends = "default"\n{text}', where="mine.toml")
    assert caught.value.where == f"mine.toml.{where}"
    assert what in caught.value.what
