"""Standardised comparisons: direct standardisation by hand, R's numbers, refusals, recovery of a truth."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import optimize, special

from analytics.comparison.results import StandardisedComparison
from analytics.comparison.standardisation import standardise
from analytics.errors import SpecificationError
from analytics.refusals import NotEstimable

CELLS = pl.DataFrame(
    {
        "severe": [False, False, True, True],
        "device": ["burr", "balloon", "burr", "balloon"],
        "n": [20, 40, 30, 10],
        "events": [4, 4, 15, 4],
    }
)
"""Crude 19/50 and 8/50. Within strata 0.2 and 0.1, 0.5 and 0.4; strata of 60 and 40."""


SIDES = ("lower", "upper")


def patients() -> pl.DataFrame:
    marks = pl.int_ranges(0, pl.col("n")).list.eval(pl.element())
    rows = CELLS.with_columns(rank=marks).explode("rank")
    return rows.select("severe", "device", outcome=pl.col("rank") < pl.col("events"))


def compare(rows: pl.DataFrame, **choices: object) -> StandardisedComparison:
    given = {
        "outcome": "outcome",
        "exposure": "device",
        "levels": ("burr", "balloon"),
        "covariates": ("severe",),
    }
    found = standardise(rows, **{**given, **choices})  # type: ignore[arg-type]
    assert isinstance(found, StandardisedComparison)
    return found


def test_a_saturated_model_is_direct_standardisation() -> None:
    found = compare(patients(), modifiers=("severe",))
    assert found.estimates["crude"].to_list() == pytest.approx([0.38, 0.16])
    assert found.estimates["estimate"].to_list() == pytest.approx(
        [0.6 * 0.2 + 0.4 * 0.5, 0.6 * 0.1 + 0.4 * 0.4]
    )
    difference, ratio = found.contrasts.rows(named=True)
    assert difference["estimate"] == pytest.approx(-0.10)
    assert difference["crude"] == pytest.approx(-0.22)
    assert ratio["estimate"] == pytest.approx(0.22 / 0.32)


def test_the_variance_holds_the_strata_and_their_sizes() -> None:
    found = compare(patients(), modifiers=("severe",))
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


def test_risks_may_be_averaged_over_the_patients_of_one_group() -> None:
    found = compare(patients(), modifiers=("severe",), population="balloon")
    assert found.estimates["estimate"].to_list() == pytest.approx([0.8 * 0.2 + 0.2 * 0.5, 0.16])
    assert found.basis.population == "patients of balloon"


def test_two_copies_of_a_patient_in_one_cluster_add_no_information() -> None:
    rows = patients().with_row_index("patient")
    once, twice = compare(rows, clusters="patient"), compare(pl.concat([rows, rows]), clusters="patient")
    assert twice.basis.n == 200
    assert twice.basis.n_clusters == 100
    assert twice.estimates["std_error"].to_list() == pytest.approx(
        once.estimates["std_error"].to_list(), rel=1e-9
    )


@pytest.fixture
def births() -> pl.DataFrame:
    """Sixty-three triples of rows, drawn up so that R can be asked."""
    k = np.arange(189)
    group = np.array(["one", "two", "three"])[(k * k + k // 7) % 3]
    age, dose = 14 + (k * 37) % 32, 80 + (k * 61) % 171
    is_event = ((k * 53) % 100) < 10 + 12 * (group == "two") + 20 * (group == "three") + age // 2
    return pl.DataFrame({"group": group, "age": age, "dose": dose, "y": is_event, "patient": k // 3})


# R 4.2.2: glm(y ~ group + age + dose, binomial), predict() for everybody in each group, influence functions
# predicted - mean + score %*% solve(information / n) %*% mean gradient, rowsum() by patient, factor G/(G-1).
# riskRegression::ate() 2022.11.28 gives the same without clusters and factor.
def test_risks_and_errors_equal_r(births: pl.DataFrame) -> None:
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


def test_bootstrap_of_clusters_agrees_with_the_delta_method(births: pl.DataFrame) -> None:
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


def test_the_known_difference_lies_in_the_interval_as_often_as_promised() -> None:
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


def test_means_of_a_number_are_compared_by_a_linear_model(births: pl.DataFrame) -> None:
    rows = births.with_columns(area=3 + 0.02 * pl.col("age") + (pl.col("group") == "two"))
    found = compare(rows, outcome="area", exposure="group", levels=("one", "two"), covariates=("age",))
    assert found.contrasts["measure"].to_list() == ["difference"]
    assert found.contrasts["estimate"][0] == pytest.approx(1.0)
    assert found.basis.method == "linear regression, standardised"
    assert found.estimates["n_events"].to_list() == [None, None]


# R 4.2.2: lm(m ~ z * x + rcs(age, 4)), averaged over the rows of z = a, influence functions summed by
# patient, G / (G - 1).
def test_means_with_a_spline_and_a_modifier_equal_r() -> None:
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


def test_rows_lost_to_a_covariate_are_told() -> None:
    blank = pl.int_range(pl.len()) % 5 == 0
    rows = patients().with_columns(age=pl.when(blank).then(None).otherwise(70.0 + pl.int_range(pl.len()) % 7))
    found = compare(rows, covariates=("severe", "age"))
    assert "20 % of the rows are left out, for want of age." in found.basis.warnings


def test_what_is_no_number_counts_as_missing() -> None:
    rows = patients().with_columns(age=70.0 + pl.int_range(pl.len()) % 7)
    odd = rows.with_columns(age=pl.when(pl.int_range(pl.len()) < 3).then(float("nan")).otherwise("age"))
    found = compare(odd, covariates=("severe", "age"))
    assert found.basis.left_out == {"age not recorded": 3}
    assert found.estimates.equals(compare(rows[3:], covariates=("severe", "age")).estimates)


def test_a_group_without_events_is_set_aside_and_named() -> None:
    rows = pl.concat(
        [patients(), pl.DataFrame({"severe": [True] * 8, "device": ["laser"] * 8, "outcome": [False] * 8})]
    )
    found = compare(rows, levels=("burr", "balloon", "laser"))
    assert found.estimates["level"].to_list() == ["burr", "balloon"]
    assert [(refusal.group, refusal.code) for refusal in found.refused] == [("laser", "no_events")]
    assert found.basis.n == 100


def test_nothing_is_compared_when_the_reference_has_no_event() -> None:
    rows = patients().with_columns(outcome=pl.col("outcome") & (pl.col("device") == "burr"))
    refused = standardise(
        rows, outcome="outcome", exposure="device", levels=("balloon", "burr"), covariates=("severe",)
    )
    assert isinstance(refused, NotEstimable)
    assert refused.code == "no_events"


def test_rows_left_out_are_counted_by_reason() -> None:
    rows = patients().with_columns(
        outcome=pl.when(pl.int_range(pl.len()) == 0).then(None).otherwise("outcome"),
        age=pl.when(pl.int_range(pl.len()) == 1).then(None).otherwise(70.0 + pl.int_range(pl.len()) % 7),
        device=pl.when(pl.int_range(pl.len()) < 4).then("device").otherwise("device"),
    )
    other = rows.head(2).with_columns(device=pl.lit("stent only"))
    found = compare(pl.concat([rows, other]), covariates=("severe", "age"))
    assert found.basis.left_out == {"another group": 2, "outcome not recorded": 1, "age not recorded": 1}
    assert found.basis.n == 98


def test_a_category_without_an_entry_is_one_of_its_own() -> None:
    blank = pl.int_range(pl.len()) % 9 == 0
    rows = patients().with_columns(severe=pl.when(blank).then(None).otherwise("severe"))
    filled, complete = compare(rows), compare(rows, missing="complete")
    assert filled.basis.n == 100
    assert "severe: not recorded" in filled.coefficients["term"].to_list()
    assert complete.basis.left_out == {"severe not recorded": 12}


def test_covariates_that_the_events_cannot_carry_are_left_out_and_said() -> None:
    rows = patients().with_columns(site=(pl.int_range(pl.len()) % 9).cast(pl.String), same=pl.lit(1))
    found = compare(rows, covariates=("severe", "site", "same"))
    assert found.basis.adjusted_for == ("severe",)
    assert set(found.basis.not_adjusted_for) == {"site", "same"}
    assert any(warning.startswith("Not adjusted for: site") for warning in found.basis.warnings)
    strict = standardise(
        rows,
        outcome="outcome",
        exposure="device",
        levels=("burr", "balloon"),
        covariates=("severe", "site"),
        when_few="refuse",
    )
    assert isinstance(strict, NotEstimable)
    assert strict.code == "too_few_events"


def test_a_covariate_that_tells_the_outcomes_apart_is_held_by_a_penalty() -> None:
    rows = patients().with_columns(ghost=pl.col("outcome") & (pl.int_range(pl.len()) % 2 == 0))
    found = compare(rows, covariates=("severe", "ghost"))
    assert found.basis.adjusted_for == ("severe", "ghost")
    assert any(warning.startswith("Some of ghost had no event") for warning in found.basis.warnings)
    # Predicted and observed events agree in each group: the penalty leaves the groups alone.
    assert found.estimates["estimate"].to_list() == pytest.approx(penalised_by_hand(rows), rel=1e-6)


def penalised_by_hand(rows: pl.DataFrame) -> list[float]:
    """Maximise the likelihood with log-F(1, 1) densities of both covariates, by another road."""
    x = rows.select(pl.lit(1.0), pl.col("device") == "balloon", "severe", "ghost").cast(pl.Float64).to_numpy()
    y = rows["outcome"].to_numpy()

    def loss(b: np.ndarray) -> float:
        prior = (b[2:] / 2 - np.logaddexp(0, b[2:])).sum()
        return float(-(y * (x @ b) - np.logaddexp(0, x @ b)).sum() - prior)

    b = optimize.minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-9}).x
    at = x.copy()
    risks = []
    for mark in (0.0, 1.0):
        at[:, 1] = mark
        risks.append(float(special.expit(at @ b).mean()))
    return risks


def test_few_blanks_take_the_commonest_category() -> None:
    rows = patients().with_columns(severe=pl.when(pl.int_range(pl.len()) < 3).then(None).otherwise("severe"))
    found = compare(rows)
    assert found.basis.n == 100
    assert found.coefficients["term"].to_list() == ["intercept", "device: balloon", "severe"]
    assert "Under 5 % without an entry took the commonest category: severe." in found.basis.warnings
    # The three were not severe, and that is the commoner answer: nothing is lost here.
    assert found.estimates.equals(compare(patients()).estimates)


def test_thin_overlap_is_told() -> None:
    rows = patients().filter(~(pl.col("severe") & (pl.col("device") == "balloon")))
    found = compare(pl.concat([rows, rows]))
    thin = found.overlap.filter((pl.col("stratum") == "true") & (pl.col("level") == "balloon"))
    assert thin["share"].to_list() == [0.0]
    assert any("rests on the model" in warning for warning in found.basis.warnings)


@pytest.mark.parametrize(
    "choices",
    [
        {"covariates": ("no such column",)},
        {"levels": ("burr",)},
        {"covariates": ("outcome",)},
        {"modifiers": ("device",)},
        {"population": "laser"},
        {"outcome": "device"},
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(choices: dict[str, object]) -> None:
    with pytest.raises(SpecificationError):
        compare(patients(), **choices)
