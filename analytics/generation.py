"""`calcpci generate`: a synthetic registry as files."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from analytics.errors import CalibrationError, InputFileError
from analytics.generation_dialects import plant_in_exports
from schemas.errors import SchemaFileError
from schemas.registry import TABLES
from synthetic import registry as drawing
from synthetic.calibration import check_registry, find_departure
from synthetic.calibration_table import describe_departure, render_checks
from synthetic.corruption import plant_faults, write_faults
from synthetic.dialects.writing import write_dialect
from synthetic.faulty_hospitals import draw_faulty_hospitals
from synthetic.leftovers import OF_FAULTS, refuse_leftovers
from synthetic.registry import complete_truth, draw_blocks, generate_registry
from synthetic.scenario import load_scenario, read_scenario
from synthetic.scenario_json import write_scenario
from synthetic.writer import TableFiles, spell_tables, write_truth, written_together

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

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
        Folder; made if absent. Files of the same names are replaced, all at the end: a run that ends early
        leaves the folder as it was. ``truth.json`` is the last of them.
    scenario
        Name of a bundled scenario, or path of a TOML file of one's own or of a registry's ``scenario.json``.
    procedures
        How many procedures. They are drawn and written block by block: memory does not grow with them.
    seed
        Seed of every random stream.
    faults
        Plant faults, and write ``faults.csv`` that says where; broken files lie in folders of their own below
        ``files``. Where the registry takes several blocks, hospitals of their own join it for the faults.
    kind
        ``csv`` or ``parquet``. Faults are faults of text: they need CSV.

    Returns
    -------
    dict
        ``out``, ``scenario``, ``seed``, ``rows`` by table and ``n_faults``.

    Raises
    ------
    InputFileError
        If ``out`` is a file, cannot be written to, has no room or holds parts of another registry that would
        stay, or faults are asked for in Parquet.
    """
    if faults and kind != "csv":
        raise InputFileError(where="--faults", what="needs text", fix="Leave --format at csv.")
    drawn = find_scenario(scenario)
    _refuse_place(out, {f"{table}.{kind}" for table in TABLES}, faults=faults)
    is_whole = procedures <= drawing.BLOCK_PROCEDURES
    tallies, planted = [], None
    with _telling_of(out), written_together(out) as work:
        with TableFiles(work, kind) as files:
            if faults and not is_whole:
                texts, planted = draw_faulty_hospitals(drawn, seed=seed)
                files.add_text(texts)
            for block in draw_blocks(drawn, procedures=procedures, seed=seed):
                tallies.append(block.tally)
                if faults and is_whole:
                    texts, planted = plant_faults(spell_tables(block.tables), seed)
                    files.add_text(texts)
                else:
                    files.add(block.tables)
        n_faults = _write_faults(planted, work)
        write_scenario(drawn, work)
        write_truth(complete_truth(drawn, tallies, seed=seed, sample=TRUTH_SAMPLE), work)
    return {"out": str(out), "scenario": drawn.name, "seed": seed, "rows": files.rows, "n_faults": n_faults}


def generate_dialect(
    out: Path, *, scenario: str, procedures: int, seed: int, dialect: str, faults: bool = False
) -> dict[str, Any]:
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
    faults
        Plant the faults of rows that the form can tell, and write ``faults.csv`` that says where they are
        found through the mappings; broken files lie in folders of their own below ``files``.

    Returns
    -------
    dict
        ``out``, ``scenario``, ``seed``, ``rows`` by site and ``n_faults``.

    Raises
    ------
    InputFileError
        If ``out`` is a file, cannot be written to, has no room or holds parts of another registry that would
        stay, or more procedures are asked for.
    """
    if procedures > CHECKED_PROCEDURES:
        raise InputFileError(
            where="--dialect",
            what=f"more than {CHECKED_PROCEDURES:,} procedures",
            fix="Ask for fewer, or for the canonical files.",
        )
    drawn = find_scenario(scenario)
    _refuse_place(out, {site.site_id for site in drawn.sites}, faults=faults)
    registry = generate_registry(drawn, procedures=procedures, seed=seed, truth_sample=TRUTH_SAMPLE)
    with _telling_of(out), written_together(out) as work:
        rows, n_faults = write_dialect(registry.tables, work, dialect), 0
        if faults:
            planted, changed = plant_in_exports(registry.tables, work, dialect, seed=seed)
            rows |= changed
            n_faults = _write_faults(planted, work)
        write_scenario(drawn, work)
        write_truth(registry.truth, work)
    return {"out": str(out), "scenario": drawn.name, "seed": seed, "rows": rows, "n_faults": n_faults}


def _write_faults(planted: pl.DataFrame | None, work: Path) -> int:
    """Write the list of faults if there are any, and return how many were planted."""
    return 0 if planted is None else write_faults(planted, work).filter(cause="planted").height


def _refuse_place(out: Path, written: set[str], *, faults: bool) -> None:
    """Refuse a file, and a folder in which parts of another registry would stay."""
    if out.is_file():
        raise InputFileError(where=str(out), what="is a file", fix="Name a folder.")
    try:
        with _telling_of(out):
            refuse_leftovers(out, {*written, *OF_FAULTS} if faults else written)
    except SchemaFileError as error:
        raise InputFileError(where=error.where, what=error.what, fix=error.fix) from None


@contextmanager
def _telling_of(out: Path) -> Iterator[None]:
    """Say in one line that a folder cannot be written to."""
    try:
        yield
    except OSError as error:
        # Libraries spell a full disk differently, and not all of them set the number.
        is_full = error.errno == ENOSPC or "no space left" in str(error).casefold()
        raise InputFileError(
            where=str(out),
            what="the disk is full, nothing was written" if is_full else "the files cannot be written",
            fix="Make room, or name another folder" if is_full else "Name a folder that can be written to",
        ) from error


def find_scenario(name: str) -> Scenario:
    """Return a bundled scenario, or one read from a file where the name ends in .toml or .json."""
    return read_scenario(Path(name)) if name.endswith((".toml", ".json")) else load_scenario(name)


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
    on_purpose
        Where the scenario leaves the published picture on purpose, in words; empty where it does not.
    """

    where: str
    text: str
    failed: tuple[str, ...]
    on_purpose: str = ""

    def demand_agreement(self) -> None:
        """Refuse a registry with a figure outside its range.

        Raises
        ------
        CalibrationError
            The message says which figures.
        """
        if self.failed:
            usual = "Mend the scenario; the table above says what was published and where."
            fix = f"{self.on_purpose} Use the scenario 'default' for the published picture."
            raise CalibrationError(
                where=self.where,
                what=f"outside the accepted range: {'; '.join(self.failed)}",
                fix=fix if self.on_purpose else usual,
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
    failed = [result for result in results if result.fails]
    departure = find_departure(drawn.name)
    return Comparison(
        where=f"scenario '{drawn.name}', {size:,} procedures, seed {seed}",
        text=render_checks(results, departure),
        failed=tuple(result.check.label for result in failed),
        on_purpose=describe_departure(departure, failed) if departure else "",
    )
