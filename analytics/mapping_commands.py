"""The commands `calcpci mapping check` and `calcpci mapping draft`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from schemas.mapping.model import SiteMapping
    from schemas.mapping.problems import MappingProblem

_FILE = click.Path(path_type=Path)
_FAULTY = 12


@click.group()
def mapping() -> None:
    """Check a mapping file, or draft one from a site's file."""


@mapping.command()
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def check(file: str, *, as_json: bool) -> None:
    """Say everything that is wrong in FILE, a mapping or the name of a bundled one, without any data."""
    found, problems = _problems(file)
    if as_json:
        answer = {
            "mapping": file,
            "sha256": found.sha256 if found else None,
            "ok": not problems,
            "problems": [{"where": p.where, "what": p.what, "fix": p.fix} for p in problems],
        }
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    elif problems:
        click.echo("\n".join(map(str, problems)))
    elif found is not None:
        tables = ", ".join(dict.fromkeys(emit.table for emit in found.emits))
        click.echo(f"{found.name}: no problem found. It makes rows of {tables}.")
    if problems:
        sys.exit(_FAULTY)


@mapping.command()
@click.argument("file", type=_FILE)
@click.option("--out", type=_FILE, help="Where to write the draft; printed if not given.")
def draft(file: Path, out: Path | None) -> None:
    """Propose a mapping for FILE from its headers. Nothing reads by a draft until it has been reviewed."""
    from analytics.errors import InputFileError
    from analytics.intake.drafting import draft_mapping

    text = draft_mapping(file)
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        with out.open("x", encoding="utf-8") as target:
            target.write(text)
    except OSError as error:
        fix = "Choose a new name in a folder that you may write to; a draft never replaces a file"
        raise InputFileError(where=str(out), what="the draft cannot be written", fix=fix) from error
    n = text.count("TODO")
    click.echo(f"written to {out}: {n} lines to settle (TODO), then remove the line draft = true")


def _problems(file: str) -> tuple[SiteMapping | None, list[MappingProblem]]:
    """Return a mapping, if it can be parsed, and everything that is wrong with it."""
    from schemas.errors import SchemaFileError
    from schemas.mapping.checks import find_mapping_problems
    from schemas.mapping.format import bundled_mapping_names, load_bundled_mapping, load_mapping
    from schemas.mapping.problems import MappingProblem

    try:
        found = load_bundled_mapping(file) if file in bundled_mapping_names() else load_mapping(Path(file))
    except SchemaFileError as error:
        return None, [MappingProblem(error.where, error.what, error.fix)]
    return found, find_mapping_problems(found)
