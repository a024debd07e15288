"""Recurrent events: every one counts, death ends the count, and the first is the event of the curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from analytics.analyses import run_on_csv, run_on_store
from analytics.errors import SpecificationError
from analytics.estimation.specification import parse_specification
from analytics.outcomes.frames import read_snapshot_outcomes
from analytics.store.publishing import find_current_snapshot, snapshot_folder
from analytics.store.queries import read_table
from analytics.survival.results_recurrence import MeanCumulativeCount

if TYPE_CHECKING:
    from pathlib import Path


def _spec(**outcome: Any) -> Any:  # noqa: ANN401 - keys of the outcome
    head = {"name": "m", "estimator": "mean_cumulative_count", "horizons_days": [365]}
    return parse_specification({"analysis": head, "outcome": outcome}, where="t")


def _rows(store: Path) -> pl.DataFrame:
    snapshot = find_current_snapshot(snapshot_folder(store))
    return read_snapshot_outcomes(snapshot, _spec(endpoint="tvr"), source="t").frame


def test_the_first_of_several_events_is_the_event_of_the_curve(store: Path) -> None:
    rows = _rows(store)
    first = rows.filter(pl.col("n_recurrent") > 0).group_by("procedure_id").agg(day=pl.col("time_days").min())
    times = read_table(find_current_snapshot(snapshot_folder(store)), "time_to_event")
    known = rows.select("procedure_id").unique()
    own = times.filter(pl.col("endpoint") == "tvr").join(known, on="procedure_id")
    events = own.filter(pl.col("cause") == 1)
    joined = events.join(first, on="procedure_id", how="full", coalesce=True)
    assert joined.height == events.height == first.height > 20
    assert joined["day"].to_list() == joined["time_days"].to_list()


def test_rows_of_a_patient_follow_one_another_and_death_stands_last(store: Path) -> None:
    rows = _rows(store).sort("procedure_id", "time_days")
    before = rows.select(
        before=pl.col("time_days").shift(1).over("procedure_id"),
        entry="entry_days",
        dies=pl.col("is_terminal").shift(1).over("procedure_id").fill_null(value=False),
    )
    assert before["before"].to_list() == before["entry"].to_list()
    assert not before["dies"].any()
    assert rows["is_terminal"].sum() > 20
    assert rows.group_by("procedure_id").agg(pl.col("n_recurrent").sum())["n_recurrent"].max() > 1


def test_the_registry_answers_by_group(store: Path) -> None:
    answer = run_on_store(_spec(endpoint="any_revascularisation"), store)
    (part,) = answer.results.parts
    (found,) = part.found
    assert isinstance(found, MeanCumulativeCount)
    assert found.table["mean_count"].is_sorted()
    assert found.n_patients == answer.data.frame["patient_id"].n_unique()


def test_an_endpoint_with_death_in_it_is_refused(store: Path) -> None:
    with pytest.raises(SpecificationError, match="takes an endpoint without death"):
        run_on_store(_spec(endpoint="mace_d"), store)


def test_rows_of_a_file_are_counted_by_patient(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    # A has two events and is followed to 50, B dies on 40, C is followed to 60.
    path.write_text(
        "id,start,stop,status\nA,0,10,1\nA,10,20,1\nA,20,50,0\nB,0,40,2\nC,0,60,0\n", encoding="utf-8"
    )
    spec = _spec(time="stop", event="status", entry="start", unit="id", competing_codes={"2": "death"})
    (part,) = run_on_csv(spec, path).results.parts
    (found,) = part.found
    assert isinstance(found, MeanCumulativeCount)
    # One of three on day 10, one of three on day 20.
    assert found.table["mean_count"].to_list()[:2] == pytest.approx([1 / 3, 2 / 3])
    assert (found.n_patients, found.basis.n_events) == (3, 2)


def test_a_landmark_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("patient_id,stop,status\nA,10,1\n", encoding="utf-8")
    head = {"name": "m", "estimator": "mean_cumulative_count", "landmark_days": 5}
    spec = parse_specification({"analysis": head, "outcome": {"time": "stop", "event": "status"}}, where="t")
    with pytest.raises(SpecificationError, match="takes the whole follow-up"):
        run_on_csv(spec, path)


def test_rows_that_end_where_they_start_are_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,start,stop,status\n1,0,0,1\n2,0,5,0\n")
    spec = _spec(time="stop", event="status", entry="start", unit="id")
    with pytest.raises(SpecificationError, match="not after the start in 1 rows"):
        run_on_csv(spec, path)
