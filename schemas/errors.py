"""The one error that the schemas layer raises on a file a user wrote."""

from __future__ import annotations


class SchemaFileError(ValueError):
    """A file that describes data (a mapping, a scenario) cannot be used as it stands.

    The layers above translate it into their own error with an exit code; the text never holds a cell value.

    Parameters
    ----------
    where
        File and place in it, such as ``lindner.toml [emit 2] set.age_years``.
    what
        What is wrong, in a few words.
    fix
        What the user can do about it, as a sentence without its full stop.
    """

    def __init__(self, *, where: str, what: str, fix: str) -> None:
        super().__init__(f"{where}: {what}. {fix}.")
        self.where = where
        self.what = what
        self.fix = fix
