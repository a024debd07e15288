"""Sums by cluster equal the likelihood with a column per cluster."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from analytics.survival.cox_design import CoxSpec
from analytics.survival.cox_likelihood import CoxKernel
from analytics.survival.cox_rows import CoxRows, collect_rows
from analytics.survival.frailty_sums import ClusterSums

OPTIONS = [{}, {"strata": ("sex",)}, {"entry": "start"}, {"entry": "start", "strata": ("sex",)}]


def rows_of(options: dict[str, object]) -> CoxRows:
    draw, n = np.random.default_rng(11), 300
    start = draw.integers(0, 10, n)
    frame = pl.DataFrame(
        {
            "start": start,
            "time": start + draw.integers(1, 20, n),
            "event": draw.random(n) < 0.4,
            "age": draw.normal(70, 9, n),
            "diabetic": draw.integers(0, 2, n),
            "sex": draw.choice(["f", "m"], n),
            "site": draw.integers(0, 12, n),
        }
    )
    return collect_rows(frame, CoxSpec("time", "event", ("age", "diabetic"), cluster="site", **options))


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_sums_by_cluster_equal_indicator_columns(options: dict[str, object], ties: str) -> None:
    rows = rows_of(options)
    indicators = (rows.cluster[:, None] == np.arange(12)).astype(np.float64)
    wide = CoxKernel(replace(rows, design=np.hstack((rows.design, indicators))), ties)
    at = np.random.default_rng(3).normal(size=14) * np.array([0.01, *[0.5] * 13])
    wanted, found = wide.evaluate(at * wide.scale), ClusterSums(rows, ties).evaluate(at)
    assert found.value == pytest.approx(wanted.value, rel=1e-12)
    assert found.score == pytest.approx(wanted.score * wide.scale, abs=1e-9)
    scaled = wanted.information * np.outer(wide.scale, wide.scale)
    assert found.information == pytest.approx(scaled, rel=1e-10, abs=1e-9)


def test_two_clusters_without_covariates_by_hand() -> None:
    # Cluster 0 has its only death on day 1, among three at risk; cluster 1 has one on day 2, among two.
    frame = pl.DataFrame({"time": [1, 2, 3], "event": [1, 1, 0], "x": [0.0, 0.0, 0.0], "site": [0, 1, 1]})
    found = ClusterSums(collect_rows(frame, CoxSpec("time", "event", ("x",), cluster="site")), "breslow")
    likelihood = found.evaluate(np.array([0.0, np.log(2), 0.0]))
    # Day 1: 2 / (2 + 1 + 1); day 2: 1 / (1 + 1).
    assert likelihood.value == pytest.approx(np.log(2 / 4) + np.log(1 / 2))
    assert likelihood.score == pytest.approx([0, 1 - 1 / 2, 1 - 1 / 2 - 1])
    assert likelihood.information[1:, 1:] == pytest.approx(np.array([[0.25, -0.25], [-0.25, 0.25]]))
