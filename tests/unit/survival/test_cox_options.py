"""Cox models with an offset, an early stop and uninformative strata; causes with strata. Numbers from R."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.survival.cause_specific import CauseSpecificSpec, fit_cause_specific
from analytics.survival.cause_specific_risk import predict_absolute_risk
from analytics.survival.cox import fit_cox
from analytics.survival.cox_baseline import predict_survival
from analytics.survival.cox_concordance import estimate_concordance
from analytics.survival.cox_design import CoxSpec, Factor
from analytics.survival.proportionality import scaled_residuals, test_proportionality
from analytics.survival.results import CoxFit
from analytics.survival.results_competing import CauseSpecificFit

DATA = Path(__file__).resolve().parents[2] / "oracle" / "data"


def read(name: str) -> pl.DataFrame:
    return pl.read_csv(DATA / f"{name}.csv", null_values=["", "NA"], infer_schema_length=None)


def fitted(frame: pl.DataFrame, spec: CoxSpec) -> CoxFit:
    fit = fit_cox(frame, spec)
    assert isinstance(fit, CoxFit)
    return fit


def with_offset() -> tuple[pl.DataFrame, CoxSpec]:
    frame = read("veteran").with_columns(fixed=pl.col("age") / 50)
    return frame, CoxSpec("time", "status", ("karno", "trt"), offset="fixed")


def test_an_offset_enters_with_a_coefficient_of_one() -> None:
    # survival 3.5-3: coxph(Surv(time,status)~karno+trt+offset(age/50), eps=1e-13); cox.zph("identity")
    frame, spec = with_offset()
    fit = fitted(frame, spec)
    assert fit.coefficients == pytest.approx([-0.031342267539581, 0.11896735043333], rel=1e-10)
    assert np.diag(fit.covariance) == pytest.approx([2.4907541742611e-05, 0.033484234267299], rel=1e-10)
    assert fit.log_likelihood_null == pytest.approx(-505.96526524481, rel=1e-12)
    assert fit.log_likelihood == pytest.approx(-487.0712825529, rel=1e-12)
    assert estimate_concordance(fit, frame).concordance == pytest.approx(0.69729668332576, rel=1e-12)
    tested = test_proportionality(fit, frame, transform="identity")
    expected = [4.3994726651841, 1.2729125789321, 7.7607420235465]
    assert tested.table["statistic"].to_list() == pytest.approx(expected, rel=1e-9)


def test_a_constant_offset_changes_nothing_but_the_baseline() -> None:
    frame = read("veteran").with_columns(fixed=pl.lit(0.7))
    plain = fitted(frame, CoxSpec("time", "status", ("karno",)))
    moved = fitted(frame, CoxSpec("time", "status", ("karno",), offset="fixed"))
    assert moved.coefficients == pytest.approx(plain.coefficients, rel=1e-10)
    ratio = moved.baseline["cumulative_hazard"] / plain.baseline["cumulative_hazard"]
    assert ratio.to_numpy() == pytest.approx(np.exp(-0.7), rel=1e-9)
    profile = pl.DataFrame({"karno": [60]})
    assert predict_survival(moved, profile, times=[90.0]).table["survival"][0] > 0


def test_the_search_stops_where_it_is_told_to() -> None:
    # survival 3.5-3: coxph(Surv(time,status)~karno+trt, control=coxph.control(eps=1e-3)), 2 iterations
    frame = read("veteran")
    early = fitted(frame, CoxSpec("time", "status", ("karno", "trt"), stop_at=1e-3))
    assert early.coefficients == pytest.approx([-0.03396141596269, 0.17757326109116], rel=1e-11)
    assert early.log_likelihood == pytest.approx(-483.96569603196, rel=1e-13)
    best = fitted(frame, CoxSpec("time", "status", ("karno", "trt")))
    assert best.log_likelihood > early.log_likelihood


def test_a_stratum_says_nothing_about_a_covariate_that_is_constant_in_it() -> None:
    # survival 3.5-3: cox.zph(coxph(Surv(time,event)~age+factor(ph.ecog)+strata(inst)), "identity",
    # terms=FALSE)$y
    frame = read("lung_complete")
    fit = fitted(frame, CoxSpec("time", "event", ("age", Factor("ph.ecog")), strata=("inst",)))
    scaled = np.array(scaled_residuals(fit, frame)["residual"].to_list())
    assert scaled[0, :3] == pytest.approx([0.10633195834791, 0.47148879888129, 4.4712813358641], rel=1e-9)
    assert np.isnan(scaled).sum(axis=0).tolist() == [0, 0, 20, 140]


def stratified() -> tuple[pl.DataFrame, CauseSpecificFit]:
    frame = read("mgus2_complete").drop_nulls().head(400)
    spec = CauseSpecificSpec("etime", "state", ("pcm", "death"), ("age", "hgb"), strata=("sex",))
    fit = fit_cause_specific(frame, spec)
    assert isinstance(fit, CauseSpecificFit)
    return frame, fit


def test_absolute_risks_take_the_hazards_of_their_own_stratum() -> None:
    # riskRegression 2022.11.28: predict(CSC(Hist(etime,state)~age+hgb+strata(sex)), se=TRUE)
    frame, fit = stratified()
    profiles = pl.DataFrame({"age": [60, 75], "hgb": [13, 11], "sex": ["F", "M"]})
    table = predict_absolute_risk(fit, frame, profiles, times=[60, 120], variance="tied-once").table
    pcm, death = (table.filter(pl.col("cause") == cause) for cause in ("pcm", "death"))
    risks = [0.020727253477034, 0.081748726569004, 0.051428447389008, 0.105309383131720]
    assert pcm["incidence"].to_list() == pytest.approx(risks, rel=1e-9)
    errors = [0.010407802453417, 0.029633074093726, 0.022794751575422, 0.035881905143096]
    assert pcm["std_error"].to_list() == pytest.approx(errors, rel=1e-9)
    risks = [0.068605822294138, 0.18865231302156, 0.444829997516150, 0.74320398585690]
    assert death["incidence"].to_list() == pytest.approx(risks, rel=1e-9)


def test_the_jackknife_of_a_stratified_risk_is_what_a_weight_moves() -> None:
    frame, _ = stratified()
    frame = frame.head(120).with_columns(w=pl.lit(1.0))
    profile = pl.DataFrame({"age": [70], "hgb": [13.0], "sex": ["F"]})

    def risk(weights: np.ndarray) -> tuple[float, float]:
        data = frame.with_columns(w=pl.Series(weights))
        spec = CauseSpecificSpec(
            "etime", "state", ("pcm", "death"), ("hgb",), strata=("sex",), weights="w", ties="breslow"
        )
        fit = fit_cause_specific(data, spec)
        assert isinstance(fit, CauseSpecificFit)
        row = predict_absolute_risk(fit, data, profile, times=[100]).table.filter(pl.col("cause") == "death")
        return row["incidence"][0], row["std_error"][0]

    ones, step = np.ones(frame.height), 1e-4
    moved = [
        (risk(ones + step * own)[0] - risk(ones - step * own)[0]) / (2 * step) for own in np.eye(frame.height)
    ]
    assert risk(ones)[1] == pytest.approx(np.sqrt(np.sum(np.square(moved))), rel=1e-5)


def test_profiles_name_a_stratum_of_the_data() -> None:
    frame, fit = stratified()
    with pytest.raises(SpecificationError, match="stratum"):
        predict_absolute_risk(fit, frame, pl.DataFrame({"age": [60], "hgb": [13.0]}), times=[60])
    with pytest.raises(SpecificationError, match="stratum"):
        predict_absolute_risk(
            fit, frame, pl.DataFrame({"age": [60], "hgb": [13.0], "sex": ["X"]}), times=[60]
        )
