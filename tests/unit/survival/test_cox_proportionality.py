"""The proportionality test against the enlarged model, and follow-up cut into pieces."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.survival import proportionality
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec, Factor
from analytics.survival.cox_likelihood import CoxKernel
from analytics.survival.cox_rows import collect_rows
from analytics.survival.cox_time_split import split_follow_up
from analytics.survival.results import CoxFit, NotEstimable


def crossing(n: int = 150) -> pl.DataFrame:
    """Draw an arm whose hazard ratio changes sign after day 60, with tied days and two sites."""
    draw = np.random.default_rng(5)
    arm = draw.integers(0, 2, n)
    early = draw.exponential(80 * np.exp(-1.0 * arm))
    day = np.where(early < 60, early, 60 + draw.exponential(80 * np.exp(1.0 * arm)))
    end = draw.uniform(50, 300, n)
    return pl.DataFrame(
        {
            "day": np.ceil(np.minimum(day, end) / 10).astype(int),
            "event": day <= end,
            "arm": arm,
            "age": draw.normal(70, 8, n).round(),
            "grade": draw.choice(["mild", "moderate", "severe"], n),
            "site": draw.integers(1, 3, n),
        }
    )


SPEC = CoxSpec(time="day", event="event", terms=("arm", "age"))


def fitted(frame: pl.DataFrame, spec: CoxSpec) -> CoxFit:
    fit = fit_cox(frame, spec)
    assert isinstance(fit, CoxFit)
    return fit


@pytest.mark.parametrize("strata", [(), ("site",)])
def test_global_statistic_is_the_score_test_of_the_enlarged_model(strata: tuple[str, ...]) -> None:
    data = crossing()
    fit = fitted(data, CoxSpec(time="day", event="event", terms=("arm", "age"), strata=strata))
    result = proportionality.test_proportionality(fit, data, transform="log")
    cuts = data.filter("event")["day"].unique().to_list()
    split = split_follow_up(data, time="day", event="event", cuts=cuts)
    split = split.with_columns(late_arm=pl.col("arm") * pl.col("stop_days").log())
    split = split.with_columns(late_age=pl.col("age") * pl.col("stop_days").log())
    enlarged = CoxSpec(
        time="stop_days",
        event="has_event",
        terms=("arm", "age", "late_arm", "late_age"),
        entry="start_days",
        strata=strata,
    )
    kernel = CoxKernel(collect_rows(split, enlarged), "efron")
    at = kernel.evaluate(np.append(fit.coefficients, [0.0, 0.0]) * kernel.scale)
    statistic = float(at.score @ np.linalg.solve(at.information, at.score))
    assert result.table["statistic"][-1] == pytest.approx(statistic, rel=1e-8)
    assert result.table["degrees_of_freedom"][-1] == 2


def test_a_crossing_arm_is_found_and_a_constant_one_is_not() -> None:
    data = crossing(600)
    table = proportionality.test_proportionality(fitted(data, SPEC), data, transform="km").table
    assert table["term"].to_list() == ["arm", "age", "GLOBAL"]
    assert table["p_value"][0] < 1e-4
    assert table["p_value"][1] > 0.05


def test_a_factor_is_tested_as_a_whole_or_by_coefficient() -> None:
    data = crossing()
    fit = fitted(data, CoxSpec(time="day", event="event", terms=("arm", Factor("grade"))))
    whole = proportionality.test_proportionality(fit, data, transform="rank").table
    each = proportionality.test_proportionality(fit, data, transform="rank", by="coefficient").table
    assert whole["degrees_of_freedom"].to_list() == [1, 2, 3]
    assert each["term"].to_list() == ["arm", "grade=moderate", "grade=severe", "GLOBAL"]
    assert whole["statistic"][-1] == pytest.approx(each["statistic"][-1], rel=1e-12)


def test_one_event_time_cannot_show_a_change() -> None:
    data = crossing().with_columns(event=pl.col("event") & (pl.col("day") == 5))
    answer = proportionality.test_proportionality(fitted(data, SPEC), data, transform="identity")
    assert isinstance(answer, NotEstimable)
    assert answer.code == "no_events"


def test_unknown_transforms_and_logarithms_of_day_zero_are_errors() -> None:
    data = crossing().with_columns(day=pl.col("day") - 1)
    fit = fitted(data, SPEC)
    with pytest.raises(SpecificationError, match="unknown transform"):
        proportionality.test_proportionality(fit, data, transform="probit")
    with pytest.raises(SpecificationError, match="no logarithm"):
        proportionality.test_proportionality(fit, data, transform="log")


def test_scaled_residuals_average_to_the_coefficients() -> None:
    data = crossing()
    fit = fitted(data, SPEC)
    residuals = np.array(proportionality.scaled_residuals(fit, data)["residual"].to_list())
    assert residuals.mean(axis=0) == pytest.approx(fit.coefficients, rel=1e-9)


def test_cutting_follow_up_keeps_the_likelihood_and_the_sandwich_by_patient() -> None:
    data = crossing().with_row_index("patient")
    split = split_follow_up(data, time="day", event="event", cuts=[4, 9, 15])
    pieces = CoxSpec(
        time="stop_days", event="has_event", terms=("arm", "age"), entry="start_days", cluster="patient"
    )
    whole = CoxSpec(time="day", event="event", terms=("arm", "age"), cluster="patient")
    first, second = fitted(data, whole), fitted(split, pieces)
    assert second.log_likelihood == pytest.approx(first.log_likelihood, rel=1e-12)
    assert np.array(second.covariance) == pytest.approx(np.array(first.covariance), rel=1e-8)


def test_an_event_on_a_cut_belongs_to_the_earlier_piece() -> None:
    frame = pl.DataFrame({"day": [0, 90, 200], "event": [1, 1, 0]})
    split = split_follow_up(frame, time="day", event="event", cuts=[90, 180])
    assert split.select("start_days", "stop_days", "has_event", "episode").rows() == [
        (-1.0, 0.0, True, 1),
        (0.0, 90.0, True, 1),
        (0.0, 90.0, False, 1),
        (90.0, 180.0, False, 2),
        (180.0, 200.0, False, 3),
    ]


def test_rows_without_time_under_observation_cannot_be_cut() -> None:
    frame = pl.DataFrame({"entry": [5], "day": [5], "event": [1]})
    with pytest.raises(SpecificationError, match="no time under observation"):
        split_follow_up(frame, time="day", event="event", cuts=[3], entry="entry")
