"""Each page shows numbers that a hand count of the rows gives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest


class Rows(Protocol):
    """The rows behind the snapshot."""

    procedures: list[dict[str, Any]]
    times: list[dict[str, Any]]


PAGES = ("overview", "complications", "survival", "imaging", "data-quality", "methods")


def words(app: AppTest) -> str:
    shown = [*app.markdown, *app.title, *app.subheader, *app.warning, *app.info, *app.error, *app.metric]
    return "\n".join(f"{getattr(item, 'label', '')} {item.value}" for item in shown)


def table(app: AppTest, key: str) -> list[dict[str, Any]]:
    found = [item for item in app.dataframe if item.proto.id.endswith(key) or key in item.proto.id]
    return found[0].value.to_dict("records")


def charts(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(item.proto.spec) for item in app.get("vega_lite_chart")]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_its_snapshot_and_gives_no_advice(
    open_app: Callable[..., AppTest], page: str
) -> None:
    app = open_app(page)
    assert not app.exception
    assert not app.error
    assert "Snapshot 000001-" in words(app)
    assert "It gives no advice on one patient's care." in words(app)
    assert "procedures to 2023-06-30" in words(app)
    assert app.info[0].value == "Made for a test."
    assert "360 index procedures" in words(app)


def test_overview_tiles_equal_a_hand_count(open_app: Callable[..., AppTest], snapshot: Rows) -> None:
    app = open_app()
    recorded = [i for i, row in enumerate(snapshot.procedures) if row["complications_recorded"] == "all"]
    perforated = sum(i % 30 == 2 for i in recorded)
    events = sum(
        row["endpoint"] == "mace_d" and row["cause"] == 1 and row["time_days"] <= 365
        for row in snapshot.times
    )
    at_risk = sum(row["endpoint"] == "mace_d" and row["time_days"] >= 365 for row in snapshot.times)
    assert app.metric[0].value == "360"
    assert f"{perforated}/{len(recorded)} procedures" in words(app)
    assert f"{events}/360 patients; {at_risk} still at risk" in words(app)


def test_case_mix_counts_devices_by_grade(open_app: Callable[..., AppTest], snapshot: Rows) -> None:
    expected = sum(
        row["strategy_intended"] == "nc_balloon" and row["severity"] == "severe"
        for row in snapshot.procedures
    )
    rows = open_app().dataframe[0].value.to_dict("records")
    mix = {row["Device strategy"]: row for row in rows}
    assert mix["Non-compliant balloon"]["Severe"] == str(expected)
    assert mix["All strategies"]["All grades"] == "360"


def test_filter_in_the_link_chooses_the_cohort(open_app: Callable[..., AppTest], snapshot: Rows) -> None:
    app = open_app("overview", dev="IVL", cal="severe")
    expected = sum(
        row["strategy_intended"] == "intravascular_lithotripsy" and row["severity"] == "severe"
        for row in snapshot.procedures
    )
    assert app.metric[0].value == str(expected)
    assert "Intravascular lithotripsy" in words(app)
    assert not app.warning


def test_complication_table_equals_a_hand_count(open_app: Callable[..., AppTest], snapshot: Rows) -> None:
    app = open_app("complications", comp="perforation_any", unit="procedure")
    group = [
        i
        for i, row in enumerate(snapshot.procedures)
        if row["strategy_intended"] == "rotational_atherectomy"
        and row["severity"] == "severe"
        and row["complications_recorded"] == "all"
    ]
    k = sum(i % 30 == 2 for i in group)
    rows = app.dataframe[0].value.to_dict("records")
    found = [
        row
        for row in rows
        if (row["Device strategy"], row["Calcification"]) == ("Rotational atherectomy", "Severe")
    ]
    assert found[0]["k/n"] == f"{k}/{len(group)}"


def test_lesions_can_be_counted_instead_of_procedures(
    open_app: Callable[..., AppTest], snapshot: Rows
) -> None:
    app = open_app("complications", comp="perforation_any", unit="lesion")
    recorded = [i for i, row in enumerate(snapshot.procedures) if row["complications_recorded"] == "all"]
    margins = [row for row in rate_rows(app) if row["Calcification"] == "All grades"]
    assert added_counts(margins) == (sum(i % 30 == 2 for i in recorded), 2 * len(recorded))


def test_a_unit_that_does_not_exist_is_the_usual_one(open_app: Callable[..., AppTest]) -> None:
    strange = open_app("complications", comp="perforation_any", unit="hospital")
    lesions = open_app("complications", comp="perforation_any", unit="lesion")
    assert rate_rows(strange) == rate_rows(lesions)


def test_patients_can_be_counted(open_app: Callable[..., AppTest], snapshot: Rows) -> None:
    # Every patient of this registry has one procedure.
    patients = open_app("complications", comp="perforation_any", unit="patient")
    procedures = open_app("complications", comp="perforation_any", unit="procedure")
    counts = [row["k/n"] for row in rate_rows(patients)]
    assert counts == [row["k/n"] for row in rate_rows(procedures)]
    recorded = [row for row in snapshot.procedures if row["complications_recorded"] == "all"]
    margins = [row for row in rate_rows(patients) if row["Calcification"] == "All grades"]
    assert added_counts(margins)[1] == len(recorded)


def test_every_complication_stands_in_the_overview_by_its_own_unit(open_app: Callable[..., AppTest]) -> None:
    app = open_app("complications", comp="perforation_any")
    units = {row["Complication"]: row["Unit"] for row in app.dataframe[-1].value.to_dict("records")}
    assert (units["Perforation, any"], units["AV block"]) == ("lesion", "procedure")
    assert "Dissection, type A" not in units


def test_crude_differences_stand_beside_standardised_ones(open_app: Callable[..., AppTest]) -> None:
    app = open_app("complications", comp="perforation_any")
    compared = next(
        frame.value for frame in app.dataframe if "Crude difference, points" in frame.value.columns
    )
    assert "Standardised difference, points" in compared.columns
    assert all(compared["Standardised difference, points"] != "")


def rate_rows(app: AppTest) -> list[dict[str, str]]:
    """Rows of the table of rates."""
    rows: list[dict[str, str]] = app.dataframe[0].value.to_dict("records")
    return rows


def added_counts(rows: list[dict[str, str]]) -> tuple[int, int]:
    """Events and units of rows together."""
    counts = [row["k/n"].replace(",", "").split("/") for row in rows]
    return sum(int(k) for k, _ in counts), sum(int(n) for _, n in counts)


def test_burr_entrapment_without_a_burr_is_not_a_zero(open_app: Callable[..., AppTest]) -> None:
    app = open_app("complications", comp="burr_entrapment")
    # Notes are sentences, so that the table wraps.
    rows = app.table[0].value.to_dict("records")
    lithotripsy = [row for row in rows if row["Device strategy"] == "Intravascular lithotripsy"]
    assert {row["Rate (95 % interval)"] for row in lithotripsy} == {"n/a (no burr)"}
    assert {row["k/n"] for row in lithotripsy} == {""}


def test_survival_page_shows_composition_and_risks(open_app: Callable[..., AppTest], snapshot: Rows) -> None:
    app = open_app("survival", ep="mace_d", by="severity")
    severe = {row["procedure_id"] for row in snapshot.procedures if row["severity"] == "severe"}
    events = sum(
        row["endpoint"] == "mace_d"
        and row["procedure_id"] in severe
        and row["cause"] == 1
        and row["time_days"] <= 30
        for row in snapshot.times
    )
    rows = app.dataframe[0].value.to_dict("records")
    found = [row for row in rows if (row["Group"], row["By"]) == ("Severe", "30 days")]
    assert found[0]["Events/patients"] == f"{events}/{len(severe)}"
    assert "Death from any cause" in words(app)
    assert "log-rank" in words(app).lower()
    assert len(charts(app)) == 2


def test_competing_death_gives_a_cumulative_incidence(open_app: Callable[..., AppTest]) -> None:
    spec = charts(open_app("survival", ep="mi", by="severity"))[0]
    assert "death competes" in json.dumps(spec["title"])


def test_late_window_keeps_only_those_who_reached_it(
    open_app: Callable[..., AppTest], snapshot: Rows
) -> None:
    app = open_app("survival", ep="mace_d", by="severity", win="late")
    mild = {row["procedure_id"] for row in snapshot.procedures if row["severity"] == "mild"}
    reached = sum(
        row["endpoint"] == "mace_d" and row["procedure_id"] in mild and row["time_days"] > 30
        for row in snapshot.times
    )
    rows = app.dataframe[0].value.to_dict("records")
    assert rows[0]["Events/patients"].endswith(f"/{reached}")


def test_data_quality_grid_prints_the_filled_share(open_app: Callable[..., AppTest]) -> None:
    spec = charts(open_app("data-quality"))[0]
    cells = {(cell["field"], cell["site"]): cell["count"] for cell in spec["layer"][0]["data"]["values"]}
    # Every fourth procedure lacks its ejection fraction, and every fourth belongs to site S1.
    assert cells[("lvef_pct", "S1")] == "0/90"
    assert cells[("lvef_pct", "S2")] == "90/90"


def test_data_quality_names_the_months_in_which_a_site_stands_out(open_app: Callable[..., AppTest]) -> None:
    app = open_app("data-quality")
    assert app.dataframe[1].value.to_dict("records") == [
        {
            "Month": "2023-05", "Site": "S1", "What": "Procedures a month",
            "Held against": "its twelve months before", "Found": "3", "Expected": "17.5",
            "Rows that month": "3",
        }
    ]  # fmt: skip
    assert [panel["title"]["text"] for panel in charts(app)[1]["concat"]] == ["S1", "S2"]


def test_methods_page_names_every_endpoint_with_its_composition(open_app: Callable[..., AppTest]) -> None:
    rows = open_app("methods").table[0].value.to_dict("records")
    assert len(rows) == 3
    assert all(row["Composition"] for row in rows)


def test_every_chart_has_a_text_alternative(open_app: Callable[..., AppTest]) -> None:
    app = open_app("survival")
    assert [len(item.proto.alt) > 40 for item in app.get("vega_lite_chart")] == [True, True]
