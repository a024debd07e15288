"""`calcpci report`: a plan, a snapshot, and a folder with the report as HTML, Markdown and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from analytics.analyses import Answer, answer_section, describe_answer, run_on_snapshot, write_answer
from analytics.chapters.complication_rows import estimate_usual_rates
from analytics.chapters.register import build_chapters
from analytics.estimation.outcome_data import find_endpoint
from analytics.outcomes.blocks import WINDOWS, build_block
from analytics.outcomes.hazards import fit_hazards
from analytics.outcomes.in_hospital import add_in_hospital
from analytics.report.content import AnalysisContent, ReportContent
from analytics.report.html_page import render_html
from analytics.report.json_text import render_json
from analytics.report.markdown import render_markdown
from analytics.report_plan import EndpointPlan, ModelPlan, Plan, read_plan
from analytics.store.filters import CohortFilter
from analytics.store.publishing import find_current_snapshot, snapshot_folder
from analytics.store.queries import read_cohort, read_snapshot_info, read_table
from analytics.store.risk_tables import count_events, count_in_hospital

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.report.content import CoxBlock, SurvivalBlock


def write_report(db: Path, out: Path, *, plan: Path | None = None) -> tuple[Path, ...]:
    """Run every analysis of a plan on the current snapshot of a store and write the report.

    Parameters
    ----------
    db
        The store.
    out
        Folder for ``report.html``, ``report.md``, ``report.json`` and ``manifest.json``; made if absent. The
        single analyses of a plan go into its folder ``analyses`` too, as JSON, SVG and PNG.
    plan
        Plan as TOML; the bundled one if None.

    Returns
    -------
    tuple of Path
        The files, HTML first.

    Raises
    ------
    InputFileError, SpecificationError, StoreError
        Each says where, what, and how to fix it.
    """
    snapshot, asked = find_current_snapshot(snapshot_folder(db)), read_plan(plan)
    answers = tuple(run_on_snapshot(spec, snapshot) for spec in asked.analyses)
    content = build_content(snapshot, asked, answers)
    out.mkdir(parents=True, exist_ok=True)
    texts = {
        "report.html": render_html(content),
        "report.md": render_markdown(content),
        "report.json": render_json(content),
        "manifest.json": json.dumps(dict(content.manifest), indent=2) + "\n",
    }
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8")
    written = [path for answer in answers for path in write_answer(answer, out / "analyses")]
    return (*(out / name for name in texts), *written)


def build_content(snapshot: Path, plan: Plan, answers: tuple[Answer, ...] = ()) -> ReportContent:
    """Run what a plan asks for on one snapshot, and put the answers of its single analyses beside it."""
    info = read_snapshot_info(snapshot)
    cohort = read_cohort(snapshot, "procedures", plan.population)
    return ReportContent(
        title=plan.title,
        description=" ".join(
            part
            for part in (info.get("notice"), plan.description, _describe_population(cohort, plan.population))
            if part
        ),
        manifest={**info, "plan_sha256": plan.sha256},
        attrition=read_table(snapshot, "attrition"),
        case_mix=cohort.group_by(
            strategy=plan.population.strategy_column, severity=plan.population.severity_column
        ).agg(n=pl.len()),
        complications=() if plan.is_focused else estimate_usual_rates(snapshot, plan.population),
        survival=_blocks(snapshot, plan.survival, plan.population),
        components=_blocks(snapshot, plan.components, plan.population),
        cox=tuple(_cox_block(snapshot, model, cohort, plan.population) for model in plan.models),
        analyses=tuple(AnalysisContent(answer_section(one), describe_answer(one)) for one in answers),
        chapters=() if plan.is_focused else build_chapters(snapshot, plan.population),
        findings=read_table(snapshot, "findings_summary"),
        submissions=read_table(snapshot, "submissions"),
        completeness=read_table(snapshot, "completeness"),
    )


def _describe_population(cohort: pl.DataFrame, population: CohortFilter) -> str:
    """Say who is in, in one sentence."""
    years = cohort["procedure_year"].drop_nulls()
    first, last = (years.sort().item(place) for place in (0, -1)) if len(years) else (None, None)
    period = f" of {first} to {last}" if len(years) else ""
    patients, sites = cohort["patient_id"].n_unique(), cohort["site_id"].n_unique()
    kind = "index procedures" if population.first_procedures_only else "procedures"
    return (
        f"{cohort.height:,} {kind}{period}, {patients:,} patients, {sites:,} site{'' if sites == 1 else 's'}."
    )


def _blocks(
    snapshot: Path, plans: tuple[EndpointPlan, ...], population: CohortFilter
) -> tuple[SurvivalBlock, ...]:
    """Estimate every endpoint by every grouping and window."""
    return tuple(
        _block(snapshot, plan.endpoint, by, window, population)
        for plan in plans
        for by in plan.by
        for window in plan.windows
    )


def _block(snapshot: Path, endpoint: str, by: str, window: str, population: CohortFilter) -> SurvivalBlock:
    """Estimate one endpoint by one grouping in one window; from PCI on, the stay comes first."""
    counts = count_events(snapshot, endpoint=endpoint, strata=(by,), filters=population)
    block = build_block(counts, endpoint=find_endpoint(endpoint), by=by, window=WINDOWS[window])
    if WINDOWS[window].after_day is not None:
        return block
    stays = count_in_hospital(snapshot, endpoint=endpoint, strata=(by,), filters=population)
    return add_in_hospital(block, stays, by=by)


def _cox_block(snapshot: Path, model: ModelPlan, cohort: pl.DataFrame, population: CohortFilter) -> CoxBlock:
    """Fit one model; procedures without outcome (planned stages) take no part."""
    times = read_table(snapshot, "time_to_event").filter(pl.col("endpoint") == model.endpoint)
    rows = cohort.with_columns(
        strategy=pl.col(population.strategy_column), severity=pl.col(population.severity_column)
    ).join(
        times.select("procedure_id", "time_days", "cause", "time_is_exact"),
        on="procedure_id",
        maintain_order="left",
    )
    return fit_hazards(rows, endpoint=find_endpoint(model.endpoint), interaction=model.interaction)
