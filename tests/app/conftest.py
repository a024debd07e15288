"""A small snapshot whose counts can be made by hand, and the dashboard run on it without a browser."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import dashboard
from analytics.cohort.endpoints import bundled_endpoints
from analytics.complications.definitions import COMPLICATIONS
from analytics.store.connection import open_for_loading
from analytics.store.engine import registered, run
from analytics.store.publishing import publish_snapshot
from analytics.store.statements import quote_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

APP = Path(dashboard.__file__).parent / "app.py"
GRADES = ("mild", "moderate", "severe")
DEVICES = ("rotational_atherectomy", "intravascular_lithotripsy", "nc_balloon")
N = 360
RISK = {"mild": 10, "moderate": 7, "severe": 4}
"""One procedure in so many has an event; one in twice as many loses follow-up early."""


@dataclass(frozen=True)
class Snapshot:
    """Where the snapshots lie, and the rows that they were made from."""

    folder: Path
    procedures: list[dict[str, Any]]
    times: list[dict[str, Any]]


def procedure(i: int) -> dict[str, Any]:
    grade, device = GRADES[i % 3], DEVICES[(i // 3) % 3]
    rows: dict[str, Any] = {
        "procedure_id": f"p{i:03d}", "patient_id": f"pat{i:03d}", "site_id": f"S{i % 4 + 1}",
        "procedure_year": 2019 + i % 5, "procedure_date": dt.date(2019 + i % 5, 6, 30),
        "procedure_day": 18000 + i, "is_index": True,
        "severity": grade, "severity_angiography": grade, "severity_ivus": None, "severity_oct": None,
        "strategy_intended": device, "strategy_as_treated": device, "presentation": "stable_angina",
        "presentation_group": "chronic" if i % 2 else "acute", "age_years": 50 + i % 40,
        "n_lesions": 1 + i % 2,
        "complications_recorded": "none" if i % 10 == 9 else "all", "devices_recorded": True,
        "used_rotational_atherectomy": device == "rotational_atherectomy", "used_orbital_atherectomy": False,
        "used_intravascular_lithotripsy": device == "intravascular_lithotripsy", "used_elca": False,
        "used_balloon": device != "rotational_atherectomy", "used_stent": True,
    }  # fmt: skip
    return rows


def complications(row: dict[str, Any], i: int) -> dict[str, bool]:
    flags = dict.fromkeys(COMPLICATIONS, False)
    flags["perforation_any"] = i % 30 == 2
    flags["burr_entrapment"] = row["used_rotational_atherectomy"] and i % 90 == 0
    return flags


def outcome(row: dict[str, Any], i: int, endpoint: str) -> dict[str, Any]:
    every = RISK[row["severity"]]
    if i % every == 0:
        time, cause = (i * 7) % 1000, 1
    elif i % (2 * every) == 1 and endpoint != "all_cause_death":
        time, cause = (i * 5) % 1100, 2
    else:
        time, cause = 400 + (i * 11) % 1200, 0
    if not bundled_endpoints()[endpoint].competing and cause == 2:
        cause = 0
    return {"endpoint": endpoint, "procedure_id": row["procedure_id"], "patient_id": row["patient_id"],
            "site_id": row["site_id"], "time_days": time, "cause": cause,
            "component": "death" if cause == 1 else None, "time_is_exact": True,
            "in_hospital": cause == 1 and time < 4}  # fmt: skip


def publish(folder: Path, rows: list[dict[str, Any]], times: list[dict[str, Any]]) -> Path:
    store = folder / "registry.duckdb"
    canonical = {
        "sites": pl.DataFrame({"site_id": ["S1", "S2", "S3", "S4"], "country": ["GB", None, "GB", "GB"]}),
        "patients": pl.DataFrame(
            {"patient_id": [row["patient_id"] for row in rows], "site_id": [row["site_id"] for row in rows]}
        ),
        "procedures": pl.DataFrame(
            {
                "procedure_id": [row["procedure_id"] for row in rows],
                "patient_id": [row["patient_id"] for row in rows],
                "site_id": [row["site_id"] for row in rows],
                "lvef_pct": [55.0 if i % 4 else None for i in range(len(rows))],
            }
        ),
    }
    with open_for_loading(store) as connection:
        for name, table in canonical.items():
            with registered(connection, table) as source:
                columns = quote_names(table.columns)
                run(connection, f"insert into {name} ({columns}) select {columns} from {source}")  # noqa: S608
    procedures = pl.DataFrame(rows, infer_schema_length=None).with_columns(
        pl.col("severity_ivus", "severity_oct").cast(pl.String), pl.col("procedure_year").cast(pl.Int32)
    )
    flags = pl.DataFrame([complications(row, i) for i, row in enumerate(rows)])
    attrition = pl.DataFrame(
        {"step": ["registered", "first_procedure"], "n_patients": [N, N], "n_procedures": [N + 9, N],
         "n_lesions": [600, 540], "n_left_out": [0, 9], "reason": ["All.", "Not the first."]}
    )  # fmt: skip
    derived = {
        "cohort_procedures": procedures,
        "cohort_lesions": procedures.with_columns(lesion_id=pl.col("procedure_id")),
        "cohort_complications": pl.concat([procedures, flags], how="horizontal"),
        # Two lesions a procedure, of which the first had the complication.
        "cohort_lesion_complications": pl.concat(
            [
                pl.concat([procedures, marked], how="horizontal").with_columns(
                    lesion_id=pl.format("{}.L{}", "procedure_id", pl.lit(number))
                )
                for number, marked in ((1, flags), (2, flags.with_columns(pl.all() & False)))
            ]
        ),
        "time_to_event": pl.DataFrame(times, infer_schema_length=None),
        "attrition": attrition,
        "drift": pl.DataFrame(
            {
                "site_id": ["S1", "S2"],
                "month": [dt.date(2023, 5, 1)] * 2,
                "column": ["procedures"] * 2,
                "measure": ["volume"] * 2,
                "versus": ["own_history"] * 2,
                "value": [3.0, 18.0],
                "reference": [17.5, 17.5],
                "n": [3, 18],
                "flag": ["alert", "ok"],
            }
        ),
    }
    publish_snapshot(
        store,
        folder / "snapshots",
        derived=derived,
        info={"published": "2026-11-22", "notice": "Made for a test."},
    )
    return folder / "snapshots"


def make_snapshot(folder: Path) -> Snapshot:
    """Publish the rows into a folder; the browser test calls this too."""
    rows = [procedure(i) for i in range(N)]
    names = ("mace_d", "all_cause_death", "mi")
    times = [outcome(row, i, name) for name in names for i, row in enumerate(rows)]
    return Snapshot(publish(folder, rows, times), rows, times)


@pytest.fixture
def app_file() -> str:
    """Path of the entry script."""
    return str(APP)


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return make_snapshot(tmp_path_factory.mktemp("store"))


@pytest.fixture
def open_app(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., AppTest]]:
    """Return a function that opens a page with a query, as a browser would follow a link."""
    monkeypatch.setattr(sys, "argv", ["app.py", "--snapshots", str(snapshot.folder)])

    def open_page(page: str = "overview", **query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        if page != "overview":
            app.run()
            hashes = {info.get("url_pathname"): key for key, info in app._registered_pages.items()}
            app._page_hash = hashes[page]
        return app.run()

    yield open_page
    st.cache_data.clear()
