"""Fine-Gray models with censoring groups, strata and delayed entry: definitions and R's numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.survival.fine_gray import fit_fine_gray
from analytics.survival.fine_gray_design import FineGraySpec
from analytics.survival.fine_gray_kernel import estimate_entry
from analytics.survival.fine_gray_prediction import predict_incidence
from analytics.survival.results_competing import FineGrayFit

DATA = Path(__file__).resolve().parents[2] / "oracle" / "data" / "mgus2_complete.csv"
GROUPED = FineGraySpec("days", "cause", ("x",), censoring_groups=("z",), censoring_ties="events_first")


def fitted(frame: pl.DataFrame, spec: FineGraySpec) -> FineGrayFit:
    fit = fit_fine_gray(frame, spec)
    assert isinstance(fit, FineGrayFit), fit
    return fit


def mgus() -> pl.DataFrame:
    return pl.read_csv(DATA, null_values=["NA", ""]).drop_nulls()


def patients(seed: int) -> pl.DataFrame:
    """Draw two groups, the second of which is followed half as long and ends with a competing event."""
    draw = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "days": [*draw.integers(1, 12, 20), *draw.integers(1, 6, 10), 6],
            "cause": [*draw.choice([0, 1, 2], 30, p=[0.3, 0.4, 0.3]), 2],
            "z": [0] * 20 + [1] * 11,
        }
    )
    return frame.with_columns(x=pl.Series(draw.normal(size=31).round(2)))


def brute_score(frame: pl.DataFrame, counts: np.ndarray, beta: float) -> float:
    """Score by its definition, events before censorings, each row standing for a number of patients."""
    days, cause, x, z = (frame[name].to_numpy().astype(float) for name in ("days", "cause", "x", "z"))

    def free(before: float, group: float) -> float:
        if before > days[z == group].max():
            return 0.0
        product = 1.0
        for day in np.unique(days[(cause == 0) & (z == group)]):
            if day < before:
                left = counts[(days == day) & (cause == 0) & (z == group)].sum()
                product *= 1 - left / (counts[(days > day) & (z == group)].sum() + left)
        return product

    score = 0.0
    for event in np.flatnonzero(cause == 1):
        weight = np.where(days >= days[event], 1.0, 0.0)
        for other in np.flatnonzero((cause == 2) & (days < days[event])):
            weight[other] = free(days[event], z[other]) / free(days[other], z[other])
        risk = counts * weight * np.exp(x * beta)
        score += counts[event] * (x[event] - (risk @ x) / risk.sum())
    return score


@pytest.mark.parametrize("seed", [1, 2])
def test_with_censoring_groups_the_variance_is_the_derivative_by_every_patients_weight(seed: int) -> None:
    frame = patients(seed)
    fit = fitted(frame, GROUPED)
    beta, one, step = fit.coefficients[0], np.ones(frame.height), 1e-5
    assert brute_score(frame, one, beta) == pytest.approx(0, abs=1e-9)
    slope = (brute_score(frame, one, beta + step) - brute_score(frame, one, beta - step)) / (2 * step)
    moved = [
        (brute_score(frame, one + step * unit, beta) - brute_score(frame, one - step * unit, beta))
        / (2 * step)
        for unit in np.eye(frame.height)
    ]
    assert fit.covariance[0][0] == pytest.approx(np.sum(np.square(moved)) / slope**2, rel=1e-6)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        # R 4.2, cmprsk: crr(etime, state, cbind(age, male), cengroup = agegrp or male, gtol = 1e-12). The
        # oldest are followed for 228 months, the youngest for 424.
        ("agegrp", (-0.0143087779027, -0.290794024918)),
        ("male", (-0.0187963926179, -0.277013418144)),
    ],
)
def test_a_group_leaves_the_risk_sets_with_its_last_follow_up(
    group: str, expected: tuple[float, float]
) -> None:
    spec = FineGraySpec("etime", "state", ("age", "male"), censoring_groups=(group,))
    assert fitted(mgus(), spec).coefficients.tolist() == pytest.approx(expected, rel=1e-8)


AS_SURVIVAL = FineGraySpec(
    "etime", "state", ("age", "male"), censoring_ties="events_first", variance="sandwich"
)
BY_AGE: dict[str, Any] = {"strata": ("agegrp",)}
LATE: dict[str, Any] = {"entry": "entry"}


def late() -> pl.DataFrame:
    """Let two thirds of the patients enter after the beginning."""
    turn = (pl.int_range(pl.len()) + 1) % 3
    return mgus().with_columns(entry=(pl.col("etime") * turn / 4).floor())


@pytest.mark.parametrize(
    ("options", "coefficients", "errors", "likelihoods"),
    [
        # R 4.2, survival 3.5-3: finegray(Surv(etime, ev) ~ ., etype = "p"), then coxph(Surv(fgstart, fgstop,
        # fgstatus) ~ age + male + strata(agegrp), weights = fgwt, cluster = id,
        # control = coxph.control(eps = 1e-12)), ties = "breslow", then "efron".
        (
            BY_AGE,
            (-0.0122886960659, -0.294706843371),
            (0.0155179459302, 0.187373780966),
            (-648.085457818, -646.650123708),
        ),
        (
            {**BY_AGE, "ties": "efron"},
            (-0.0122925129169, -0.294796378243),
            (0.0155194650146, 0.187444672433),
            (-648.05293021, -646.616658957),
        ),
        # The same with finegray(... + strata(agegrp)).
        (
            {**BY_AGE, "censoring_groups": ("agegrp",)},
            (-0.0128836144868, -0.297185818363),
            (0.0155550639389, 0.187455547701),
            None,
        ),
        # finegray(Surv(entry, etime, ev) ~ ., id = id), breslow, efron; then coxph with strata(agegrp); then
        # both with strata(agegrp).
        (
            LATE,
            (-0.028759094129254, -0.351808014652905),
            (0.0058031710524706, 0.1927011803355875),
            (-778.56171165235, -769.23170045093),
        ),
        (
            {**LATE, "ties": "efron"},
            (-0.028758412829134, -0.351874033937827),
            (0.0058054867961942, 0.1927584117876777),
            (-778.53708968841, -769.20637564114),
        ),
        (
            {**LATE, **BY_AGE},
            (-0.020838400693355, -0.356639686432430),
            (0.015796824169449, 0.192348939099475),
            (-654.5193840083, -651.9634014849),
        ),
        (
            {**LATE, **BY_AGE, "censoring_groups": ("agegrp",)},
            (-0.021853626728529, -0.363105205707207),
            (0.015864702575252, 0.192593935493898),
            (-654.47161498212, -651.79112226037),
        ),
    ],
)
def test_strata_and_delayed_entry_are_those_of_r(
    options: dict[str, Any],
    coefficients: tuple[float, float],
    errors: tuple[float, float],
    likelihoods: tuple[float, float] | None,
) -> None:
    fit = fitted(late(), replace(AS_SURVIVAL, **options))
    assert fit.coefficients.tolist() == pytest.approx(coefficients, rel=1e-8)
    assert fit.table["std_error"].to_list() == pytest.approx(errors, rel=1e-8)
    if likelihoods is not None:
        assert (fit.log_likelihood_null, fit.log_likelihood) == pytest.approx(likelihoods, rel=1e-11)


def test_the_chance_of_having_entered_is_a_product_limit_backwards() -> None:
    # At 3 one of three at risk enters (ends 4, 5, 6), at 2 one of three (ends 3 is among them), at 0 both.
    curve = estimate_entry(np.array([0.0, 0.0, 2.0, 3.0]), np.array([3.0, 4.0, 5.0, 6.0]))
    assert curve.before(np.array([1.0, 2.5, 4.0])).tolist() == pytest.approx([2 / 3 * 2 / 3, 2 / 3, 1])


def test_everybody_entering_at_the_beginning_changes_nothing() -> None:
    frame = mgus().with_columns(entry=-1)
    entered = fitted(frame, replace(AS_SURVIVAL, entry="entry"))
    plain = fitted(frame, AS_SURVIVAL)
    assert entered.coefficients == pytest.approx(plain.coefficients, rel=1e-12)
    assert np.asarray(entered.covariance) == pytest.approx(np.asarray(plain.covariance), rel=1e-10)


def test_each_stratum_has_its_baseline() -> None:
    fit = fitted(mgus(), replace(AS_SURVIVAL, **BY_AGE))
    assert "stratified by agegrp" in fit.basis.method
    alone = mgus().filter(pl.col("agegrp") == "b60-74")
    own = fit.baseline.filter(pl.col("stratum") == "agegrp=b60-74")
    events = alone.filter(pl.col("state") == 1)["etime"].unique().sort()
    assert own["time_days"].to_list() == events.to_list()
    assert own["cumulative_hazard"].to_list() == pytest.approx(np.cumsum(own["hazard"]).tolist())


def test_what_strata_and_delayed_entry_cannot_have_is_refused() -> None:
    with pytest.raises(SpecificationError, match="as known"):
        fit_fine_gray(late(), replace(AS_SURVIVAL, **LATE, variance="estimated_censoring"))
    gap = pl.DataFrame(
        {"days": [1, 2, 5, 6, 7], "cause": [2, 0, 1, 1, 0], "x": [1, 0, 1, 0, 1], "entry": [0, 0, 3, 3, 3]}
    )
    spec = FineGraySpec("days", "cause", ("x",), variance="sandwich", entry="entry")
    with pytest.raises(SpecificationError, match="nobody is under observation"):
        fit_fine_gray(gap, spec)
    stratified = fitted(mgus(), replace(AS_SURVIVAL, **BY_AGE))
    with pytest.raises(SpecificationError, match="baseline per stratum"):
        predict_incidence(stratified, mgus(), mgus().head(1), times=[12])
