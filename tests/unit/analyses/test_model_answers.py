"""Models of a specification: options, contrasts, periods, profiles; what does not go together is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.estimation.estimators import ESTIMATORS
from analytics.estimation.model_predictions import ProfileRisk
from analytics.estimation.results import Results
from analytics.estimation.running import estimate
from analytics.estimation.specification import parse_specification
from analytics.estimation.specification_checks import MODEL_KEYS
from analytics.estimation.validation import predict_everybody
from analytics.survival.cox_baseline import predict_survival
from analytics.survival.cox_design import Spline
from analytics.survival.firth_results import FirthFit
from analytics.survival.model_contrasts import ModelContrasts
from analytics.survival.results import CoxFit, NotEstimable
from analytics.survival.results_competing import CauseSpecificFit
from analytics.survival.results_frailty import FrailtyFit
from analytics.survival.results_parametric import AcceleratedFailureTimeFit
from analytics.survival.results_prediction import GroupCalibration

TERMS = [{"column": "arm", "levels": ["a", "b", "c"], "reference": "a"}, {"column": "age"}]


def _rows(*, competing: bool = False) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    n = 600
    arm, age = rng.choice(["a", "b", "c"], n), rng.normal(70, 8, n).round()
    rate = 0.002 * np.exp(0.5 * (arm == "c") + 0.03 * (age - 70))
    time = np.ceil(rng.exponential(1 / rate))
    cause = np.where(time <= 900, np.where(competing & (rng.random(n) < 0.4), 2, 1), 0)
    return pl.DataFrame(
        {
            "time_days": np.minimum(time, 900).astype(np.int64),
            "cause": cause.astype(np.int8),
            "arm": arm,
            "age": age,
            "site": rng.integers(0, 12, n),
            "w": rng.uniform(0.5, 1.5, n),
        }
    )


def _run(estimator: str, model: dict[str, Any], *, competing: bool = False, **head: Any) -> Results:  # noqa: ANN401 - keys of the head
    analysis = {"name": "t", "estimator": estimator, "horizons_days": [30, 365], **head}
    spec = parse_specification({"analysis": analysis, "model": {"term": TERMS, **model}}, where="t")
    return estimate(_rows(competing=competing), spec, causes=("mi", "death") if competing else ("mace",))


def _part(results: Results, key: str) -> Any:  # noqa: ANN401 - results of any kind
    return next(part.found for part in results.parts if part.key == key)


def test_every_estimator_of_a_specification_has_a_runner() -> None:
    assert tuple(sorted(ESTIMATORS)) == tuple(sorted(MODEL_KEYS))


def test_a_contrast_is_the_difference_of_coefficients_with_its_own_variance() -> None:
    results = _run("cox", {"contrast": [{"name": "c against b", "weights": {"arm=c": 1, "arm=b": -1}}]})
    assert isinstance(results.fit, CoxFit)
    (found,) = _part(results, "contrasts")
    assert isinstance(found, ModelContrasts)
    row, v, b = found.table.row(0, named=True), results.fit.covariance, results.fit.coefficients
    assert row["coefficient"] == pytest.approx(b[1] - b[0], rel=1e-12)
    assert row["std_error"] == pytest.approx((v[0][0] + v[1][1] - 2 * v[0][1]) ** 0.5, rel=1e-12)


def test_a_contrast_of_an_unknown_coefficient_is_refused() -> None:
    with pytest.raises(SpecificationError, match="no coefficient arm=z"):
        _run("cox", {"contrast": [{"name": "z", "weights": {"arm=z": 1}}]})


def test_the_ratio_of_the_first_period_is_that_of_follow_up_ended_there() -> None:
    results = _run("cox", {"period_days": [200]})
    (found,) = _part(results, "by_period")
    early = _run("cox", {}, until_days=200).fit
    late = _run("cox", {}, landmark_days=200).fit
    assert isinstance(early, CoxFit)
    assert isinstance(late, CoxFit)
    ratios = dict(found.table.select("contrast", "coefficient").iter_rows())
    assert ratios["arm=c in days 0 to 200"] == pytest.approx(early.coefficients[1], rel=1e-6)
    assert ratios["arm=c in after day 200"] == pytest.approx(late.coefficients[1], rel=1e-6)
    assert isinstance(results.fit, CoxFit)
    assert results.fit.basis.n == 600


def test_the_risk_of_a_patient_is_one_minus_the_predicted_survival() -> None:
    values = {"arm": "c", "age": 80}
    results = _run("cox", {"profile": [{"name": "old", "values": values}]})
    (found,) = _part(results, "absolute_risk")
    assert isinstance(found, ProfileRisk)
    assert isinstance(results.fit, CoxFit)
    expected = predict_survival(results.fit, pl.DataFrame([values]), times=[30, 365]).table
    assert found.table["risk"].to_list() == pytest.approx((1 - expected["survival"]).to_list())
    assert found.table["lower"].to_list() == pytest.approx((1 - expected["upper"]).to_list())
    assert found.table["profile"].to_list() == ["old", "old"]


def test_an_offset_takes_the_place_of_a_coefficient_of_one() -> None:
    free = _run("cox", {}).fit
    assert isinstance(free, CoxFit)
    age = float(free.coefficients[2])
    rows = _rows().with_columns(known=pl.col("age") * age)
    spec = parse_specification(
        {"analysis": {"name": "t", "estimator": "cox"}, "model": {"term": TERMS[:1], "offset": "known"}},
        where="t",
    )
    held = estimate(rows, spec, causes=("mace",)).fit
    assert isinstance(held, CoxFit)
    assert held.coefficients.tolist() == pytest.approx(free.coefficients[:2].tolist(), abs=1e-7)
    assert held.log_likelihood == pytest.approx(free.log_likelihood, rel=1e-10)


def test_a_cox_model_of_one_cause_predicts_no_risk_where_death_competes() -> None:
    profile = {"profile": [{"name": "old", "values": {"arm": "c", "age": 80}}]}
    (refusal,) = _part(_run("cox", profile, competing=True), "absolute_risk")
    assert isinstance(refusal, NotEstimable)
    assert refusal.code == "competing_events"


@pytest.mark.parametrize("estimator", ["cause_specific_cox", "fine_gray"])
def test_models_of_competing_risks_predict_risks_that_rise(estimator: str) -> None:
    profile = {"profile": [{"name": "old", "values": {"arm": "c", "age": 80}}]}
    results = _run(estimator, profile, competing=True)
    (found,) = _part(results, "absolute_risk")
    risks = found.table.filter(pl.col("cause") == "mi")["risk"].to_list()
    assert 0 < risks[0] < risks[1] < 1
    if estimator == "cause_specific_cox":
        (fit,) = _part(results, "cause_specific")
        assert isinstance(fit, CauseSpecificFit)
        assert fit.causes == ("mi", "death")


def test_causes_may_have_a_baseline_of_their_own_in_every_stratum() -> None:
    profile = {"name": "old", "values": {"arm": "c", "age": 80, "site": 3}}
    results = _run("cause_specific_cox", {"strata": ["site"], "profile": [profile]}, competing=True)
    (fit,) = _part(results, "cause_specific")
    assert "stratified by site" in fit.models[0].basis.method
    (found,) = _part(results, "absolute_risk")
    assert found.table.height == 4


def test_a_profile_without_a_covariate_is_refused() -> None:
    with pytest.raises(SpecificationError, match="a profile has no value for age"):
        _run("cox", {"profile": [{"name": "old", "values": {"arm": "c"}}]})


def test_a_spline_has_its_knots_at_quantiles() -> None:
    results = _run("cox", {"term": [{"column": "age", "spline": 3}]})
    assert isinstance(results.fit, CoxFit)
    assert results.fit.spec is not None
    (term,) = results.fit.spec.terms
    assert isinstance(term, Spline)
    assert term.knots == pytest.approx(np.quantile(_rows()["age"].to_numpy(), [0.1, 0.5, 0.9]).tolist())


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ({"penalty": "firth"}, FirthFit),
        ({"frailty": "site"}, FrailtyFit),
        ({"frailty": "site", "frailty_distribution": "gaussian"}, FrailtyFit),
        ({"weights": "w"}, CoxFit),
        ({"robust": True}, CoxFit),
    ],
)
def test_options_of_cox_give_the_model_asked_for(model: dict[str, Any], kind: type) -> None:
    fit = _run("cox", model).fit
    assert isinstance(fit, kind)
    if model.keys() & {"weights", "robust"}:
        assert isinstance(fit, CoxFit)
        assert fit.basis.variance == "sandwich by row"


@pytest.mark.parametrize(
    "model",
    [
        {"penalty": "firth", "frailty": "site"},
        {"frailty": "site", "cluster": "site"},
        {"frailty": "site", "offset": "w"},
        {"period_days": [30], "profile": [{"name": "x", "values": {"arm": "a", "age": 70}}]},
        {"penalty": "firth", "contrast": [{"name": "x", "weights": {"arm=b": 1}}]},
    ],
)
def test_options_that_contradict_one_another_are_refused(model: dict[str, Any]) -> None:
    with pytest.raises(SpecificationError, match="specification"):
        _run("cox", model)


@pytest.mark.parametrize("estimator", ["accelerated_failure_time", "royston_parmar", "piecewise_exponential"])
def test_what_lies_beyond_the_last_event_is_marked(estimator: str) -> None:
    profile = {"profile": [{"name": "old", "values": {"arm": "c", "age": 80}}]}
    results = _run(estimator, profile, horizons_days=[365, 3000])
    (found,) = _part(results, "absolute_risk")
    assert found.table["is_beyond_follow_up"].to_list() == [False, True]
    (hazard,) = _part(results, "hazards")
    assert hazard.table["is_extrapolated"].any()
    assert not hazard.table["is_extrapolated"].all()


def test_a_distribution_is_taken_as_named() -> None:
    (fit,) = _part(_run("accelerated_failure_time", {"distribution": "lognormal"}), "model")
    assert isinstance(fit, AcceleratedFailureTimeFit)
    assert fit.distribution == "lognormal"


def test_a_validation_measures_the_risks_that_the_model_predicts() -> None:
    results = _run("validation", {"resamples": 2, "risk_groups": 4})
    fit = results.fit
    assert isinstance(fit, CoxFit)
    rows = _rows().with_columns(event=pl.col("cause") == 1)
    known = predict_everybody(fit, rows, (365.0,))
    expected = 1 - predict_survival(fit, rows.head(3), times=[365]).table["survival"].to_numpy()
    assert known.risk(365.0)[:3].tolist() == pytest.approx(expected.tolist(), rel=1e-9)
    calibration = _part(results, "calibration")[1]
    assert isinstance(calibration, GroupCalibration)
    assert calibration.predicted == pytest.approx(float(known.risk(365.0).mean()))
    (spread,) = (one for one in _part(results, "predicted_risks") if one["horizon_days"][0] == 365)
    assert spread["n"].sum() == 600


def test_a_validation_of_one_of_several_causes_is_refused() -> None:
    fit = _run("validation", {}, competing=True).fit
    assert isinstance(fit, NotEstimable)
    assert fit.code == "competing_events"


def test_hazards_that_are_not_proportional_are_said() -> None:
    rows = _rows()
    crossing = rows.with_columns(
        pl.when(pl.col("arm") == "c")
        .then(pl.col("time_days") // 6 + 1)
        .otherwise("time_days")
        .alias("time_days"),
        pl.when((pl.col("arm") == "c") & (pl.col("time_days") > 400))
        .then(0)
        .otherwise("cause")
        .alias("cause"),
    )
    spec = parse_specification(
        {"analysis": {"name": "t", "estimator": "cox"}, "model": {"term": TERMS}}, where="t"
    )
    notes = estimate(crossing, spec, causes=("mace",)).notes
    assert any(note.startswith("Hazards are not proportional") for note in notes)
    plain = estimate(rows, replace(spec, name="u"), causes=("mace",)).notes
    assert not plain


def test_a_factor_of_grades_has_clinical_order_and_no_unknown_level() -> None:
    grades = ["severe", "mild", "unknown", "none", "moderate"]
    rows = _rows()
    rows = rows.with_columns(severity=pl.Series([grades[i % 5] for i in range(rows.height)]))
    results = _run_on(rows, {"term": [{"column": "severity"}]})
    assert isinstance(results.fit, CoxFit)
    assert results.fit.terms == ("severity=mild", "severity=moderate", "severity=severe")
    n_unknown = rows.filter(pl.col("severity") == "unknown").height
    assert results.fit.basis.n == results.n_rows == rows.height - n_unknown
    assert results.notes[0] == f"{n_unknown} rows of unknown severity are left out"


def test_a_factor_with_levels_keeps_those_that_it_names() -> None:
    rows = _rows()
    rows = rows.with_columns(severity=pl.Series([("unknown", "mild")[i % 2] for i in range(rows.height)]))
    results = _run_on(rows, {"term": [{"column": "severity", "levels": ["mild", "unknown"]}]})
    assert isinstance(results.fit, CoxFit)
    assert results.fit.terms == ("severity=unknown",)
    assert results.n_rows == rows.height


def _run_on(rows: pl.DataFrame, model: dict[str, Any]) -> Results:
    analysis = {"name": "t", "estimator": "cox"}
    return estimate(
        rows, parse_specification({"analysis": analysis, "model": model}, where="t"), causes=("mace",)
    )
