"""`calcpci generate`: a synthetic registry as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from analytics.errors import CalibrationError, InputFileError
from synthetic import registry as drawing
from synthetic.calibration import check_registry, render_checks
from synthetic.corruption import plant_faults, write_faults
from synthetic.dialects.writing import write_dialect
from synthetic.registry import complete_truth, draw_blocks, generate_registry
from synthetic.scenario import load_scenario, read_scenario
from synthetic.writer import TableFiles, spell_tables, write_truth

if TYPE_CHECKING:
    from synthetic.scenario import Scenario

CHECKED_PROCEDURES = 100_000
"""Procedures that are drawn at most where a registry has to be held as a whole."""

TRUTH_SAMPLE = 50_000
"""Patients from which the true risks under each device are computed; their error is told beside them."""


def generate_files(
    out: Path,
    *,
    scenario: str,
    procedures: int,
    seed: int,
    faults: bool = False,
    kind: Literal["csv", "parquet"] = "csv",
) -> dict[str, Any]:
    """Write a synthetic registry into ``out`` and return what was written.

    Parameters
    ----------
    out
        Folder; made if absent. Files of the same names are replaced.
    scenario
        Name of a bundled scenario, or path of a file of one's own.
    procedures
        How many procedures. They are drawn and written block by block: memory does not grow with them.
    seed
        Seed of every random stream.
    faults
        Plant faults (in the first block; those of whole sites where it is the only one), and write
        ``faults.csv`` that says where; broken files lie in folders of their own below ``files``.
    kind
        ``csv`` or ``parquet``. Faults are faults of text: they need CSV.

    Returns
    -------
    dict
        ``out``, ``scenario``, ``seed``, ``rows`` by table and ``n_faults``.

    Raises
    ------
    InputFileError
        If ``out`` is a file, or faults are asked for in Parquet.
    """
    if out.is_file():
        raise InputFileError(where=str(out), what="is a file", fix="Name a folder.")
    if faults and kind != "csv":
        raise InputFileError(where="--faults", what="needs text", fix="Leave --format at csv.")
    drawn = find_scenario(scenario)
    tallies, n_faults = [], 0
    with TableFiles(out, kind) as files:
        for place, block in enumerate(draw_blocks(drawn, procedures=procedures, seed=seed)):
            tallies.append(block.tally)
            if faults and place == 0:
                is_whole = procedures <= drawing.BLOCK_PROCEDURES
                texts, planted = plant_faults(spell_tables(block.tables), seed, of_sites=is_whole)
                files.add_text(texts)
                n_faults = write_faults(planted, out).filter(cause="planted").height
            else:
                files.add(block.tables)
    write_truth(complete_truth(drawn, tallies, seed=seed, sample=TRUTH_SAMPLE), out)
    return {"out": str(out), "scenario": drawn.name, "seed": seed, "rows": files.rows, "n_faults": n_faults}


def generate_dialect(out: Path, *, scenario: str, procedures: int, seed: int, dialect: str) -> dict[str, Any]:
    """Write a synthetic registry as its hospitals would send it: an inbox of one folder per site.

    Parameters
    ----------
    out
        Folder; made if absent. Each site gets a folder with ``export.csv`` and the ``mapping.toml`` that
        reads it.
    scenario, procedures, seed
        As in `generate_files`; at most `CHECKED_PROCEDURES` procedures, since a file is written in one piece.
    dialect
        Key of `synthetic.dialects.writing.DIALECTS`.

    Returns
    -------
    dict
        ``out``, ``scenario``, ``seed``, ``rows`` by site and ``n_faults`` (0).

    Raises
    ------
    InputFileError
        If ``out`` is a file, or more procedures are asked for.
    """
    if out.is_file():
        raise InputFileError(where=str(out), what="is a file", fix="Name a folder.")
    if procedures > CHECKED_PROCEDURES:
        raise InputFileError(
            where="--dialect",
            what=f"more than {CHECKED_PROCEDURES:,} procedures",
            fix="Ask for fewer, or for the canonical files.",
        )
    drawn = find_scenario(scenario)
    registry = generate_registry(drawn, procedures=procedures, seed=seed, truth_sample=TRUTH_SAMPLE)
    rows = write_dialect(registry.tables, out, dialect)
    write_truth(registry.truth, out)
    return {"out": str(out), "scenario": drawn.name, "seed": seed, "rows": rows, "n_faults": 0}


def find_scenario(name: str) -> Scenario:
    """Return a bundled scenario, or one read from a file where the name is that of a TOML file."""
    return read_scenario(Path(name)) if name.endswith(".toml") else load_scenario(name)


@dataclass(frozen=True)
class Comparison:
    """A registry beside published figures.

    Parameters
    ----------
    where
        Which registry.
    text
        One line per figure: generated, accepted range and why, published, source.
    failed
        Figures outside their range.
    """

    where: str
    text: str
    failed: tuple[str, ...]

    def demand_agreement(self) -> None:
        """Refuse a registry with a figure outside its range.

        Raises
        ------
        CalibrationError
            The message says which figures.
        """
        if self.failed:
            raise CalibrationError(
                where=self.where,
                what=f"outside the accepted range: {'; '.join(self.failed)}",
                fix="Mend the scenario, or draw more procedures where noise is large.",
            )


def compare_with_published(*, scenario: str, procedures: int, seed: int) -> Comparison:
    """Set a registry beside published figures.

    Parameters
    ----------
    scenario, procedures, seed
        As in `generate_files`; at most the first `CHECKED_PROCEDURES` procedures are drawn.
    """
    drawn = find_scenario(scenario)
    size = min(procedures, CHECKED_PROCEDURES)
    registry = generate_registry(drawn, procedures=size, seed=seed, truth_sample=TRUTH_SAMPLE)
    results = check_registry(registry)
    return Comparison(
        where=f"scenario '{drawn.name}', {size:,} procedures, seed {seed}",
        text=render_checks(results),
        failed=tuple(result.check.label for result in results if not result.agrees),
    )
