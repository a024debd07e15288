"""What happens to files before any store: read, mapped, validated, judged, and told."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from analytics.intake.findings_files import FINDINGS_FILE, WrittenFindings, write_findings_files
from analytics.intake.findings_text import render_findings_text
from analytics.intake.settings import read_settings
from analytics.intake.submission import DEFAULT_TERMS, IntakeTerms, prepare_submission
from analytics.intake.waivers import read_waivers
from analytics.submission_json import submission_as_json
from schemas.rules.context import Context

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from analytics.intake.submission import PreparedSubmission


def prepare(
    paths: Sequence[Path],
    *,
    mapping: str | None = None,
    secret: bytes | None = None,
    terms: IntakeTerms = DEFAULT_TERMS,
) -> PreparedSubmission:
    """Read, map, validate and gate files by themselves; nothing is loaded.

    Parameters
    ----------
    paths
        Files, or folders of CSV files.
    mapping
        Path of a mapping file or name of a bundled one; None for canonical CSV files.
    secret
        Key of the pseudonyms.
    terms
        Limits and waivers.

    Raises
    ------
    InputFileError, MappingError, SecretMissingError
        Each says where, what, and how to fix it.
    """
    return prepare_submission(paths, mapping=mapping, secret=secret, load_date=today(), terms=terms)


def read_terms(
    *,
    settings: Path | None = None,
    waivers: Path | None = None,
    sites: Sequence[str] = (),
    period: tuple[dt.date, dt.date] | None = None,
) -> IntakeTerms:
    """Read what submissions are judged by; the defaults where a file is not given.

    Parameters
    ----------
    settings, waivers
        Limits of the gate and the rules, and reviewed waivers.
    sites
        Sites that the submitter may send; any where none is named.
    period
        First and last procedure date that the submission declares.

    Raises
    ------
    SpecificationError
        A file names something that does not exist, or a waiver is expired or cannot be given.
    """
    return IntakeTerms(
        gate=DEFAULT_TERMS.gate if settings is None else read_settings(settings),
        waivers=() if waivers is None else read_waivers(waivers, today=today()),
        context=Context(registered_sites=frozenset(sites) or None, period=period),
    )


def today() -> dt.date:
    """Return the day after which no date may lie; the only clock that intake reads."""
    return dt.datetime.now(tz=dt.UTC).date()


def write_findings(prepared: PreparedSubmission, out: Path) -> Path:
    """Write the findings of a submission into a folder as `write_all_findings`; return ``findings.csv``."""
    write_findings_files(prepared, out)
    return out / FINDINGS_FILE


def write_all_findings(prepared: PreparedSubmission, out: Path) -> WrittenFindings:
    """Write ``findings.csv``, ``findings.html`` and the rows for the site to correct; return all paths."""
    return write_findings_files(prepared, out)


def describe_submission(prepared: PreparedSubmission) -> dict[str, Any]:
    """Return a submission, its gate and its findings JSON-ready; no cell value of a record is in it."""
    return submission_as_json(prepared)


def render_submission(prepared: PreparedSubmission) -> str:
    """Return a submission, its gate and its findings in words, for a terminal."""
    return render_findings_text(prepared).rstrip("\n")
