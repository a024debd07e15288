"""One specification and one frame in, results out; numbers by hand."""

import math
from typing import Any

import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.estimation.running import estimate
from analytics.estimation.specification import parse_specification
from analytics.survival.results import CoxFit, CumulativeIncidence, EventCurve, HorizonRisk, NotEstimable

# Two groups of four: a has events on days 10 and 20, b one on day 10; the rest are followed to day 40.
ROWS = pl.DataFrame(
    {
        "time_days": [10, 20, 40, 40, 10, 40, 40, 40],
        "cause": [1, 1, 0, 0, 1, 0, 0, 0],
        "arm": ["a", "a", "a", "a", "b", "b", "b", "b"],
        "x": [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0],
    },
    schema_overrides={"cause": pl.Int8},
)


def _spec(estimator: str, **parts: Any) -> Any:  # noqa: ANN401 - a specification in the making
    head = {"name": "t", "estimator": estimator, "horizons_days": [30], **parts.pop("analysis", {})}
    return parse_specification({"analysis": head, **parts}, where="test")


def test_curves_come_in_the_order_of_the_levels() -> None:
    results = estimate(
        ROWS, _spec("kaplan_meier", groups={"by": "arm", "levels": ["b", "a"]}), causes=("event",)
    )
    assert [curve.group for curve in results.curves] == ["b", "a"]
    assert all(isinstance(curve, EventCurve) for curve in results.curves)
    risks = [risk for risk in results.risks if isinstance(risk, HorizonRisk)]
    assert [risk.risk for risk in risks] == [0.25, 0.5]
    assert [(risk.n_event, risk.basis.n) for risk in risks] == [(1, 4), (2, 4)]


def test_log_rank_equals_the_hand_count() -> None:
    test = estimate(ROWS, _spec("log_rank", groups={"by": "arm"}), causes=("event",)).tests[0]
    assert not isinstance(test, NotEstimable)
    # Day 10: 8 at risk, 4 in a, 2 events: expected 1, variance 2 (4/8) (4/8) (6/7).
    # Day 20: 6 at risk, 3 in a, 1 event: expected 1/2, variance 1/4.
    expected, variance = 1 + 0.5, 2 * 0.25 * 6 / 7 + 0.25
    assert test.statistic == pytest.approx((2 - expected) ** 2 / variance, rel=1e-12)


def test_kaplan_meier_is_not_offered_where_death_competes() -> None:
    results = estimate(ROWS, _spec("kaplan_meier"), causes=("tvr", "death"))
    assert [curve.code for curve in results.curves if isinstance(curve, NotEstimable)] == ["competing_events"]


def test_cumulative_incidence_names_its_causes() -> None:
    rows = ROWS.with_columns(cause=pl.Series([1, 2, 0, 0, 1, 0, 0, 0], dtype=pl.Int8))
    results = estimate(rows, _spec("aalen_johansen"), causes=("tvr", "death"))
    (curve,) = results.curves
    assert isinstance(curve, CumulativeIncidence)
    assert curve.causes == ("tvr", "death")
    (risk,) = results.risks
    assert isinstance(risk, HorizonRisk)
    assert risk.risk == pytest.approx(2 / 8)


def test_a_landmark_leaves_out_what_happened_before_it() -> None:
    spec = _spec("kaplan_meier", analysis={"landmark_days": 15, "horizons_days": [20]}, groups={"by": "arm"})
    results = estimate(ROWS, spec, causes=("event",))
    risks = [risk for risk in results.risks if isinstance(risk, HorizonRisk)]
    assert results.n_rows == 6
    assert [(risk.n_event, risk.basis.n) for risk in risks] == [(1, 3), (0, 3)]


def test_rows_without_a_group_are_counted_and_left_out() -> None:
    rows = ROWS.with_columns(arm=pl.Series(["a", None, "a", "a", "b", "b", "b", "b"]))
    results = estimate(rows, _spec("kaplan_meier", groups={"by": "arm"}), causes=("event",))
    assert (results.n_rows, results.n_incomplete) == (7, 1)


def test_a_proportion_needs_status_but_not_days() -> None:
    rows = ROWS.with_columns(time_days=pl.lit(30), time_is_exact=pl.col("cause") == 0)
    curve = estimate(rows, _spec("kaplan_meier"), causes=("death",)).curves[0]
    assert isinstance(curve, NotEstimable)
    assert curve.code == "event_times_unknown"
    (risk,) = estimate(rows, _spec("proportion"), causes=("death",)).risks
    assert isinstance(risk, HorizonRisk)
    # Wilson for 3 of 8, z = 1.959964.
    z2 = 1.959963984540054**2
    centre = (3 + z2 / 2) / (8 + z2)
    half = math.sqrt(z2) / (8 + z2) * math.sqrt(3 * 5 / 8 + z2 / 4)
    assert (risk.risk, risk.lower, risk.upper) == pytest.approx(
        (0.375, centre - half, centre + half), rel=1e-12
    )


def test_a_cox_model_reads_factors_and_interactions() -> None:
    rows = pl.concat([ROWS, ROWS.with_columns(time_days=pl.col("time_days") + 1), ROWS])
    model = {"term": [{"column": "arm", "reference": "b", "levels": ["b", "a"]}, {"column": "x"}]}
    results = estimate(rows, _spec("cox", model=model), causes=("event",))
    assert isinstance(results.fit, CoxFit)
    assert results.fit.terms == ("arm=a", "x")
    assert results.fit.basis.n_events == 9


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"groups": {"by": "absent"}}, "no column absent in the data"),
        ({"model": {"term": [{"column": "arm"}, {"interaction": ["arm", "x"]}]}}, "two terms given before"),
    ],
)
def test_an_impossible_specification_is_refused(parts: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        estimate(ROWS, _spec("cox", **parts), causes=("event",))
    assert words in str(caught.value)
