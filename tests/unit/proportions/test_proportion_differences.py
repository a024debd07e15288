"""Differences of two proportions against published tables, R 4.2.2 and laws."""

from __future__ import annotations

import math

import pytest

from analytics.proportions.differences import (
    miettinen_nurminen_difference,
    newcombe_difference,
    newcombe_paired_difference,
)
from analytics.proportions.results import Comparison
from analytics.proportions.tests import chi_square
from analytics.refusals import NotEstimable

# Newcombe (1998), Stat Med 17:873-890, table II: counts; methods 10 and 11 (hybrid score, without and with
# correction) and 6 (Miettinen and Nurminen).
PUBLISHED = [
    ((56, 70, 48, 80), (0.0524, 0.3339), (0.0428, 0.3422), (0.0528, 0.3382)),
    ((9, 10, 3, 10), (0.1705, 0.8090), (0.1013, 0.8387), (0.1700, 0.8406)),
    ((6, 7, 2, 7), (0.0582, 0.8062), (-0.0290, 0.8423), (0.0342, 0.8534)),
    ((5, 56, 0, 29), (-0.0381, 0.1926), (-0.0667, 0.2037), (-0.0326, 0.1933)),
    ((0, 10, 0, 20), (-0.1611, 0.2775), (-0.2005, 0.3445), (-0.1658, 0.2844)),
    ((0, 10, 0, 10), (-0.2775, 0.2775), (-0.3445, 0.3445), (-0.2879, 0.2879)),
    ((10, 10, 0, 20), (0.6791, 1.0), (0.6014, 1.0), (0.7156, 1.0)),
    ((10, 10, 0, 10), (0.6075, 1.0), (0.5128, 1.0), (0.6636, 1.0)),
]


def limits(found: Comparison | NotEstimable) -> tuple[float, float]:
    """Limits of a comparison that has both."""
    assert isinstance(found, Comparison)
    assert found.upper is not None
    return found.lower, found.upper


@pytest.mark.parametrize(("counts", "plain", "corrected", "score"), PUBLISHED)
def test_limits_equal_the_published_table(
    counts: tuple[int, int, int, int],
    plain: tuple[float, float],
    corrected: tuple[float, float],
    score: tuple[float, float],
) -> None:
    assert limits(newcombe_difference(*counts)) == pytest.approx(plain, abs=5e-5)
    assert limits(newcombe_difference(*counts, corrected=True)) == pytest.approx(corrected, abs=5e-5)
    assert limits(miettinen_nurminen_difference(*counts)) == pytest.approx(score, abs=5e-5)


@pytest.mark.parametrize(
    ("counts", "lower", "upper", "p_value"),
    [
        ((56, 70, 48, 80), 0.0528297132458447, 0.338172940015868, 0.00825828792938076),
        ((33, 2115, 9, 1902), 0.0048859670513732, 0.0175843159018002, 0.000720438159938487),
        ((7, 34, 1, 34), 0.0270416265834468, 0.345291216966224, 0.0249839256169589),
    ],
)
def test_score_limits_equal_a_search_for_them_in_r(
    counts: tuple[int, int, int, int], lower: float, upper: float, p_value: float
) -> None:
    # uniroot(tol = 1e-15) on the score statistic, its constrained share found by uniroot too; R 4.2.2.
    found = miettinen_nurminen_difference(*counts)
    assert isinstance(found, Comparison)
    assert limits(found) == pytest.approx((lower, upper), rel=1e-11)
    assert found.p_value == pytest.approx(p_value, rel=1e-11)


def test_score_test_is_the_chi_square_with_one_row_less() -> None:
    # At no difference the constrained share is the pooled one: statistic^2 = chi-square * (N - 1) / N.
    found = miettinen_nurminen_difference(12, 60, 30, 80)
    plain = chi_square([[12, 48], [30, 50]])
    assert isinstance(found, Comparison)
    assert not isinstance(plain, NotEstimable)
    assert plain.statistic is not None
    reduced = plain.statistic * 139 / 140
    # P(chi-square with 1 degree of freedom > s) = erfc(sqrt(s / 2)).
    assert found.p_value == pytest.approx(math.erfc(math.sqrt(reduced / 2)), rel=1e-12)


@pytest.mark.parametrize("counts", [(33, 2115, 9, 1902), (0, 12, 3, 40), (5, 5, 1, 9)])
def test_exchanging_the_groups_turns_the_interval_round(counts: tuple[int, int, int, int]) -> None:
    x1, n1, x2, n2 = counts
    for difference in (newcombe_difference, miettinen_nurminen_difference):
        there, back = limits(difference(x1, n1, x2, n2)), limits(difference(x2, n2, x1, n1))
        assert there == pytest.approx((-back[1], -back[0]), abs=1e-10)


@pytest.mark.parametrize(
    ("pairs", "estimate", "lower", "upper"),
    [
        # Newcombe (1998), Stat Med 17:2635-2650, method 10.
        ((36, 12, 2, 0), 0.2, 0.0569, 0.3404),
        ((20, 12, 2, 16), 0.2, 0.0562, 0.3292),
        # Fagerland, Lydersen & Laake (2017), Statistical Analysis of Contingency Tables, chapter 8.
        ((1, 1, 7, 12), -0.2857, -0.5069, -0.0256),
    ],
)
def test_paired_limits_equal_published_ones(
    pairs: tuple[int, int, int, int], estimate: float, lower: float, upper: float
) -> None:
    found = newcombe_paired_difference(*pairs)
    assert isinstance(found, Comparison)
    assert found.estimate == pytest.approx(estimate, abs=5e-5)
    assert limits(found) == pytest.approx((lower, upper), abs=5e-5)


def test_pairs_that_never_disagree_still_have_an_interval() -> None:
    found = newcombe_paired_difference(0, 0, 0, 30)
    assert isinstance(found, Comparison)
    # Both shares 0 of 30: Wilson 0 to z^2 / (n + z^2) = 3.8414588 / 33.8414588 = 0.1135134; correlation 0.
    assert limits(found) == pytest.approx((-0.1135134, 0.1135134), abs=1e-7)


@pytest.mark.parametrize("counts", [(0, 0, 1, 5), (1, 5, 0, 0), (0, 0, 0, 0)])
def test_a_difference_with_an_empty_group_is_refused(counts: tuple[int, int, int, int]) -> None:
    for found in (newcombe_difference(*counts), miettinen_nurminen_difference(*counts)):
        assert isinstance(found, NotEstimable)
        assert found.code == "no_patients"


def test_no_pairs_are_refused() -> None:
    found = newcombe_paired_difference(0, 0, 0, 0)
    assert isinstance(found, NotEstimable)
    assert found.code == "no_patients"


def test_counts_outside_their_groups_are_a_bug() -> None:
    with pytest.raises(ValueError, match="no proportion"):
        newcombe_difference(6, 5, 0, 5)
    with pytest.raises(ValueError, match="no proportion"):
        miettinen_nurminen_difference(1, 5, -1, 5)
    with pytest.raises(ValueError, match="not negative"):
        newcombe_paired_difference(-1, 0, 0, 5)
