"""Pooled values by hand, and against metafor 3.8.1 under R 4.2.2.

R: rma.glmm(measure="PLO", xi=x, ni=n) and rma(measure="PLO", xi=x, ni=n, method="REML", test="knha",
control=list(threshold=1e-14, maxiter=10000, tau2.max=1e6)), predict(), confint(), leave1out().
"""

import math

import numpy as np
import pytest

from analytics.errors import SpecificationError
from analytics.evidence.binomial_model import fit_binomial
from analytics.evidence.normal_model import cochran_q, moment_tau2
from analytics.evidence.pooled_results import Pooled
from analytics.evidence.pooling import leave_one_out, pool_proportions, pool_ratios
from analytics.refusals import NotEstimable

SETS = {
    "two": ([3, 12], [50, 80]),
    "mid": ([5, 9, 14, 3, 22, 8], [60, 110, 95, 70, 210, 64]),
    "zeros": ([0, 0, 3, 1, 0, 6], [64, 20, 331, 442, 50, 120]),
    "alike": ([4, 5, 6, 5], [100, 110, 120, 105]),
    "rare": ([22, 18, 10, 6, 1, 2, 0], [2953, 1008, 997, 331, 110, 479, 91]),
    "high": ([355, 60, 19, 330, 250], [384, 64, 20, 392, 273]),
    "full": ([37, 284, 110, 20, 15], [37, 302, 126, 21, 15]),
}

# Mean, standard error, tau2; prediction interval of rma.glmm(test="t"), all log odds.
GLMM = {
    "two": (-2.06485038498, 0.348575959303, 0.0306246024447, -7.02075568061, 2.89105491065),
    "mid": (-2.19540142277, 0.134975026952, 0.0, -2.54236577532, -1.84843707023),
    "zeros": (-5.0886841567, 0.804587245944, 1.46005714029, -8.82038442654, -1.35698388685),
    "alike": (-3.03254624667, 0.228931479684, 0.0, -3.76110838836, -2.30398410499),
    "rare": (-4.59362316215, 0.201197368939, 0.0998615192677, -5.5102910151, -3.6769553092),
    "high": (2.2787465977, 0.212345671654, 0.118240715524, 1.15666630913, 3.40082688626),
    "full": (2.86658386608, 0.52723585361, 0.365678839272, 0.639091800817, 5.09407593134),
}

# Mean, error of Hartung and Knapp, tau2, prediction interval, I2, Q, Q-profile upper limit.
REML = {
    "two": (
        -2.11691906914,
        0.492570017218,
        0.290753069813,
        -11.396610108,
        7.16277196973,
        56.2300602,
        2.28467301077,
    ),
    "mid": (-2.14752873347, 0.144189150567, 0.0, -2.51817874482, -1.77687872213, 0.0, 5.64987114069),
    "zeros": (
        -4.33333835543,
        0.478623101076,
        0.921682415588,
        -7.09089398686,
        -1.575782724,
        57.3299072,
        12.5866760683,
    ),
    "alike": (-3.02931641537, 0.0481174644114, 0.0, -3.1824476622, -2.87618516853, 0.0, 0.132489936235),
    "rare": (
        -4.51616927441,
        0.193269623743,
        0.133778237966,
        -5.52840848774,
        -3.50393006107,
        48.9538063,
        11.4275792738,
    ),
    "high": (
        2.27072282294,
        0.206093564968,
        0.162811471369,
        1.01275715671,
        3.52868848918,
        73.3225001,
        17.6886994459,
    ),
    "full": (
        2.5777286702,
        0.315629309926,
        0.244575237344,
        0.94883515709,
        4.20662218332,
        52.5471539,
        7.89251397095,
    ),
}

# Mean, error of Hartung and Knapp, tau2 with method="DL".
DL = {
    "mid": (-2.15695516094, 0.149644225873, 0.0155116917969),
    "zeros": (-4.34770394988, 0.476956923528, 1.04089083932),
    "rare": (-4.51472628352, 0.19273739464, 0.126187778754),
    "high": (2.28391181664, 0.206622545671, 0.202719282587),
    "full": (2.56346924055, 0.310593576652, 0.214929357248),
}


def pooled(name: str, **options: str) -> Pooled:
    found = pool_proportions(*SETS[name], **options)
    assert isinstance(found, Pooled)
    return found


def logit(share: float | None) -> float:
    assert share is not None
    return math.log(share / (1 - share))


@pytest.mark.parametrize("name", GLMM)
def test_the_binomial_model_gives_what_metafor_gives(name: str) -> None:
    found = pooled(name)
    centre, error, tau2, low, high = GLMM[name]
    # lme4 stops its search some 1e-5 before the top of the likelihood.
    assert found.centre == pytest.approx(centre, abs=3e-5)
    assert found.standard_error == pytest.approx(error, abs=3e-5)
    assert found.heterogeneity.tau2 == pytest.approx(tau2, abs=5e-5)
    assert logit(found.lower) == pytest.approx(centre - 1.959963985 * error, abs=1e-4)
    assert (logit(found.prediction_lower), logit(found.prediction_upper)) == pytest.approx(
        (low, high), abs=3e-4
    )
    assert found.n_corrected == 0


@pytest.mark.parametrize("name", REML)
def test_reml_with_hartung_and_knapp_gives_what_metafor_gives(name: str) -> None:
    found = pooled(name, method="reml")
    centre, error, tau2, low, high, i2, q = REML[name]
    assert found.centre == pytest.approx(centre, abs=1e-9)
    assert found.standard_error == pytest.approx(error, abs=1e-9)
    assert found.heterogeneity.tau2 == pytest.approx(tau2, abs=1e-9)
    assert (logit(found.prediction_lower), logit(found.prediction_upper)) == pytest.approx(
        (low, high), abs=1e-7
    )
    assert found.heterogeneity.i2 == pytest.approx(i2, abs=1e-6)
    assert found.heterogeneity.q == pytest.approx(q, abs=1e-9)


@pytest.mark.parametrize("name", DL)
def test_dersimonian_and_laird_gives_what_metafor_gives(name: str) -> None:
    found = pooled(name, method="dl")
    assert (found.centre, found.standard_error, found.heterogeneity.tau2) == pytest.approx(DL[name], abs=1e-9)


def test_limits_of_the_variance_between_studies_are_those_of_the_q_profile() -> None:
    # confint(rma(...)): R stops within 2e-5 of the root.
    assert pooled("high", method="reml").heterogeneity.tau2_lower == pytest.approx(0.0171993529268, abs=3e-5)
    assert pooled("high", method="reml").heterogeneity.tau2_upper == pytest.approx(1.64537893783, abs=3e-5)
    assert pooled("two", method="reml").heterogeneity.tau2_upper == pytest.approx(526.292247695, rel=1e-6)
    assert pooled("alike").heterogeneity.tau2_upper == 0.0
    assert pooled("high").heterogeneity.p_value == pytest.approx(0.0014194978956, abs=1e-9)


def test_a_half_goes_only_to_studies_with_a_zero() -> None:
    assert pooled("zeros", method="reml").n_corrected == 3
    assert pooled("full", method="reml").n_corrected == 2
    assert pooled("mid", method="reml").n_corrected == 0


def test_two_studies_by_hand_with_dersimonian_and_laird() -> None:
    # Log odds 0 and 2, variances 1 and 1: mean 1, Q = 1 + 1 = 2, tau2 = (2 - 1) / (2 - 2 / 2) = 1.
    values, variances = np.array([0.0, 2.0]), np.array([1.0, 1.0])
    assert cochran_q(values, variances) == pytest.approx(2.0)
    assert moment_tau2(values, variances) == pytest.approx(1.0)
    # As ratios: weights 1 / 2 each, error of Hartung and Knapp sqrt((0.5 + 0.5) / 1 / 1) = 1, t(1) = 12.7062.
    wide = math.exp(1.959963984540054)
    e2 = math.exp(2)
    found = pool_ratios([(1, 1 / wide, wide), (e2, e2 / wide, e2 * wide)], measure="OR", method="dl")
    assert isinstance(found, Pooled)
    assert found.centre == pytest.approx(1.0)
    assert found.standard_error == pytest.approx(1.0)
    assert math.log(found.upper) == pytest.approx(1 + 12.706204736)
    assert found.heterogeneity.i2 == pytest.approx(50.0)
    assert math.log(found.prediction_upper or 0) == pytest.approx(1 + 12.706204736 * math.sqrt(2))


def test_hazard_ratios_give_what_metafor_gives() -> None:
    # rma(yi=log(hr), sei=(log(hi)-log(lo))/(2*qnorm(.975)), method="REML", test="knha"), predict().
    ratios = [
        (1.12, 1.05, 1.2),
        (1.56, 1.33, 1.84),
        (1.31, 1.03, 1.68),
        (1.242, 1.039, 1.484),
        (1.21, 1.09, 1.34),
    ]
    found = pool_ratios(ratios, measure="HR")
    assert isinstance(found, Pooled)
    assert found.centre == pytest.approx(0.232075140654, abs=1e-9)
    assert found.standard_error == pytest.approx(0.0568457685623, abs=1e-9)
    assert found.heterogeneity.tau2 == pytest.approx(0.0117610876533, abs=1e-9)
    assert found.heterogeneity.q == pytest.approx(14.7575438699, abs=1e-8)
    assert math.log(found.lower) == pytest.approx(0.0742459847783, abs=1e-9)
    assert math.log(found.prediction_lower or 0) == pytest.approx(-0.107883857558, abs=1e-9)


def test_each_study_left_out_in_turn_gives_what_metafor_gives() -> None:
    x, n = SETS["rare"]

    def without(place: int) -> Pooled | NotEstimable:
        return pool_proportions(x[:place] + x[place + 1 :], n[:place] + n[place + 1 :], method="reml")

    found = leave_one_out([str(place) for place in range(7)], without)
    wanted = [-4.34670450382, -4.69014644244, -4.51259638397, -4.61640840213, -4.51086053955, -4.44000062397]
    assert [logit(one.estimate) for one in found] == pytest.approx([*wanted, -4.50122274253], abs=1e-7)
    assert leave_one_out(["a", "b"], lambda _: NotEstimable("", "", "one_group")) == ()


def test_more_quadrature_points_change_little() -> None:
    # rma.glmm(nAGQ=25) on the same counts.
    x, n = (np.array(one, dtype=float) for one in SETS["zeros"])
    found = fit_binomial(x, n, points=25)
    assert found is not None
    assert (found.centre, found.tau2) == pytest.approx((-5.08817914474, 1.45742069687), abs=5e-5)


def test_the_rule_of_the_prediction_interval_is_chosen_and_named() -> None:
    # predict(rma.glmm(...)) with its normal default.
    normal = pooled("high", prediction="normal")
    assert logit(normal.prediction_lower) == pytest.approx(1.48664127236, abs=1e-4)
    # Half widths stand to each other as the quantiles: t(4) 2.776445, t(3) 3.182446.
    one, two = pooled("high"), pooled("high", prediction="t_k2")
    ratio = (logit(two.prediction_upper) - two.centre) / (logit(one.prediction_upper) - one.centre)
    assert ratio == pytest.approx(3.182446305 / 2.776445105)
    assert "k - 2" in two.prediction_rule
    assert pooled("two", prediction="t_k2").prediction_lower is None


@pytest.mark.parametrize(
    ("events", "totals", "code", "words"),
    [
        ([], [], "one_group", "No study is compatible"),
        ([3], [50], "one_group", "Only one study"),
        ([0, 0, 0], [64, 20, 91], "no_events", "upper limit of each"),
        ([20, 30], [20, 30], "no_events", "Only events"),
    ],
)
def test_what_cannot_be_pooled_is_refused(
    events: list[int], totals: list[int], code: str, words: str
) -> None:
    for method in ("glmm", "reml", "dl"):
        found = pool_proportions(events, totals, method=method)
        assert isinstance(found, NotEstimable)
        assert found.code == code
        assert words in found.reason


def test_counts_and_names_that_make_no_sense_are_errors() -> None:
    with pytest.raises(SpecificationError, match="events do not fit"):
        pool_proportions([5, 1], [4, 10])
    with pytest.raises(SpecificationError, match="as many totals"):
        pool_proportions([5], [4, 10])
    with pytest.raises(SpecificationError, match="unknown method"):
        pool_proportions([5, 1], [40, 10], method="peto")
    with pytest.raises(SpecificationError, match="unknown prediction rule"):
        pool_proportions([5, 1], [40, 10], prediction="k")
    with pytest.raises(SpecificationError, match="not above 0"):
        pool_ratios([(1.2, 0.0, 2.0), (1.1, 0.9, 1.3)], measure="HR")


def test_order_of_studies_does_not_matter() -> None:
    x, n = SETS["zeros"]
    again = pool_proportions(x[::-1], n[::-1])
    assert isinstance(again, Pooled)
    assert again.centre == pytest.approx(pooled("zeros").centre, abs=1e-6)


@pytest.mark.parametrize("method", ["glmm", "reml", "dl"])
def test_counting_what_did_not_happen_mirrors_the_answer(method: str) -> None:
    x, n = SETS["zeros"]
    mirrored = pool_proportions([total - one for one, total in zip(x, n, strict=True)], n, method=method)
    assert isinstance(mirrored, Pooled)
    found = pooled("zeros", method=method)
    assert mirrored.centre == pytest.approx(-found.centre, abs=1e-5)
    assert mirrored.upper == pytest.approx(1 - found.lower, abs=1e-5)
    assert mirrored.heterogeneity.tau2 == pytest.approx(found.heterogeneity.tau2, abs=1e-4)


def test_national_registries_beside_small_series_are_pooled_without_overflow() -> None:
    # rma.glmm() gives -5.48015839 and 0.6739563; inverse variance by rma(): -5.437403823, 0.9372332343.
    x, n = [13779, 1762, 11725, 6, 22], [3759268, 527121, 10059269, 331, 2953]
    exact, normal = pool_proportions(x, n), pool_proportions(x, n, method="reml")
    assert isinstance(exact, Pooled)
    assert isinstance(normal, Pooled)
    assert (exact.centre, exact.heterogeneity.tau2) == pytest.approx((-5.48015839, 0.6739563268), abs=2e-5)
    assert (normal.centre, normal.heterogeneity.tau2) == pytest.approx((-5.437403823, 0.9372332343), abs=1e-8)
