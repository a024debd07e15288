"""Named reads: what a caller gets, and what stays out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from analytics.cohort.tables import RegistryTables
from analytics.errors import SpecificationError, StoreError
from analytics.store.filters import CohortFilter
from analytics.store.loading import load_submission
from analytics.store.queries import (
    count_refused_patients,
    read_cohort,
    read_data_fingerprint,
    read_registry,
    read_table,
)
from analytics.store.status import read_status
from schemas.registry import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOSTILE = ("'; drop table patients; --", "x' or '1'='1", '"', "\\", "ALP\x00", "%", "🫀")


def test_registry_has_the_types_of_the_schemas(store: Path) -> None:
    tables = read_registry(store)
    assert list(tables) == list(TABLES)
    assert all(dict(frame.schema) == TABLES[name].dtypes for name, frame in tables.items())
    assert RegistryTables(**tables).procedures.height == 3


def test_columns_that_nobody_looks_at_are_not_read(store: Path) -> None:
    whole, narrow = read_registry(store), read_registry(store, without={"patients": ("sex",)})
    assert narrow["patients"].equals(whole["patients"].drop("sex"))
    assert narrow["procedures"].equals(whole["procedures"])


def test_patient_who_refused_research_is_in_no_table_that_is_read(store: Path) -> None:
    tables = read_registry(store)
    heights = {name: frame.height for name, frame in tables.items()}
    assert heights == {
        "sites": 2,
        "patients": 2,
        "procedures": 3,
        "lesions": 3,
        "imaging": 0,
        "device_uses": 1,
        "complications": 0,
        "follow_up": 1,
        "events": 1,
    }
    assert count_refused_patients(store) == 1


def test_unknown_research_wish_counts_as_allowed(store: Path) -> None:
    assert "BET:p3" in read_registry(store)["patients"]["patient_id"].to_list()


def test_status_counts_everything_that_is_loaded(store: Path) -> None:
    status = read_status(store)
    assert list(status.rows.values()) == [2, 3, 4, 4, 1, 2, 1, 2, 2]
    assert (status.n_quarantined, status.n_findings, status.n_patients_refused) == (0, 0, 1)
    assert status.submissions["submission_id"].to_list() == ["sub-1"]


def test_status_gives_the_days_of_follow_up_without_patients(store: Path) -> None:
    follow_up = read_status(store).follow_up
    assert "patient_id" not in follow_up.columns
    # Days after 1970-01-01: 2024-05-06 is 19849, 2024-06-01 19875, 2024-12-01 20058, 2025-05-06 20214.
    alive, lost, dead = follow_up.iter_rows(named=True)
    assert (alive["start_day"], alive["last_status_day"], alive["cutoff_day"]) == (19849, 20214, 20214)
    assert alive["last_assessed_day"] is None
    assert lost["last_status_day"] is None
    assert (dead["start_day"], dead["death_day"], dead["cutoff_day"]) == (19875, 20058, None)


def test_status_counts_relative_days_where_there_are_no_dates(
    tmp_path: Path, prepare: Callable[..., Any]
) -> None:
    rows = {
        "sites": [{"site_id": "REL", "date_policy": "relative", "data_cutoff_day": 180}],
        "patients": [{"patient_id": "REL:1", "site_id": "REL"}],
        "procedures": [{"procedure_id": "r1", "patient_id": "REL:1", "site_id": "REL", "procedure_day": 0}],
        "events": [{"event_id": "e", "patient_id": "REL:1", "event_type": "death", "event_day": 180}],
    }
    load_submission(tmp_path / "a.duckdb", prepare(rows, site_ids=("REL",)))
    row = read_status(tmp_path / "a.duckdb").follow_up.row(0, named=True)
    assert (row["start_day"], row["death_day"], row["cutoff_day"]) == (0, 180, 180)


def test_status_of_a_snapshot_is_refused(snapshot: Path) -> None:
    with pytest.raises(StoreError, match="not a store"):
        read_status(snapshot)


def test_unknown_table_is_an_error_that_names_the_known_ones(snapshot: Path) -> None:
    with pytest.raises(StoreError, match=r"no table 'quarantine'.*time_to_event"):
        read_table(snapshot, "quarantine")


def test_fingerprint_ignores_the_order_of_loading(tmp_path: Path, prepare: Callable[..., Any]) -> None:
    parts = [
        prepare(
            {"sites": [{"site_id": code}]},
            submission_id=code,
            sha256=code,
            site_ids=(code,),
            source_name=code,
        )
        for code in ("AAA", "BBB")
    ]
    for part in parts:
        load_submission(tmp_path / "a.duckdb", part)
    for part in reversed(parts):
        load_submission(tmp_path / "b.duckdb", part)
    assert read_data_fingerprint(tmp_path / "a.duckdb") == read_data_fingerprint(tmp_path / "b.duckdb")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (CohortFilter(), ["q1", "q2", "q3"]),
        (CohortFilter(first_procedures_only=False), ["q1", "q2", "q3", "q4"]),
        (CohortFilter(years=(2023, 2023)), ["q1"]),
        (CohortFilter(years=(2023, 2024), first_procedures_only=False), ["q1", "q2", "q4"]),
        (CohortFilter(sites=("BET",)), ["q3"]),
        (CohortFilter(severities=("severe",)), ["q1", "q3"]),
        (CohortFilter(severities=("severe",), severity_source="angiography"), ["q3"]),
        (CohortFilter(severities=("severe",), severity_source="oct"), []),
        (CohortFilter(strategies=("nc_balloon",)), ["q1", "q2"]),
        (CohortFilter(strategies=("nc_balloon",), strategy_basis="as_treated"), ["q1"]),
        (CohortFilter(presentations=("acute",)), ["q1", "q3"]),
        (CohortFilter(presentations=("stable_angina", "stemi")), ["q2", "q3"]),
        (CohortFilter(sites=("ALP", "BET"), severities=("severe",), presentations=("acute",)), ["q1", "q3"]),
    ],
)
def test_filter_admits_the_procedures_it_names(
    snapshot: Path, filters: CohortFilter, expected: list[str]
) -> None:
    assert read_cohort(snapshot, "procedures", filters)["procedure_id"].to_list() == expected


def test_lesions_are_chosen_by_their_own_grade_and_the_year_of_their_procedure(snapshot: Path) -> None:
    severe = CohortFilter(severities=("severe",), years=(2023, 2023))
    assert read_cohort(snapshot, "lesions", severe)["lesion_id"].to_list() == ["q1-1"]
    by_ivus = CohortFilter(severities=("severe",), severity_source="ivus")
    assert read_cohort(snapshot, "lesions", by_ivus)["lesion_id"].to_list() == ["q1-1", "q1-2"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_a_value(snapshot: Path, text: str) -> None:
    filters = CohortFilter(sites=(text,), severities=(text,), strategies=(text,), presentations=(text,))
    assert read_cohort(snapshot, "procedures", filters).is_empty()
    assert read_table(snapshot, "patients").height == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_no_name(snapshot: Path, text: str) -> None:
    with pytest.raises(StoreError, match="it has no table"):
        read_table(snapshot, text)
    with pytest.raises(SpecificationError):
        read_cohort(snapshot, "procedures", CohortFilter(severity_source=text))  # type: ignore[arg-type]  # hostile


def test_unset_filter_values_of_a_site_never_reach_the_sql_text() -> None:
    from analytics.store.filters import derive_conditions

    conditions = derive_conditions(CohortFilter(sites=("SECRET",), years=(2001, 2002)))
    assert all("SECRET" not in condition.sql and "2001" not in condition.sql for condition in conditions)
    assert [value for condition in conditions for value in condition.parameters] == ["SECRET", 2001, 2002]


def test_quoted_words_are_read_back(store: Path, prepare: Callable[..., Any]) -> None:
    rows = {"sites": [{"site_id": "O'B", "country": "IE"}]}
    load_submission(
        store, prepare(rows, submission_id="q", sha256="q", source_name="it's", site_ids=("O'B",))
    )
    assert read_registry(store)["sites"].filter(pl.col("country") == "IE")["site_id"].to_list() == ["O'B"]
