"""Limits of agreement: the published example, R, patients with several lesions, refusals."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.imaging.bland_altman import estimate_limits_of_agreement
from analytics.imaging.results import Estimate, LimitsOfAgreement
from analytics.refusals import NotEstimable

# Bland & Altman (1986), table 1: first readings of peak expiratory flow, l/min.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
REPEATED = [0, 0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 11, 12]


def flows(patients: list[int] | None = None) -> pl.DataFrame:
    return pl.DataFrame({"patient_id": patients or list(range(17)), "mini": MINI, "wright": WRIGHT})


def compare(rows: pl.DataFrame) -> LimitsOfAgreement:
    answer = estimate_limits_of_agreement(rows, first="mini", second="wright")
    assert isinstance(answer, LimitsOfAgreement)
    return answer


def test_published_bias_and_standard_deviation_are_met() -> None:
    found = compare(flows())
    assert round(found.bias.estimate, 1) == -2.1
    assert round(found.standard_deviation, 1) == 38.8
    assert (found.n_lesions, found.n_patients, found.n_left_out) == (17, 17, 0)


def test_bias_limits_and_exact_intervals_are_those_of_r() -> None:
    # R 4.2: t.test(d)$conf.int; mean(d) +- qnorm(.975) sd(d); mean(d) + sd(d) / sqrt(n) *
    # qt(c(.025, .975), n - 1, ncp = qnorm(.975) * sqrt(n)).
    found = compare(flows())
    assert found.bias.estimate == pytest.approx(-2.11764705882353, abs=1e-12)
    assert (found.bias.lower, found.bias.upper) == pytest.approx((-22.0488376966452, 17.8135435789981))
    assert found.standard_deviation == pytest.approx(38.76512987360738, abs=1e-12)
    assert found.lower_limit.estimate == pytest.approx(-78.0959054671117, abs=1e-11)
    assert found.upper_limit.estimate == pytest.approx(73.8606113494646, abs=1e-11)
    assert found.upper_limit.lower == pytest.approx(48.8596372990951, rel=1e-10)
    assert found.upper_limit.upper == pytest.approx(119.9255041771925, rel=1e-10)
    # The lower limit mirrors the upper one about the bias.
    assert found.lower_limit.upper == pytest.approx(2 * -2.11764705882353 - 48.8596372990951, rel=1e-10)


def test_proportional_bias_is_that_of_r() -> None:
    # R 4.2: summary(lm(d ~ I((wright + mini) / 2)))$coefficients
    found = compare(flows())
    assert isinstance(found.slope, Estimate)
    assert found.slope.estimate == pytest.approx(0.0286874451525492, abs=1e-13)
    assert found.slope.standard_error == pytest.approx(0.0882064082765469, abs=1e-13)
    assert found.slope_p_value == pytest.approx(0.749498533649294, abs=1e-12)


def test_several_lesions_a_patient_add_both_variances_as_r_does() -> None:
    # R 4.2: anova(aov(d ~ factor(p))) gives mean squares 1668.2720588235 and 1006.125; n0 = 1.2843137254902;
    # sandwich by patient: crossprod(rowsum(X * e, p)), times m / (m - 1) * (n - 1) / (n - 2).
    found = compare(flows(REPEATED))
    assert found.standard_deviation == pytest.approx(39.0088436831468, abs=1e-11)
    assert found.lower_limit.estimate == pytest.approx(-78.5735757563441, abs=1e-11)
    assert found.upper_limit.estimate == pytest.approx(74.3382816386970, abs=1e-11)
    assert isinstance(found.slope, Estimate)
    assert found.slope.standard_error == pytest.approx(0.1062630746998141, abs=1e-13)
    assert found.slope_p_value == pytest.approx(0.791772827355158, abs=1e-12)
    assert found.bias.method == "patients resampled"
    assert found.bias.lower is not None
    assert found.bias.upper is not None
    assert found.bias.lower < found.bias.estimate < found.bias.upper


def test_few_patients_with_several_lesions_do_not_rule_the_spread() -> None:
    # Two lesions of one patient differ by 200, all other patients differ little: within variance is 20,000 on
    # one degree of freedom. Hand: SSB and n0 as in the text; the sum stays near the plain variance.
    rows = pl.DataFrame(
        {
            "patient_id": [0, 0, *range(1, 41)],
            "mini": [0.0] * 42,
            "wright": [-100.0, 100.0, *[float((-1) ** i * 10) for i in range(40)]],
        }
    )
    found = compare(rows)
    # MSB = 40 x 100 / 40 = 100, MSW = 20000, n0 = (42 - 44 / 42) / 40.
    size = (42 - 44 / 42) / 40
    assert found.standard_deviation == pytest.approx((100 / size + 20_000 * (1 - 1 / size)) ** 0.5)
    plain = rows["wright"].std()
    assert isinstance(plain, float)
    assert found.standard_deviation == pytest.approx(plain, rel=0.1)


def test_doubled_lesions_do_not_narrow_the_bias() -> None:
    once = compare(flows())
    twice = compare(pl.concat([flows(), flows()]))
    assert once.bias.upper is not None
    assert once.bias.lower is not None
    assert twice.bias.upper is not None
    assert twice.bias.lower is not None
    # Percentiles of 17 resampled patients are a little shorter than t.
    wide, doubled = once.bias.upper - once.bias.lower, twice.bias.upper - twice.bias.lower
    assert 0.8 * wide < doubled < 1.05 * wide


def test_exact_limits_hold_at_the_size_of_a_registry() -> None:
    # At large n the interval of a limit nears sd * sqrt((1 + z^2 / 2) / n) * 1.96 on both sides.
    n = 20_000
    values = [float(i % 101) for i in range(n)]
    rows = pl.DataFrame({"patient_id": range(n), "a": [0.0] * n, "b": values})
    found = estimate_limits_of_agreement(rows, first="a", second="b")
    assert isinstance(found, LimitsOfAgreement)
    assert found.upper_limit.lower is not None
    assert found.upper_limit.upper is not None
    z = 1.959963984540054
    half = z * found.standard_deviation * ((1 + z * z / 2) / n) ** 0.5
    assert found.upper_limit.upper - found.upper_limit.estimate == pytest.approx(half, rel=0.01)
    assert found.upper_limit.estimate - found.upper_limit.lower == pytest.approx(half, rel=0.01)


def test_lesions_without_one_measurement_are_counted() -> None:
    more = pl.DataFrame({"patient_id": [50, 51], "mini": [400, None], "wright": [None, 400]})
    found = compare(pl.concat([flows(), more], how="vertical_relaxed"))
    assert (found.n_lesions, found.n_left_out) == (17, 2)


def test_swapped_measurements_turn_the_sign_and_nothing_else() -> None:
    one = compare(flows())
    other = estimate_limits_of_agreement(flows(), first="wright", second="mini")
    assert isinstance(other, LimitsOfAgreement)
    assert other.bias.estimate == pytest.approx(-one.bias.estimate)
    assert other.standard_deviation == pytest.approx(one.standard_deviation)
    assert one.lower_limit.lower is not None
    assert other.upper_limit.upper == pytest.approx(-one.lower_limit.lower)


def test_a_constant_difference_has_no_spread() -> None:
    rows = flows().with_columns(wright=pl.col("mini") + 5)
    found = compare(rows)
    assert found.bias.estimate == 5.0
    assert found.standard_deviation == 0.0
    assert isinstance(found.slope, Estimate)
    assert found.slope.estimate == pytest.approx(0.0, abs=1e-12)
    assert found.share_between == 1.0


def test_lesions_of_one_mean_have_no_slope() -> None:
    rows = pl.DataFrame(
        {
            "patient_id": range(12),
            "mini": [float(10 - i) for i in range(12)],
            "wright": [float(10 + i) for i in range(12)],
        }
    )
    found = compare(rows)
    assert found.slope is None
    assert found.slope_p_value is None


def test_few_patients_with_several_lesions_have_no_interval() -> None:
    found = compare(flows([i // 3 for i in range(17)]))
    assert found.bias.lower is None
    assert "too few patients" in found.bias.method


def test_fewer_than_ten_lesions_are_refused() -> None:
    answer = estimate_limits_of_agreement(flows().head(9), first="mini", second="wright")
    assert isinstance(answer, NotEstimable)
    assert answer.code == "too_few_pairs"
    assert "9 lesions" in answer.reason
