"""A registry of two sites, small enough to count by hand, as the loader receives it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from schemas.registry import TABLES
from schemas.submission import FINDING_SCHEMA, SubmissionReport, TableReport, empty_findings

if TYPE_CHECKING:
    from collections.abc import Callable

RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
REJECTION = {
    "row": pl.Int64,
    "record": pl.Int64,
    "line": pl.Int64,
    "rule_id": pl.String,
    "is_cascade": pl.Boolean,
}

COHORT = pl.DataFrame(
    {
        "procedure_id": ["q1", "q2", "q3", "q4"],
        "patient_id": ["p1", "p2", "p3", "p3"],
        "site_id": ["ALP", "ALP", "BET", "BET"],
        "procedure_year": pl.Series([2023, 2024, None, 2024], dtype=pl.Int32),
        "is_index": [True, True, True, False],
        "severity": ["severe", "moderate", "severe", "severe"],
        "severity_angiography": ["moderate", "moderate", "severe", "severe"],
        "severity_ivus": ["severe", None, None, None],
        "severity_oct": pl.Series([None] * 4, dtype=pl.String),
        "strategy_intended": ["nc_balloon", "nc_balloon", "elca", "elca"],
        "strategy_as_treated": ["nc_balloon", "rotational_atherectomy", "elca", "elca_ra"],
        "presentation": ["nstemi", "stable_angina", "stemi", "other"],
        "presentation_group": ["acute", "chronic", "acute", "other_unknown"],
    }
)
"""Four procedures in two sites and two years, as a cohort derives them."""

OUTCOMES = pl.DataFrame(
    {
        "endpoint": ["mace", "mace", "mace", "mace", "death"],
        "procedure_id": ["q1", "q2", "q3", "q4", "q1"],
        "time_days": [10, 10, 0, 30, 365],
        "cause": pl.Series([1, 0, 2, 1, 0], dtype=pl.Int8),
        "time_is_exact": [True, True, False, True, True],
        "in_hospital": [True, False, None, False, False],
    }
)
"""One endpoint over those procedures, and a second one for the first."""


@dataclass(frozen=True)
class Source:
    """A submission as the intake describes it."""

    submission_id: str = "sub-1"
    source_name: str = "registry"
    sha256: str = "aa"
    mapping_name: str | None = None
    mapping_sha256: str | None = None
    site_ids: tuple[str, ...] = ("ALP", "BET")


@dataclass(frozen=True)
class Verdict:
    """A gate."""

    colour: str = "green"
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Prepared:
    """What the loader takes."""

    submission: Source
    report: SubmissionReport
    gate: Verdict = field(default_factory=Verdict)


def registry_rows() -> dict[str, list[dict[str, Any]]]:
    """Write two sites, three patients (one refuses research), four procedures."""
    day = date(2024, 5, 6)
    return {
        "sites": [
            {"site_id": "ALP", "followup_source": "linkage", "data_cutoff_date": date(2025, 5, 6)},
            {"site_id": "BET", "followup_source": "active_contact"},
        ],
        "patients": [
            {"patient_id": "ALP:p1", "site_id": "ALP", "sex": "female", "research_use_allowed": True},
            {"patient_id": "ALP:p2", "site_id": "ALP", "sex": "male", "research_use_allowed": False},
            {"patient_id": "BET:p3", "site_id": "BET", "sex": "male"},
        ],
        "procedures": [
            {
                "procedure_id": "q1",
                "patient_id": "ALP:p1",
                "site_id": "ALP",
                "procedure_date": day,
                "age_years": 70,
            },
            {"procedure_id": "q2", "patient_id": "ALP:p2", "site_id": "ALP", "procedure_date": day},
            {
                "procedure_id": "q3",
                "patient_id": "BET:p3",
                "site_id": "BET",
                "procedure_date": date(2024, 6, 1),
            },
            {
                "procedure_id": "q4",
                "patient_id": "BET:p3",
                "site_id": "BET",
                "procedure_date": date(2024, 9, 1),
            },
        ],
        "lesions": [
            {"lesion_id": f"{q}-1", "procedure_id": q, "lesion_number": 1} for q in ("q1", "q2", "q3", "q4")
        ],
        "imaging": [{"imaging_id": "i2", "lesion_id": "q2-1", "modality": "oct", "stage": "baseline"}],
        "device_uses": [
            {"device_use_id": "d1", "lesion_id": "q1-1", "sequence_no": 1, "device_class": "nc_balloon"},
            {"device_use_id": "d2", "lesion_id": "q2-1", "sequence_no": 1, "device_class": "stent"},
        ],
        "complications": [{"complication_id": "c2", "procedure_id": "q2", "complication_type": "dissection"}],
        "follow_up": [
            {
                "contact_id": "f1",
                "patient_id": "ALP:p1",
                "contact_date": date(2025, 5, 6),
                "vital_status": "alive",
                "nonfatal_events_assessed": False,
            },
            {
                "contact_id": "f2",
                "patient_id": "ALP:p2",
                "contact_date": date(2025, 5, 6),
                "vital_status": "lost",
                "nonfatal_events_assessed": True,
            },
        ],
        "events": [
            {
                "event_id": "e1",
                "patient_id": "BET:p3",
                "event_type": "death",
                "event_date": date(2024, 12, 1),
            },
            {"event_id": "e2", "patient_id": "ALP:p2", "event_type": "mi", "event_date": date(2024, 7, 1)},
        ],
    }


def report_of(
    rows: dict[str, list[dict[str, Any]]],
    *,
    rejected: dict[str, list[dict[str, Any]]] | None = None,
    findings: list[dict[str, Any]] | None = None,
) -> SubmissionReport:
    """Build the report of a validated submission from written rows."""
    refused = rejected or {}
    tables = {name: _table_report(name, rows.get(name, []), refused.get(name, [])) for name in TABLES}
    frame = pl.DataFrame(findings, schema=FINDING_SCHEMA) if findings else empty_findings()
    return SubmissionReport(tables=tables, findings=frame)


def _table_report(name: str, rows: list[dict[str, Any]], rejected: list[dict[str, Any]]) -> TableReport:
    dtypes = TABLES[name].dtypes
    placed = [{"source_row": line, "record": line - 1, **row} for line, row in enumerate(rows, start=2)]
    accepted = pl.DataFrame(placed, schema=dtypes | {"source_row": pl.Int64, "record": pl.Int64})
    texts = pl.DataFrame(rejected, schema=dict.fromkeys(dtypes, pl.String) | REJECTION)
    return TableReport(table=name, accepted=accepted, rejected=texts, n_input=len(rows) + len(rejected))


@pytest.fixture
def prepare() -> Callable[..., Prepared]:
    """Make a prepared submission; the whole small registry by default."""

    def _prepare(
        rows: dict[str, list[dict[str, Any]]] | None = None,
        *,
        gate: Verdict | str = "green",
        rejected: dict[str, list[dict[str, Any]]] | None = None,
        findings: list[dict[str, Any]] | None = None,
        **source: Any,  # noqa: ANN401 - fields of Source
    ) -> Prepared:
        verdict = gate if isinstance(gate, Verdict) else Verdict(gate)
        report = report_of(registry_rows() if rows is None else rows, rejected=rejected, findings=findings)
        return Prepared(Source(**source), report, verdict)

    return _prepare


@pytest.fixture
def rows() -> dict[str, list[dict[str, Any]]]:
    """Write the rows anew, to be changed by a test."""
    return registry_rows()


@pytest.fixture(scope="session")
def loaded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Load the small registry once, to be copied: making a store takes longer than most tests."""
    from analytics.store.loading import load_submission

    path = tmp_path_factory.mktemp("store") / "registry.duckdb"
    load_submission(path, Prepared(Source(), report_of(registry_rows())), received_at=RECEIVED)
    return path


@pytest.fixture
def store(tmp_path: Path, loaded_once: Path) -> Path:
    """Copy the loaded small registry."""
    return Path(shutil.copy(loaded_once, tmp_path))


@pytest.fixture(scope="session")
def published_once(tmp_path_factory: pytest.TempPathFactory, loaded_once: Path) -> Path:
    """Publish that store with its cohort, once."""
    from analytics.store.publishing import publish_snapshot

    lesions = pl.DataFrame(
        {
            "lesion_id": ["q1-1", "q1-2", "q3-1", "q4-1"],
            "procedure_id": ["q1", "q1", "q3", "q4"],
            "severity": ["severe", "mild", "severe", "severe"],
            "strategy_intended": ["nc_balloon", "no_preparation", "elca", "elca"],
        }
    )
    derived = {"cohort_procedures": COHORT, "cohort_lesions": lesions, "time_to_event": OUTCOMES}
    return publish_snapshot(
        loaded_once, tmp_path_factory.mktemp("published"), derived=derived, info={"made_by": "test"}
    )


@pytest.fixture
def snapshot(tmp_path: Path, published_once: Path) -> Path:
    """Copy the published snapshot, under its name."""
    return Path(shutil.copy(published_once, tmp_path))


@pytest.fixture
def snapshot_of_nobody(tmp_path: Path, store: Path) -> Path:
    """Publish the store with a cohort that holds no procedure."""
    from analytics.store.publishing import publish_snapshot

    lesions = pl.DataFrame(
        schema=dict.fromkeys(("lesion_id", "procedure_id", "severity", "strategy_intended"), pl.String)
    )
    derived = {
        "cohort_procedures": COHORT.clear(),
        "cohort_lesions": lesions,
        "time_to_event": OUTCOMES.clear(),
    }
    return publish_snapshot(store, tmp_path, derived=derived, info={"made_by": "test"})
