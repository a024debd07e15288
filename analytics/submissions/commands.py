"""The commands about submissions; heavy imports wait inside them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

_FILE = click.Path(path_type=Path)
_DB = click.option("--db", type=_FILE, required=True, help="DuckDB file of the registry.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
_SECRET_VARIABLE = "CALCPCI_PSEUDONYM_SECRET"  # noqa: S105 - the name of the variable, not a secret
_RETURNED = 3
_UNSOUND = 13
_WAITING = 10


@click.command()
@_DB
@_JSON
def submissions(db: Path, *, as_json: bool) -> None:
    """List the submissions of a store, in order of loading."""
    from analytics.submissions import overview

    found = overview.describe_submissions(db)
    click.echo(
        json.dumps(found, indent=2, ensure_ascii=False) if as_json else overview.render_submissions(found)
    )


@click.command()
@click.argument("before")
@click.argument("after")
@click.option("--db", type=_FILE, help="Store whose submissions BEFORE and AFTER name.")
@click.option("--mapping", help="Mapping of files: a file, or the name of a bundled one.")
@_JSON
def diff(before: str, after: str, db: Path | None, mapping: str | None, *, as_json: bool) -> None:
    """Compare two submissions: findings new, fixed, still open; rows added, changed, gone.

    BEFORE and AFTER are submissions of a store (with --db), or files or folders.
    """
    from analytics.report.serialise import serialise
    from analytics.submissions import overview

    value = os.environ.get(_SECRET_VARIABLE)
    secret = value.encode() if value else None
    found = overview.compare(before, after, db=db, mapping=mapping, secret=secret)
    if as_json:
        click.echo(json.dumps(serialise(found), indent=2, ensure_ascii=False))
    else:
        click.echo(overview.render_difference(found))


@click.command()
@click.argument("submission")
@_DB
@click.option("--reason", required=True, help="Why; kept in the ledger. Name no patient.")
def withdraw(submission: str, db: Path, reason: str) -> None:
    """Take a submission back out of the store, in one transaction; its ledger entry stays."""
    from analytics.submissions import overview

    click.echo(overview.withdraw(db, submission, reason=reason))


@click.command()
@_DB
@click.option("--rebuild", type=_FILE, metavar="NEW", help="Make the store anew from its archive, at NEW.")
@_JSON
def fsck(db: Path, rebuild: Path | None, *, as_json: bool) -> None:
    """Hold a store against its ledger and its archive, row by row."""
    from analytics.submissions import overview

    if rebuild is not None:
        click.echo(overview.rebuild(db, rebuild))
        return
    checks = overview.check(db)
    click.echo(json.dumps(checks, indent=2) if as_json else overview.render_checks(checks))
    if not all(item["is_sound"] for item in checks):
        sys.exit(_UNSOUND)


@click.command()
@click.argument("inbox", metavar="DIR", type=_FILE)
@click.option("--db", type=_FILE, required=True, help="DuckDB file of the registry; made if absent.")
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="Seconds without change after which a file counts as complete.",
)
@_JSON
def intake(inbox: Path, db: Path, settle: float, *, as_json: bool) -> None:
    """Process what arrived in DIR, one folder per site: load it, or return it, with a report.

    Safe to run from cron, twice at once, and after a crash. Exit code 3 if something was returned, 10 if
    something waits because store, mapping or secret are not in order.
    """
    from dataclasses import asdict

    from analytics.submissions import inbox as arrivals

    value = os.environ.get(_SECRET_VARIABLE)
    found = arrivals.process_inbox(
        inbox, db=db, secret=value.encode() if value else None, settle_seconds=settle
    )
    if as_json:
        click.echo(json.dumps([asdict(item) for item in found or []], indent=2, ensure_ascii=False))
    else:
        click.echo(arrivals.render_answers(found))
    outcomes = {item.outcome for item in found or []}
    if arrivals.RETURNED in outcomes:
        sys.exit(_RETURNED)
    if arrivals.WAITING in outcomes:
        sys.exit(_WAITING)


COMMANDS = (submissions, diff, withdraw, fsck, intake)
"""What `calcpci` adds to its commands."""
