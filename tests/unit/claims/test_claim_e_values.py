"""Strength of an unmeasured confounder."""

from __future__ import annotations

import pytest

from analytics.claims.evalue import estimate_e_value, risk_ratio_scale


def test_the_example_of_the_paper_gives_7_26_and_3() -> None:
    # 3.9 + sqrt(3.9 * 2.9) = 7.263; 1.8 + sqrt(1.8 * 0.8) = 3.0
    found = estimate_e_value(3.9, 1.8, 8.7)
    assert found.point == pytest.approx(7.26303434416005, rel=1e-12)
    assert found.limit == pytest.approx(3.0)


def test_a_protective_ratio_is_turned_over() -> None:
    # 1 / 0.8 = 1.25; 1.25 + sqrt(1.25 * 0.25) = 1.809. The limit is 0.91.
    found = estimate_e_value(0.8, 0.71, 0.91)
    assert found.point == pytest.approx(1.80901699437495, rel=1e-12)
    assert found.limit == pytest.approx(1.42857142857143, rel=1e-12)


def test_an_interval_that_holds_one_needs_no_confounder() -> None:
    assert estimate_e_value(1.2, 0.9, 1.6).limit == 1.0


def test_ratios_of_common_outcomes_are_brought_to_risks() -> None:
    # R: EValue 4.1.4, evalues.HR(0.62, 0.45, 0.86, rare = FALSE) and evalues.OR(2.2, 1.4, 3.5, rare = FALSE)
    assert risk_ratio_scale(0.62, measure="hazard_ratio") == pytest.approx(0.718578223478427, rel=1e-12)
    assert risk_ratio_scale(2.2, measure="odds_ratio") == pytest.approx(1.48323969741913, rel=1e-12)


def test_limits_that_do_not_hold_the_ratio_are_refused() -> None:
    with pytest.raises(ValueError, match="hold the ratio"):
        estimate_e_value(2.0, 2.5, 3.0)
