"""Cox models on drawn registries: terms, refusals, variance, warnings, predictions."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.survival.cox import fit_cox
from analytics.survival.cox_baseline import predict_linear, predict_survival
from analytics.survival.cox_concordance import estimate_concordance
from analytics.survival.cox_design import CoxSpec, Factor, Interaction, Spline, build_design
from analytics.survival.cox_residuals import estimate_residuals
from analytics.survival.results import CoxFit, NotEstimable


def registry(n: int = 240, seed: int = 11) -> pl.DataFrame:
    """Draw patients with tied whole days, two covariates, three grades and five sites."""
    draw = np.random.default_rng(seed)
    age = draw.normal(70, 9, n).round()
    grade = draw.choice(["mild", "moderate", "severe"], n)
    hazard = 0.002 * np.exp(0.03 * (age - 70) + 0.6 * (grade == "severe"))
    event_day, last_day = np.ceil(draw.exponential(1 / hazard)), np.ceil(draw.uniform(100, 900, n))
    return pl.DataFrame(
        {
            "days": np.minimum(np.ceil(event_day / 30), np.ceil(last_day / 30)).astype(int),
            "event": event_day <= last_day,
            "age": age,
            "diabetes": draw.random(n) < 0.4,
            "grade": grade,
            "site": draw.choice(["a", "b", "c", "d", "e"], n),
            "weight": draw.uniform(0.5, 2, n),
        }
    )


SPEC = CoxSpec(time="days", event="event", terms=("age", "diabetes"))


def changed(**options: object) -> CoxSpec:
    return CoxSpec(**{"time": "days", "event": "event", "terms": ("age", "diabetes"), **options})


def fitted(frame: pl.DataFrame, spec: CoxSpec) -> CoxFit:
    fit = fit_cox(frame, spec)
    assert isinstance(fit, CoxFit)
    return fit


def refused(frame: pl.DataFrame, spec: CoxSpec) -> NotEstimable:
    answer = fit_cox(frame, spec)
    assert isinstance(answer, NotEstimable)
    return answer


def test_factors_and_interactions_name_their_coefficients() -> None:
    grade = Factor("grade", ("mild", "moderate", "severe"), "moderate")
    fit = fitted(registry(), changed(terms=("age", grade, Interaction("diabetes", grade))))
    assert fit.terms == (
        "age",
        "grade=mild",
        "grade=severe",
        "diabetes x grade=mild",
        "diabetes x grade=severe",
    )


def test_reference_level_only_moves_the_comparison() -> None:
    data = registry()
    mild = fitted(data, changed(terms=(Factor("grade", reference="mild"),)))
    severe = fitted(data, changed(terms=(Factor("grade", reference="severe"),)))
    assert mild.log_likelihood == pytest.approx(severe.log_likelihood, rel=1e-13)
    assert mild.coefficients[1] == pytest.approx(-severe.coefficients[0], rel=1e-10)


def test_a_spline_is_linear_outside_its_knots_and_bends_between() -> None:
    spline = Spline("age", (50.0, 60.0, 80.0))
    ages = pl.DataFrame({"age": [30.0, 50.0, 60.0, 80.0, 90.0, 100.0]})
    columns = build_design(ages, (spline,))
    # Worked by hand: ((x-50)^3 - 3/2 (x-60)^3 + 1/2 (x-80)^3) / 30^2 with negative brackets as 0.
    bend = np.array([0, 0, 1000, 15000, 24000, 33000]) / 900
    assert columns[:, 0].tolist() == ages["age"].to_list()
    assert columns[:, 1] == pytest.approx(bend, rel=1e-12)
    fit = fitted(registry(), changed(terms=(spline, "diabetes")))
    assert fit.terms == ("age", "age (bend 50)", "diabetes")


def test_no_events_is_an_answer() -> None:
    assert refused(registry().with_columns(event=pl.lit(value=False)), SPEC).code == "no_events"


def test_no_complete_rows_is_an_answer() -> None:
    assert refused(registry().with_columns(age=pl.lit(None, pl.Float64)), SPEC).code == "no_patients"


def test_fewer_events_than_coefficients_is_an_answer() -> None:
    data = registry(30).with_row_index().with_columns(event=pl.col("index") == 3)
    assert refused(data, SPEC).code == "too_few_events"


def test_a_column_that_repeats_others_is_named() -> None:
    data = registry().with_columns(age_months=pl.col("age") * 12 + 5)
    answer = refused(data, changed(terms=("age", "diabetes", "age_months")))
    assert answer.code == "singular"
    assert answer.reason.startswith("age_months ")


def test_a_column_constant_within_strata_is_named() -> None:
    data = registry().with_columns(
        volume=pl.col("site").replace_strict({"a": 1, "b": 5, "c": 2, "d": 9, "e": 4})
    )
    assert refused(data, changed(terms=("age", "volume"), strata=("site",))).reason.startswith("volume ")


def test_an_arm_without_events_is_named_as_separated() -> None:
    data = registry().with_columns(event=pl.col("event") & (pl.col("grade") != "mild"))
    answer = refused(data, changed(terms=("age", Factor("grade", reference="severe"))))
    assert answer.code == "separation"
    assert "grade=mild" in answer.reason


def test_a_rare_but_present_arm_is_estimated() -> None:
    data = registry().with_row_index().with_columns(rare=pl.col("index") < 4)
    data = data.with_columns(event=pl.col("event") | (pl.col("index") == 1))
    assert fit_cox(data, changed(terms=("age", "rare"))).__class__ is CoxFit


def test_incomplete_rows_are_left_out_and_counted() -> None:
    data = registry().with_row_index()
    holes = data.with_columns(age=pl.when(pl.col("index") < 7).then(None).otherwise(pl.col("age")))
    fit = fitted(holes, SPEC)
    assert fit.basis.n == 233
    assert fit.basis.warnings[0].startswith("7 rows are left out")
    assert fit.coefficients == pytest.approx(fitted(data[7:], SPEC).coefficients, rel=1e-10)


def test_few_events_per_coefficient_are_a_warning() -> None:
    data = registry().with_row_index()
    few = data.with_columns(event=pl.col("event") & (pl.col("index") < 20))
    assert any("events per coefficient" in note for note in fitted(few, SPEC).basis.warnings)
    assert fitted(data, SPEC).basis.warnings == ()


def test_basis_counts_rows_events_and_person_time() -> None:
    data = registry()
    basis = fitted(data, changed(cluster="site")).basis
    assert (basis.n, basis.n_events) == (240, data["event"].sum())
    assert basis.person_days == data["days"].sum()
    assert basis.variance == "sandwich by site"


def test_cluster_makes_the_variance_robust_and_keeps_the_model_variance() -> None:
    data = registry()
    plain, robust = fitted(data, SPEC), fitted(data, changed(cluster="site"))
    assert robust.model_covariance == plain.covariance
    assert robust.covariance != plain.covariance
    assert set(robust.tests) == {"likelihood_ratio", "wald", "score", "robust_score"}


def test_sandwich_is_the_sum_of_squared_dfbeta() -> None:
    data = registry()
    fit = fitted(data, changed(weights="weight"))
    change = np.array(estimate_residuals(fit, data).rows["dfbeta"].to_list())
    assert change.T @ change == pytest.approx(np.array(fit.covariance), rel=1e-9)


def test_too_few_clusters_are_a_warning() -> None:
    data = registry().with_columns(half=pl.col("days") % 2)
    fit = fitted(data, changed(cluster="half"))
    assert any("2 clusters" in note for note in fit.basis.warnings)


def test_few_clusters_are_said_to_narrow_the_limits_and_single_rows_are_not() -> None:
    data = registry().with_row_index().with_columns(hospital=pl.col("index") % 20)
    notes = fitted(data, changed(cluster="hospital")).basis.warnings
    assert "Only 20 clusters: limits that rest on their spread tend to be too narrow." in notes
    assert not any("clusters" in note for note in fitted(data, changed(cluster="index")).basis.warnings)


def test_rows_of_weight_zero_are_left_out() -> None:
    data = registry().with_row_index().with_columns(w=pl.when(pl.col("index") < 9).then(0.0).otherwise(1.0))
    fit = fitted(data, changed(weights="w"))
    assert fit.basis.n == 231
    assert fit.coefficients == pytest.approx(fitted(data[9:], SPEC).coefficients, rel=1e-9)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"terms": ()}, "no terms"),
        ({"terms": ("weight_kg",)}, "no column weight_kg"),
        ({"terms": ("grade",)}, "column grade is not numeric"),
        ({"event": "age"}, "column age is not 0 or 1"),
        ({"ties": "efron", "confidence": 95}, "confidence"),
        ({"ties": "exact", "cluster": "site"}, "exact ties"),
        ({"ties": "kalbfleisch"}, "unknown tie rule"),
        ({"terms": (Factor("grade", ("mild", "severe")),)}, "not among its levels"),
        ({"terms": (Factor("grade", reference="none"),)}, "reference of grade"),
        ({"terms": (Spline("age", (60.0, 50.0, 70.0)),)}, "three ascending knots"),
    ],
)
def test_specifications_that_cannot_be_carried_out_are_errors(options: dict[str, object], part: str) -> None:
    with pytest.raises(SpecificationError, match=part):
        fit_cox(registry(), changed(**options))


def test_negative_weights_are_an_error() -> None:
    with pytest.raises(SpecificationError, match="negative weights in w"):
        fit_cox(registry().with_columns(w=pl.lit(-1.0)), changed(weights="w"))


def test_a_covariate_far_from_zero_costs_no_digits() -> None:
    data = registry()
    near, far = fitted(data, SPEC), fitted(data.with_columns(age=pl.col("age") + 1e7), SPEC)
    assert far.coefficients == pytest.approx(near.coefficients, rel=1e-8)
    assert far.log_likelihood == pytest.approx(near.log_likelihood, rel=1e-12)
    assert near.basis.warnings == ()
    assert "centre the covariates" in far.basis.warnings[0]
    here, there = (
        predict_survival(fit, pl.DataFrame({"age": [age], "diabetes": [True]}), times=[9]).table
        for fit, age in ((near, 71.0), (far, 71.0 + 1e7))
    )
    for column in ("survival", "std_error", "lower", "upper"):
        assert there[column][0] == pytest.approx(here[column][0], rel=1e-7)


def test_times_that_differ_by_rounding_are_tied() -> None:
    data = registry()
    noisy = data.with_columns(days=pl.col("days") * 0.1 * 3 / 3 + 1e-13 * (pl.int_range(pl.len()) % 2))
    assert fitted(noisy, SPEC).coefficients == pytest.approx(fitted(data, SPEC).coefficients, rel=1e-9)


def test_events_on_day_zero_count() -> None:
    data = registry().with_columns(days=pl.col("days") - 1)
    assert data.filter(pl.col("event") & (pl.col("days") == 0)).height > 0
    assert fitted(data, SPEC).coefficients == pytest.approx(fitted(registry(), SPEC).coefficients, rel=1e-10)


def test_predicted_survival_at_covariates_zero_is_the_baseline() -> None:
    data = registry().with_columns(age=pl.col("age") - 70)
    fit = fitted(data, SPEC)
    profile = pl.DataFrame({"age": [0.0], "diabetes": [False]})
    day = float(fit.baseline["time_days"][6])
    table = predict_survival(fit, profile, times=[0, day]).table
    assert table["survival"].to_list() == pytest.approx([1.0, np.exp(-fit.baseline["cumulative_hazard"][6])])
    assert table["lower"][0] == table["upper"][0] == 1.0
    assert table["lower"][1] < table["survival"][1] < table["upper"][1]


def test_predictions_follow_the_hazard_ratio_and_say_when_follow_up_ended() -> None:
    data = registry()
    fit = fitted(data, SPEC)
    profiles = pl.DataFrame({"age": [70.0, 80.0], "diabetes": [False, False]})
    table = predict_survival(fit, profiles, times=[12, 999], interval="log").table
    low, high = (np.log(table.filter(pl.col("profile") == k)["survival"].to_numpy()) for k in (0, 1))
    assert high / low == pytest.approx(np.exp(10 * fit.coefficients[0]) * np.ones(2))
    assert table["is_beyond_follow_up"].to_list() == [False, True, False, True]
    difference = np.diff(predict_linear(fit, profiles))
    assert difference == pytest.approx([10 * fit.coefficients[0]])


def test_a_profile_that_names_its_stratum_is_predicted_there_only() -> None:
    fit = fitted(registry(), changed(strata=("site",)))
    profile = pl.DataFrame({"age": [70.0], "diabetes": [True]})
    assert predict_survival(fit, profile, times=[12]).table["stratum"].n_unique() == 5
    named = predict_survival(fit, profile.with_columns(site=pl.lit("b")), times=[12]).table
    assert named["stratum"].to_list() == ["site=b"]
    with pytest.raises(SpecificationError, match="unknown stratum"):
        predict_survival(fit, profile.with_columns(site=pl.lit("z")), times=[12])


def test_concordance_without_a_comparable_pair_is_not_a_number() -> None:
    data = pl.DataFrame({"days": [5] * 4, "event": [1, 1, 1, 1], "x": [1.0, 2.0, 4.0, 3.0]})
    fit = fitted(registry().with_columns(x=pl.col("age")), changed(terms=("x",)))
    found = estimate_concordance(fit, data)
    assert np.isnan(found.concordance)
    assert found.n_comparable == 0


def test_concordance_counts_pairs_as_brute_force_does() -> None:
    data = registry(80)
    fit = fitted(data, SPEC)
    risk = predict_linear(fit, data).round(10)
    time, event = data["days"].to_numpy(), data["event"].to_numpy()
    outlived = (time[None, :] > time[:, None]) | ((time[None, :] == time[:, None]) & ~event[None, :])
    comparable = event[:, None] & outlived
    agreeing = (risk[:, None] > risk[None, :]) + 0.5 * (risk[:, None] == risk[None, :])
    found = estimate_concordance(fit, data)
    assert found.n_comparable == comparable.sum()
    assert found.concordance == pytest.approx(agreeing[comparable].mean(), rel=1e-12)
    assert 0 < found.std_error < 0.2
