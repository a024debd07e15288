"""`calcpci estimate`: read a specification, find its data, estimate, say it in words, JSON, figures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analytics.charts.export import render_png, render_svg
from analytics.estimation.answer_blocks import answer_blocks
from analytics.estimation.outcome_data import OutcomeData
from analytics.estimation.running import estimate
from analytics.estimation.specification import Specification, read_specification
from analytics.outcomes.frames import read_csv_outcomes, read_snapshot_outcomes
from analytics.report.document import Block, Bullets, Figure, Paragraph, Section
from analytics.report.plain_text import render_table
from analytics.report.serialise import serialise
from analytics.report_plan import is_plan, read_plan
from analytics.store.publishing import find_current_snapshot, snapshot_folder
from analytics.store.queries import read_snapshot_info

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.charts.theme import Spec
    from analytics.estimation.results import Results


@dataclass(frozen=True, eq=False)
class Answer:
    """A specification, the data it met, and what came out.

    Parameters
    ----------
    spec
        What was asked.
    data
        What it was asked of.
    results
        What came out.
    """

    spec: Specification
    data: OutcomeData
    results: Results


def run_file(path: Path, *, db: Path | None = None, data: Path | None = None) -> Answer:
    """Run the specification of a file on a registry store or on a CSV file (exactly one of the two).

    Raises
    ------
    InputFileError, SpecificationError, StoreError
        Each says where, what, and how to fix it.
    """
    spec = read_specification(path)
    return run_on_csv(spec, data) if data is not None else run_on_store(spec, db or path)


def run_files(path: Path, *, db: Path | None = None, data: Path | None = None) -> tuple[Answer, ...]:
    """Run the specification of a file, or all analyses of a plan, as `run_file` does."""
    if not is_plan(path):
        return (run_file(path, db=db, data=data),)
    specs = read_plan(path).analyses
    if data is not None:
        return tuple(run_on_csv(spec, data) for spec in specs)
    return tuple(run_on_store(spec, db or path) for spec in specs)


def run_on_csv(spec: Specification, data: Path) -> Answer:
    """Run a specification on a CSV file with one row per patient."""
    outcomes = read_csv_outcomes(data, spec)
    return Answer(spec, outcomes, estimate(outcomes.frame, spec, causes=outcomes.causes))


def run_on_store(spec: Specification, db: Path) -> Answer:
    """Run a specification on the current snapshot of a registry store."""
    return run_on_snapshot(spec, find_current_snapshot(snapshot_folder(db)))


def run_on_snapshot(spec: Specification, snapshot: Path) -> Answer:
    """Run a specification on one snapshot."""
    identity = read_snapshot_info(snapshot)["snapshot_id"]
    outcomes = read_snapshot_outcomes(snapshot, spec, source=f"snapshot {identity}")
    return Answer(spec, outcomes, estimate(outcomes.frame, spec, causes=outcomes.causes))


def describe_answer(answer: Answer) -> dict[str, Any]:
    """Return everything about an answer, JSON-ready, floats in full precision."""
    results = answer.results
    return {
        "analysis": serialise(answer.spec),
        "source": answer.data.source,
        "endpoint": answer.data.endpoint_label,
        "composition": answer.data.composition,
        "n_rows": results.n_rows,
        "n_incomplete": results.n_incomplete + answer.data.n_left_out,
        "curves": serialise(results.curves),
        "risks": serialise(results.risks),
        "tests": serialise(results.tests),
        "restricted_means": serialise(results.means),
        "contrasts": serialise(results.contrasts),
        "pairs": serialise(results.pairs),
        "win_ratio": serialise(results.win_ratio),
        "fine_gray": serialise(results.fit) if answer.spec.estimator == "fine_gray" else None,
        "cox": serialise(results.fit) if answer.spec.estimator != "fine_gray" else None,
        "proportionality": serialise(results.proportionality),
        "parts": {part.key: serialise(part.found) for part in results.parts},
        "notes": list(results.notes),
    }


def opening_sentences(answer: Answer) -> tuple[str, ...]:
    """Say what an answer is about: composition, data, stretch of follow-up, weights, who is left out."""
    head = [answer.data.composition, f"Data: {answer.data.source}."]
    spec = answer.spec
    if spec.landmark_days is not None:
        head.append(
            f"Days count from day {spec.landmark_days}, among those event-free and followed beyond it."
        )
    if spec.until_days is not None:
        head.append(f"Events after day {spec.until_days} do not count.")
    if spec.weights:
        head.append("Curves are weighted; the weights are taken as known. Groups are not tested.")
    left_out = answer.results.n_incomplete + answer.data.n_left_out
    if left_out:
        head.append(f"{left_out:,} rows without outcome or group are left out.")
    return tuple(head)


def render_answer(answer: Answer) -> str:
    """Return the answer in words and aligned columns, for a terminal."""
    head = [answer.spec.question or answer.spec.name, *opening_sentences(answer)]
    blocks = answer_blocks(answer.spec, answer.data, answer.results)
    return "\n\n".join(["\n".join(head), *(text for block in blocks for text in _render_block(block))])


def _render_block(block: Block) -> list[str]:
    """Render one block as text; figures have files of their own."""
    if isinstance(block, Figure):
        return []
    if isinstance(block, Paragraph):
        return [block.text]
    if isinstance(block, Bullets):
        return [f"Note: {item}" for item in block.items]
    return [render_table(block)]


def answer_section(answer: Answer) -> Section:
    """Return an answer as a section of a report."""
    spec = answer.spec
    lead = Paragraph(" ".join(opening_sentences(answer)))
    blocks = answer_blocks(spec, answer.data, answer.results)
    return Section(spec.name.replace("_", "-"), spec.question or spec.name, (lead, *blocks), 3)


def write_answer(answer: Answer, out: Path) -> tuple[Path, ...]:
    """Write ``<name>.json`` and each figure as SVG and PNG: ``<name>.svg``, ``<name>_2.svg`` and so on."""
    out.mkdir(parents=True, exist_ok=True)
    stem = answer.spec.name
    written = [out / f"{stem}.json"]
    text = json.dumps(describe_answer(answer), indent=2, ensure_ascii=False, allow_nan=False)
    written[0].write_text(text + "\n", encoding="utf-8")
    for number, figure in enumerate(draw_answer(answer), 1):
        name = stem if number == 1 else f"{stem}_{number}"
        svg, png = out / f"{name}.svg", out / f"{name}.png"
        svg.write_text(render_svg(figure), encoding="utf-8")
        png.write_bytes(render_png(figure))
        written += [svg, png]
    return tuple(written)


def draw_answer(answer: Answer) -> tuple[Spec, ...]:
    """Return the figures of an answer, the main one first."""
    blocks = answer_blocks(answer.spec, answer.data, answer.results)
    return tuple(block.spec for block in blocks if isinstance(block, Figure))
