"""Run the benchmarks and print their tables."""

from __future__ import annotations

import click

from benchmarks import coverage, generation, intake, survival, way, witnesses

SUITES = {
    "way": way.run,
    "generation": generation.run,
    "curves": witnesses.run,
    "survival": survival.run,
    "intake": intake.run,
    "coverage": coverage.run,
}


@click.command()
@click.option(
    "--rows",
    type=click.IntRange(min=100),
    help="Procedures (way, generation, intake), patients (curves, survival) or lesions (coverage).",
)
@click.option("--only", type=click.Choice(list(SUITES)), help="One suite.")
def main(rows: int | None, only: str | None) -> None:
    """Measure the way of the data, and the estimators beside lifelines."""
    for name, run in SUITES.items():
        if only in {None, name}:
            print(f"\n== {name}")
            run(rows)


if __name__ == "__main__":
    main()
