"""The bundled scenarios: each does what it says, and is the default one otherwise."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from schemas.errors import SchemaFileError
from synthetic.registry import Registry, generate_registry
from synthetic.scenario import load_scenario, parse_scenario, scenario_names

SEED, SIZE = 5, 6_000


@pytest.fixture(scope="module")
def registries() -> dict[str, Registry]:
    """Return a registry of every scenario."""
    return {
        name: generate_registry(load_scenario(name), procedures=SIZE, seed=SEED) for name in scenario_names()
    }


def test_every_scenario_is_named_as_its_file_and_described() -> None:
    loaded = {name: load_scenario(name) for name in scenario_names()}
    assert {name: scenario.name for name, scenario in loaded.items()} == {name: name for name in loaded}
    assert len({scenario.description for scenario in loaded.values()}) == len(loaded)
    assert {
        "default", "drift", "high_contrast", "informative_censoring", "misgraded", "nonproportional", "null",
        "outlier_site", "rare", "unmeasured",
    } <= set(loaded)  # fmt: skip


def test_null_confounds_more_than_the_default() -> None:
    expected = {}
    for name in ("default", "null"):
        rows = generate_registry(load_scenario(name), procedures=400, seed=SEED, truth_sample=6_000).truth[
            "marginal"
        ]["risks"]
        risk = {
            row["strategy"]: row["risk"]
            for row in rows
            if (row["endpoint"], row["population"], row["horizon_days"]) == ("death_mi_tvr", "treated", 365)
        }
        expected[name] = risk["rotational_atherectomy"] - risk["plain_balloon"]
    assert expected["null"] > expected["default"] + 0.02


def test_high_contrast_has_the_risks_of_the_mace_trial() -> None:
    truth = generate_registry(load_scenario("high_contrast"), procedures=30_000, seed=SEED).truth
    risk = truth["expected"]["one_year_mace_by_true_severity"]
    assert (risk["none"] + risk["mild"]) / 2 == pytest.approx(0.047, abs=0.003)
    assert risk["moderate"] == pytest.approx(0.087, abs=0.004)
    assert risk["severe"] == pytest.approx(0.244, abs=0.010)


def test_rare_has_a_tenth_of_the_events(registries: dict[str, Registry]) -> None:
    def count(name: str) -> int:
        return int(sum(registries[name].truth["counts"]["first_events_within_one_year"].values()))

    assert 0.05 < count("rare") / count("default") < 0.16
    assert (
        registries["rare"].tables["complications"].height
        < 0.4 * registries["default"].tables["complications"].height
    )


def test_misgraded_operators_agree_less_with_the_truth(registries: dict[str, Registry]) -> None:
    kappa = {
        name: registries[name].truth["counts"]["weighted_kappa_of_operators"]
        for name in ("default", "misgraded")
    }
    assert kappa["misgraded"] < 0.26
    assert kappa["default"] > 0.28
    assert set(registries["misgraded"].tables["lesions"]["calcification_assessor"].drop_nulls()) == {
        "operator"
    }


def test_a_trait_that_drives_treatment_and_outcome_is_in_no_table(registries: dict[str, Registry]) -> None:
    columns = {name for table in registries["unmeasured"].tables.values() for name in table.columns}
    assert "unmeasured" not in columns
    deaths = {
        name: registries[name].truth["counts"]["first_events_within_one_year"]["cardiac_death"]
        for name in ("default", "unmeasured")
    }
    assert deaths["unmeasured"] > 1.1 * deaths["default"]
    assert registries["unmeasured"].truth["unmeasured"]["hazard_ratio"]["cardiac_death"] == 2.5


def deaths_told(registry: Registry, truth: dict[str, Any]) -> float:
    """Return the part of one-year deaths that reached the registry."""
    index = (
        registry.tables["procedures"].group_by("patient_id").agg(pl.col("procedure_date").min().alias("day0"))
    )
    events = registry.tables["events"].filter(pl.col("event_type") == "death").join(index, on="patient_id")
    told = events.filter((pl.col("event_date") - pl.col("day0")).dt.total_days() < 366).height
    counts = truth["counts"]["first_events_within_one_year"]
    return told / float(counts["cardiac_death"] + counts["noncardiac_death"])


def test_informative_losses_hide_deaths() -> None:
    scenario = load_scenario("informative_censoring")
    odds = "loss_odds_near_death = 1.0\nloss_odds_after_event = 1.0\n"
    lines = f'extends = "informative_censoring"\n[follow_up]\n{odds}'
    blind = parse_scenario(lines, where="blind.toml")
    shares = []
    for each in (scenario, blind):
        registry = generate_registry(each, procedures=SIZE, seed=SEED)
        shares.append(deaths_told(registry, registry.truth))
    assert shares[0] < shares[1] - 0.05


def site_rate(
    registry: Registry, site: str, *, since: str = "2000-01-01", until: str = "2100-01-01"
) -> float:
    """Return procedures with a complication per procedure of a site and period."""
    procedures = registry.tables["procedures"].filter(
        (pl.col("site_id") == site)
        & (pl.col("procedure_date") >= pl.lit(since).str.to_date())
        & (pl.col("procedure_date") < pl.lit(until).str.to_date())
    )
    hit = procedures.join(registry.tables["complications"], on="procedure_id", how="semi")
    return hit.height / procedures.height


def test_outlying_sites_are_worse_better_and_silent(registries: dict[str, Registry]) -> None:
    odd, plain = registries["outlier_site"], registries["default"]
    assert site_rate(odd, "S02") > 1.4 * site_rate(plain, "S02")
    assert site_rate(odd, "S13") < 0.8 * site_rate(plain, "S13")
    assert site_rate(odd, "S08") == 0
    assert odd.truth["sites"]["S02"]["event_hazard_ratio"] == 2.0


def test_a_drifting_site_is_as_before_until_it_turns(registries: dict[str, Registry]) -> None:
    drift, plain = registries["drift"], registries["default"]
    later = [site_rate(each, "S02", since="2019-07-01") for each in (drift, plain)]
    assert later[0] > 1.5 * later[1]
    assert site_rate(drift, "S02", until="2019-07-01") < later[0]


def missing_by(registry: Registry, column: str, driver: pl.Expr) -> tuple[float, float]:
    """Return the share of empty cells where the driver holds, and where it does not."""
    rows = registry.tables["procedures"].with_columns(driver.alias("on"))
    shares = rows.group_by("on").agg(pl.col(column).is_null().mean()).drop_nulls("on")
    found = dict(shares.iter_rows())
    return float(found[True]), float(found[False])


def test_a_missingness_rule_follows_its_driver() -> None:
    text = """
extends = "default"
[[missingness.rules]]
column = "lvef_pct"
driver = "presentation"
odds = 6.0
equals = ["stemi"]
[[missingness.rules]]
column = "hypertension"
driver = "age_years"
odds = 8.0
at_least = 75
"""
    registry = generate_registry(parse_scenario(text, where="rules.toml"), procedures=SIZE, seed=SEED)
    stemi, others = missing_by(registry, "lvef_pct", pl.col("presentation") == "stemi")
    assert stemi > 2 * others
    old, young = missing_by(registry, "hypertension", pl.col("age_years") >= 75)
    assert old > 3 * young
    assert registry.truth["missingness_rules"][0]["mechanism"] == "at random given the driver"


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ('extends = "nowhere"', "scenario 'nowhere'", "no such scenario"),
        ('extends = "default"\n[site_changes.S99]\ncountry = "DE"', "site_changes", "no site 'S99'"),
        (
            'extends = "default"\n[outcomes.causes.mi.device_hr]\nelca = [1.0, 2.0]',
            "device_hr.elca",
            "needs 1 or 5",
        ),
        (
            'extends = "default"\n[outcomes.causes.mi.device_hr]\nlaser = [1.0]',
            "device_hr",
            "unknown strategy",
        ),
        ('extends = "default"\n[unmeasured]\ntreatment = [1.0]', "unmeasured.treatment", "needs 10 values"),
        (
            'extends = "default"\n[unmeasured.hazard_ratio]\nangina = 2.0',
            "unmeasured.hazard_ratio",
            "unknown cause",
        ),
    ],
)
def test_a_faulty_change_is_refused_in_one_line(text: str, where: str, what: str) -> None:
    with pytest.raises(SchemaFileError) as caught:
        parse_scenario(text, where="mine.toml")
    assert where in caught.value.where
    assert what in caught.value.what
