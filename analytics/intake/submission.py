"""One submission from files to a decision: read, map, validate, gate. Nothing is loaded here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import InputFileError
from analytics.intake.file_gates import decide_file_gates
from analytics.intake.gate import DEFAULT_GATE, Gate, GateSettings, decide_gate, decide_site_gates
from analytics.intake.implied_site import known_site_rows
from analytics.intake.mapping import find_mapping, read_canonical, read_mapped
from analytics.intake.original_texts import with_original_texts
from analytics.intake.waivers import apply_waivers, name_idle_waivers
from schemas.rules.context import NO_CONTEXT, Context
from schemas.validation import validate_submission

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from analytics.intake.waivers import Waiver
    from schemas.mapping.model import SiteMapping
    from schemas.submission import SubmissionReport

_ID_HEX_DIGITS = 12
CANONICAL_SOURCE = "canonical CSV files"


@dataclass(frozen=True)
class Submission:
    """What was submitted.

    Parameters
    ----------
    submission_id
        ``S`` and the first digits of `sha256`: the same files with the same mapping have the same id.
    source_name
        Name of the mapping's source, or what canonical files are called.
    sha256
        Hash over the files' names and contents and the mapping.
    site_ids
        Sites in the accepted rows.
    mapping_name, mapping_sha256
        Mapping that was used, None for canonical files.
    files
        File names without their folder.
    """

    submission_id: str
    source_name: str
    sha256: str
    site_ids: tuple[str, ...]
    mapping_name: str | None
    mapping_sha256: str | None
    files: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class PreparedSubmission:
    """A submission ready to be loaded, or not.

    Parameters
    ----------
    submission
        What was submitted.
    report
        Accepted and rejected rows.
    gate
        Whether it may be loaded.
    findings
        All findings, of reading, mapping and validation.
    site_gates
        The gate of each site.
    n_records
        Data records read from the files.
    paths, mapping
        The files and the mapping that read them (None for canonical files), for handing rows back to the
        site.
    file_gates
        The gate of each file, by its own rows and findings.
    idle_waivers
        Waivers given for sites that sent no row.
    """

    submission: Submission
    report: SubmissionReport
    gate: Gate
    findings: pl.DataFrame
    site_gates: Mapping[str, Gate]
    n_records: int
    paths: tuple[Path, ...] = ()
    mapping: SiteMapping | None = None
    file_gates: Mapping[str, Gate] = field(default_factory=dict)
    idle_waivers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class IntakeTerms:
    """What a submission is judged by.

    Parameters
    ----------
    gate
        Limits of the gate and of the rules about whole sites.
    waivers
        Reviewed decisions that set findings aside.
    context
        What is known beside the submission, such as the period it declares and earlier submissions.
    """

    gate: GateSettings = DEFAULT_GATE
    waivers: tuple[Waiver, ...] = ()
    context: Context = NO_CONTEXT


DEFAULT_TERMS = IntakeTerms()


def prepare_submission(
    paths: Sequence[Path],
    *,
    mapping: Path | str | None = None,
    secret: bytes | None = None,
    load_date: date,
    known_keys: Mapping[str, pl.Series] | None = None,
    terms: IntakeTerms = DEFAULT_TERMS,
) -> PreparedSubmission:
    """Read, map, validate and gate files without loading them.

    Parameters
    ----------
    paths
        Files, or folders of ``.csv`` files.
    mapping
        Path of a mapping file or name of a bundled one; None for canonical CSVs named after their tables.
    secret
        Key of the pseudonyms, where the mapping makes any.
    load_date
        Day after which no date may lie.
    known_keys
        Primary keys already in the store, by table.
    terms
        Limits, waivers, and what is known beside the submission.

    Returns
    -------
    PreparedSubmission
        Accepted and rejected rows, findings and the gate.

    Raises
    ------
    InputFileError
        If a path does not exist, holds no file, or cannot be read.
    MappingError
        If the mapping is missing or wrong.
    SecretMissingError
        If the mapping makes pseudonyms and there is no secret.
    """
    files = _files(paths)
    found = None if mapping is None else find_mapping(mapping)
    if found is None:
        mapped = read_canonical(files)
    else:
        known = known_site_rows((known_keys or {}).get("sites"), terms.context.history.get("sites"))
        mapped = read_mapped(files, found, secret=secret, known_sites=known)
    report = validate_submission(
        mapped.tables,
        prior_findings=mapped.findings,
        known_keys=known_keys,
        load_date=load_date,
        context=terms.context,
        limits=terms.gate.limits,
    )
    report = apply_waivers(report, terms.waivers)
    if found is not None:
        report = with_original_texts(report, files, found)
    return PreparedSubmission(
        submission=_describe(files, found, report),
        report=report,
        gate=decide_gate(report, settings=terms.gate),
        findings=report.findings,
        site_gates=decide_site_gates(report, settings=terms.gate),
        file_gates=decide_file_gates(report, [path.name for path in files], settings=terms.gate),
        n_records=mapped.n_records,
        paths=tuple(files),
        mapping=found,
        idle_waivers=name_idle_waivers(report, terms.waivers),
    )


def hash_submission(paths: Sequence[Path], *, mapping: Path | str | None = None) -> str:
    """Return the hash that a submission of these files would have, without reading their meaning.

    Parameters
    ----------
    paths, mapping
        As for `prepare_submission`.

    Raises
    ------
    InputFileError
        If a path does not exist or holds no file.
    MappingError
        If the mapping is missing or wrong.
    """
    return _content_hash(_files(paths), None if mapping is None else find_mapping(mapping))


def _content_hash(files: Sequence[Path], mapping: SiteMapping | None) -> str:
    """Return the hash over the files' names and contents and the mapping."""
    content = hashlib.sha256()
    for path in sorted(files, key=lambda item: item.name):
        content.update(f"{path.name}\0{_file_hash(path)}\n".encode())
    content.update((mapping.sha256 if mapping else "").encode())
    return content.hexdigest()


def _file_hash(path: Path) -> str:
    """Return the hash of the content of a file, or raise in words."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> InputFileError:
    """Return the error about a file or folder that may not be read."""
    fix = "Check the path and the permission to read it"
    return InputFileError(where=str(path), what="it cannot be read", fix=fix)


def _files(paths: Sequence[Path]) -> list[Path]:
    """Return the files behind paths, those of a folder in order of name."""
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            files += _files_of(path)
        elif path.is_file():
            files.append(path)
        else:
            raise InputFileError(where=str(path), what="no such file or folder", fix="Check the path")
    if not files:
        where = ", ".join(map(str, paths)) or "input"
        raise InputFileError(
            where=where, what="there is no CSV file", fix="Give a file, or a folder of .csv files"
        )
    return files


def _files_of(folder: Path) -> list[Path]:
    """Return the CSV files of a folder in order of name."""
    try:
        return sorted(
            item
            for item in folder.iterdir()
            if item.name.casefold().endswith((".csv", ".csv.gz")) and item.is_file()
        )
    except OSError as error:
        raise _unreadable(folder) from error


def _describe(files: Sequence[Path], mapping: SiteMapping | None, report: SubmissionReport) -> Submission:
    """Return the identity of a submission."""
    digest = _content_hash(files, mapping)
    tables = [report.tables[name].accepted for name in ("sites", "procedures") if name in report.tables]
    sites = {str(site) for table in tables for site in table.get_column("site_id").unique()}
    return Submission(
        submission_id=f"S{digest[:_ID_HEX_DIGITS]}",
        source_name=mapping.source.name if mapping else CANONICAL_SOURCE,
        sha256=digest,
        site_ids=tuple(sorted(sites)),
        mapping_name=mapping.name if mapping else None,
        mapping_sha256=mapping.sha256 if mapping else None,
        files=tuple(path.name for path in files),
    )
