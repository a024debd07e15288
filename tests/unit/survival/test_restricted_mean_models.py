"""Adjusted restricted means: ordinary regressions where nobody is censored, by hand with censoring."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from analytics.survival.restricted_mean_models import fit_restricted_mean
from analytics.survival.restricted_mean_rows import RestrictedMeanSpec
from analytics.survival.results import NotEstimable
from analytics.survival.results_restricted import RestrictedMeanFit

PLAIN = RestrictedMeanSpec("device", "balloon")


def fit(frame: pl.DataFrame, spec: RestrictedMeanSpec, horizon: float = 10) -> RestrictedMeanFit:
    result = fit_restricted_mean(frame, spec, horizon_days=horizon)
    assert isinstance(result, RestrictedMeanFit)
    return result


def data(times: list[int], causes: list[int]) -> pl.DataFrame:
    half = len(times) // 2
    return pl.DataFrame(
        {"time_days": times, "cause": causes, "device": ["balloon"] * half + ["ivl"] * half}
    ).with_columns(age=pl.Series([60, 70, 65, 80, 62, 71, 66, 75][: 2 * half]))


WHOLE = data([2, 4, 10, 12, 3, 9, 11, 20], [1, 1, 0, 0, 1, 1, 0, 0])


def test_without_censoring_the_difference_is_that_of_two_means() -> None:
    table = fit(WHOLE, PLAIN).table
    assert table["term"].to_list() == ["intercept", "ivl"]
    assert table["coefficient"].to_list() == pytest.approx([26 / 4, 32 / 4 - 26 / 4])
    spread = [np.var([2, 4, 10, 10]) / 4, np.var([3, 9, 10, 10]) / 4]
    assert table["std_error"].to_list() == pytest.approx([math.sqrt(spread[0]), math.sqrt(sum(spread))])


def test_without_censoring_a_covariate_enters_by_least_squares() -> None:
    spec = RestrictedMeanSpec("device", "balloon", ("age",))
    design = np.column_stack([np.ones(8), [0] * 4 + [1] * 4, WHOLE["age"].to_numpy()])
    expected = np.linalg.lstsq(design, np.minimum(WHOLE["time_days"].to_numpy(), 10), rcond=None)[0]
    assert fit(WHOLE, spec).table["coefficient"].to_list() == pytest.approx(expected.tolist())


def test_ratios_are_on_the_log_scale() -> None:
    ratio = fit(WHOLE, RestrictedMeanSpec("device", "balloon", contrast="ratio")).table
    lost = fit(WHOLE, RestrictedMeanSpec("device", "balloon", contrast="ratio_of_lost_days")).table
    assert ratio["estimate"][1] == pytest.approx(32 / 26)
    assert lost["estimate"][1] == pytest.approx(8 / 14)
    assert ratio["upper"][1] == pytest.approx(
        math.exp(math.log(32 / 26) + 1.959963984540054 * ratio["std_error"][1])
    )


def test_the_censored_are_stood_for_by_the_later_ones_of_their_group() -> None:
    # Balloon: censored on day 4 of three at risk, so the last two count 3/2 each.
    frame = data([2, 4, 6, 10, 3, 9, 11, 20], [1, 0, 1, 0, 1, 1, 0, 0])
    assert fit(frame, PLAIN).table["coefficient"][0] == pytest.approx((2 + 1.5 * 6 + 1.5 * 10) / 4)


def test_rows_with_an_absent_value_are_left_out_with_a_warning() -> None:
    extra = pl.DataFrame({"time_days": [5], "cause": [None], "device": ["ivl"], "age": [70]})
    result = fit(pl.concat([WHOLE, extra], how="vertical_relaxed"), PLAIN)
    assert result.basis.n == 8
    assert result.basis.warnings == ("1 rows with an absent value are left out.",)


@pytest.mark.parametrize(
    ("frame", "spec", "code"),
    [
        (WHOLE.clear(), PLAIN, "no_patients"),
        (WHOLE.head(4), PLAIN, "one_group"),
        (WHOLE, RestrictedMeanSpec("device", "nobody"), "one_group"),
        (WHOLE.with_columns(cause=pl.col("cause") * 2), PLAIN, "competing_events"),
        (WHOLE.with_columns(cause=0, time_days=3), PLAIN, "follow_up_too_short"),
        (WHOLE.with_columns(age=70), RestrictedMeanSpec("device", "balloon", ("age",)), "singular"),
    ],
)
def test_refusals(frame: pl.DataFrame, spec: RestrictedMeanSpec, code: str) -> None:
    refusal = fit_restricted_mean(frame, spec, horizon_days=10)
    assert isinstance(refusal, NotEstimable)
    assert refusal.code == code


def test_a_category_as_a_covariate_is_an_error() -> None:
    with pytest.raises(ValueError, match="not numeric"):
        fit(WHOLE, RestrictedMeanSpec("device", "balloon", ("device",)))
