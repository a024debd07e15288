"""The command `calcpci claims`; heavy imports wait inside it."""

from __future__ import annotations

import json
from pathlib import Path

import click

_FILE = click.Path(path_type=Path)


@click.command()
@click.option("--db", type=_FILE, required=True, help="DuckDB file of the registry.")
@click.option("--claim", "only", multiple=True, metavar="ID", help="Claim to show; may be given again.")
@click.option("--file", "own", multiple=True, type=_FILE, help="Claim of one's own, as TOML, instead.")
@click.option("--out", type=_FILE, help="Folder for claims.html, claims.md, claims.json and claims.csv.")
@click.option("--hide-small", is_flag=True, help="Hide counts of 1 to 4, for others than the data holder.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def claims(db: Path, only: tuple[str, ...], own: tuple[Path, ...], out: Path | None, **options: bool) -> None:
    """Put the review's claims, or one's own, to the test on the registry.

    p values are adjusted over all claims of the run, shown or not. With --file the run holds the claims of
    these files alone.
    """
    from analytics.claims import reading, running, writing
    from analytics.claims.hiding import hide_small_cells
    from analytics.store.publishing import find_current_snapshot, snapshot_folder

    asked = tuple(reading.read_claim(path) for path in own) or reading.read_bundled_claims()
    found = running.run_claims(find_current_snapshot(snapshot_folder(db)), asked, only=only)
    run = hide_small_cells(found) if options["hide_small"] else found
    if out is not None:
        for path in writing.write_claims(run, out):
            click.echo(f"written: {path}", err=True)
    if options["as_json"]:
        click.echo(json.dumps(writing.describe_run(run), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(writing.render_run(run))
