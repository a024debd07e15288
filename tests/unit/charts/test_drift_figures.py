"""Panels of drift, and the table of months that stand out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from analytics.charts.drift import MOST_PANELS, drift_chart
from analytics.charts.export import render_svg
from analytics.report.drift_table import MOST_ALERTS, drift_alerts_table, drift_choices

SCHEMA = {
    "site_id": pl.String, "month": pl.Date, "column": pl.String, "measure": pl.String, "versus": pl.String,
    "value": pl.Float64, "reference": pl.Float64, "n": pl.Int64, "flag": pl.String,
}  # fmt: skip
LVEF = "procedures.lvef_pct"


def month(number: int) -> dt.date:
    return dt.date(2024, number, 1)


def drift(*rows: tuple[Any, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def filled(site: str, number: int, versus: str, reference: float, flag: str) -> tuple[Any, ...]:
    return site, month(number), LVEF, "completeness", versus, 0.5, reference, 40, flag


def volume(site: str, number: int, n: int, flag: str) -> tuple[Any, ...]:
    return site, month(number), "procedures", "volume", "own_history", float(n), 20.0, n, flag


def values(spec: dict[str, Any], panel: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = spec["concat"][panel]["data"]["values"]
    return found


def test_a_month_is_drawn_once_with_both_references_in_percent() -> None:
    rows = drift(filled("S1", 1, "own_history", 0.9, "ok"), filled("S1", 1, "other_sites", 0.8, "alert"))
    lines = {
        row["series"]: (row["y"], row["flag"])
        for row in values(drift_chart(rows, column=LVEF, measure="completeness"))
    }
    # The graver of the two verdicts stands on the value; references carry none.
    assert lines == {
        "this site": (50.0, "alert"),
        "its twelve months before": (90.0, None),
        "the other sites": (80.0, None),
    }


def test_each_site_has_a_panel_and_the_text_names_those_that_stand_out() -> None:
    rows = drift(volume("S2", 1, 3, "alert"), volume("S1", 1, 20, "ok"), volume("S1", 2, 21, "too_few"))
    spec = drift_chart(rows, column="procedures", measure="volume")
    assert [panel["title"]["text"] for panel in spec["concat"]] == ["S1", "S2"]
    assert spec["description"].endswith("for 2 sites, month by month. 1 months stand out at S2.")
    assert render_svg(spec).startswith("<svg")


def test_the_index_of_a_few_rows_is_not_drawn() -> None:
    def index(site: str, flag: str) -> tuple[Any, ...]:
        return site, month(1), LVEF, "stability_index", "own_history", 2.0, 0.25, 5, flag

    spec = drift_chart(
        drift(index("S1", "too_few"), index("S2", "ok")), column=LVEF, measure="stability_index"
    )
    assert [panel["title"]["text"] for panel in spec["concat"]] == ["S2"]
    assert "1 sites have too few rows" in " ".join(spec["title"]["subtitle"])


def test_of_many_sites_those_with_alerts_come_first() -> None:
    sites = [volume(f"S{n:02}", 1, 20, "alert" if n == 30 else "ok") for n in range(1, 31)]
    spec = drift_chart(drift(*sites), column="procedures", measure="volume")
    assert len(spec["concat"]) == MOST_PANELS
    assert spec["concat"][0]["title"]["text"] == "S30"


@pytest.mark.parametrize("column", ["procedures", "absent"])
def test_no_rows_give_a_figure_without_panels(column: str) -> None:
    assert drift_chart(drift(), column=column, measure="volume")["concat"] == []


def test_the_table_says_what_was_found_and_expected() -> None:
    rows = drift(
        volume("S1", 1, 3, "alert"), volume("S1", 2, 20, "ok"), filled("S2", 3, "other_sites", 0.9, "alert")
    )
    assert drift_alerts_table(rows).rows == (
        ("2024-03", "S2", f"Filled cells, %: {LVEF}", "the other sites that month", "50 %", "90 %", "40"),
        ("2024-01", "S1", "Procedures a month", "its twelve months before", "3", "20", "3"),
    )


def test_a_long_table_says_how_much_it_leaves_out() -> None:
    rows = [volume(f"S{n:03}", 1, 3, "alert") for n in range(MOST_ALERTS + 2)]
    table = drift_alerts_table(drift(*rows))
    assert len(table.rows) == MOST_ALERTS
    assert table.caption.endswith("(2 earlier ones not shown)")


def test_measures_with_months_that_stand_out_are_offered_first() -> None:
    rows = drift(
        volume("S1", 1, 20, "ok"),
        filled("S1", 1, "own_history", 0.9, "alert"),
        ("S1", month(1), "lesions.vessel", "completeness", "own_history", 1.0, 1.0, 9, "ok"),
    )
    assert drift_choices(rows) == [
        (LVEF, "completeness"), ("procedures", "volume"), ("lesions.vessel", "completeness")
    ]  # fmt: skip
