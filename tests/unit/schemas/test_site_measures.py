"""What rules about sites measure, held against tables worked by hand."""

from __future__ import annotations

from math import log

import polars as pl
import pytest

from schemas.rules.distributions import stability_index
from schemas.rules.follow_up_completeness import clark_completeness
from schemas.rules.site_comparison import intraclass_correlation
from schemas.rules.volumes import poisson_at_most


def test_clark_completeness_is_observed_over_potential_time() -> None:
    # Times 180, 12, 240, 250, events 0, 1, 0, 1, horizon 200: 592 of 612 days
    courses = pl.DataFrame(
        {
            "all": ["x"] * 4,
            "group": ["a", "a", "b", "b"],
            "seen": [180, None, 240, None],
            "death": [None, 12, None, 250],
            "reach": [1000] * 4,
        }
    )
    whole = clark_completeness(courses, ["all"], horizon=200)
    assert whole["clark"].to_list() == pytest.approx([0.967320], abs=1e-6)
    groups = clark_completeness(courses, ["group"], horizon=200).sort("group")
    assert groups["clark"].to_list() == pytest.approx([0.905660, 1.0], abs=1e-6)


def test_the_stability_index_is_the_sum_over_classes() -> None:
    # 4 and 15 of 20, each drawn to 19 of 40 by one row: 4.475 / 21 and 15.475 / 21, and the rest
    low, high = 4.475 / 21, 15.475 / 21
    expected = (high - low) * (log(high / low) - log((1 - high) / (1 - low)))
    now = pl.DataFrame({"site_id": ["A"] * 20, "class": ["x"] * 15 + ["y"] * 5})
    then = pl.DataFrame({"site_id": ["A"] * 20, "class": ["x"] * 4 + ["y"] * 16})
    assert stability_index(now, then)["value"].to_list() == pytest.approx([expected])
    assert stability_index(then, then)["value"].to_list() == [0.0]


def test_the_correlation_within_graders_is_that_of_a_hand_worked_table() -> None:
    # Two graders of ten: means 2.5 and 1.5, variances 5/18; between 5, so (5 - 5/18) / (5 + 9 x 5/18) = 17/27
    rows = pl.DataFrame(
        {"by": ["A"] * 20, "grader": ["X"] * 10 + ["Y"] * 10, "grade": [2.0, 3.0] * 5 + [1.0, 2.0] * 5}
    )
    found = intraclass_correlation(rows, by="by", grader="grader")
    assert found["value"].to_list() == pytest.approx([17 / 27])


def test_the_chance_of_few_is_that_of_poisson() -> None:
    assert poisson_at_most(0, 2) == pytest.approx(0.1353353)
    assert poisson_at_most(3, 2) == pytest.approx(0.8571235)
