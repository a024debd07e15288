"""Pairs scored with the curves of both groups: by hand, by a double loop, by re-weighting patients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from analytics.survival.results import NotEstimable
from analytics.survival.results_win_ratio import WinRatio
from analytics.survival.win_ratio import MeasuredOutcome, PairGroups, TimedOutcome, estimate_win_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    Outcomes = Sequence[TimedOutcome | MeasuredOutcome]

DEATH = TimedOutcome("death", "death_day", "died")
MI = TimedOutcome("infarction", "mi_day", "had_mi", 3)
WALK = MeasuredOutcome("walk", "walk", 2)
GROUPS = PairGroups("arm", "a", "b")
STEP = 1e-30
"""Complex step: the derivative of a function of complex numbers without a difference that rounds."""


def _peron(frame: pl.DataFrame, outcomes: Outcomes, groups: PairGroups = GROUPS) -> WinRatio:
    found = estimate_win_ratio(frame, outcomes, groups, scoring="peron")
    assert isinstance(found, WinRatio)
    return found


def _random_rows(n: int, seed: int, *, until: int = 60) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    death, end = rng.integers(1, 60, n), rng.integers(1, until, n)
    mi, mi_end = rng.integers(1, 60, n), np.minimum(death, end)
    return pl.DataFrame(
        {
            "arm": rng.choice(["a", "b"], n),
            "death_day": np.minimum(death, end),
            "died": death <= end,
            "mi_day": np.minimum(mi, mi_end),
            "had_mi": mi < mi_end,
            "walk": rng.integers(0, 5, n).astype(float),
            "site": rng.choice(["x", "y"], n),
        }
    )


class _Curve:
    """A weighted Kaplan-Meier curve, one time after the other."""

    def __init__(self, rows: list[dict], weights: list[complex], time: str, event: str) -> None:
        self.last = max(row[time] for row in rows)
        self.jumps: list[tuple[float, complex, complex]] = []
        value: complex = 1
        for day in sorted({row[time] for row in rows if row[event]}):
            at_risk = sum(w for row, w in zip(rows, weights, strict=True) if row[time] >= day)
            deaths = sum(w for row, w in zip(rows, weights, strict=True) if row[time] == day and row[event])
            before, value = value, value * (1 - deaths / at_risk)
            self.jumps.append((day, value, before - value))

    def at(self, day: float, beyond: str) -> complex:
        """Survival at a day; beyond follow-up its least or greatest possible value."""
        value = next((after for time, after, _ in reversed(self.jumps) if time <= day), 1)
        return 0 if day > self.last and beyond == "least" else value


def _later(own: tuple, other: tuple, threshold: float, curves: tuple[_Curve, _Curve]) -> complex:
    """Probability that ``own`` is later, from the definition."""
    (x, own_event), (y, other_event), (mine, theirs) = own, other, curves
    if own_event and other_event:
        return float(x - y >= max(threshold, 0.5))
    least = threshold or 1e-9
    earlier = 1 - theirs.at(x - least, "most") / theirs.at(y, "most") if x - least > y else 0
    if own_event:
        return earlier
    if other_event:
        return 1 if x - y >= least else mine.at(y + least, "least") / mine.at(x, "most")
    open_mass = sum(
        mine.at(day + least, "least") * mass for day, _, mass in theirs.jumps if day > max(y, x - least)
    )
    return earlier + open_mass / (mine.at(x, "most") * theirs.at(y, "most"))


def _by_double_loop(
    frame: pl.DataFrame, outcomes: Outcomes, weights: dict[str, list[complex]] | None = None
) -> list[tuple[complex, complex]]:
    """Cumulative shares won and lost, each patient carrying a weight."""
    sides = [frame.filter(pl.col("arm") == arm).to_dicts() for arm in "ab"]
    carried = [weights[arm] if weights else [1.0] * len(side) for arm, side in zip("ab", sides, strict=True)]
    curves = {
        one.label: [_Curve(side, w, one.time, one.event) for side, w in zip(sides, carried, strict=True)]
        for one in outcomes
        if isinstance(one, TimedOutcome)
    }
    total = sum(carried[0]) * sum(carried[1])
    won: list[complex] = [0] * len(outcomes)
    lost: list[complex] = [0] * len(outcomes)
    for own, own_weight in zip(sides[0], carried[0], strict=True):
        for other, other_weight in zip(sides[1], carried[1], strict=True):
            left = own_weight * other_weight / total
            for level, one in enumerate(outcomes):
                if isinstance(one, MeasuredOutcome):
                    gap = own[one.value] - other[one.value]
                    better, worse = float(gap >= one.threshold), float(-gap >= one.threshold)
                else:
                    seen = [(row[one.time], row[one.event]) for row in (own, other)]
                    first, second = curves[one.label]
                    better = _later(seen[0], seen[1], one.threshold, (first, second))
                    worse = _later(seen[1], seen[0], one.threshold, (second, first))
                won[level] += left * better
                lost[level] += left * worse
                left = left * (1 - better - worse)
    return [(sum(won[: k + 1]), sum(lost[: k + 1])) for k in range(len(outcomes))]


def test_four_against_four_patients_are_scored_as_by_hand() -> None:
    # Threshold 1. Dying on day 4 loses to deaths on days 6.1 and (surely) after 8.1 and beats 2.1. Leaving on
    # days 6 and 8 alive beats 2.1 and 4.1; the next death of a is on day 10, so it outlives 6.1 for sure.
    # Nothing is known of b beyond day 8.1: the pairs of 6, 8 and 10 with it are open. 4 and 4.1 are equal.
    # R BuyseTest's own tests give the same sums: 10 won, 2 lost, 1 neutral, 3 uninformative.
    rows = pl.DataFrame(
        {
            "arm": ["b"] * 4 + ["a"] * 4,
            "day": [2.1, 4.1, 6.1, 8.1, 4.0, 6.0, 8.0, 10.0],
            "died": [True, True, True, False, True, False, False, True],
        }
    )
    table = _peron(rows, [TimedOutcome("death", "day", "died", 1)]).table
    counts = table.select("n_pairs", "n_win", "n_loss", "n_neutral", "n_uninformative").row(0)
    assert counts == pytest.approx((16, 10, 2, 1, 3), abs=1e-12)
    assert table["win_ratio"][0] == pytest.approx(5)


def test_a_censored_patient_wins_with_the_probability_that_the_curves_give() -> None:
    # a: dies on 2, leaves on 3, dies on 5, leaves on 9. S of a: 3/4 from 2, 3/8 from 5. b dies on 4 and 6.
    # On 3 a is alive with 3/4; beyond 4 with 3/4: wins for sure over 4; beyond 6 with 3/8: wins 1/2 over 6,
    # and loses to 6 where it dies on 5: 1/2.
    rows = pl.DataFrame(
        {
            "arm": ["a"] * 4 + ["b"] * 2,
            "day": [2, 3, 5, 9, 4, 6],
            "died": [True, False, True, False, True, True],
        }
    )
    table = _peron(rows, [TimedOutcome("death", "day", "died")]).table
    assert (table["n_win"][0], table["n_loss"][0]) == pytest.approx((1 + 0.5 + 1 + 2, 2 + 0.5 + 1))


@pytest.mark.parametrize("until", [60, 25])
@pytest.mark.parametrize("threshold", [0.0, 7.0])
def test_any_pairs_are_scored_as_by_a_double_loop(threshold: float, until: int) -> None:
    rows = _random_rows(50, seed=3, until=until)
    outcomes = [TimedOutcome("death", "death_day", "died", threshold), MI, WALK]
    table = _peron(rows, outcomes).table
    expected = _by_double_loop(rows, outcomes)
    assert table["win_share"].to_list() == pytest.approx([won.real for won, _ in expected], rel=1e-10)
    assert table["loss_share"].to_list() == pytest.approx([lost.real for _, lost in expected], rel=1e-10)
    sums = table.select("n_win", "n_loss", "n_neutral", "n_uninformative").sum_horizontal()
    assert sums.to_list() == pytest.approx(table["n_pairs"].to_list())
    assert table["n_neutral"].min() >= 0


@pytest.mark.parametrize("until", [60, 25])
@pytest.mark.parametrize("threshold", [0.0, 7.0])
def test_standard_errors_are_those_of_re_weighting_each_patient(threshold: float, until: int) -> None:
    rows = _random_rows(24, seed=11, until=until)
    outcomes = [TimedOutcome("death", "death_day", "died", threshold), MI, WALK]
    sizes = {arm: rows.filter(pl.col("arm") == arm).height for arm in "ab"}
    log_ratio, benefit = np.zeros(3), np.zeros(3)
    for arm, size in sizes.items():
        for patient in range(size):
            weights: dict[str, list[complex]] = {name: [1.0] * n for name, n in sizes.items()}
            weights[arm][patient] = 1 + STEP * 1j
            for level, (won, lost) in enumerate(_by_double_loop(rows, outcomes, weights)):
                of_won, of_lost = complex(won).imag / STEP, complex(lost).imag / STEP
                log_ratio[level] += (of_won / won.real - of_lost / lost.real) ** 2
                benefit[level] += (of_won - of_lost) ** 2
    table = _peron(rows, outcomes).table
    assert table["win_ratio_std_error"].to_list() == pytest.approx(np.sqrt(log_ratio), rel=1e-9)
    assert table["net_benefit_std_error"].to_list() == pytest.approx(np.sqrt(benefit), rel=1e-9)


def test_without_censoring_both_rules_agree() -> None:
    rows = _random_rows(80, seed=4).with_columns(died=pl.lit(value=True))
    outcomes = [TimedOutcome("death", "death_day", "died", 5), WALK]
    plain = estimate_win_ratio(rows, outcomes, GROUPS)
    assert isinstance(plain, WinRatio)
    scored = _peron(rows, outcomes).table
    for name in ("n_win", "n_loss", "n_neutral", "win_ratio", "win_ratio_std_error", "net_benefit_std_error"):
        assert scored[name].to_list() == pytest.approx(plain.table[name].to_list(), rel=1e-12)


def test_blocks_of_scores_add_up_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _random_rows(90, seed=8)
    whole = _peron(rows, [DEATH, MI]).table
    monkeypatch.setattr("analytics.survival.win_ratio_peron.SCORES_AT_ONCE", 100)
    parts = _peron(rows, [DEATH, MI]).table
    for name in ("n_win", "n_loss", "win_ratio_std_error", "net_benefit_std_error"):
        assert parts[name].to_list() == pytest.approx(whole[name].to_list(), rel=1e-11)


def test_exchanged_groups_give_the_inverse_ratio_of_scores() -> None:
    rows = _random_rows(90, seed=5)
    forward = _peron(rows, [DEATH, MI]).table.row(-1, named=True)
    backward = _peron(rows, [DEATH, MI], PairGroups("arm", "b", "a")).table.row(-1, named=True)
    assert forward["win_ratio"] * backward["win_ratio"] == pytest.approx(1.0, rel=1e-11)
    assert forward["win_ratio_std_error"] == pytest.approx(backward["win_ratio_std_error"], rel=1e-11)


def test_curves_are_estimated_within_strata() -> None:
    rows = _random_rows(120, seed=7)
    table = _peron(rows, [DEATH], PairGroups("arm", "a", "b", ("site",))).table
    parts = {site: rows.filter(pl.col("site") == site) for site in ("x", "y")}
    own = {site: _peron(part, [DEATH]).table.row(0, named=True) for site, part in parts.items()}
    share = {site: part.height / rows.height for site, part in parts.items()}
    assert table["n_win"][0] == pytest.approx(sum(one["n_win"] for one in own.values()))
    variance = sum((share[site] * own[site]["net_benefit_std_error"]) ** 2 for site in own)
    assert table["net_benefit_std_error"][0] == pytest.approx(math.sqrt(variance), rel=1e-12)


def test_a_patient_without_a_time_decides_nothing_and_is_in_no_curve() -> None:
    rows = _random_rows(40, seed=9)
    missing = rows.head(1).with_columns(arm=pl.lit("a"), death_day=pl.lit(None, pl.Int64))
    table, plain = (_peron(frame, [DEATH]).table for frame in (pl.concat([rows, missing]), rows))
    assert table["n_win"][0] == pytest.approx(plain["n_win"][0])
    n_other = rows.filter(pl.col("arm") == "b").height
    assert table["n_uninformative"][0] == pytest.approx(plain["n_uninformative"][0] + n_other)


@pytest.mark.parametrize(
    ("change", "outcomes", "code"),
    [
        ({"died": False}, [DEATH], "no_events"),
        ({"arm": "a"}, [DEATH], "no_patients"),
        ({}, [DEATH, TimedOutcome("death, 30 days", "death_day", "died", 30)], "repeated_outcome"),
    ],
)
def test_what_scores_cannot_tell_is_refused(change: dict[str, object], outcomes: Outcomes, code: str) -> None:
    rows = _random_rows(30, seed=2).with_columns(**{name: pl.lit(value) for name, value in change.items()})
    found = estimate_win_ratio(rows, outcomes, GROUPS, scoring="peron")
    assert isinstance(found, NotEstimable)
    assert found.code == code
    assert found.reason.endswith(".")


def test_the_exponential_form_comes_close_to_the_exact_one() -> None:
    rows = _random_rows(400, seed=12)
    exact = _peron(rows, [DEATH, MI]).table
    other = estimate_win_ratio(rows, [DEATH, MI], GROUPS, scoring="peron", curve_influence="exponential")
    assert isinstance(other, WinRatio)
    assert other.table["net_benefit"].to_list() == exact["net_benefit"].to_list()
    ratio = (other.table["net_benefit_std_error"] / exact["net_benefit_std_error"]).to_list()
    assert ratio == pytest.approx([1, 1], abs=0.02)
    assert ratio != pytest.approx([1, 1], abs=1e-9)
    assert "exponential" in other.basis.variance
