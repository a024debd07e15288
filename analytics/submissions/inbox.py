"""Process what arrived in a folder: validate, load, answer, and move each file where it belongs.

Every step can be repeated: a load of known content changes nothing, reports are written anew, and the file
itself moves last. A run that dies is made good by the next one.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from analytics import pipeline
from analytics.errors import CalcpciError, GateRejectedError, InputFileError, StoreConflictError
from analytics.submissions.site_folder import (
    CORRECTIONS,
    OUTCOMES,
    SiteFolder,
    find_arrivals,
    read_site_folder,
)
from schemas.errors import SchemaFileError

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.intake.submission import PreparedSubmission
    from analytics.submissions.site_folder import Arrival

LOCK_FILE = ".calcpci-intake.lock"
ANSWER_FILE = "answer.json"
ACCEPTED, RETURNED, WAITING = "accepted", "returned", "waiting"


@dataclass(frozen=True)
class Answer:
    """What became of one arrival.

    Parameters
    ----------
    site
        Name of the site's folder.
    name
        Name of the file or folder that arrived.
    outcome
        ``accepted``, ``returned``, or ``waiting``: left where it is, to be tried again.
    submission_id
        Submission in the store, or None where nothing could be read.
    gate
        green, yellow or red, or None.
    reasons
        Why, in sentences; no cell value.
    folder
        Where file and report lie now, below the inbox; None while waiting.
    """

    site: str
    name: str
    outcome: str
    submission_id: str | None = None
    gate: str | None = None
    reasons: tuple[str, ...] = ()
    folder: str | None = field(default=None)


def process_inbox(
    inbox: Path, *, db: Path, secret: bytes | None = None, settle_seconds: float = 10.0
) -> list[Answer] | None:
    """Process every file and folder that has arrived.

    Parameters
    ----------
    inbox
        Folder with one folder per site; see `analytics.submissions.site_folder`.
    db
        The store; made if absent.
    secret
        Key of the pseudonyms.
    settle_seconds
        Age below which a file counts as still being written; it waits for the next run.

    Returns
    -------
    list of Answer, or None
        One answer per arrival in order of site and arrival; None where another run is at work.

    Raises
    ------
    InputFileError
        The inbox is no folder or cannot be written to.
    """
    if not inbox.is_dir():
        raise InputFileError(where=str(inbox), what="no such folder", fix="Make it, with one folder per site")
    try:
        # The system releases the lock when its process dies, whatever way.
        with FileLock(inbox / LOCK_FILE, timeout=0):
            return [
                _process(arrival, site, inbox=inbox, db=db, secret=secret)
                for site in sorted(path for path in inbox.iterdir() if path.is_dir())
                for arrival in find_arrivals(site, before=time.time() - settle_seconds)
            ]
    except Timeout:
        return None
    except OSError as error:
        fix = "Check the permission to write there, and the space on the disk"
        raise InputFileError(where=str(inbox), what="the inbox cannot be worked on", fix=fix) from error


def _process(arrival: Arrival, site: Path, *, inbox: Path, db: Path, secret: bytes | None) -> Answer:
    """Validate, load and answer one arrival, and move it."""
    prepared: PreparedSubmission | None = None
    outcome = ACCEPTED
    reasons: tuple[str, ...] = ()
    try:
        folder = read_site_folder(site)
        prepared = _prepare(arrival, folder, db=db, secret=secret)
        pipeline.load(prepared, db=db, replace=arrival.is_correction, allow_removal=folder.allow_removal)
    except (GateRejectedError, InputFileError, StoreConflictError) as error:
        outcome, reasons = RETURNED, (str(error),)
    except (CalcpciError, SchemaFileError) as error:
        # A busy or damaged store, a wrong mapping, a missing secret: nothing that the site could mend.
        return Answer(site.name, arrival.path.name, WAITING, reasons=(str(error),))
    return _deliver(arrival, site, inbox=inbox, prepared=prepared, outcome=outcome, reasons=reasons)


def _prepare(arrival: Arrival, folder: SiteFolder, *, db: Path, secret: bytes | None) -> PreparedSubmission:
    """Read and validate an arrival as its site's folder says."""
    terms = pipeline.read_terms(settings=folder.settings, waivers=folder.waivers, sites=sorted(folder.sites))
    return pipeline.prepare_for_store(
        [arrival.path],
        db=db,
        mapping=folder.mapping,
        secret=secret,
        replace=arrival.is_correction,
        terms=terms,
    )


def _deliver(
    arrival: Arrival,
    site: Path,
    *,
    inbox: Path,
    prepared: PreparedSubmission | None,
    outcome: str,
    reasons: tuple[str, ...],
) -> Answer:
    """Write the report into the arrival's final folder, then move the arrival there."""
    name = prepared.submission.submission_id if prepared else arrival.fingerprint
    target = site / OUTCOMES[outcome] / f"{arrival.path.name}-{name}"
    target.mkdir(parents=True, exist_ok=True)
    answer = Answer(
        site=site.name,
        name=arrival.path.name,
        outcome=outcome,
        submission_id=prepared.submission.submission_id if prepared else None,
        gate=prepared.gate.colour if prepared else None,
        reasons=reasons or (tuple(prepared.gate.reasons) if prepared else ()),
        folder=target.relative_to(inbox).as_posix(),
    )
    if prepared is not None:
        pipeline.write_findings(prepared, target)
    text = json.dumps(asdict(answer) | {"reasons": list(answer.reasons)}, indent=1, ensure_ascii=False)
    (target / ANSWER_FILE).write_text(text + "\n", "utf-8")
    _move(arrival.path, target / arrival.path.name)
    return answer


def _move(path: Path, target: Path) -> None:
    """Move an arrival; the same content that lies there already gives way."""
    if target.is_dir():
        shutil.rmtree(target)
    path.replace(target)


def render_answers(answers: list[Answer] | None) -> str:
    """Return the answers of one run, a line each, with the reasons of what did not go in."""
    if answers is None:
        return "Another run is at work on this inbox; nothing was done."
    if not answers:
        return "Nothing has arrived."
    lines = []
    for answer in answers:
        gate = f", gate {answer.gate}" if answer.gate else ""
        lines.append(f"{answer.site}/{answer.name}: {answer.outcome}{gate}")
        if answer.outcome != ACCEPTED:
            lines += [f"    {reason}" for reason in answer.reasons]
        if answer.folder:
            lines.append(f"    report in {answer.folder}")
    return "\n".join(lines)


__all__ = ["CORRECTIONS", "Answer", "process_inbox", "render_answers"]
