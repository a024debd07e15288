"""The way of the data on one screen: files -> submission -> store -> cohort -> published snapshot."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace as replace_fields
from typing import TYPE_CHECKING, Any

from analytics.intake.findings_files import FINDINGS_FILE, WrittenFindings, write_findings_files
from analytics.intake.findings_text import render_findings_text
from analytics.intake.settings import read_settings
from analytics.intake.submission import (
    DEFAULT_TERMS,
    IntakeTerms,
    hash_submission,
    prepare_submission,
)
from analytics.intake.waivers import read_waivers
from analytics.publication import publish, publish_again
from analytics.report.serialise import serialise
from analytics.store.history import read_earlier
from analytics.store.integrity import read_known_keys
from analytics.store.ledger import find_loaded
from analytics.store.loading import load_submission
from analytics.store.predecessors import find_predecessors
from analytics.store.publishing import is_published, snapshot_folder
from analytics.submission_json import submission_as_json
from schemas.rules.context import Context

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from analytics.intake.submission import PreparedSubmission
    from analytics.store.history import EarlierSubmissions
    from analytics.store.loading import LoadOutcome

__all__ = [
    "describe_load",
    "describe_submission",
    "load",
    "prepare",
    "prepare_for_store",
    "publish",
    "publish_again",
    "read_terms",
    "render_load",
    "render_submission",
    "write_all_findings",
    "write_findings",
]


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
    return prepare_submission(paths, mapping=mapping, secret=secret, load_date=_today(), terms=terms)


def prepare_for_store(
    paths: Sequence[Path],
    *,
    db: Path,
    mapping: str | None = None,
    secret: bytes | None = None,
    replace: bool = False,
    terms: IntakeTerms = DEFAULT_TERMS,
) -> PreparedSubmission:
    """Prepare files for a store: its rows may be parents of the new ones, and its keys are taken.

    What the store holds of these very files, or will lose to them by ``replace``, does not count.
    """
    alone = None
    without: tuple[str, ...] = ()
    if not db.is_file() or (not replace and find_loaded(db, hash_submission(paths, mapping=mapping))):
        return prepare(paths, mapping=mapping, secret=secret, terms=terms)
    if replace:
        alone = prepare(paths, mapping=mapping, secret=secret, terms=terms)
        without = find_predecessors(db, alone)
    known = read_known_keys(db, without=without)
    context = _with_earlier(terms.context, read_earlier(db, replaced=without))
    return prepare_submission(
        paths,
        mapping=mapping,
        secret=secret,
        load_date=_today(),
        known_keys=known,
        terms=replace_fields(terms, context=context),
    )


def _with_earlier(context: Context, earlier: EarlierSubmissions) -> Context:
    """Add what the store knows; one that will hold no procedures is no history, but still knows its sites."""
    has_past = earlier.rows["procedures"].height > 0
    rows = {name: frame for name, frame in earlier.rows.items() if has_past or name == "sites"}
    return replace_fields(
        context,
        previous_keys=earlier.replaced_keys,
        previous_patients=earlier.rows["patients"].select("patient_id", "site_id", "sex"),
        history=rows,
    )


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
        waivers=() if waivers is None else read_waivers(waivers, today=_today()),
        context=Context(registered_sites=frozenset(sites) or None, period=period),
    )


def _today() -> dt.date:
    """Return the day after which no date may lie; the only clock that intake reads."""
    return dt.datetime.now(tz=dt.UTC).date()


def load(
    prepared: PreparedSubmission,
    *,
    db: Path,
    replace: bool = False,
    allow_removal: bool = False,
    notice: str = "",
) -> LoadOutcome:
    """Load a prepared submission in one transaction and publish; the same content again does nothing.

    What an earlier run loaded but could not publish is published now.

    Raises
    ------
    GateRejectedError
        If the gate is red; nothing is loaded.
    StoreError
        If the store is busy, damaged or of a newer version.
    """
    outcome = load_submission(db, prepared, replace=replace, allow_removal=allow_removal)
    if outcome.status != "already_loaded" or not is_published(db, snapshot_folder(db)):
        publish(db, notice=notice)
    return outcome


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


def describe_load(outcome: LoadOutcome) -> dict[str, Any]:
    """Return what a load did, JSON-ready."""
    return dict(serialise(outcome))


def render_load(outcome: LoadOutcome) -> str:
    """Return what a load did in one sentence."""
    rows = f"{outcome.n_accepted:,} rows accepted, {outcome.n_rejected:,} rejected, of {outcome.n_input:,}"
    if outcome.status == "already_loaded":
        return (
            f"{outcome.submission_id} is known: the same content was loaded before; nothing changed ({rows})."
        )
    replaced = f"; replaces {', '.join(outcome.replaced)}" if outcome.replaced else ""
    return f"{outcome.submission_id} loaded, gate {outcome.gate}: {rows}{replaced}."
