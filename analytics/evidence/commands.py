"""The commands about published figures; heavy imports wait inside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

_JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
_CSV = click.option("--csv", "as_csv", is_flag=True, help="Rows as CSV.")
_EFFECTS = click.option("--effects", is_flag=True, help="Hazard, odds and risk ratios, not proportions.")
_UNCITED = click.option("--uncited", is_flag=True, help="Also figures with neither DOI nor PMID.")
_FILTERS = (
    click.option("--outcome", help="Outcome, published or the registry's own."),
    click.option("--device", help="Device strategy, or all."),
    click.option("--severity", help="Calcification severity."),
    click.option("--unit", help="lesion, procedure or patient."),
    click.option("--horizon", type=click.IntRange(min=0), help="Days; 0 is the procedure and the stay."),
    click.option("--use", help="primary, historical or context."),
)


def _filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the filters."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


@click.group()
def evidence() -> None:
    """List, cite and pool published figures."""


@evidence.command("list")
@_filtered
@_EFFECTS
@_UNCITED
@_JSON
@_CSV
def list_figures(*, effects: bool, uncited: bool, as_json: bool, as_csv: bool, **filters: Any) -> None:  # noqa: ANN401 - click hands over options of any type
    """List published figures with their sources."""
    from analytics.evidence import listing
    from analytics.evidence.published import read_effects, read_published

    figures = read_effects() if effects else read_published()
    rows = listing.select_figures(figures, _asked(filters), uncited=uncited)
    if as_json:
        _show(_cited(rows))
    elif as_csv:
        click.echo(rows.write_csv(), nl=False)
    else:
        click.echo(listing.render_effects(rows) if effects else listing.render_figures(rows))


@evidence.command()
@click.argument("study")
@_JSON
@_CSV
def show(study: str, *, as_json: bool, as_csv: bool) -> None:
    """Show everything about one STUDY: its figures, ratios and source."""
    from analytics.evidence import listing

    outcomes, effects = listing.find_study(study)
    if as_json:
        _show({"outcomes": _cited(outcomes), "effects": _cited(effects)})
    elif as_csv:
        click.echo((outcomes if outcomes.height else effects).write_csv(), nl=False)
    else:
        click.echo(listing.render_study(outcomes, effects))


@evidence.command()
@_filtered
@_EFFECTS
@click.option("--data", type=click.Path(path_type=Path), help="CSV file of your own studies.")
@click.option("--method", help="glmm (proportions only), reml or dl.")
@click.option("--prediction", default="t_k1", show_default=True, help="t_k1, t_k2 or normal.")
@click.option("--confidence", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True)
@click.option("--rate", help="Events and total of a registry, as 12/400, to be judged.")
@_JSON
@_CSV
def pool(*, effects: bool, data: Path | None, as_json: bool, as_csv: bool, **options: Any) -> None:  # noqa: ANN401 - click hands over options of any type
    """Pool compatible studies, and tell who was left out and why."""
    from analytics.evidence import pooled_text, pooling_run

    rate = options.pop("rate")
    how = {name: options.pop(name) for name in ("method", "prediction", "confidence")}
    how = {name: value for name, value in how.items() if value is not None}
    found = pooling_run.pool_files(data, _renamed(options), are_ratios=effects, how=how)
    verdict = pooling_run.judge_counts(rate, found.pooled) if rate else None
    if as_json:
        _show(pooled_text.describe_synthesis(found, verdict))
    elif as_csv:
        click.echo(pooled_text.table_of_studies(found).write_csv(), nl=False)
    else:
        click.echo(pooled_text.render_synthesis(found, verdict))


def _asked(filters: dict[str, Any]) -> dict[str, Any]:
    """Check filters against the vocabulary."""
    from analytics.evidence.listing import resolve_filters

    return resolve_filters(_renamed(filters))


def _renamed(filters: dict[str, Any]) -> dict[str, Any]:
    """Turn option names into column names."""
    names = {"horizon": "horizon_days", "use": "benchmark_use"}
    return {names.get(name, name): value for name, value in filters.items()}


def _cited(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Give rows with their citation and address."""
    from analytics.evidence.published import cite, source_link

    return [row | {"citation": cite(row), "link": source_link(row)} for row in rows.iter_rows(named=True)]


def _show(value: dict[str, Any] | list[Any]) -> None:
    """Print machine-readable output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))
