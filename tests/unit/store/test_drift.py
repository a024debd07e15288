"""Drift by site and month: shares, numbers and mixes against the past and the other sites, by hand."""

from __future__ import annotations

from datetime import date
from math import log

import polars as pl
import pytest

from analytics.drift.months import DRIFT_SCHEMA, derive_drift
from schemas.registry import TABLES


def registry(rows: list[tuple[str, date, float | None, str]]) -> dict[str, pl.DataFrame]:
    """Return tables of procedures given as site, date, ejection fraction and presentation."""
    names = ("site_id", "procedure_date", "lvef_pct", "presentation")
    given = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    given |= {"procedure_id": [f"Q{number}" for number in range(len(rows))]}
    columns = TABLES["procedures"].dtypes
    procedures = pl.DataFrame({name: given.get(name, [None] * len(rows)) for name in columns}, schema=columns)
    sites = sorted({row[0] for row in rows})
    policies = ["relative" if site == "R" else "actual" for site in sites]
    empty = {name: table.empty() for name, table in TABLES.items()}
    return empty | {
        "procedures": procedures,
        "sites": pl.DataFrame({"site_id": sites, "date_policy": policies}),
    }


def month(number: int) -> date:
    return date(2022 + number // 12, number % 12 + 1, 15)


def line(drift: pl.DataFrame, column: str, measure: str, versus: str) -> tuple[object, ...]:
    last = drift.filter((pl.col("site_id") == "A") & (pl.col("month") == date(2023, 1, 1)))
    found = last.filter(column=column, measure=measure, versus=versus)
    (row,) = found.select("value", "reference", "n", "flag").rows()
    return row


def year(
    n: int, *, lvef: float | None = 50.0, presentation: str = "stemi"
) -> list[tuple[str, date, float | None, str]]:
    return [("A", month(number), lvef, presentation) for number in range(12) for _ in range(n)]


def test_a_month_of_empty_cells_is_flagged_against_the_past_and_the_other_sites() -> None:
    now = [("A", month(12), None if row < 15 else 50.0, "stemi") for row in range(20)]
    others = [("B", month(12), 50.0, "stemi")] * 30
    drift = derive_drift(registry(year(20) + now + others))
    assert dict(drift.schema) == {name: dtype() for name, dtype in DRIFT_SCHEMA.items()}
    for versus in ("own_history", "other_sites"):
        assert line(drift, "procedures.lvef_pct", "completeness", versus) == (0.25, 1.0, 20, "alert")


def test_the_past_is_the_twelve_months_before() -> None:
    long_ago = [("A", date(2021, 12, 15), None, "stemi")] * 240
    drift = derive_drift(registry(long_ago + year(20) + [("A", month(12), 50.0, "stemi")] * 20))
    assert line(drift, "procedures.lvef_pct", "completeness", "own_history") == (1.0, 1.0, 20, "ok")


def test_few_rows_say_nothing() -> None:
    drift = derive_drift(registry(year(20) + [("A", month(12), None, "stemi")] * 19))
    assert line(drift, "procedures.lvef_pct", "completeness", "own_history")[3] == "too_few"


@pytest.mark.parametrize(("n", "flag"), [(20, "ok"), (6, "alert"), (38, "alert"), (8, "ok")])
def test_a_number_of_procedures_is_held_against_the_poisson_law(n: int, flag: str) -> None:
    # Mean 20: twice P(X <= 6) = 0.0005, twice P(X <= 8) = 0.0042, twice P(X >= 38) = 0.0003
    drift = derive_drift(registry(year(20) + [("A", month(12), 50.0, "stemi")] * n))
    assert line(drift, "procedures", "volume", "own_history") == (n, 20.0, n, flag)


def test_a_month_without_procedures_has_its_line() -> None:
    rows = year(20) + [("A", month(13), 50.0, "stemi")] * 20
    assert line(derive_drift(registry(rows)), "procedures", "volume", "own_history") == (
        0.0,
        20.0,
        0,
        "alert",
    )


def test_a_changed_mix_has_its_index() -> None:
    # 12 of 20 now, 24 of 240 then, each drawn to 36 of 260 by one row
    now_share, then_share = (12 + 36 / 260) / 21, (24 + 36 / 260) / 241
    ratio = log(now_share / then_share) - log((1 - now_share) / (1 - then_share))
    past = year(18) + year(2, presentation="nstemi")
    now = [("A", month(12), 50.0, "nstemi")] * 12 + [("A", month(12), 50.0, "stemi")] * 8
    found = line(
        derive_drift(registry(past + now)), "procedures.presentation", "stability_index", "own_history"
    )
    assert found[0] == pytest.approx((now_share - then_share) * ratio)
    assert found[1:] == (0.25, 20, "alert")


def test_a_site_without_calendar_dates_has_no_months() -> None:
    drift = derive_drift(registry([("R", month(0), 50.0, "stemi")] * 20))
    assert drift.is_empty()
