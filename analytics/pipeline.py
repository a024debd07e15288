"""The way of the data on one screen: files -> submission -> store -> cohort -> published snapshot."""

from __future__ import annotations

from dataclasses import replace as replace_fields
from typing import TYPE_CHECKING, Any

from analytics.intake.submission import (
    DEFAULT_TERMS,
    IntakeTerms,
    hash_submission,
    prepare_submission,
)
from analytics.preparation import (
    describe_submission,
    prepare,
    read_terms,
    render_submission,
    today,
    write_all_findings,
    write_findings,
)
from analytics.publication import publish, publish_again
from analytics.report.serialise import serialise
from analytics.store.history import read_earlier
from analytics.store.integrity import read_known_keys
from analytics.store.ledger import find_loaded
from analytics.store.loading import load_submission
from analytics.store.predecessors import find_predecessors
from analytics.store.publishing import is_published, snapshot_folder
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
        load_date=today(),
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
