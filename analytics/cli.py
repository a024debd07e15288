"""The command `calcpci`: parse, call one function, print.

Heavy imports wait inside the commands, so that ``--help`` answers at once. Results go to standard
output, messages to standard error. Exit codes: 0 done; 1 a bug; 2 usage; 3 a file was rejected by the gate;
10-19 other errors that a user can act on.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from analytics.claims.commands import claims as claims_command
from analytics.evidence.commands import evidence as evidence_commands
from analytics.generation_commands import generate
from analytics.mapping_commands import mapping as mapping_commands
from analytics.submissions.commands import COMMANDS as SUBMISSION_COMMANDS

SECRET_VARIABLE = "CALCPCI_PSEUDONYM_SECRET"  # noqa: S105 - the name of the variable, not a secret
_FILE = click.Path(path_type=Path)
_SITES = click.option("--site", "sites", multiple=True, help="Site that may be sent; may be given again.")
_PERIOD = click.option(
    "--period",
    nargs=2,
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="FIRST LAST",
    help="First and last procedure date that the submission declares, as YYYY-MM-DD.",
)


class _Commands(click.Group):
    """Turns an error that a user can act on into one line and its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        from analytics.errors import CalcpciError
        from schemas.errors import SchemaFileError

        try:
            return super().invoke(ctx)
        except CalcpciError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(error.exit_code)
        except SchemaFileError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(12)
        except BrokenPipeError:
            # A reader such as `head` went away; nothing is wrong.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="calcpci", prog_name="calcpci")
@click.option("--verbose", is_flag=True, help="Log what happens, in counts and names only.")
def main(*, verbose: bool) -> None:
    """Outcomes analytics for PCI of calcified coronary lesions.

    Describes registries. Gives no advice on the care of one patient.
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        stream=sys.stderr,
        format="%(levelname)s %(message)s",
    )


def _secret() -> bytes | None:
    """Read the secret for pseudonyms, from the environment only."""
    value = os.environ.get(SECRET_VARIABLE)
    return value.encode() if value else None


def _read_terms(options: dict[str, Any]) -> Any:
    """Read what submissions are judged by from the options of a command."""
    from analytics import preparation

    first_and_last = options["period"]
    return preparation.read_terms(
        settings=options["settings"],
        waivers=options["waivers"],
        sites=options["sites"],
        period=(first_and_last[0].date(), first_and_last[1].date()) if first_and_last else None,
    )


def _show(value: dict[str, Any] | list[Any]) -> None:
    """Print machine-readable output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def _hand_out(prepared: Any, options: dict[str, Any]) -> None:
    """Write the findings of a submission where a folder is given, and say which files there are now."""
    from analytics import preparation

    if options["out"] is None:
        return
    written = preparation.write_all_findings(prepared, options["out"])
    paths = () if options["as_json"] else (f"written: {path}" for path in written.paths)
    for line in (*paths, *written.remarks):
        click.echo(line, err=True)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=_FILE)
@click.option("--mapping", help="Mapping file, or the name of a bundled mapping.")
@click.option("--settings", type=_FILE, help="TOML file of limits.")
@click.option("--waivers", type=_FILE, help="TOML file of reviewed waivers.")
@_SITES
@_PERIOD
@click.option("--out", type=_FILE, help="Folder for findings.csv, findings.html and the rows to correct.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def validate(paths: tuple[Path, ...], **options: Any) -> None:
    """Check files and say what is wrong with them. Never loads."""
    from analytics import preparation

    terms = _read_terms(options)
    prepared = preparation.prepare(paths, mapping=options["mapping"], secret=_secret(), terms=terms)
    _hand_out(prepared, options)
    if options["as_json"]:
        _show(preparation.describe_submission(prepared))
    else:
        click.echo(preparation.render_submission(prepared))
    if prepared.gate.colour == "red":
        sys.exit(3)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=_FILE)
@click.option("--mapping", help="Mapping file, or the name of a bundled mapping.")
@click.option("--db", type=_FILE, required=True, help="DuckDB file; made if absent.")
@click.option("--replace", is_flag=True, help="Supersede the earlier submission of this source.")
@click.option("--settings", type=_FILE, help="TOML file of limits.")
@click.option("--waivers", type=_FILE, help="TOML file of reviewed waivers.")
@_SITES
@_PERIOD
@click.option("--allow-removal", is_flag=True, help="The site consents that rows it does not send again go.")
@click.option("--out", type=_FILE, help="Folder for findings.csv, findings.html and the rows to correct.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def load(paths: tuple[Path, ...], **options: Any) -> None:
    """Validate files, load what is good in one transaction, publish a snapshot."""
    from analytics import pipeline

    prepared = pipeline.prepare_for_store(
        paths,
        db=options["db"],
        mapping=options["mapping"],
        secret=_secret(),
        replace=options["replace"],
        terms=_read_terms(options),
    )
    _hand_out(prepared, options)
    if not options["as_json"]:
        click.echo(pipeline.render_submission(prepared))
    outcome = pipeline.load(
        prepared, db=options["db"], replace=options["replace"], allow_removal=options["allow_removal"]
    )
    if options["as_json"]:
        _show(pipeline.describe_submission(prepared) | {"load": pipeline.describe_load(outcome)})
    else:
        click.echo(pipeline.render_load(outcome))


@main.command()
@click.option("--db", type=_FILE, required=True)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def status(db: Path, *, as_json: bool) -> None:
    """Show submissions, gates, row counts and follow-up completeness."""
    from analytics import store_status

    found = store_status.describe_store(db)
    if as_json:
        _show(found)
    else:
        click.echo(store_status.render_store(found))


@main.command()
@click.argument("spec", type=_FILE)
@click.option("--db", type=_FILE, help="DuckDB file of the registry.")
@click.option("--data", type=_FILE, help="Any CSV file with one row per patient.")
@click.option("--out", type=_FILE, help="Folder for results.json and figures.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def estimate(spec: Path, db: Path | None, data: Path | None, out: Path | None, *, as_json: bool) -> None:
    """Run one pre-specified analysis, or all of a plan, on the registry (--db) or on a CSV file (--data)."""
    from analytics import analyses

    if (db is None) == (data is None):
        msg = "Give either --db FILE or --data CSV."
        raise click.UsageError(msg)
    answers = analyses.run_files(spec, db=db, data=data)
    if out is not None:
        for answer in answers:
            analyses.write_answer(answer, out)
    if as_json:
        found = [analyses.describe_answer(answer) for answer in answers]
        _show(found[0] if len(found) == 1 else {"analyses": found})
    else:
        click.echo("\n\n\n".join(analyses.render_answer(answer) for answer in answers))


@main.command()
@click.option("--db", type=_FILE, required=True)
@click.option("--plan", type=_FILE, help="Plan as TOML; the bundled plan if not given.")
@click.option("--out", type=_FILE, required=True, help="Folder for report.html, report.md and report.json.")
def report(db: Path, plan: Path | None, out: Path) -> None:
    """Run every analysis of a plan and write the report."""
    from analytics import reporting

    for path in reporting.write_report(db, out, plan=plan):
        click.echo(str(path))


@main.command()
@click.option("--db", type=_FILE, required=True)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port on 127.0.0.1; the first free one from 8501 if not given.",
)
def dashboard(db: Path, port: int | None) -> None:
    """Serve the dashboard on 127.0.0.1."""
    from analytics import serving

    serving.serve_dashboard(db, port=port, say=click.echo)


@main.command()
@click.option("--out", type=_FILE, required=True)
def dictionary(out: Path) -> None:
    """Write the data dictionary, CSV templates and JSON schemas of the canonical tables."""
    from schemas.dictionary import write_dictionary

    for path in write_dictionary(out):
        click.echo(str(path))


@main.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port of the dashboard; the first free one from 8501 if not given.",
)
@click.option("--no-serve", is_flag=True, help="Do everything but serve the dashboard.")
@click.option(
    "--out", type=_FILE, default=Path("demo"), show_default=True, help="Folder for all that is made."
)
def demo(port: int | None, out: Path, *, no_serve: bool) -> None:
    """Run the whole job on bundled synthetic data: generate, validate, load, analyse, report, dashboard."""
    from analytics import demonstration, serving

    db = demonstration.run_demo(out, say=click.echo)
    if no_serve:
        click.echo(f"Open the dashboard with: calcpci dashboard --db {db}")
    else:
        serving.serve_dashboard(db, port=port, say=click.echo)


for _command in SUBMISSION_COMMANDS:
    main.add_command(_command)
main.add_command(generate)
main.add_command(mapping_commands)
main.add_command(evidence_commands)
main.add_command(claims_command)

if __name__ == "__main__":
    main()
