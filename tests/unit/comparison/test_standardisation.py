"""Standardised comparisons: direct standardisation by hand, R's numbers, recovery of a truth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from scipy import special

from analytics.comparison.results import StandardisedComparison

SIDES = ("lower", "upper")


def test_a_saturated_model_is_direct_standardisation(
    compare: Callable[..., StandardisedComparison], patients: pl.DataFrame
) -> None:
    found = compare(patients, modifiers=("severe",))
    assert found.estimates["crude"].to_list() == pytest.approx([0.38, 0.16])
    assert found.estimates["estimate"].to_list() == pytest.approx(
        [0.6 * 0.2 + 0.4 * 0.5, 0.6 * 0.1 + 0.4 * 0.4]
    )
    difference, ratio = found.contrasts.rows(named=True)
    assert difference["estimate"] == pytest.approx(-0.10)
    assert difference["crude"] == pytest.approx(-0.22)
    assert ratio["estimate"] == pytest.approx(0.22 / 0.32)


def test_the_variance_holds_the_strata_and_their_sizes(
    compare: Callable[..., StandardisedComparison], patients: pl.DataFrame
) -> None:
    found = compare(patients, modifiers=("severe",))
    within = [
        0.36 * 0.2 * 0.8 / 20 + 0.16 * 0.5 * 0.5 / 30,
        0.36 * 0.1 * 0.9 / 40 + 0.16 * 0.4 * 0.6 / 10,
    ]
    # The share of severe patients is a sample too: 0.6 x 0.4 x (risk in severe - risk in others)^2 / n.
    mix = 0.6 * 0.4 * 0.3**2 / 100
    expected = [(part + mix) * 100 / 99 for part in within]
    assert (found.estimates["std_error"] ** 2).to_list() == pytest.approx(expected, rel=1e-9)
    # Both strata differ by 0.1, so that the sizes of the strata drop out of the difference.
    assert found.contrasts["std_error"][0] ** 2 == pytest.approx(sum(within) * 100 / 99, rel=1e-9)


def test_risks_may_be_averaged_over_the_patients_of_one_group(
    compare: Callable[..., StandardisedComparison], patients: pl.DataFrame
) -> None:
    found = compare(patients, modifiers=("severe",), population="balloon")
    assert found.estimates["estimate"].to_list() == pytest.approx([0.8 * 0.2 + 0.2 * 0.5, 0.16])
    assert found.basis.population == "patients of balloon"


def test_two_copies_of_a_patient_in_one_cluster_add_no_information(
    compare: Callable[..., StandardisedComparison], patients: pl.DataFrame
) -> None:
    rows = patients.with_row_index("patient")
    once, twice = compare(rows, clusters="patient"), compare(pl.concat([rows, rows]), clusters="patient")
    assert twice.basis.n == 200
    assert twice.basis.n_clusters == 100
    assert twice.estimates["std_error"].to_list() == pytest.approx(
        once.estimates["std_error"].to_list(), rel=1e-9
    )


# R 4.2.2: glm(y ~ group + age + dose, binomial), predict() for everybody in each group, influence functions
# predicted - mean + score %*% solve(information / n) %*% mean gradient, rowsum() by patient, factor G/(G-1).
# riskRegression::ate() 2022.11.28 gives the same without clusters and factor.
def test_risks_and_errors_equal_r(
    births: pl.DataFrame, compare: Callable[..., StandardisedComparison]
) -> None:
    choices = {"outcome": "y", "exposure": "group", "levels": ("one", "two", "three")}
    found = compare(births, **choices, covariates=("age", "dose"), clusters="patient")
    assert found.estimates["estimate"].to_list() == pytest.approx(
        [0.2459751348613, 0.3964866103256, 0.4116243361722], rel=1e-11
    )
    errors = [0.04600232104549, 0.04653943187539, 0.04646846160264]
    assert found.estimates["std_error"].to_list() == pytest.approx(errors, rel=1e-11)
    difference, ratio = found.contrasts.filter(pl.col("level") == "three").rows(named=True)
    assert difference["std_error"] == pytest.approx(0.07155350214699, rel=1e-11)
    assert ratio["std_error"] == pytest.approx(0.236770663065, rel=1e-11)
    plain = compare(births, **choices, covariates=("age", "dose"))
    without_factor = plain.estimates["std_error"] * np.sqrt(188 / 189)
    assert without_factor.to_list() == pytest.approx(
        [0.0495199518368, 0.0625169009517, 0.0609153978936], rel=1e-7
    )


def test_bootstrap_of_clusters_agrees_with_the_delta_method(
    births: pl.DataFrame, compare: Callable[..., StandardisedComparison]
) -> None:
    choices = {"outcome": "y", "exposure": "group", "levels": ("one", "three"), "covariates": ("age", "dose")}
    delta = compare(births, **choices, clusters="patient")
    drawn = compare(births, **choices, clusters="patient", interval="bootstrap", n_replicates=400, seed=3)
    again = compare(births, **choices, clusters="patient", interval="bootstrap", n_replicates=400, seed=3)
    assert drawn.contrasts.equals(again.contrasts)
    for k, scale in enumerate((np.asarray, np.log)):
        limits = [
            scale(found.contrasts.row(k, named=True)[side]) for found in (delta, drawn) for side in SIDES
        ]
        assert np.abs(np.subtract(limits[:2], limits[2:])).max() < 0.1 * (limits[1] - limits[0])
    assert "bootstrap resamples of clusters" in drawn.basis.interval


def simulate(n: int, generator: np.random.Generator) -> pl.DataFrame:
    """Sicker patients get the burr more often; on the log odds it adds 0.4 to everybody's risk."""
    age = generator.normal(70, 9, n)
    severe = generator.random(n) < special.expit((age - 70) / 9)
    burr = generator.random(n) < special.expit(-1 + 1.5 * severe + 0.05 * (age - 70))
    y = generator.random(n) < special.expit(-2 + 0.4 * burr + 0.8 * severe + 0.04 * (age - 70))
    device = pl.Series(burr).replace_strict({True: "burr", False: "balloon"}, return_dtype=pl.String)
    return pl.DataFrame({"age": age, "severe": severe, "device": device, "y": y})


def true_difference() -> float:
    """Average the known risks over a million patients of the same law."""
    generator = np.random.default_rng(11)
    age = generator.normal(70, 9, 1_000_000)
    severe = generator.random(1_000_000) < special.expit((age - 70) / 9)
    at = -2 + 0.8 * severe + 0.04 * (age - 70)
    return float((special.expit(at + 0.4) - special.expit(at)).mean())


def test_the_known_difference_lies_in_the_interval_as_often_as_promised(
    compare: Callable[..., StandardisedComparison],
) -> None:
    generator, truth = np.random.default_rng(5), true_difference()
    choices = {"outcome": "y", "levels": ("balloon", "burr"), "covariates": ("age", "severe")}
    hits, crude_hits = 0, 0
    for _ in range(60):
        row = compare(simulate(600, generator), **choices).contrasts.row(0, named=True)
        hits += row["lower"] <= truth <= row["upper"]
        crude_hits += row["crude_lower"] <= truth <= row["crude_upper"]
    # 57 of 60 are expected, give or take 1.7; the crude difference is biased by design.
    assert hits >= 53
    assert crude_hits <= 36


def test_means_of_a_number_are_compared_by_a_linear_model(
    births: pl.DataFrame, compare: Callable[..., StandardisedComparison]
) -> None:
    rows = births.with_columns(area=3 + 0.02 * pl.col("age") + (pl.col("group") == "two"))
    found = compare(rows, outcome="area", exposure="group", levels=("one", "two"), covariates=("age",))
    assert found.contrasts["measure"].to_list() == ["difference"]
    assert found.contrasts["estimate"][0] == pytest.approx(1.0)
    assert found.basis.method == "linear regression, standardised"
    assert found.estimates["n_events"].to_list() == [None, None]


# R 4.2.2: lm(m ~ z * x + rcs(age, 4)), averaged over the rows of z = a, influence functions summed by
# patient, G / (G - 1).
def test_means_with_a_spline_and_a_modifier_equal_r(compare: Callable[..., StandardisedComparison]) -> None:
    k = np.arange(120)
    z, x, age = np.array(list("bac"))[(k * k + k // 7) % 3], (k * k * 7 + k) % 5 < 2, 50 + (k * 37) % 36
    m = 5 + 0.03 * age - 0.8 * x + 0.5 * (z == "a") + (k * 53) % 17 / 10 + (k // 2 * 29) % 11 / 10
    found = compare(
        pl.DataFrame({"z": z, "x": x, "age": age, "m": m, "patient": k // 2}),
        outcome="m",
        exposure="z",
        levels=("b", "a", "c"),
        covariates=("x", "age"),
        modifiers=("x",),
        splines={"age": 4},
        population="a",
        clusters="patient",
    )
    means, errors = found.estimates["estimate"].to_list(), found.estimates["std_error"].to_list()
    assert means == pytest.approx([7.5936523761512, 8.0688888888889, 7.715076310226], rel=1e-11)
    assert errors == pytest.approx([0.13765767037269, 0.1292441358021, 0.12492130731034], rel=1e-11)
    assert found.contrasts["std_error"][0] == pytest.approx(0.13584799296822, rel=1e-11)
    assert found.test.statistic == pytest.approx(13.380730323039, rel=1e-11)
