"""Models of location and scale: R's numbers, an independent maximisation, laws, refusals."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import optimize, stats

from analytics.errors import SpecificationError
from analytics.survival.accelerated_failure_time import fit_accelerated_failure_time
from analytics.survival.location_scale import fit_location_scale
from analytics.survival.location_scale_predictions import (
    predict_location_scale_quantiles,
    predict_location_scale_survival,
)
from analytics.survival.parametric_rows import ParametricSpec
from analytics.survival.results import NotEstimable
from analytics.survival.results_location_scale import LocationScaleFit
from analytics.survival.results_parametric import AcceleratedFailureTimeFit

DATA = Path(__file__).resolve().parents[2] / "oracle" / "data" / "veteran.csv"
SPEC = ParametricSpec("time", "status", ("karno",))
PROFILES = pl.DataFrame({"karno": [40, 80], "celltype": ["squamous", "adeno"]})

# R 4.2, survival 3.5-3: survreg(Surv(time, status) ~ karno + strata(celltype), veteran, dist=,
# control = survreg.control(rel.tolerance = 1e-13)). Coefficients; scales of adeno, large, smallcell,
# squamous; standard errors of the coefficients; log likelihood without and with karno; days by which a
# quarter and a half of PROFILES have died, and their standard errors.
STRATIFIED = {
    "weibull": (
        (2.6536721281644162, 0.0339926540450106),
        (0.782870935591608, 0.757827032993680, 1.072803997944749, 1.274638880350666),
        (0.27548618473363229, 0.00470239602744771),
        (-743.348488139034, -720.646285713395),
        (11.3056948858378, 34.6815092831444, 81.2642412327643, 161.7662090261820),
        (2.96877740733326, 5.15291745844552, 14.58113945676862, 23.50270631359919),
    ),
    "loglogistic": (
        (1.8376375248196055, 0.0397404824292041),
        (0.493091091016740, 0.448648802821943, 0.644146977706230, 0.823287590859991),
        (0.277363608538100, 0.004454705535739),
        (-747.482896367185, -715.455880616668),
        (12.4632330941390, 30.7920586898026, 87.8086651014762, 150.9390509374263),
        (2.40040510578495, 3.91911747885444, 12.64263363666175, 20.78925955705845),
    ),
    "gaussian": (
        (-29.44253239684974, 1.85182247796984),
        (37.6976569515045, 136.5389942909449, 87.8614432282235, 275.1595947562699),
        (18.427434674753261, 0.311756477568593),
        (-800.519230271268, -785.631358206638),
        (-140.9619596092676, 44.6303667219439, 93.2765826205398, 118.7032658407376),
        (25.48935185184984, 8.25439230377611, 9.79175800966968, 10.37855289026860),
    ),
    "logistic": (
        (-33.82557028804987, 1.85207737506401),
        (21.3853590154924, 70.5556295277906, 38.6256176735272, 127.3531472352406),
        (16.393102919058020, 0.288111749753539),
        (-792.157309841108, -773.330876142174),
        (-99.6542078386841, 40.2575247145103, 90.8464015050712, 114.3406197170706),
        (23.84019657150705, 7.00610850667850, 9.87663380178932, 9.75008238976595),
    ),
}
# The same of ~ karno + trt without strata: coefficients, scale, standard errors, log likelihoods.
PLAIN = {
    "gaussian": (
        (-94.02327019838252, 3.43114555549528, 16.39059766932333),
        147.652333562813,
        (56.2439915642550119, 0.6473150502910097, 25.6560088102958055),
        (-838.888532704149, -825.876193638534),
    ),
    "logistic": (
        (-40.81145460088820, 2.54599424676655, -3.38187586187165),
        62.9294813502663,
        (39.9185209109793604, 0.4449821007104507, 18.1362790530072431),
        (-816.810144964529, -801.355382365100),
    ),
    "rayleigh": (
        (3.3247998593263119, 0.0323083174734641, -0.0766587592781874),
        0.5,
        (0.17823904233117338, 0.00282389610637382, 0.09501688055496087),
        (-883.378409322068, -818.770102340042),
    ),
}


def veterans() -> pl.DataFrame:
    row = pl.int_range(1, pl.len() + 1)
    return pl.read_csv(DATA).with_columns(w=1 + (row % 3) / 2, site=row % 20)


def fitted(frame: pl.DataFrame, spec: ParametricSpec = SPEC, **options: object) -> LocationScaleFit:
    fit = fit_location_scale(frame, spec, **options)  # type: ignore[arg-type]  # options of one call
    assert isinstance(fit, LocationScaleFit), fit
    return fit


def code(frame: pl.DataFrame, spec: ParametricSpec = SPEC, **options: object) -> str:
    answer = fit_location_scale(frame, spec, **options)  # type: ignore[arg-type]  # options of one call
    assert isinstance(answer, NotEstimable)
    return answer.code


@pytest.mark.parametrize("distribution", STRATIFIED)
def test_scales_by_stratum_are_those_of_r(distribution: str) -> None:
    coefficients, scales, errors, likelihoods, days, day_errors = STRATIFIED[distribution]
    fit = fitted(veterans(), distribution=distribution, strata=["celltype"])
    assert fit.table["coefficient"].to_list() == pytest.approx(coefficients, rel=1e-8)
    assert fit.scales["scale"].to_list() == pytest.approx(scales, rel=1e-8)
    assert fit.table["std_error"].to_list() == pytest.approx(errors, rel=1e-7)
    assert (fit.log_likelihood_null, fit.log_likelihood) == pytest.approx(likelihoods, rel=1e-11)
    quantiles = predict_location_scale_quantiles(fit, PROFILES, probabilities=[0.25, 0.5]).table
    assert quantiles["time_days"].to_list() == pytest.approx(days, rel=1e-7)
    assert quantiles["std_error"].to_list() == pytest.approx(day_errors, rel=1e-7)


@pytest.mark.parametrize("distribution", PLAIN)
def test_distributions_of_time_itself_and_rayleigh_are_those_of_r(distribution: str) -> None:
    coefficients, scale, errors, likelihoods = PLAIN[distribution]
    fit = fitted(veterans(), replace(SPEC, terms=("karno", "trt")), distribution=distribution)
    assert fit.table["coefficient"].to_list() == pytest.approx(coefficients, rel=1e-7)
    assert fit.scales["scale"].to_list() == pytest.approx([scale], rel=1e-9)
    assert fit.table["std_error"].to_list() == pytest.approx(errors, rel=1e-7)
    assert (fit.log_likelihood_null, fit.log_likelihood) == pytest.approx(likelihoods, rel=1e-11)


def test_weights_of_patients_are_those_of_r() -> None:
    # R: survreg(Surv(time, status) ~ karno + strata(trt), weights = w); w is 1, 1.5 and 2 in turn.
    fit = fitted(veterans(), replace(SPEC, weights="w", robust=False), strata=["trt"])
    assert fit.table["coefficient"].to_list() == pytest.approx(
        [2.6736211095906404, 0.0341362243302228], rel=1e-9
    )
    assert fit.scales["scale"].to_list() == pytest.approx([1.039428838943823, 0.995750693822129], rel=1e-9)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(
        [0.24936584734698125, 0.00399332301299147, 0.07434506542662928, 0.07559213394503471], rel=1e-8
    )
    assert fit.log_likelihood == pytest.approx(-1091.99012523730, rel=1e-12)


def test_clusters_are_those_of_r_and_with_weights_of_its_weighted_residuals() -> None:
    spec = replace(SPEC, cluster="site")
    plain = fitted(veterans(), spec, distribution="lognormal", strata=["trt"])
    # R: survreg(... + cluster(site), dist = "lognormal").
    assert np.sqrt(np.diag(plain.covariance)) == pytest.approx(
        [0.21273876963989, 0.00353132172265, 0.07405301392478, 0.10751285110633], rel=1e-8
    )
    weighted = fitted(veterans(), replace(spec, weights="w"), distribution="lognormal", strata=["trt"])
    # R: crossprod(rowsum(residuals(fit, "dfbeta", weighted = TRUE), site)).
    # survreg itself forgets the weights there.
    assert np.sqrt(np.diag(weighted.covariance)) == pytest.approx(
        [0.22414209696255, 0.00374091824346, 0.08405278123874, 0.10425864556614], rel=1e-8
    )


def test_late_entry_with_weights_is_what_another_search_finds() -> None:
    frame = veterans().with_columns(entry=pl.col("time") * (pl.int_range(pl.len()) % 4) / 5)
    fit = fitted(frame, replace(SPEC, entry="entry", weights="w", robust=False), strata=["trt"])
    time, entry, x, group = (
        frame[name].to_numpy().astype(float) for name in ("time", "entry", "karno", "trt")
    )
    event, weight = frame["status"].to_numpy() == 1, frame["w"].to_numpy()

    def minus_log_likelihood(at: np.ndarray) -> float:
        shape, scale = np.exp(-at[2:][group.astype(int) - 1]), np.exp(at[0] + at[1] * x)
        law = stats.weibull_min(shape, scale=scale)
        own = np.where(event, law.logpdf(time), law.logsf(time)) - law.logsf(entry)
        return -float(weight @ own)

    start = np.append(fit.table["coefficient"].to_numpy(), [0.1, 0.1])
    found = optimize.minimize(
        minus_log_likelihood, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11}
    )
    assert fit.log_likelihood == pytest.approx(-found.fun, rel=1e-10)
    assert fit.table["coefficient"].to_list() == pytest.approx(found.x[:2], rel=1e-4)
    assert np.log(fit.scales["scale"].to_numpy()) == pytest.approx(found.x[2:], abs=1e-4)


@pytest.mark.parametrize("distribution", ["weibull", "exponential", "lognormal", "loglogistic"])
def test_with_one_scale_it_is_the_accelerated_failure_time_model(distribution: str) -> None:
    fit = fitted(veterans(), replace(SPEC, cluster="site"), distribution=distribution)
    known = fit_accelerated_failure_time(
        veterans(),
        replace(SPEC, cluster="site"),
        distribution=distribution,  # type: ignore[arg-type]  # one of the four
    )
    assert isinstance(known, AcceleratedFailureTimeFit)
    assert fit.table["coefficient"].to_list() == pytest.approx(known.table["coefficient"].to_list(), rel=1e-9)
    assert fit.covariance == pytest.approx(known.covariance, rel=1e-7, abs=1e-12)
    assert fit.log_likelihood == pytest.approx(known.log_likelihood, rel=1e-12)


def test_gaussian_without_censoring_is_the_mean_and_its_spread() -> None:
    # Days -1, 0 and 4: mean 1, mean square deviation (4 + 1 + 9) / 3.
    frame = pl.DataFrame({"days": [-1.0, 0.0, 4.0], "event": [1, 1, 1]})
    fit = fitted(frame, ParametricSpec("days", "event"), distribution="gaussian")
    assert fit.table["coefficient"].to_list() == pytest.approx([1.0], rel=1e-9)
    assert fit.scales["scale"].to_list() == pytest.approx([math.sqrt(14 / 3)], rel=1e-9)
    assert fit.table["lower"][0] == pytest.approx(1 - 1.959963984540054 * math.sqrt(14) / 3, rel=1e-9)
    assert fit.table["time_ratio"].to_list() == [None]


def test_survival_at_a_quantile_is_what_is_left() -> None:
    fit = fitted(veterans(), distribution="loglogistic", strata=["celltype"])
    quantiles = predict_location_scale_quantiles(fit, PROFILES.head(1), probabilities=[0.25, 0.5]).table
    survival = predict_location_scale_survival(fit, PROFILES.head(1), times=quantiles["time_days"].to_list())
    assert survival.table["survival"].to_list() == pytest.approx([0.75, 0.5], rel=1e-12)
    assert survival.table.filter(pl.col("lower") >= pl.col("upper")).is_empty()


def test_it_refuses_what_it_cannot_estimate() -> None:
    frame = pl.DataFrame({"days": [1, 2, 3, 4, 5, 6], "event": [1, 1, 1, 1, 1, 0], "arm": list("aaaabb")})
    spec = ParametricSpec("days", "event")
    assert code(frame, spec, strata=["arm"]) == "too_few_events"
    assert code(frame.with_columns(event=0), spec) == "no_events"
    assert code(frame.with_columns(days=pl.col("days") - 1), spec) == "zero_times"
    constant = frame.with_columns(one=1)
    assert code(constant, replace(spec, terms=("one",)), distribution="gaussian") == "singular"


@pytest.mark.parametrize(
    ("options", "spec", "message"),
    [
        ({"distribution": "gamma"}, SPEC, "unknown distribution"),
        ({"distribution": "exponential", "strata": ["trt"]}, SPEC, "is held"),
        ({"strata": ["none"]}, SPEC, "no column none"),
        ({"distribution": "gaussian"}, replace(SPEC, entry="diagtime"), "delayed entry"),
    ],
)
def test_options_that_mean_nothing_are_refused(
    options: dict[str, object], spec: ParametricSpec, message: str
) -> None:
    with pytest.raises(SpecificationError, match=message):
        fit_location_scale(veterans(), spec, **options)  # type: ignore[arg-type]  # options of one call


@pytest.mark.parametrize(
    ("profiles", "message"),
    [
        (PROFILES.drop("celltype"), "no column"),
        (PROFILES.with_columns(celltype=pl.lit("x")), "without patients"),
    ],
)
def test_a_profile_needs_a_stratum_that_the_model_saw(profiles: pl.DataFrame, message: str) -> None:
    fit = fitted(veterans(), strata=["celltype"])
    with pytest.raises(SpecificationError, match=message):
        predict_location_scale_quantiles(fit, profiles)
