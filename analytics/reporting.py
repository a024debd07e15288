"""`calcpci report`: a plan, a snapshot, and a folder with the report as HTML, Markdown and JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import polars as pl

from analytics.complications.rates import estimate_complication_rates
from analytics.errors import SpecificationError
from analytics.in_hospital import add_in_hospital
from analytics.outcome_blocks import GROUPINGS, WINDOWS, build_block
from analytics.outcome_frames import find_endpoint
from analytics.outcome_hazards import fit_hazards
from analytics.report.content import ReportContent
from analytics.report.html_page import render_html
from analytics.report.json_text import render_json
from analytics.report.markdown import render_markdown
from analytics.specification import build_part, read_toml, refuse_unknown
from analytics.store.filters import CohortFilter
from analytics.store.publishing import find_current_snapshot, snapshot_folder
from analytics.store.queries import read_cohort, read_snapshot_info, read_table
from analytics.store.risk_tables import count_events, count_in_hospital

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.report.content import CoxBlock, SurvivalBlock


@dataclass(frozen=True)
class EndpointPlan:
    """One endpoint of a plan: groupings (``severity``, ``strategy``) and windows (keys of `WINDOWS`)."""

    endpoint: str
    by: tuple[str, ...] = ("severity",)
    windows: tuple[str, ...] = ("all",)


@dataclass(frozen=True)
class ModelPlan:
    """One Cox model of a plan: endpoint, and whether calcification and device interact."""

    endpoint: str
    interaction: bool = False


@dataclass(frozen=True)
class Plan:
    """What a report holds.

    Parameters
    ----------
    title, description
        Words at the top.
    population
        Which procedures.
    survival, components
        Composite endpoints, and their components.
    models
        Cox models.
    sha256
        Hash of the plan's text, for the manifest.
    """

    title: str
    description: str
    population: CohortFilter = field(default_factory=CohortFilter)
    survival: tuple[EndpointPlan, ...] = ()
    components: tuple[EndpointPlan, ...] = ()
    models: tuple[ModelPlan, ...] = ()
    sha256: str = ""


def write_report(db: Path, out: Path, *, plan: Path | None = None) -> tuple[Path, ...]:
    """Run every analysis of a plan on the current snapshot of a store and write the report.

    Parameters
    ----------
    db
        The store.
    out
        Folder for ``report.html``, ``report.md``, ``report.json`` and ``manifest.json``; made if absent.
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
    content = build_content(find_current_snapshot(snapshot_folder(db)), read_plan(plan))
    out.mkdir(parents=True, exist_ok=True)
    texts = {
        "report.html": render_html(content),
        "report.md": render_markdown(content),
        "report.json": render_json(content),
        "manifest.json": json.dumps(dict(content.manifest), indent=2) + "\n",
    }
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8")
    return tuple(out / name for name in texts)


def read_plan(path: Path | None) -> Plan:
    """Read a plan; None reads the bundled one.

    Raises
    ------
    InputFileError, SpecificationError
        If there is no such file, a key is unknown, or an endpoint, grouping or window does not exist.
    """
    if path is None:
        source = files("analytics") / "plans" / "default.toml"
        return parse_plan(read_toml(source, name="default plan"), source.read_bytes(), where="default plan")
    return parse_plan(read_toml(path, name=str(path)), path.read_bytes(), where=path.name)


def parse_plan(data: dict[str, Any], raw: bytes, *, where: str) -> Plan:
    """Turn parsed TOML into a plan, refusing what nothing reads."""
    refuse_unknown(data, {"report", "population", "survival", "component", "model"}, where=where)
    head = data.get("report", {})
    refuse_unknown(head, {"title", "description"}, where=f"{where} [report]")
    return Plan(
        title=head.get("title", "calcpci report"),
        description=head.get("description", ""),
        population=build_part(CohortFilter, data.get("population", {}), f"{where} [population]"),
        survival=_endpoints(data.get("survival", []), f"{where} [[survival]]"),
        components=_endpoints(data.get("component", []), f"{where} [[component]]"),
        models=tuple(_model(entry, f"{where} [[model]]") for entry in data.get("model", [])),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def _endpoints(entries: list[dict[str, Any]], where: str) -> tuple[EndpointPlan, ...]:
    """Read the endpoints of a plan and check every name."""
    plans = tuple(build_part(EndpointPlan, entry, where) for entry in entries)
    for plan in plans:
        find_endpoint(plan.endpoint)
        _demand(plan.by, tuple(GROUPINGS), where=where, what="grouping")
        _demand(plan.windows, tuple(WINDOWS), where=where, what="window")
    return plans


def _model(entry: dict[str, Any], where: str) -> ModelPlan:
    """Read a model of a plan."""
    plan: ModelPlan = build_part(ModelPlan, entry, where)
    find_endpoint(plan.endpoint)
    return plan


def _demand(given: tuple[str, ...], known: tuple[str, ...], *, where: str, what: str) -> None:
    """Refuse a name that does not exist."""
    for name in given:
        if name not in known:
            raise SpecificationError(
                where=where, what=f"unknown {what} '{name}'", fix=f"Use {', '.join(known)}."
            )


def build_content(snapshot: Path, plan: Plan) -> ReportContent:
    """Run every analysis of a plan on one snapshot."""
    info = read_snapshot_info(snapshot)
    cohort = read_cohort(snapshot, "procedures", plan.population)
    flags = read_cohort(snapshot, "complications", _every_procedure(plan.population))
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
        complications=estimate_complication_rates(
            flags, strategy=plan.population.strategy_column, severity=plan.population.severity_column
        ),
        survival=_blocks(snapshot, plan.survival, plan.population),
        components=_blocks(snapshot, plan.components, plan.population),
        cox=tuple(_cox_block(snapshot, model, cohort, plan.population) for model in plan.models),
        findings=read_table(snapshot, "findings_summary"),
        submissions=read_table(snapshot, "submissions"),
        completeness=read_table(snapshot, "completeness"),
    )


def _every_procedure(population: CohortFilter) -> CohortFilter:
    """Widen a filter to every procedure: a complication belongs to the procedure it happened in."""
    values = {entry.name: getattr(population, entry.name) for entry in fields(population)}
    return CohortFilter(**{**values, "first_procedures_only": False})


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
