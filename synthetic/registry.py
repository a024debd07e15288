"""A whole synthetic registry: the stages in order, each with its own random stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from schemas.errors import SchemaFileError
from schemas.registry import TABLES
from synthetic.clinical_tables import (
    complication_table,
    device_table,
    imaging_table,
    lesion_table,
    patient_table,
    procedure_table,
    site_table,
)
from synthetic.codes import INDEX_VISIT
from synthetic.counterfactual import describe_marginals
from synthetic.course import draw_course
from synthetic.follow_up import known_days
from synthetic.missingness import hide_values
from synthetic.outcome_tables import event_table, follow_up_table
from synthetic.people import draw_people
from synthetic.streams import open_streams
from synthetic.truth import describe_truth, tally_truth

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from synthetic.course import Course
    from synthetic.people import People
    from synthetic.scenario import Scenario
    from synthetic.truth import Tally


@dataclass(frozen=True, eq=False)
class Registry:
    """A synthetic registry and what is true about it.

    Parameters
    ----------
    tables
        Typed canonical tables by name in load order, without the loader's columns.
    truth
        What ``truth.json`` holds; see ``docs/synthetic.md``.
    scenario
        What it was drawn from.
    """

    tables: dict[str, pl.DataFrame]
    truth: dict[str, Any]
    scenario: Scenario


BLOCK_PROCEDURES = 100_000
"""Procedures that are drawn at a time: what bounds the memory of a registry of any size."""


@dataclass(frozen=True, eq=False)
class Block:
    """A part of a registry.

    Parameters
    ----------
    tables
        As in `Registry`; only the first block has rows of ``sites``.
    tally
        What the block adds to the truth.
    """

    tables: dict[str, pl.DataFrame]
    tally: Tally


def generate_registry(scenario: Scenario, *, procedures: int, seed: int, truth_sample: int = 0) -> Registry:
    """Draw a registry; the same scenario, number and seed give the same tables, cell for cell.

    Parameters
    ----------
    scenario
        From `load_scenario` or `read_scenario`.
    procedures
        Rows of the procedures table, at least 1: index, planned staged and repeat procedures together.
    seed
        Non-negative integer.
    truth_sample
        Patients from which ``marginal`` of the truth is computed (see `describe_marginals`); it is left out
        where 0.

    Raises
    ------
    ValueError
        If `procedures` is below 1 or the seed negative.
    """
    blocks = list(draw_blocks(scenario, procedures=procedures, seed=seed))
    tables = {name: pl.concat([block.tables[name] for block in blocks]) for name in TABLES}
    tallies = [block.tally for block in blocks]
    truth = complete_truth(scenario, tallies, seed=seed, sample=truth_sample)
    return Registry(tables, truth, scenario)


def complete_truth(scenario: Scenario, tallies: Sequence[Tally], *, seed: int, sample: int) -> dict[str, Any]:
    """Describe the truth of the blocks together, with the true effects where a sample is asked for."""
    truth = describe_truth(scenario, tallies, seed=seed)
    return truth | ({"marginal": describe_marginals(scenario, seed=seed, size=sample)} if sample else {})


def draw_blocks(scenario: Scenario, *, procedures: int, seed: int) -> Iterator[Block]:
    """Draw a registry block by block, each of at most `BLOCK_PROCEDURES`.

    Parameters
    ----------
    scenario, procedures, seed
        As in `generate_registry`, whose tables the blocks make up.

    Raises
    ------
    ValueError
        If `procedures` is below 1 or the seed negative.
    SchemaFileError
        If operators learn, and one block cannot hold all their cases.
    """
    if procedures < 1 or seed < 0:
        message = "procedures must be at least 1 and seed at least 0"
        raise ValueError(message)
    if scenario.operators.learning and procedures > BLOCK_PROCEDURES:
        raise SchemaFileError(
            where=f"scenario '{scenario.name}'",
            what="operators learn from case to case, so that all must be drawn at once",
            fix=f"Ask for at most {BLOCK_PROCEDURES} procedures",
        )
    numbered = np.zeros(len(scenario.sites), dtype=np.int64)
    for place, start in enumerate(range(0, procedures, BLOCK_PROCEDURES)):
        size = min(BLOCK_PROCEDURES, procedures - start)
        streams = open_streams(seed, place)
        people = draw_people(scenario, streams, procedures=size, numbered=numbered)
        numbered = numbered + np.bincount(people.patients["site"].to_numpy(), minlength=len(numbered))
        yield _lay_out(scenario, people, streams, with_sites=place == 0)


def _lay_out(
    scenario: Scenario, people: People, streams: dict[str, np.random.Generator], *, with_sites: bool
) -> Block:
    """Draw the course of a block and lay out its tables."""
    course = draw_course(scenario, people, streams)
    complete = _clinical_tables(scenario, people, course) | _outcome_tables(
        scenario, people, course, streams["events"]
    )
    tables = {name: complete[name] for name in TABLES}
    hidden = hide_values(tables, scenario.missingness, streams["missingness"])
    if not with_sites:
        hidden["sites"] = hidden["sites"].clear()
    return Block(hidden, tally_truth(scenario, people, course))


def _clinical_tables(scenario: Scenario, people: People, course: Course) -> dict[str, pl.DataFrame]:
    """Lay out everything up to discharge."""
    visits, lesion_id = course.visits, course.lesions["lesion_id"]
    return {
        "sites": site_table(scenario),
        "patients": patient_table(people.patients),
        "procedures": procedure_table(
            visits, people.patients[visits["patient"].to_numpy()], laboratory=course.laboratory
        ),
        "lesions": lesion_table(course.lesions),
        "imaging": imaging_table(course.imaging, lesion_id),
        "device_uses": device_table(course.devices, lesion_id),
        "complications": complication_table(
            recorded_complications(scenario, course), visits["procedure_id"], lesion_id.gather(people.lead)
        ),
    }


def recorded_complications(scenario: Scenario, course: Course) -> pl.DataFrame:
    """Return the complications that the hospitals wrote down."""
    rows = course.complications.rows
    practice = course.visits["complications_recorded"].gather(rows["visit"])
    some = pl.col("kind").is_in(scenario.complications.recorded_by_some)
    return rows.with_columns(practice.alias("practice")).filter(
        (pl.col("practice") == "all") | ((pl.col("practice") == "some") & some)
    )


def _outcome_tables(
    scenario: Scenario, people: People, course: Course, rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """Lay out follow-up and events."""
    is_index = (course.visits["kind"] == INDEX_VISIT).to_numpy()
    persons = people.patients.select("patient_id", "index_day").with_columns(
        people.sites["followup_source"].gather(people.patients["site"]).alias("source"),
        course.visits["procedure_id"].filter(pl.Series(is_index)).alias("index_procedure_id"),
        course.lesions["lesion_id"].gather(people.index_lead).alias("index_lesion_id"),
        pl.Series("discharge", people.known.discharge),
    )
    outcomes, known = people.outcomes, people.known
    return {
        "follow_up": follow_up_table(
            scenario, persons, known, death_day=outcomes.death_day, death_known=known.death_known
        ),
        "events": event_table(
            scenario.outcomes,
            persons,
            course.visits,
            outcomes=outcomes,
            known=known_days(outcomes, known),
            rng=rng,
        ),
    }
