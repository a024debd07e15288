"""Fits by day sums against fits by sorted rows."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from analytics.errors import SpecificationError
from analytics.survival.cox import fit_cox
from analytics.survival.cox_baseline import predict_survival
from analytics.survival.cox_design import CoxSpec, Factor, Interaction
from analytics.survival.day_sums_fit import (
    KNOWN_OPTIONS,
    fit_cox_by_day,
    fit_cox_from_batches,
    suits_day_sums,
)
from analytics.survival.day_sums_types import shrink
from analytics.survival.results import CoxFit, NotEstimable

TERMS = ("age", Factor("device"), Interaction("age", Factor("device")), "diabetic")
OPTIONS = [
    {},
    {"ties": "breslow"},
    {"strata": ("site", "sex")},
    {"weights": "weight"},
    {"cluster": "site"},
    {"cluster": "site", "strata": ("sex",), "weights": "weight"},
    {"robust": True},
]


def registry(n: int = 900, seed: int = 5) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    age, device = draw.normal(70, 9, n), draw.choice(["ivl", "rota", "nc"], n)
    days = np.ceil(draw.exponential(120 * np.exp(-0.03 * (age - 70) - 0.4 * (device == "rota"))))
    gone = draw.integers(0, 90, n)
    return pl.DataFrame(
        {
            "age": age,
            "device": device,
            "diabetic": draw.random(n) < 0.3,
            "sex": draw.choice(["f", "m"], n),
            "site": draw.integers(10, 40, n),
            "weight": draw.integers(0, 4, n),
            "days": np.minimum(days, gone).astype(np.int64),
            "event": days <= gone,
        }
    )


def spec(**options: object) -> CoxSpec:
    return CoxSpec(**{"time": "days", "event": "event", "terms": TERMS, **options})


def batches(frame: pl.DataFrame, size: int = 250) -> list[pl.DataFrame]:
    return list(frame.iter_slices(size))


def assert_same(found: object, wanted: object) -> None:
    assert isinstance(found, CoxFit)
    assert isinstance(wanted, CoxFit)
    assert found.terms == wanted.terms
    assert found.spec == wanted.spec
    assert found.basis == wanted.basis
    assert found.coefficients == pytest.approx(wanted.coefficients, abs=1e-10)
    assert np.array(found.covariance) == pytest.approx(np.array(wanted.covariance), rel=1e-9, abs=1e-10)
    assert np.array(found.model_covariance) == pytest.approx(
        np.array(wanted.model_covariance), rel=1e-9, abs=1e-10
    )
    assert found.log_likelihood == pytest.approx(wanted.log_likelihood, rel=1e-12)
    assert found.log_likelihood_null == pytest.approx(wanted.log_likelihood_null, rel=1e-12)
    assert {name: test.statistic for name, test in found.tests.items()} == pytest.approx(
        {name: test.statistic for name, test in wanted.tests.items()}, rel=1e-8
    )
    assert found.baseline.schema == wanted.baseline.schema
    for name in wanted.baseline.columns:
        ours, theirs = found.baseline[name].to_list(), wanted.baseline[name].to_list()
        same = ours == theirs if name == "stratum" else np.allclose(ours, theirs, rtol=1e-9, atol=1e-9)
        assert same, name


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_batches_give_the_fit_of_the_whole_frame(options: dict[str, object], *, in_memory: bool) -> None:
    frame = registry()
    found = fit_cox_from_batches(batches(frame), spec(**options), in_memory=in_memory)
    assert_same(found, fit_cox(frame, spec(**options)))


def test_two_patients_give_the_closed_form() -> None:
    # Events at days 1 and 2 with x = 1 and 0, then x = 1 censored: 2u / (2u + 1) = 1/2, so u = exp(b) = 1/2.
    frame = pl.DataFrame({"days": [1, 2, 3], "event": [1, 1, 0], "x": [1, 0, 1]})
    fit = fit_cox_from_batches([frame], CoxSpec("days", "event", ("x",), ties="breslow"))
    assert isinstance(fit, CoxFit)
    # Score: 1 - 2u/(2u+1) - u/(u+1) = 0 gives 2u^2 = 1.
    assert fit.coefficients[0] == pytest.approx(math.log(math.sqrt(0.5)), abs=1e-12)


def test_arrow_batches_are_read() -> None:
    frame = registry()
    table = frame.to_arrow()
    for arrow in (
        table.to_batches(max_chunksize=300),
        [table],
        pa.Table.from_batches(table.to_batches()).to_batches(),
    ):
        assert_same(fit_cox_from_batches(arrow, spec()), fit_cox(frame, spec()))


def test_incomplete_rows_are_counted_over_all_batches() -> None:
    frame = registry().with_columns(
        age=pl.when(pl.int_range(pl.len()) % 100 == 7).then(None).otherwise(pl.col("age"))
    )
    found = fit_cox_from_batches(batches(frame), spec(weights="weight"))
    wanted = fit_cox(frame, spec(weights="weight"))
    assert_same(found, wanted)
    assert found.basis.warnings[0].startswith("9 rows are left out")


def test_a_sample_starts_the_search_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = registry(4_000)
    monkeypatch.setattr("analytics.survival.day_sums_fit.SAMPLE", 500)
    monkeypatch.setattr("analytics.survival.day_sums_kernel.ROWS_PER_SET", 1)
    for in_memory in (True, False):
        found = fit_cox_from_batches(batches(frame, 1_000), spec(cluster="site"), in_memory=in_memory)
        assert_same(found, fit_cox(frame, spec(cluster="site")))


def test_a_large_frame_takes_the_way_by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = registry()
    wanted = fit_cox(frame, spec())
    monkeypatch.setattr("analytics.survival.day_sums_fit.MANY_ROWS", 500)
    assert suits_day_sums(frame, spec())
    assert not suits_day_sums(frame, spec(ties="exact"))
    assert not suits_day_sums(frame.with_columns(start=pl.lit(-1)), spec(entry="start"))
    assert not suits_day_sums(frame.with_columns(pl.col("days") + 0.5), spec())
    assert_same(fit_cox(frame, spec()), wanted)
    assert_same(fit_cox_by_day(frame, spec()), wanted)


def test_predictions_come_from_the_same_baseline() -> None:
    frame, profile = registry(), registry().head(2)
    found = fit_cox_from_batches(batches(frame), spec(strata=("sex",)))
    wanted = fit_cox(frame, spec(strata=("sex",)))
    ours, theirs = (predict_survival(fit, profile, times=[5, 60]).table for fit in (found, wanted))
    assert ours["survival"].to_list() == pytest.approx(theirs["survival"].to_list(), abs=1e-10)
    assert ours["std_error"].to_list() == pytest.approx(theirs["std_error"].to_list(), rel=1e-8)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (pl.col("event").alias("age").cast(pl.Float64) * 0 + 3, "singular"),
        (pl.lit(value=False).alias("event"), "no_events"),
        ((pl.int_range(pl.len()) < 1).alias("event"), "too_few_events"),
        (pl.lit(None, dtype=pl.Float64).alias("age"), "no_patients"),
        ((pl.col("event") & (pl.col("days") > 0)).alias("diabetic"), "separation"),
    ],
)
def test_refusals_are_those_of_the_whole_frame(change: pl.Expr, code: str) -> None:
    frame = registry().filter(pl.col("days") > 0).with_columns(change)
    model = spec(terms=("age", "diabetic"), strata=())
    found, wanted = fit_cox_from_batches(batches(frame), model), fit_cox(frame, model)
    assert isinstance(found, NotEstimable)
    assert found.code == code
    assert found == wanted


@pytest.mark.parametrize(
    ("frame", "options", "words"),
    [
        (registry().with_columns(pl.col("days") + 0.5), {}, "whole days"),
        (registry().with_columns(pl.lit(2).alias("event")), {}, "0 or 1"),
        (registry().with_columns(pl.col("weight") - 1), {"weights": "weight"}, "negative weights"),
        (registry(), {"ties": "exact"}, "exact ties"),
        (registry(), {"entry": "site"}, "delayed entry"),
        (registry(), {"terms": ("height",)}, "no column"),
        (registry().with_columns(pl.col("days") * 20_000_000), {}, "too many"),
    ],
)
def test_what_sums_by_day_cannot_carry_is_an_error(
    frame: pl.DataFrame, options: dict[str, object], words: str
) -> None:
    with pytest.raises(SpecificationError, match=words):
        fit_cox_from_batches(batches(frame), spec(**options))


def test_an_option_that_sums_by_day_do_not_know_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analytics.survival.day_sums_fit.KNOWN_OPTIONS", KNOWN_OPTIONS - {"robust"})
    with pytest.raises(SpecificationError, match="do not know robust"):
        fit_cox_from_batches(batches(registry()), spec(robust=True))


@pytest.mark.parametrize("options", [{}, {"strata": ("site",), "weights": "weight"}], ids=str)
def test_small_and_negative_days_are_placed_alike(options: dict[str, object]) -> None:
    # Days that fit one byte each, further apart than one byte can hold.
    frame = registry().with_columns(pl.col("days").clip(0, 89) * 2 - 100)
    found = fit_cox_from_batches(batches(frame), spec(**options))
    wanted = fit_cox_from_batches(batches(frame.with_columns(pl.col("days") + 100)), spec(**options))
    assert isinstance(found, CoxFit)
    assert isinstance(wanted, CoxFit)
    assert found.coefficients == pytest.approx(wanted.coefficients, abs=1e-12)


def test_many_counts_are_added_up_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = fit_cox_from_batches(batches(registry()), spec(strata=("site",)))
    monkeypatch.setattr("analytics.survival.day_sums_layout.MANY_COUNTS", 100)
    monkeypatch.setattr("analytics.survival.day_sums_slabs.SLAB", 200)
    assert_same(fit_cox_from_batches(batches(registry()), spec(strata=("site",))), wanted)


def test_batches_that_can_be_read_once_are_refused() -> None:
    with pytest.raises(SpecificationError, match="only once"):
        fit_cox_from_batches(iter(batches(registry())), spec())


def test_numbers_are_stored_small_and_exactly() -> None:
    assert shrink(np.array([0.0, 1.0])).dtype == np.int8
    assert shrink(np.array([0.5, 1.0])).dtype == np.float32
    assert shrink(np.array([0.1])).dtype == np.float64
    assert shrink(np.array([1, 40_000])).dtype == np.int32
    assert shrink(np.array([1, 2**40])).dtype == np.float64
    assert shrink(np.array([True])).dtype == np.int8
