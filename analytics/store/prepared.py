"""What the loader needs of a prepared submission, said as protocols so that the store imports no intake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.submission import SubmissionReport


class Submission(Protocol):
    """Where a submission comes from.

    Attributes
    ----------
    submission_id
        Identifier of this load, 1 to 64 of letters, digits, ``_``, ``.``, ``-``.
    source_name
        Name of the file or folder, without its path. A later export of the same name and sites may replace
        this one.
    sha256
        Hash of the bytes that were read.
    mapping_name, mapping_sha256
        The mapping used and the hash of its text; None for canonical files.
    site_ids
        Sites that the submission speaks for.
    """

    @property
    def submission_id(self) -> str: ...  # noqa: D102
    @property
    def source_name(self) -> str: ...  # noqa: D102
    @property
    def sha256(self) -> str: ...  # noqa: D102
    @property
    def mapping_name(self) -> str | None: ...  # noqa: D102
    @property
    def mapping_sha256(self) -> str | None: ...  # noqa: D102
    @property
    def site_ids(self) -> Sequence[str]: ...  # noqa: D102


class Gate(Protocol):
    """The verdict on a submission: ``colour`` (green, yellow or red) and its ``reasons`` (sentences)."""

    @property
    def colour(self) -> str: ...  # noqa: D102
    @property
    def reasons(self) -> Sequence[str]: ...  # noqa: D102


class PreparedSubmission(Protocol):
    """A submission that has been read, validated and judged."""

    @property
    def submission(self) -> Submission: ...  # noqa: D102
    @property
    def report(self) -> SubmissionReport: ...  # noqa: D102
    @property
    def gate(self) -> Gate: ...  # noqa: D102
