"""Columns that cannot bear what a component asks of them are refused before anything is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analytics.claims.column_checks import check_columns
from analytics.claims.hypothesis import Limits
from analytics.claims.selection import select_population
from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Callable

    Maker = Callable[..., Any]

NO_GROUPS: dict[str, object] = {"kind": "odds_ratio", "exposed": (), "comparator": ()}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"outcome": "happiness"}, "procedures have no column 'happiness'"),
        ({"outcome": "severity_group"}, "'severity_group' holds text, not yes or no"),
        ({"outcome": "age_years"}, "'age_years' holds numbers, not yes or no"),
        ({"kind": "mean_difference"}, "'any_immediate' holds yes or no, not numbers"),
        (NO_GROUPS, "'severity_group' holds text, not numbers"),
        ({"exposed": (3,)}, "'severity_group' holds text, not numbers"),
        ({"where": (("age_years", ("old",)),)}, "'age_years' holds numbers, not text"),
        ({"where": (("severity_group", Limits(1, 2)),)}, "'severity_group' holds text, not numbers"),
        ({"where": (("any_immediate", (1,)),)}, "'any_immediate' holds yes or no, not numbers"),
    ],
)
def test_a_column_of_another_kind_is_named(
    groups: Maker, part: Maker, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(SpecificationError, match=words):
        check_columns(groups(5, 1, 5, 1), part(**changes))


def test_columns_that_fit_pass(groups: Maker, part: Maker) -> None:
    fitting = part(where=(("age_years", Limits(70, None)), ("severity_group", ("severe", "none_mild"))))
    # Ages run from 60 on, one year each: none of the ten is 70.
    assert select_population(groups(5, 1, 5, 1), fitting).is_empty()
    assert select_population(groups(5, 1, 5, 1), part()).height == 10
