"""Mean cumulative counts with weights of patients and with clusters: R's numbers, derivatives, laws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from analytics.survival.mean_cumulative_count import RecurrentColumns, estimate_mean_cumulative_count
from analytics.survival.results_recurrence import MeanCumulativeCount

DATA = Path(__file__).resolve().parents[2] / "oracle" / "data" / "bladder2.csv"
BLADDER = RecurrentColumns("id", "start", "stop")
DAYS = (3, 12, 30, 50)
WITH_DEATH = RecurrentColumns(terminal="died", weight="weight", cluster="site")


def count(frame: pl.DataFrame, columns: RecurrentColumns) -> pl.DataFrame:
    result = estimate_mean_cumulative_count(frame, columns=columns, group="all")
    assert isinstance(result, MeanCumulativeCount)
    return result.table


def bladder() -> pl.DataFrame:
    return pl.read_csv(DATA).with_columns(weight=1 + (pl.col("id") % 4) / 3, site=pl.col("id") % 7)


@pytest.mark.parametrize(
    ("columns", "counts", "errors"),
    [
        # R 4.2, survival 3.5-3: summary(survfit(Surv(start, stop, event) ~ 1, id = id, weights = w),
        # times = c(3, 12, 30, 50)): cumhaz, std.chaz; then with cluster = site alone, then with both.
        (
            {"weight": "weight"},
            (0.25490043888740, 0.61282954673506, 1.63066931472341, 2.00647807215949),
            (0.054868112179965, 0.109558195131257, 0.219560477058502, 0.288331087866034),
        ),
        (
            {"cluster": "site"},
            (0.24261119081779, 0.60036233474780, 1.57986614759673, 1.91651023626668),
            (0.030960389836689, 0.047330172608441, 0.148501412693412, 0.193478314794982),
        ),
        (
            {"weight": "weight", "cluster": "site"},
            (0.25490043888740, 0.61282954673506, 1.63066931472341, 2.00647807215949),
            (0.029152363278823, 0.047677035355793, 0.137736201776199, 0.206315899727204),
        ),
    ],
)
def test_weights_and_clusters_are_those_of_r(
    columns: dict[str, str], counts: tuple[float, ...], errors: tuple[float, ...]
) -> None:
    table = count(bladder(), replace(BLADDER, **columns))
    at = np.searchsorted(table["time_days"].to_numpy(), DAYS, side="right") - 1
    assert table["mean_count"].to_numpy()[at].tolist() == pytest.approx(counts, rel=1e-12)
    assert table["std_error"].to_numpy()[at].tolist() == pytest.approx(errors, rel=1e-11)


def mortal() -> pl.DataFrame:
    """Patients of six sites with gaps, ties, several events a day, weights and deaths."""
    draw = np.random.default_rng(12)
    rows = []
    for patient in range(30):
        day, weight = int(draw.integers(0, 3)), round(float(draw.uniform(0.5, 2)), 2)
        for _ in range(int(draw.integers(1, 4))):
            stop = day + int(draw.integers(1, 9))
            rows.append((patient, day, stop, int(draw.integers(0, 3)), False, weight, patient % 6))
            day = stop + int(draw.integers(0, 2))
        rows[-1] = (*rows[-1][:4], bool(draw.random() < 0.5), *rows[-1][5:])
    names = ["patient_id", "start_days", "time_days", "event", "died", "weight", "site"]
    return pl.DataFrame(rows, schema=names, orient="row")


def by_definition(frame: pl.DataFrame, own: np.ndarray) -> np.ndarray:
    """Estimate with a weight per row, straight from the definition."""
    start, stop, event, died = (
        frame[name].to_numpy().astype(float) for name in ("start_days", "time_days", "event", "died")
    )
    alive, mean, path = 1.0, 0.0, []
    for day in np.unique(stop):
        at_risk = own[(start < day) & (day <= stop)].sum()
        mean += alive * (own * event)[stop == day].sum() / at_risk
        alive *= 1 - (own * died)[stop == day].sum() / at_risk
        path.append(mean)
    return np.array(path)


def test_with_death_the_variance_by_site_is_the_squared_derivative() -> None:
    frame, step = mortal(), 1e-5
    weight, site = frame["weight"].to_numpy(), frame["site"].to_numpy()
    derivatives = []
    for one in range(6):
        # The derivative by a factor on all weights of the site.
        moved = [by_definition(frame, weight * np.where(site == one, 1 + by, 1)) for by in (step, -step)]
        derivatives.append((moved[0] - moved[1]) / (2 * step))
    table = count(frame, WITH_DEATH)
    assert table["mean_count"].to_list() == pytest.approx(by_definition(frame, weight).tolist())
    expected = np.sqrt((np.array(derivatives) ** 2).sum(axis=0))
    assert table["std_error"].to_list() == pytest.approx(expected.tolist(), rel=1e-6)


def test_every_patient_a_cluster_is_no_cluster() -> None:
    alone = count(mortal(), replace(WITH_DEATH, cluster=None))
    each = count(mortal(), replace(WITH_DEATH, cluster="patient_id"))
    assert each["std_error"].to_list() == pytest.approx(alone["std_error"].to_list(), rel=1e-9)


def test_weights_times_a_constant_change_nothing_and_weight_zero_is_absence() -> None:
    frame = mortal()
    plain = count(frame, WITH_DEATH)
    twice = count(frame.with_columns(pl.col("weight") * 2), WITH_DEATH)
    assert twice["std_error"].to_list() == pytest.approx(plain["std_error"].to_list(), rel=1e-9)
    assert twice["n_risk"].to_list() == pytest.approx((2 * plain["n_risk"]).to_list())
    without = count(frame.filter(pl.col("site") > 0), WITH_DEATH)
    zero = count(frame.with_columns(pl.when(pl.col("site") > 0).then("weight").otherwise(0.0)), WITH_DEATH)
    assert zero.equals(without)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"weight": pl.lit(-1.0)}, "weight negative"),
        ({"weight": pl.int_range(1, pl.len() + 1)}, "another weight"),
        ({"site": pl.int_range(pl.len())}, "another weight or cluster"),
        ({"weight": pl.lit(None, pl.Float64)}, "absent"),
    ],
)
def test_weights_that_cannot_be_are_an_error(change: dict[str, pl.Expr], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        count(mortal().with_columns(**change), WITH_DEATH)


def test_poisson_variance_knows_no_weights() -> None:
    columns = RecurrentColumns(weight="weight")
    with pytest.raises(ValueError, match="does not hold with weights"):
        estimate_mean_cumulative_count(mortal(), columns=columns, group="all", variance="poisson")
