"""``python -m synthetic.study``: run the recovery study and write its tables."""

from __future__ import annotations

from pathlib import Path

import click

from synthetic.scenario import load_scenario
from synthetic.study.running import PROCEDURES, study_scenario
from synthetic.study.tables import write_pages, write_study

SCENARIOS = (
    "default",
    "core_lab",
    "null",
    "high_contrast",
    "nonproportional",
    "unmeasured",
    "informative_censoring",
    "misgraded",
    "rare",
    "outlier_site",
    "drift",
    "national",
)
"""Scenarios that are studied: under `learning` no contrast of devices has a single truth."""


@click.command()
@click.option("--scenario", "scenarios", multiple=True, help="A bundled scenario; all studied ones if none.")
@click.option("--replicates", type=click.IntRange(min=2), default=500, show_default=True)
@click.option("--procedures", type=click.IntRange(min=200), default=PROCEDURES, show_default=True)
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/validation"), show_default=True)
def main(scenarios: tuple[str, ...], *, replicates: int, procedures: int, workers: int, out: Path) -> None:
    """Draw registries of known truth, analyse each, and write bias, errors and coverage as tables."""
    for name in scenarios or SCENARIOS:
        found = study_scenario(
            load_scenario(name), replicates=replicates, procedures=procedures, workers=workers
        )
        written = write_study(found, out, scenario=name, procedures=procedures)
        write_pages(out)
        click.echo(f"written: {', '.join(map(str, written))}")


if __name__ == "__main__":
    main()
