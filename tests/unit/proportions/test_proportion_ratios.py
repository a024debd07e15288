"""Ratios of risks and odds against R 4.2.2, hand calculations and laws."""

from __future__ import annotations

import math

import pytest

from analytics.proportions.differences import odds_ratio, risk_ratio
from analytics.proportions.results import Comparison
from analytics.refusals import NotEstimable


def numbers(found: Comparison | NotEstimable) -> tuple[float, float, float | None]:
    """Estimate and limits."""
    assert isinstance(found, Comparison)
    return found.estimate, found.lower, found.upper


def test_katz_limits_equal_those_written_out_in_r() -> None:
    # exp(log(r) + c(-1, 1) * qnorm(.975) * sqrt(1/33 - 1/2115 + 1/9 - 1/1902)); R 4.2.2.
    found = numbers(risk_ratio(33, 2115, 9, 1902, method="katz"))
    assert found == pytest.approx((3.29739952718676, 1.58200836469653, 6.8728104632855), rel=1e-12)


@pytest.mark.parametrize(
    ("counts", "lower", "upper"),
    [
        ((7, 34, 1, 34), 1.22085285351481, 42.5757176097604),
        ((33, 2115, 9, 1902), 1.60790597390153, 6.76957545896697),
    ],
)
def test_score_limits_of_a_risk_ratio_equal_a_search_for_them_in_r(
    counts: tuple[int, int, int, int], lower: float, upper: float
) -> None:
    # uniroot(tol = 1e-15) on the score statistic, whose constrained risk is itself found by uniroot.
    found = numbers(risk_ratio(*counts))
    assert found[1:] == pytest.approx((lower, upper), rel=1e-11)


def test_score_test_of_a_risk_ratio_is_the_plain_chi_square() -> None:
    # chisq.test(matrix(c(33, 2082, 9, 1893), 2, byrow = TRUE), correct = FALSE)$p.value, R 4.2.2.
    found = risk_ratio(33, 2115, 9, 1902)
    assert isinstance(found, Comparison)
    assert found.p_value == pytest.approx(0.000719334924911127, rel=1e-11)


def test_exchanging_the_groups_inverts_the_ratio() -> None:
    there, back = numbers(risk_ratio(7, 34, 1, 34)), numbers(risk_ratio(1, 34, 7, 34))
    assert back[2] is not None
    assert there == pytest.approx((1 / back[0], 1 / back[2], 1 / back[1]), rel=1e-10)


def test_a_ratio_without_events_in_the_first_group_keeps_its_upper_limit() -> None:
    estimate, lower, upper = numbers(risk_ratio(0, 34, 3, 34))
    assert (estimate, lower) == (0.0, 0.0)
    assert upper is not None
    # At the upper limit the score statistic is the quantile: checked by its own formula.
    events, square, linear = 3, 68 * upper, 34 * upper + 34 + 3 * upper
    p2 = (linear - math.sqrt(linear**2 - 4 * square * events)) / (2 * square)
    p1 = upper * p2
    variance = p1 * (1 - p1) / 34 + upper**2 * p2 * (1 - p2) / 34
    assert upper * 3 / 34 / math.sqrt(variance) == pytest.approx(1.959963984540054, rel=1e-9)


@pytest.mark.parametrize("method", ["score", "katz"])
@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ((0, 10, 0, 20), "no_events"),
        ((3, 10, 0, 20), "separation"),
        ((0, 0, 1, 20), "no_patients"),
    ],
)
def test_a_risk_ratio_without_a_value_is_refused(
    method: str, counts: tuple[int, int, int, int], code: str
) -> None:
    found = risk_ratio(*counts, method=method)
    assert isinstance(found, NotEstimable)
    assert found.code == code


def test_katz_limits_need_events_in_both_groups() -> None:
    found = risk_ratio(0, 34, 3, 34, method="katz")
    assert isinstance(found, NotEstimable)
    assert found.code == "separation"


def test_woolf_limits_equal_those_of_a_logistic_model_in_r() -> None:
    # glm(cbind(c(33, 9), c(2082, 1893)) ~ c(1, 0), binomial), exp of coefficient and confint.default.
    found = numbers(odds_ratio(33, 2115, 9, 1902))
    assert found == pytest.approx((3.33381364073007, 1.5911346525897, 6.98514947998173), rel=1e-12)


@pytest.mark.parametrize(
    ("counts", "estimate", "lower", "upper"),
    [
        ((7, 34, 1, 34), 8.32934371755128, 0.973273632882399, 396.994002170179),
        ((33, 2115, 9, 1902), 3.33293931180915, 1.55519217319312, 7.94092184040998),
        ((0, 16, 15, 72), 0.0, 0.0, 1.14090125217908),
        ((12, 60, 30, 80), 0.419245380548802, 0.1741927344445, 0.960018040611185),
    ],
)
def test_exact_odds_ratios_equal_those_of_r(
    counts: tuple[int, int, int, int], estimate: float, lower: float, upper: float
) -> None:
    # The equations of fisher.test solved with uniroot(tol = 1e-15), R 4.2.2; itself it stops at 1e-4.
    assert numbers(odds_ratio(*counts, method="exact")) == pytest.approx((estimate, lower, upper), rel=1e-10)


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ((0, 10, 0, 20), "no_events"),
        ((10, 10, 20, 20), "no_events"),
        ((3, 10, 0, 20), "separation"),
        ((10, 10, 4, 20), "separation"),
        ((1, 4, 0, 0), "no_patients"),
    ],
)
def test_an_exact_odds_ratio_without_a_value_is_refused(counts: tuple[int, int, int, int], code: str) -> None:
    found = odds_ratio(*counts, method="exact")
    assert isinstance(found, NotEstimable)
    assert found.code == code


@pytest.mark.parametrize("counts", [(0, 10, 2, 20), (10, 10, 2, 20), (2, 10, 0, 20), (2, 10, 20, 20)])
def test_woolf_limits_need_four_filled_cells(counts: tuple[int, int, int, int]) -> None:
    found = odds_ratio(*counts)
    assert isinstance(found, NotEstimable)
    assert found.code == "separation"
