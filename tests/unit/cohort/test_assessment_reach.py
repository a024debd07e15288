"""A linked death is set beside the living only as late as these were asked about events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.cohort.assessment_reach import derive_asked_that_late

if TYPE_CHECKING:
    from collections.abc import Sequence


def asked_that_late(death: int, living: Sequence[tuple[int, int | None]], *, site: str = "A") -> bool:
    """Patient D dies on day `death`; the others were asked until a day and are vouched for until another."""
    rows = [("D", "A", 0, death, 30, 5000), *((f"L{n}", site, 0, None, *row) for n, row in enumerate(living))]
    columns = ["procedure_id", "site_id", "procedure_day", "death_day", "asked_until", "limit"]
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    return bool(derive_asked_that_late(frame).item(0, "asked_that_late"))


@pytest.mark.parametrize(
    ("death", "living", "expected"),
    [
        (200, [(365, 5000), (365, 5000)], True),
        (365, [(365, 5000)], True),
        (366, [(365, 5000)], False),
        (1000, [(365, 5000), (365, 5000)], False),
        # half of them is enough, less is not
        (200, [(365, 5000), (30, 5000)], True),
        (200, [(365, 5000), (30, 5000), (30, 5000)], False),
        # those who could not be followed so long, with a contact window, say nothing
        (200, [(365, 5000), (30, 259), (30, 259)], True),
        (200, [(365, 5000), (30, 260), (30, 260)], False),
        (200, [(365, None)], True),
        # nobody to compare with
        (200, [], False),
    ],
)
def test_half_of_the_comparable_living_must_have_been_asked(
    death: int, living: list[tuple[int, int | None]], *, expected: bool
) -> None:
    assert asked_that_late(death, living) is expected


def test_living_of_another_site_say_nothing() -> None:
    assert not asked_that_late(200, [(365, 5000)], site="B")


def test_patient_who_died_before_is_no_comparison() -> None:
    rows = [("D", "A", 0, 200, 30, 5000), ("E", "A", 0, 199, 199, 5000), ("F", "A", 0, 201, 201, 5000)]
    columns = ["procedure_id", "site_id", "procedure_day", "death_day", "asked_until", "limit"]
    found = derive_asked_that_late(pl.DataFrame(rows, schema=columns, orient="row"))
    assert dict(found.rows()) == {"D": True, "E": True, "F": False}
