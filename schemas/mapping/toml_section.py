"""One table of a TOML file, read key by key; what nobody asked for is an error."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from schemas.errors import SchemaFileError

if TYPE_CHECKING:
    from collections.abc import Mapping


def canonical_text(value: object) -> str | None:
    """Return a TOML scalar as canonical text (``true``, ``2.5``, an ISO date), None if it is no scalar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if callable(isoformat) else None


class TomlSection:
    """A TOML table with the place it stands in.

    Parameters
    ----------
    values
        The parsed table.
    where
        File and section, for messages.
    """

    def __init__(self, values: Mapping[str, Any], *, where: str) -> None:
        self._values = values
        self._asked: set[str] = set()
        self.where = where

    def error(self, *, what: str, fix: str, key: str | None = None) -> SchemaFileError:
        """Return an error about this section, or about one of its keys."""
        where = f"{self.where}.{key}" if key else self.where
        return SchemaFileError(where=where, what=what, fix=fix)

    def raw(self, key: str) -> Any:  # noqa: ANN401 -- TOML values have any type
        """Return a key's value as parsed, None if absent."""
        self._asked.add(key)
        return self._values.get(key)

    def text(self, key: str) -> str | None:
        """Return a string, None if absent."""
        value = self.raw(key)
        if value is None or isinstance(value, str):
            return value
        raise self.error(what="a text is needed", fix="Put the value between quotes", key=key)

    def needed_text(self, key: str) -> str:
        """Return a string that has to be there and not be blank."""
        value = self.text(key)
        if not value:
            raise self.error(what=f"'{key}' is missing", fix=f'Add {key} = "..."')
        return value

    def choice(self, key: str, *, allowed: tuple[str, ...], default: str) -> str:
        """Return a string out of a closed list."""
        value = self.text(key)
        if value is None:
            return default
        if value not in allowed:
            raise self.error(what="unknown value", fix=f"Use one of {', '.join(allowed)}", key=key)
        return value

    def flag(self, key: str) -> bool:
        """Return a boolean, False if absent."""
        value = self.raw(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise self.error(what="true or false is needed", fix="Write true or false without quotes", key=key)

    def integer(self, key: str, *, default: int, lowest: int) -> int:
        """Return a whole number."""
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
            raise self.error(
                what=f"a whole number from {lowest} is needed", fix="Write a number without quotes", key=key
            )
        return value

    def scalar(self, key: str) -> str | None:
        """Return any scalar as canonical text, None if absent."""
        value = self.raw(key)
        if value is None:
            return None
        text = canonical_text(value)
        if text is None:
            raise self.error(what="one value is needed", fix="Write a text, a number, true or false", key=key)
        return text

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Return a list of scalars as text, None if absent."""
        value = self.raw(key)
        return None if value is None else self._as_texts(value, key)

    def text_or_texts(self, key: str) -> tuple[str, ...]:
        """Return one string or a list of them, always as a tuple; empty if absent."""
        value = self.raw(key)
        if value is None:
            return ()
        return self._as_texts(value if isinstance(value, list) else [value], key)

    def conditions(self, key: str) -> dict[str, tuple[str, ...]]:
        """Return a table of header to accepted texts; empty if absent."""
        table = self.table(key)
        return {} if table is None else {name: table.text_or_texts(name) for name in table.names()}

    def pairs(self, key: str) -> dict[str, str]:
        """Return a table of text to scalar, in file order; empty if absent."""
        table = self.table(key)
        return {} if table is None else table.all_scalars()

    def all_scalars(self) -> dict[str, str]:
        """Return every key of this section with its scalar as text, in file order."""
        found: dict[str, str] = {}
        for key in self._values:
            text = self.scalar(key)
            if text is not None:
                found[key] = text
        return found

    def table(self, key: str) -> TomlSection | None:
        """Return a table inside this one, None if absent."""
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.error(what="a table is needed", fix="Write { key = value }", key=key)
        return TomlSection(value, where=f"{self.where}.{key}")

    def tables(self, key: str) -> list[dict[str, Any]]:
        """Return a list of tables; empty if absent."""
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.error(what="a list of tables is needed", fix="Write [ { ... }, { ... } ]", key=key)
        return value

    def names(self) -> tuple[str, ...]:
        """Return the keys of this section in file order."""
        return tuple(self._values)

    def close(self) -> None:
        """Raise if the section holds a key that nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                near = difflib.get_close_matches(key, self._asked, n=1)
                fix = f"Did you mean '{near[0]}'? If not, remove it" if near else "Remove it"
                raise self.error(what=f"unknown key '{key}'", fix=fix)

    def _as_texts(self, value: object, key: str) -> tuple[str, ...]:
        """Return a TOML list of scalars as texts."""
        items = [canonical_text(item) for item in value] if isinstance(value, list) else [None]
        if any(item is None for item in items):
            raise self.error(what="a list of texts is needed", fix='Write ["...", "..."]', key=key)
        return tuple(item for item in items if item is not None)
