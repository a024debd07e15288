"""The review's claims as a chapter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.claims.reading import read_bundled_claims
from analytics.claims.running import run_claims
from analytics.claims.sections import build_sections
from analytics.claims.writing import describe_run
from analytics.report.content import Chapter

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.store.filters import CohortFilter

NAME = "claims"


def build_claims(snapshot: Path, population: CohortFilter) -> Chapter:
    """Put the review's claims to the test.

    Parameters
    ----------
    snapshot
        A published snapshot.
    population
        Whom to look at. Repeat procedures count too, except for events over time; a filter on grades or
        devices leaves claims that compare them without a comparison.
    """
    run = run_claims(snapshot, read_bundled_claims(), population=population)
    return Chapter(NAME, build_sections(run), describe_run(run))
