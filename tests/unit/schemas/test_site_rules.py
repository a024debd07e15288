"""Rules about whole sites: one example that passes and one that fails for each, by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from schemas.registry import TABLES
from schemas.rules.catalogue import SITE_CHECKS
from schemas.rules.context import Context
from schemas.rules.site_frames import Scene, SiteFrames

if TYPE_CHECKING:
    from collections.abc import Sequence

    Columns = dict[str, Sequence[object]]
    Tables = dict[str, Columns]

START = date(2022, 1, 3)
N = 40


def frames(tables: Tables, **context: object) -> SiteFrames:
    """Return typed tables with nulls where nothing is given; every row is of site A by default."""
    filled = {}
    for name, table in TABLES.items():
        given = tables.get(name, {})
        height = max((len(values) for values in given.values()), default=0)
        data = {column: given.get(column, [None] * height) for column in table.dtypes}
        frame = pl.DataFrame(data, schema=table.dtypes).with_row_index("at")
        sites = given.get("site_id", ["A"] * height)
        filled[name] = frame.with_columns(pl.Series("site_id", sites, dtype=pl.String))
    unlisted = pl.DataFrame(
        tables.get("unlisted", {}),
        schema={"site_id": pl.String, "table": pl.String, "column": pl.String, "n": pl.Int64},
    )
    scene = Scene(load_date=date(2024, 12, 31), context=Context(**context))
    return SiteFrames(tables=filled, unlisted=unlisted, scene=scene)


def status(rule_id: str, tables: Tables, **context: object) -> set[bool | None]:
    """Return what the rule says of site A, one answer for each column that it measures."""
    (check,) = [check for check in SITE_CHECKS if check.rule_id == rule_id]
    found = check.measure(frames(tables, **context)).filter(pl.col("site_id") == "A")
    return set(found["is_failed"].to_list())


def ids(prefix: str, n: int = N) -> list[str]:
    return [f"{prefix}{number}" for number in range(n)]


def days(n: int = N, *, step: int = 7, start: date = START) -> list[date]:
    return [start + timedelta(days=step * number) for number in range(n)]


SITE: Columns = {"site_id": ["A"], "date_policy": ["actual"], "followup_source": ["active_contact"]}


def procedures(n: int = N, **columns: Sequence[object]) -> Columns:
    base: Columns = {
        "procedure_id": ids("Q", n),
        "patient_id": ids("P", n),
        "procedure_date": days(n),
        "discharge_status": ["alive"] * n,
        "complications_recorded": ["all"] * n,
        "presentation": ["stable_angina"] * n,
    }
    return base | columns


def lesions(n: int = N, **columns: Sequence[object]) -> Columns:
    base: Columns = {
        "lesion_id": ids("L", n),
        "procedure_id": ids("Q", n),
        "calcification_angio": ["severe"] * n,
    }
    return base | columns


def devices(classes: Sequence[str], **columns: Sequence[object]) -> Columns:
    return {"lesion_id": ids("L", len(classes)), "device_class": list(classes)} | columns


def contacts(day: int, n: int = N) -> Columns:
    return {
        "patient_id": ids("P", n),
        "contact_date": [start + timedelta(days=day) for start in days(n)],
        "vital_status": ["alive"] * n,
    }


HALF = [None] * 20 + [1.0] * 20
FULL = [1.0] * N
RA_IVL = ["rotational_atherectomy"] * 20 + ["intravascular_lithotripsy"] * 20
TWO_SITES = ["A"] * 100 + ["B"] * 300


def two_sites(**columns: Sequence[object]) -> Columns:
    return procedures(400, site_id=TWO_SITES, **columns)


def dissections(rows: range) -> Columns:
    return {
        "procedure_id": [f"Q{row}" for row in rows],
        "complication_type": ["dissection"] * len(rows),
        "site_id": [TWO_SITES[row] for row in rows],
    }


CASES: list[tuple[str, Tables, Tables]] = [
    (
        "C11",
        {"imaging": {"calcium_arc_deg": [90.0, 180.0] * 10}},
        {"imaging": {"calcium_arc_deg": [90.0, 175.0] * 10}},
    ),
    (
        "M01",
        {"imaging": {"stage": ["baseline"] * N, "calcium_arc_deg": [200.0] * 31 + [None] * 9}},
        {"imaging": {"stage": ["baseline"] * N, "calcium_arc_deg": [200.0] * 32 + [None] * 8}},
    ),
    (
        "M02",
        {"procedures": procedures(complications_recorded=["all"] * 37 + ["some"] * 3)},
        {"procedures": procedures(complications_recorded=["all"] * 38 + ["some"] * 2)},
    ),
    (
        "M03",
        {"procedures": procedures(lvef_pct=HALF, discharge_status=["dead"] * 20 + ["alive"] * 20)},
        {"procedures": procedures(lvef_pct=HALF, discharge_status=["dead", "alive"] * 20)},
    ),
    (
        "M04",
        {"lesions": lesions(reference_diameter_mm=HALF), "device_uses": devices(RA_IVL)},
        {"lesions": lesions(reference_diameter_mm=FULL), "device_uses": devices(RA_IVL)},
    ),
    (
        "M05",
        {"lesions": lesions(calcification_angio=["severe"] * 35 + ["not_severe"] * 5)},
        {"lesions": lesions(calcification_angio=["severe"] * 36 + ["unknown"] * 4)},
    ),
    (
        "M06",
        {"device_uses": devices(RA_IVL, diameter_mm=FULL, ivl_pulses=[None] * 25 + [80] * 15)},
        {"device_uses": devices(RA_IVL, diameter_mm=FULL, ivl_pulses=[None] * 24 + [80] * 16)},
    ),
    (
        # A gap of 201 days in 40 that span 474: 1 - (1 - exp(-201 x 39 / 474))^39 = 3e-6
        "M08",
        {
            "sites": SITE,
            "procedures": procedures(procedure_date=days(20) + days(20, start=date(2022, 12, 5))),
        },
        {"sites": SITE, "procedures": procedures()},
    ),
    (
        "M09",
        {"sites": SITE, "procedures": procedures(), "follow_up": contacts(22)},
        {"sites": SITE, "procedures": procedures(), "follow_up": contacts(400)},
    ),
    (
        "M10",
        {"sites": SITE, "procedures": procedures(), "follow_up": contacts(320)},
        {"sites": SITE, "procedures": procedures(), "follow_up": contacts(330)},
    ),
    (
        "M11",
        {
            "sites": SITE,
            "procedures": procedures(age_years=[60, 62] * 10 + [80, 82] * 10),
            "follow_up": contacts(400, 20),
        },
        {
            "sites": SITE,
            "procedures": procedures(age_years=[60, 80] * 20),
            "follow_up": contacts(400, 20),
        },
    ),
    (
        # 2022: a procedure every two days; then 3 in the first quarter of 2023 and one that ends the file
        "S01",
        {
            "sites": SITE,
            "procedures": procedures(
                187,
                procedure_date=days(183, step=2, start=date(2022, 1, 1))
                + days(4, step=32, start=date(2023, 1, 9)),
            ),
        },
        {
            "sites": SITE,
            "procedures": procedures(240, procedure_date=days(240, step=2, start=date(2022, 1, 1))),
        },
    ),
    (
        "S02",
        {
            "procedures": procedures(
                240, procedure_date=days(240, step=3), presentation=["stemi"] * 120 + ["nstemi"] * 120
            )
        },
        {
            "procedures": procedures(
                240, procedure_date=days(240, step=3), presentation=["stemi", "nstemi"] * 120
            )
        },
    ),
    (
        # 30 of 300 elsewhere: 0.9^100 = 3e-5
        "S03",
        {"procedures": two_sites(), "complications": dissections(range(370, 400))},
        {"procedures": two_sites(), "complications": dissections(range(99, 400, 10))},
    ),
    (
        # 60 of 400; 15 expected of 100, deviation 3.57: 40 lie 7 above
        "S04",
        {"procedures": two_sites(), "complications": dissections(range(60, 120))},
        {"procedures": two_sites(), "complications": dissections(range(85, 145))},
    ),
    (
        "S05",
        {"lesions": lesions(100, lesion_length_mm=[15.0, 20.0, 25.0, 30.0, 18.0] * 20)},
        {"lesions": lesions(100, lesion_length_mm=[15.0, 21.0, 26.0, 30.0, 18.0] * 20)},
    ),
    (
        "S06",
        {"procedures": procedures(100, lvef_pct=[60.0] * 31 + [float(n) for n in range(69)])},
        {"procedures": procedures(100, lvef_pct=[60.0] * 29 + [float(n) for n in range(100, 171)])},
    ),
    (
        "S08",
        {"sites": SITE, "procedures": procedures(procedure_date=days(start=date(2022, 1, 2)))},
        {"sites": SITE, "procedures": procedures()},
    ),
    (
        "S09",
        {
            "procedures": procedures(operator_id=["X"] * 20 + ["Y"] * 20),
            "lesions": lesions(calcification_angio=["severe", "moderate"] * 10 + ["mild", "none"] * 10),
        },
        {
            "procedures": procedures(operator_id=["X"] * 20 + ["Y"] * 20),
            "lesions": lesions(calcification_angio=["severe", "mild"] * 20),
        },
    ),
    (
        # 10 of 20 contacted died, none of the 20 others: 0.5^20
        "S10",
        {
            "sites": SITE,
            "procedures": procedures(),
            "follow_up": contacts(30, 20),
            "events": {
                "patient_id": ids("P", 10),
                "event_type": ["death"] * 10,
                "event_date": days(10, start=date(2023, 6, 1)),
            },
        },
        {
            "sites": SITE,
            "procedures": procedures(),
            "follow_up": contacts(30, 20),
            "events": {
                "patient_id": ["P0", "P39"],
                "event_type": ["death"] * 2,
                "event_date": days(2, start=date(2023, 6, 1)),
            },
        },
    ),
    (
        "S11",
        {
            "device_uses": devices(["stent"] * 95),
            "unlisted": {"site_id": ["A"], "table": ["device_uses"], "column": ["device_class"], "n": [5]},
        },
        {
            "device_uses": devices(["stent"] * 199),
            "unlisted": {"site_id": ["A"], "table": ["device_uses"], "column": ["device_class"], "n": [1]},
        },
    ),
]


@pytest.mark.parametrize(("rule_id", "bad", "good"), CASES, ids=[case[0] for case in CASES])
def test_a_rule_about_sites_fails_the_bad_example_and_passes_the_good_one(
    rule_id: str, bad: Tables, good: Tables
) -> None:
    assert True in status(rule_id, bad)
    assert False in status(rule_id, good)
    assert True not in status(rule_id, good)


def test_every_rule_about_sites_has_its_examples() -> None:
    assert {case[0] for case in CASES} == {check.rule_id for check in SITE_CHECKS}


@pytest.mark.parametrize("rule_id", [check.rule_id for check in SITE_CHECKS])
def test_nothing_sent_is_no_pass(rule_id: str) -> None:
    assert False not in status(rule_id, {})
    assert True not in status(rule_id, {})


def test_fewer_procedures_than_declared_are_told() -> None:
    tables: Tables = {"procedures": procedures()}
    assert status("M08", tables, declared_volumes={"A": 80}) == {True}
    assert status("M08", tables, declared_volumes={"A": 45}) == {False}


def test_the_past_of_a_site_is_its_history_where_there_is_one() -> None:
    now = frames({"procedures": procedures(120, presentation=["stemi"] * 120)})
    then = frames({"procedures": procedures(120, presentation=["nstemi"] * 120)})
    history = {name: then[name] for name in ("procedures", "lesions", "device_uses")}
    tables: Tables = {"procedures": procedures(120, presentation=["stemi"] * 120)}
    assert now["procedures"].height == 120
    assert True in status("S02", tables, history=history)
