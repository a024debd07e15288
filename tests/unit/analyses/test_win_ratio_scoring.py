"""A specification says how pairs that censoring leaves open are scored."""

from typing import Any

import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.estimation.answer_tables import hierarchy_table
from analytics.estimation.running import estimate
from analytics.estimation.specification import Specification, parse_specification
from analytics.survival.results_win_ratio import WinRatio

# a leaves on days 3 and 9 and dies on 2 and 5; b dies on 4 and 6: scored by hand with the estimator's tests.
ROWS = pl.DataFrame(
    {
        "arm": ["a"] * 4 + ["b"] * 2,
        "time_days": [2, 3, 5, 9, 4, 6],
        "cause": [1, 0, 1, 0, 1, 1],
    }
).with_columns(outcome_1_days="time_days", outcome_1_event=pl.col("cause") == 1)


def _spec(**outcome: Any) -> Specification:  # noqa: ANN401 - any value a file may hold
    data = {
        "analysis": {"name": "test", "estimator": "win_ratio"},
        "outcome": outcome,
        "groups": {"by": "arm", "levels": ["a", "b"], "labels": ["a", "b"]},
    }
    return parse_specification(data, where="test")


def test_pairs_are_scored_by_the_rule_that_is_named() -> None:
    found = {
        rule: estimate(ROWS, _spec(scoring=rule), causes=("death",)).win_ratio for rule in ("gehan", "peron")
    }
    plain, scored = found["gehan"], found["peron"]
    assert isinstance(plain, WinRatio)
    assert isinstance(scored, WinRatio)
    assert plain.table.select("n_win", "n_loss").row(0) == (3, 3)
    assert scored.table.select("n_win", "n_loss").row(0) == pytest.approx((4.5, 3.5))
    assert "Peron" in scored.basis.method
    assert hierarchy_table(scored).rows[0][1:] == ("8", "4", "4", "0")


def test_a_rule_that_is_not_offered_is_refused() -> None:
    with pytest.raises(SpecificationError, match="'scoring' is none of gehan, peron"):
        _spec(scoring="finkelstein")
