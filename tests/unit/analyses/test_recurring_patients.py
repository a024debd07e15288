"""Curves over every procedure: patients who come again are one cluster."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from analytics.estimation.running import estimate
from analytics.estimation.specification import parse_specification
from analytics.survival.refusals import Caution
from analytics.survival.restricted_means import RestrictedMean
from analytics.survival.results import CumulativeIncidence, EventCurve

# Ten procedures of seven patients.
ROWS = pl.DataFrame(
    {
        "patient_id": ["1", "1", "2", "3", "3", "4", "5", "6", "6", "7"],
        "time_days": [10, 40, 20, 15, 15, 40, 25, 30, 5, 40],
        "cause": [1, 0, 1, 2, 0, 0, 1, 0, 1, 2],
        "arm": ["a"] * 10,
    },
    schema_overrides={"cause": pl.Int8},
)
DEATH_CENSORED = ROWS.with_columns(pl.col("cause") % 2)


def spec_of(estimator: str, **parts: Any) -> Any:  # noqa: ANN401 - a specification in the making
    head = {"name": "t", "estimator": estimator, "horizons_days": [30]}
    return parse_specification({"analysis": head, **parts}, where="test")


def test_a_curve_is_clustered_by_patient() -> None:
    (curve,) = estimate(DEATH_CENSORED, spec_of("kaplan_meier"), causes=("mace",)).curves
    assert isinstance(curve, EventCurve)
    assert (curve.basis.method, curve.basis.variance) == ("Kaplan-Meier", "robust by patient_id")
    # R 4.2.2, survival 3.5-3: survfit(Surv(time, cause == 1) ~ 1, cluster = id, conf.type = "log-log").
    assert curve.table["std_error"].to_list() == pytest.approx(
        [0.08717797887081348, *[0.10198039027185571] * 2, 0.12692955176439846, *[0.13727506854649335] * 3],
        abs=1e-14,
    )
    assert curve.table["lower"].to_list() == pytest.approx(
        [0.528022565832329, *[0.504757335021641] * 2, 0.361397667293131, *[0.245972220754333] * 3], abs=1e-14
    )
    assert curve.table["upper"][0] == pytest.approx(0.982767563804352, abs=1e-14)


def test_incidences_are_clustered_by_patient() -> None:
    (found,) = estimate(ROWS, spec_of("aalen_johansen"), causes=("mace", "death")).curves
    assert isinstance(found, CumulativeIncidence)
    assert (found.basis.method, found.basis.variance) == ("Aalen-Johansen", "robust by patient_id")
    # R 4.2.2, survival 3.5-3 ignores the cluster of several causes. From its influence by row:
    # i <- survfit(Surv(time, factor(cause)) ~ 1, influence = TRUE)$influence.pstate
    # apply(i, 3, function(x) sqrt(colSums(rowsum(x, id)^2)))
    errors = {
        "mace": [
            0.0871779788708135,
            *[0.1019803902718557] * 2,
            0.1216324152701263,
            *[0.1301281419729542] * 3,
        ],
        "death": [0.0, 0.0, *[0.0871779788708135] * 4, 0.1619988314747269],
        "event_free": [
            0.0871779788708135,
            0.1019803902718557,
            0.0916515138991168,
            0.1124228130269337,
            *[0.1209223809814470] * 2,
            0.1392986547901215,
        ],
    }
    for cause, expected in errors.items():
        rows = found.table.filter(pl.col("cause") == cause)
        assert rows["std_error"].to_list() == pytest.approx(expected, abs=1e-14)


def test_a_mean_is_clustered_by_patient() -> None:
    (mean,) = estimate(DEATH_CENSORED, spec_of("rmst"), causes=("mace",)).means
    assert isinstance(mean, RestrictedMean)
    assert mean.basis.variance == "robust by patient_id"


def test_the_reader_is_told_how_many_patients_recur() -> None:
    parts = {"groups": {"by": "arm"}}
    for estimator, words in (
        ("kaplan_meier", "the interval of every group is clustered by patient; comparisons of groups"),
        ("log_rank", "comparisons of groups take every procedure as independent"),
    ):
        notes = estimate(DEATH_CENSORED, spec_of(estimator, **parts), causes=("mace",)).notes
        (told,) = [one for one in notes if isinstance(one, Caution) and one.code == "recurring_patients"]
        assert told.startswith(f"3 patients count with more than one procedure: {words}")


def test_patients_of_one_procedure_keep_the_usual_variance() -> None:
    first = DEATH_CENSORED.unique("patient_id", keep="first", maintain_order=True)
    results = estimate(first, spec_of("kaplan_meier"), causes=("mace",))
    (curve,) = results.curves
    assert isinstance(curve, EventCurve)
    assert curve.basis.variance == "Greenwood"
    assert not [one for one in results.notes if getattr(one, "code", "") == "recurring_patients"]


def test_a_row_without_a_patient_is_one_of_its_own() -> None:
    unknown = DEATH_CENSORED.with_columns(
        patient_id=pl.when(pl.col("patient_id") != "7").then(pl.col("patient_id"))
    )
    tables = [
        estimate(frame, spec_of("kaplan_meier"), causes=("mace",)).curves[0].table
        for frame in (DEATH_CENSORED, unknown)
    ]
    assert tables[0]["std_error"].to_list() == pytest.approx(tables[1]["std_error"].to_list(), abs=1e-15)
