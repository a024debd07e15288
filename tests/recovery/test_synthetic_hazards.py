"""Hazards counted from the written tables are those of the scenario."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from synthetic.registry import Registry, generate_registry
from synthetic.scenario import Scenario, load_scenario

PROCEDURES = 40_000
AS_IT_IS = tuple(tuple(float(i == j) for j in range(4)) for i in range(4))
GRADES = ("none", "mild", "moderate", "severe")
INTERVALS = ((0, 1), (2, 30), (31, 180), (181, 365), (366, 10_000))


def without_covariates(scenario: Scenario) -> Scenario:
    """Return the scenario in which everybody has the reference patient's hazards."""
    causes = {name: replace(cause, covariate_hr={}) for name, cause in scenario.outcomes.causes.items()}
    everyone_assessed = replace(scenario.follow_up, nonfatal_assessed=1.0)
    return replace(
        scenario,
        severity=replace(scenario.severity, operator_given_true=AS_IT_IS),
        outcomes=replace(scenario.outcomes, causes=causes, cabg_if_revascularised=0.0),
        follow_up=everyone_assessed,
        missingness=replace(scenario.missingness, codes={}),
    )


@pytest.fixture(scope="module")
def persons() -> tuple[Registry, pl.DataFrame]:
    """Return the registry, and one row per patient with the day of death or of last knowledge."""
    registry = generate_registry(without_covariates(load_scenario("default")), procedures=PROCEDURES, seed=77)
    index = registry.tables["procedures"].filter(pl.col("procedure_id").str.ends_with("-1"))
    alive = registry.tables["follow_up"].filter(vital_status="alive")
    deaths = (
        registry.tables["events"].filter(event_type="death").select("patient_id", "event_date", "death_cause")
    )
    frame = (
        index.select("patient_id", "site_id", "procedure_date", "discharge_date")
        .join(
            alive.group_by("patient_id").agg(last=pl.col("contact_date").max()), on="patient_id", how="left"
        )
        .join(deaths, on="patient_id", how="left")
        .with_columns(end=pl.coalesce("event_date", pl.max_horizontal("last", "discharge_date")))
        .with_columns(
            end_day=(pl.col("end") - pl.col("procedure_date")).dt.total_days(),
        )
    )
    return registry, frame


def person_days(last_day: np.ndarray, first: int, last: int) -> int:
    """Days at risk within [first, last] of people seen through their last day."""
    return int(np.clip(np.minimum(last_day, last) - first + 1, 0, None).sum())


def code_place(column: str) -> pl.Expr:
    return pl.col(column).replace_strict(dict(zip(GRADES, range(4), strict=True)), return_dtype=pl.Int64)


def daily_hazard(events: int, days: int) -> float:
    return -math.log(1 - events / days)


@pytest.mark.parametrize("interval", range(5))
@pytest.mark.parametrize("cause", ["noncardiovascular"])
def test_hazard_of_death_is_recovered_with_every_kind_of_follow_up(
    persons: tuple[Registry, pl.DataFrame], interval: int, cause: str
) -> None:
    registry, frame = persons
    first, last = INTERVALS[interval]
    end_day = frame["end_day"].to_numpy()
    died = (frame["death_cause"] == cause).fill_null(value=False).to_numpy()
    events = int((died & (end_day >= first) & (end_day <= last)).sum())
    truth = registry.truth["hazards"]["noncardiac_death"]["per_day"]["none"][interval]
    observed = daily_hazard(events, person_days(end_day, first, last))
    assert observed == pytest.approx(truth, rel=4 / math.sqrt(max(events, 1)))


@pytest.mark.parametrize("interval", range(1, 5))
@pytest.mark.parametrize(
    ("cause", "event_type", "relation"),
    [
        ("stroke", "stroke_ischaemic", None),
        ("non_target_revascularisation", "revasc_pci", "non_target_vessel"),
    ],
)
def test_hazard_of_a_nonfatal_event_is_recovered_at_linkage_sites(
    persons: tuple[Registry, pl.DataFrame], interval: int, cause: str, event_type: str, relation: str | None
) -> None:
    registry, frame = persons
    linked = registry.tables["sites"].filter(followup_source="linkage")
    frame = frame.filter(pl.col("site_id").is_in(linked["site_id"].implode()))
    events = registry.tables["events"].filter(
        pl.col("event_type") == event_type, pl.col("planned_staged").fill_null(value=False).not_()
    )
    events = events if relation is None else events.filter(target_relation=relation)
    frame = frame.join(
        events.select("patient_id", seen="event_date"), on="patient_id", how="left"
    ).with_columns(day=(pl.coalesce("seen", "end") - pl.col("procedure_date")).dt.total_days())
    first, last = INTERVALS[interval]
    day, struck = frame["day"].to_numpy(), frame["seen"].is_not_null().to_numpy()
    count = int((struck & (day >= first) & (day <= last)).sum())
    truth = registry.truth["hazards"][cause]["per_day"]["none"][interval]
    assert count > 5
    assert daily_hazard(count, person_days(day, first, last)) == pytest.approx(
        truth, rel=4 / math.sqrt(count)
    )


@pytest.mark.parametrize("grade", range(4))
@pytest.mark.parametrize("interval", [1, 4])
def test_hazard_of_cardiac_death_follows_the_worst_lesion(
    persons: tuple[Registry, pl.DataFrame], grade: int, interval: int
) -> None:
    registry, frame = persons
    worst = (
        registry.tables["lesions"]
        .filter(pl.col("procedure_id").str.ends_with("-1"))
        .select(
            patient_id=pl.col("procedure_id").str.strip_suffix("-1"), grade=code_place("calcification_angio")
        )
        .group_by("patient_id")
        .agg(pl.col("grade").max())
    )
    frame = frame.join(worst, on="patient_id").filter(grade=grade)
    first, last = INTERVALS[interval]
    end_day = frame["end_day"].to_numpy()
    died = frame["death_cause"].is_in(["cardiac", "vascular"]).fill_null(value=False).to_numpy()
    events = int((died & (end_day >= first) & (end_day <= last)).sum())
    truth = registry.truth["hazards"]["cardiac_death"]["per_day"][GRADES[grade]][interval]
    assert events > 0
    assert daily_hazard(events, person_days(end_day, first, last)) == pytest.approx(
        truth, rel=4 / math.sqrt(events)
    )
