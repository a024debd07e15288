"""A linked death is set beside the living only as late as these were asked about events."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.cohort.assessment_reach import derive_asked_that_late
from analytics.cohort.eligibility import derive_cohort
from analytics.cohort.endpoints import bundled_endpoints
from analytics.cohort.time_to_event import derive_time_to_event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analytics.cohort.tables import RegistryTables


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


@pytest.mark.parametrize(
    ("further", "expected"),
    [
        ([], (500, 1)),
        # lost at the contact of a year: the living who are lost then leave on day 180
        ([(365, "lost", "telephone")], (180, 0)),
        # found again by the assessed contact, or lost only when dead
        ([(100, "lost", "telephone")], (500, 1)),
        ([(600, "lost", "telephone")], (500, 1)),
        # the living who are lost come back when a contact finds them, and so do the dead
        ([(365, "lost", "telephone"), (700, "dead", "telephone")], (500, 1)),
    ],
)
def test_a_linked_death_of_somebody_lost_does_not_count(
    registry: Callable[..., RegistryTables], further: list[tuple[int, str, str]], expected: tuple[int, int]
) -> None:
    def on(number: int) -> dt.date:
        return dt.date(2020, 1, 1) + dt.timedelta(days=number)

    rows = [("P", 180, "alive", "telephone"), *(("P", *row) for row in further)]
    rows += [(name, number, "alive", "telephone") for name in ("L1", "L2") for number in (365, 730)]
    tables = registry(
        sites=[{"followup_source": "mixed", "data_cutoff_date": on(2000)}],
        procedures=[
            {"procedure_id": f"{name}-1", "patient_id": name, "procedure_date": on(0)}
            for name in ("P", "L1", "L2")
        ],
        follow_up=[
            {
                "patient_id": name,
                "contact_date": on(number),
                "vital_status": status,
                "contact_method": method,
                "nonfatal_events_assessed": status == "alive",
            }
            for name, number, status, method in rows
        ],
        events=[{"patient_id": "P", "event_type": "death", "event_date": on(500), "adjudication": "linkage"}],
    )
    found = derive_time_to_event(derive_cohort(tables), tables, bundled_endpoints()["mace_d"])
    assert found.filter(pl.col("patient_id") == "P").select("time_days", "cause").row(0) == expected
