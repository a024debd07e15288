"""Which chapters there are, in the order of the report, and how each is built."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from analytics.chapters.claims import build_claims
from analytics.chapters.complications import build_complications
from analytics.chapters.devices import build_devices
from analytics.chapters.evidence import build_evidence
from analytics.chapters.imaging import build_imaging
from analytics.report.content import Chapter
from analytics.store.filters import CohortFilter

ChapterBuilder = Callable[[Path, CohortFilter], Chapter]
"""Takes a published snapshot and a filter, returns what is shown."""

CHAPTERS: dict[str, ChapterBuilder] = {
    "complications": build_complications,
    "evidence": build_evidence,
    "imaging": build_imaging,
    "devices": build_devices,
    "claims": build_claims,
}
"""Builders by name, in the order of the report."""


def build_chapters(snapshot: Path, population: CohortFilter) -> tuple[Chapter, ...]:
    """Build every chapter of a report.

    Parameters
    ----------
    snapshot
        A published snapshot.
    population
        Whom the report is about. A chapter that counts lesions or procedures counts all of theirs, not only
        index procedures, and says so.

    Raises
    ------
    StoreError
        The snapshot cannot be read.
    """
    return tuple(build(snapshot, population) for build in CHAPTERS.values())
