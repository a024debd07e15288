"""Mapping files of format 1: TOML to a `SiteMapping`, or one line about the first thing that is wrong."""

from __future__ import annotations

import hashlib
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any

from schemas.errors import SchemaFileError
from schemas.mapping.expression_format import parse_expression
from schemas.mapping.model import Emit, SiteMapping, SourceOptions
from schemas.mapping.read_format import normalised, parse_read
from schemas.mapping.step_format import parse_steps
from schemas.mapping.toml_section import TomlSection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from schemas.mapping.model import Expression

__all__ = ["bundled_mapping_names", "load_bundled_mapping", "load_mapping", "parse_mapping"]

FORMAT_VERSION = 1
SITE_COLUMNS = ("country", "date_policy", "followup_source", "data_cutoff_date")
_BUNDLED = "schemas.mappings"


def load_mapping(path: Path) -> SiteMapping:
    """Read a mapping file.

    Raises
    ------
    SchemaFileError
        If the file cannot be read, is no TOML, or says something that format 1 does not know.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        fix = "Check the path, or name a bundled mapping: " + ", ".join(bundled_mapping_names())
        raise SchemaFileError(where=str(path), what="the mapping cannot be read", fix=fix) from error
    return parse_mapping(data, name=path.name)


def bundled_mapping_names() -> tuple[str, ...]:
    """Return the names of the mappings that ship with the package."""
    folder = resources.files(_BUNDLED)
    return tuple(
        sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))
    )


def load_bundled_mapping(name: str) -> SiteMapping:
    """Read a mapping that ships with the package.

    Raises
    ------
    SchemaFileError
        If there is no mapping of that name.
    """
    if name not in bundled_mapping_names():
        fix = f"Use one of {', '.join(bundled_mapping_names())}, or the path of a .toml file"
        raise SchemaFileError(where=f"mapping '{name}'", what="no bundled mapping of that name", fix=fix)
    return parse_mapping(resources.files(_BUNDLED).joinpath(f"{name}.toml").read_bytes(), name=f"{name}.toml")


def parse_mapping(data: bytes, *, name: str) -> SiteMapping:
    """Parse the bytes of a mapping file.

    Parameters
    ----------
    data
        UTF-8 TOML.
    name
        File name, for messages.

    Raises
    ------
    SchemaFileError
        On the first thing that is not format 1, with its place in the file.
    """
    root = TomlSection(_parse_toml(data, name), where=name)
    if root.raw("format") != FORMAT_VERSION:
        raise SchemaFileError(
            where=name, what="this is not a mapping of format 1", fix="Begin the file with format = 1"
        )
    read = parse_read(_section(root, "read"))
    maps = _named_maps(root)
    mapping = SiteMapping(
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        source=_parse_source(_section(root, "source")),
        read=read,
        let=_parse_let(_section(root, "let"), maps),
        emits=_parse_emits(root, maps),
        is_draft=root.flag("draft"),
    )
    root.close()
    return mapping


def _parse_toml(data: bytes, name: str) -> dict[str, Any]:
    """Return the parsed TOML, or raise with the line that it fails at."""
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SchemaFileError(where=name, what="the mapping is not UTF-8", fix="Save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise SchemaFileError(where=name, what=f"no valid TOML ({error})", fix="Correct that line") from error


def _section(root: TomlSection, key: str) -> TomlSection:
    """Return a top-level section named like its bracket, empty if absent."""
    value = root.raw(key)
    if value is not None and not isinstance(value, dict):
        raise root.error(what=f"[{key}] must be a section", fix=f"Write [{key}] on a line of its own")
    return TomlSection(value or {}, where=f"{root.where} [{key}]")


def _parse_source(section: TomlSection) -> SourceOptions:
    """Return section ``[source]``."""
    source = SourceOptions(
        name=section.needed_text("name"),
        site_id=section.text("site_id"),
        require=section.text_or_texts("require"),
        drop=section.text_or_texts("drop"),
        ignore=section.text_or_texts("ignore"),
        site={name: value for name in SITE_COLUMNS if (value := section.scalar(name)) is not None},
    )
    section.close()
    return source


def _named_maps(root: TomlSection) -> dict[str, dict[str, str]]:
    """Return the ``[map.NAME]`` tables."""
    section = _section(root, "map")
    return {name: section.pairs(name) for name in section.names()}


def _parse_let(section: TomlSection, maps: Mapping[str, Mapping[str, str]]) -> dict[str, Expression]:
    """Return the ``[let]`` expressions in file order."""
    found: dict[str, Expression] = {}
    for name in section.names():
        found[name] = parse_expression(section.raw(name), where=f"{section.where} {name}", maps=maps)
    return found


def _parse_emits(root: TomlSection, maps: Mapping[str, Mapping[str, str]]) -> tuple[Emit, ...]:
    """Return the ``[[emit]]`` sections in file order."""
    emits = [
        _parse_emit(TomlSection(values, where=f"{root.where} [emit {number}]"), maps)
        for number, values in enumerate(root.tables("emit"), start=1)
    ]
    if not emits:
        raise root.error(what="the mapping makes no rows", fix="Add at least one [[emit]] section")
    return tuple(emits)


def _parse_emit(section: TomlSection, maps: Mapping[str, Mapping[str, str]]) -> Emit:
    """Return one ``[[emit]]`` section."""
    columns = section.table("set")
    if columns is None or not columns.names():
        raise section.error(what="no column is set", fix="Add [emit.set] with one line for each column")
    emit = Emit(
        place=section.where,
        table=section.needed_text("table"),
        columns={
            name: parse_expression(columns.raw(name), where=f"{section.where} set.{name}", maps=maps)
            for name in columns.names()
        },
        where={header: normalised(texts) for header, texts in section.conditions("where").items()},
        each=parse_steps(section),
        collapse=section.choice("collapse", allowed=("agree", ""), default="") == "agree",
        file=section.text("file"),
    )
    section.close()
    return emit
