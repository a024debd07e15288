"""The command `calcpci generate`; heavy imports wait inside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click


@click.command()
@click.option(
    "--scenario", default="default", show_default=True, help="Bundled scenario, or a TOML or JSON file."
)
@click.option("--procedures", type=click.IntRange(min=1), default=5000, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=2026, show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder for the tables, truth.json and scenario.json.",
)
@click.option(
    "--dialect",
    type=click.Choice(["canonical", "cathpci_wide", "redcap", "hospital_zh", "bcis"]),
    default="canonical",
    show_default=True,
    help="Other than canonical: one folder per site, with its file and its mapping.",
)
@click.option("--format", "kind", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True)
@click.option("--faults", is_flag=True, help="Plant faults and write faults.csv.")
@click.option("--check", is_flag=True, help="Set the registry beside published figures; fail outside them.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def generate(**options: Any) -> None:
    """Write a synthetic registry as files, with its truth."""
    from analytics import generation

    asked = {name: options[name] for name in ("scenario", "procedures", "seed")}
    if options["dialect"] == "canonical":
        written = generation.generate_files(
            options["out"], **asked, faults=options["faults"], kind=options["kind"]
        )
    else:
        _refuse_with_dialect(options)
        written = generation.generate_dialect(
            options["out"], **asked, dialect=options["dialect"], faults=options["faults"]
        )
    if options["as_json"]:
        click.echo(json.dumps(written, indent=2))
    else:
        click.echo("\n".join(f"{name}: {count:,} rows" for name, count in written["rows"].items()))
        click.echo(f"written to {options['out']}")
    if options["check"]:
        comparison = generation.compare_with_published(**asked)
        click.echo(comparison.text, err=options["as_json"])
        comparison.demand_agreement()


def _refuse_with_dialect(options: dict[str, Any]) -> None:
    """Refuse what only canonical files can have."""
    if options["kind"] != "csv":
        message = "--format goes with --dialect canonical only."
        raise click.UsageError(message)
