"""Errors that a user can act on, each with the exit code of the command line.

A bug keeps its traceback (exit code 1). A finding about data is no error at all: it is a row of a
`ValidationReport` or a `NotEstimable`.
"""


class CalcpciError(Exception):
    """An error with a place, a fact and a remedy; shown to the user as one line.

    Parameters
    ----------
    where
        File, setting or command the error is about; never a cell value of a record.
    what
        What is wrong, in a few words.
    fix
        What the user can do about it, as a sentence.
    """

    exit_code = 10

    def __init__(self, *, where: str, what: str, fix: str) -> None:
        super().__init__(f"{where}: {what}. {fix}")
        self.where = where
        self.what = what
        self.fix = fix


class InputFileError(CalcpciError):
    """A file or folder cannot be read as what it was given for."""

    exit_code = 11


class MappingError(CalcpciError):
    """A mapping file is not valid."""

    exit_code = 12


class StoreError(CalcpciError):
    """A database cannot be opened, is busy, or is damaged."""

    exit_code = 13


class StoreConflictError(StoreError):
    """A submission does not go together with what the store holds; its sender has to act."""


class SpecificationError(CalcpciError):
    """An analysis specification, plan, scenario or setting is not valid."""

    exit_code = 14


class SecretMissingError(CalcpciError):
    """The secret for pseudonyms is not in the environment."""

    exit_code = 15


class CalibrationError(CalcpciError):
    """A generated registry does not look like the published ones."""

    exit_code = 16


class GateRejectedError(CalcpciError):
    """The gate stopped a submission (red)."""

    exit_code = 3
