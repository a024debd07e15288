"""The chapter beside the literature shows what agrees, names what differs, and cites all of it."""

import json
from pathlib import Path

import polars as pl
import pytest

from analytics.chapters import evidence_rates
from analytics.chapters.evidence import build_evidence, forest_rows, write_chapter
from analytics.chapters.evidence_groups import OutcomeEvidence, RegistryFigure, match_figures
from analytics.cohort.endpoints import bundled_endpoints
from analytics.evidence.published import read_published
from analytics.report.document import Bullets, Figure, Paragraph, Table
from analytics.store.filters import CohortFilter

IVL = RegistryFigure(
    "perforation_any", "intravascular_lithotripsy", "severe", "patient", 0, 1, 86, 0.0116, 0.002, 0.063
)


def evidence_of(*figures: RegistryFigure, published: pl.DataFrame | None = None) -> OutcomeEvidence:
    return match_figures(figures, read_published() if published is None else published)


def widened() -> pl.DataFrame:
    """Give the two trials of lithotripsy an event each, so that they can be pooled."""
    rows = read_published()
    trials = pl.col("study_id").is_in(["cad4", "solstice"]) & (pl.col("outcome") == "perforation_any")
    return rows.with_columns(n_events=pl.when(trials).then(1).otherwise("n_events"))


def test_a_group_shows_registry_and_studies_and_says_why_nothing_is_pooled() -> None:
    (group,) = evidence_of(IVL).groups
    rows = forest_rows(group)
    assert [row.kind for row in rows] == ["heading", "registry", "study", "study"]
    assert rows[1].n_events == 1
    assert group.verdict.code == "not_judged"
    assert "No event in 2 studies" in group.verdict.sentence


def test_studies_that_can_be_pooled_judge_the_registry_by_the_prediction_interval() -> None:
    (group,) = evidence_of(IVL, published=widened()).groups
    pooled = forest_rows(group)[-1]
    assert pooled.kind == "pooled"
    assert (pooled.n_events, pooled.n_total) == (2, 84)
    assert pooled.prediction is not None
    assert group.verdict.code == "within"


def test_what_a_verdict_rests_on_is_told() -> None:
    matched = write_chapter([evidence_of(IVL, published=widened())]).sections[1]
    (bullets,) = [block for block in matched.blocks if isinstance(block, Bullets)]
    verdict, pooled, prediction, heterogeneity = bullets.items
    assert "within what further studies would be expected to show" in verdict
    assert pooled.startswith("Pooled from 2 studies: 2.4 %")
    assert prediction.startswith("Prediction interval:")
    assert heterogeneity.startswith("Heterogeneity: Q")


def test_the_same_figure_is_not_context_where_it_stands_beside_another_group() -> None:
    per_lesion = RegistryFigure(
        "perforation_any", "intravascular_lithotripsy", "severe", "lesion", 0, 1, 99, 0.01, 0.0, 0.05
    )
    found = evidence_of(per_lesion, IVL)
    assert {one.study_id for one in found.groups[0].beside} == {"cad4", "solstice"}
    assert not {"cad4", "solstice"} & {near.figure.study_id for near in found.near}
    alone = evidence_of(per_lesion)
    assert alone.groups == ()
    assert {"cad4", "solstice"} <= {near.figure.study_id for near in alone.near}


def test_context_stands_beside_the_group_it_differs_from_least() -> None:
    moderate = RegistryFigure(
        "perforation_any", "intravascular_lithotripsy", "moderate", "patient", 0, 0, 50, 0.0, 0.0, 0.07
    )
    near = {one.figure.study_id: one.nearest.severity for one in evidence_of(moderate, IVL).near}
    assert near["cad12_ecc"] == "severe"


def test_the_chapter_names_sources_and_differences() -> None:
    chapter = write_chapter([evidence_of(IVL)], remark="Filtered.")
    opening, matched, sources = chapter.sections
    assert [type(block) for block in opening.blocks] == [Paragraph, Paragraph]
    figure, table, verdicts, context = matched.blocks
    assert isinstance(figure, Figure)
    assert isinstance(table, Table)
    assert isinstance(verdicts, Bullets)
    assert isinstance(context, Table)
    assert any("DOI 10.1253/circj.CJ-20-1174" in cell for row in table.rows for cell in row)
    assert all(row[3] for row in context.rows)
    links = sources.blocks[0]
    assert isinstance(links, Bullets)
    assert all("https://" in link for link in links.items)
    assert any(link.endswith("https://doi.org/10.1253/circj.CJ-20-1174") for link in links.items)


def test_outcomes_without_a_match_are_context_only() -> None:
    mi = RegistryFigure(
        "periprocedural_mi", "intravascular_lithotripsy", "all", "patient", 0, 9, 120, 0.075, 0.04, 0.14
    )
    chapter = write_chapter([evidence_of(mi)])
    assert chapter.sections[1].key == "evidence-context"
    assert not any(isinstance(block, Figure) for section in chapter.sections for block in section.blocks)


def test_values_are_json_and_hold_every_number() -> None:
    values = json.loads(json.dumps(write_chapter([evidence_of(IVL)]).values, allow_nan=False))
    (outcome,) = values["outcomes"]
    assert outcome["groups"][0]["registry"]["n_total"] == 86
    assert outcome["groups"][0]["pooled"]["refusal"]["code"] == "no_events"


def test_an_empty_cohort_is_said() -> None:
    (block,) = write_chapter([]).sections[0].blocks[1:]
    assert isinstance(block, Paragraph)
    assert block.text.startswith("No published figure agrees")


def flags(n: int, n_events: int) -> pl.DataFrame:
    """Patients with atherectomy, of whom the first few had a tamponade."""
    rows = [
        {
            "procedure_id": f"p{i}",
            "patient_id": f"q{i}",
            "tamponade": i < n_events,
            "complications_recorded": "all",
        }
        for i in range(n)
    ]
    return pl.DataFrame(rows).with_columns(
        devices_recorded=pl.lit(value=True),
        strategy_intended=pl.lit("rotational_atherectomy"),
        severity=pl.lit("severe"),
        severity_oct=pl.lit("severe"),
    )


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for a snapshot: 300 patients, 3 tamponades; deaths on day 10 in 3 of 300."""

    def read(snapshot: Path, population: CohortFilter, *, unit: str) -> pl.DataFrame:
        assert (snapshot, population.first_procedures_only) == (Path("snapshot"), True)
        marks = {"lesion": {"lesion_id": pl.col("procedure_id")}, "patient": {"n_procedures": pl.lit(1)}}
        return flags(300, 3).with_columns(**marks.get(unit, {}))

    def count(snapshot: Path, **asked: object) -> pl.DataFrame:
        assert (snapshot, asked["strata"]) == (Path("snapshot"), ("strategy", "severity"))
        group = {"strategy": "orbital_atherectomy", "severity": "severe"}
        rows = [
            group | {"time_days": 10, "cause": 1, "n": 3},
            group | {"time_days": 400, "cause": 0, "n": 297},
        ]
        return pl.DataFrame(rows).with_columns(n_inexact=pl.lit(0, pl.Int64))

    monkeypatch.setattr(evidence_rates, "read_complication_flags", read)
    monkeypatch.setattr(evidence_rates, "read_endpoints", lambda _snapshot: tuple(bundled_endpoints()))
    monkeypatch.setattr(evidence_rates, "count_events", count)


@pytest.mark.usefixtures("store")
def test_rates_of_complications_and_risks_by_a_day_meet_their_figures() -> None:
    found = {one.outcome: one for one in (*_complications(CohortFilter()), *_endpoints(CohortFilter()))}
    tamponade = {
        group.figure.unit: [(one.study_id, one.n_events, one.n_total) for one in group.beside]
        for group in found["tamponade"].groups
    }
    assert tamponade == {"procedure": [("jpci_ra", 86, 13335)], "patient": [("schwarz23", 2, 331)]}
    death = found["all_cause_death"].groups[0]
    assert death.figure.share == pytest.approx(0.01)
    assert (death.figure.horizon_days, death.figure.n_total) == (30, 300)
    assert [one.study_id for one in death.beside] == ["eclipse"]


@pytest.mark.usefixtures("store")
def test_margins_that_a_filter_has_cut_meet_nothing() -> None:
    severe = CohortFilter(severities=("severe",))
    assert all(group.figure.severity != "all" for one in _complications(severe) for group in one.groups)
    other = CohortFilter(strategies=("elca",))
    assert all(group.figure.strategy != "all" for one in _endpoints(other) for group in one.groups)


@pytest.mark.usefixtures("store")
def test_grades_from_imaging_meet_no_angiographic_ones() -> None:
    by_oct = CohortFilter(severity_source="oct")
    assert not any(group.figure.severity == "severe" for one in _endpoints(by_oct) for group in one.groups)
    assert any(
        group.figure.severity == "severe" for one in _endpoints(CohortFilter()) for group in one.groups
    )


@pytest.mark.usefixtures("store")
def test_the_whole_chapter_says_when_the_cohort_is_selected() -> None:
    chapter = build_evidence(Path("snapshot"), CohortFilter(presentations=("acute",)))
    texts = [block.text for block in chapter.sections[0].blocks if isinstance(block, Paragraph)]
    assert any("filtered by presentation" in text for text in texts)
    assert chapter.name == "evidence"


def _complications(population: CohortFilter) -> tuple[OutcomeEvidence, ...]:
    return evidence_rates.find_complication_evidence(Path("snapshot"), population)


def _endpoints(population: CohortFilter) -> tuple[OutcomeEvidence, ...]:
    return evidence_rates.find_endpoint_evidence(Path("snapshot"), population)
