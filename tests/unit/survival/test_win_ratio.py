"""Pairs judged by hand, and laws that hold for any pairs."""

import math

import numpy as np
import polars as pl
import pytest

from analytics.survival.results import NotEstimable
from analytics.survival.results_win_ratio import WinRatio
from analytics.survival.win_ratio import MeasuredOutcome, PairGroups, TimedOutcome, estimate_win_ratio
from analytics.survival.win_ratio_recurrent import estimate_recurrent_win_ratio

DEATH = TimedOutcome("death", "death_day", "died")
MI = TimedOutcome("infarction", "mi_day", "had_mi")
HIERARCHY = [DEATH, MI]

# a1 dies on day 10, a2 lives to day 20 with an infarction on day 5; b1 dies on day 4, b2 leaves on day 8.
TOY = pl.DataFrame(
    {
        "arm": ["a", "a", "b", "b"],
        "death_day": [10, 20, 4, 8],
        "died": [True, False, True, False],
        "mi_day": [10, 5, 4, 8],
        "had_mi": [False, True, False, False],
    }
)


def _ratio(
    frame: pl.DataFrame, outcomes: list[TimedOutcome | MeasuredOutcome], strata: tuple[str, ...] = ()
) -> WinRatio:
    found = estimate_win_ratio(frame, outcomes, PairGroups("arm", "a", "b", strata))
    assert isinstance(found, WinRatio)
    return found


def _random_rows(n: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    death, end = rng.integers(1, 60, n), rng.integers(1, 60, n)
    mi = np.minimum(rng.integers(1, 60, n), np.minimum(death, end))
    return pl.DataFrame(
        {
            "arm": rng.choice(["a", "b"], n),
            "death_day": np.minimum(death, end),
            "died": death <= end,
            "mi_day": mi,
            "had_mi": mi < np.minimum(death, end),
            "walk": rng.integers(0, 5, n).astype(float),
            "site": rng.choice(["x", "y"], n),
        }
    )


def _by_hand(frame: pl.DataFrame, threshold: float) -> list[tuple[int, int]]:
    first, second = (frame.filter(pl.col("arm") == arm).to_dicts() for arm in "ab")
    counts = [[0, 0], [0, 0]]
    for own in first:
        for other in second:
            for level, (time, event) in enumerate([("death_day", "died"), ("mi_day", "had_mi")]):
                least = threshold if level == 0 else 1
                if other[event] and own[time] - other[time] >= least:
                    counts[level][0] += 1
                    break
                if own[event] and other[time] - own[time] >= least:
                    counts[level][1] += 1
                    break
    return [(won, lost) for won, lost in counts]


def test_four_pairs_are_judged_as_by_hand() -> None:
    # a1-b1 won by death, a1-b2 open (b2 left before day 10) and without infarction; a2-b1 won by death,
    # a2-b2 open on death, lost by the infarction on day 5.
    table = _ratio(TOY, [DEATH, MI]).table
    assert table.select("n_pairs", "n_win", "n_loss", "n_neutral", "n_uninformative").rows() == [
        (4, 2, 0, 0, 2),
        (2, 0, 1, 0, 1),
    ]
    last = table.row(1, named=True)
    assert (last["win_ratio"], last["net_benefit"]) == pytest.approx((2.0, 0.25))
    # Wins of a: 1/2, 1/2 (no spread); losses 0, 1/2. Wins over b: 1, 0; losses to b: 0, 1/2. Shares 1/2, 1/4.
    of_first = [(0.0 - (-0.25) / 0.25) / 2, (0.0 - 0.25 / 0.25) / 2]
    of_second = [(0.5 / 0.5 - (-0.25) / 0.25) / 2, (-0.5 / 0.5 - 0.25 / 0.25) / 2]
    std_error = math.sqrt(sum(part**2 for part in of_first + of_second))
    assert last["win_ratio_std_error"] == pytest.approx(std_error, rel=1e-12)
    assert last["win_ratio_lower"] == pytest.approx(2 * math.exp(-1.959963984540054 * std_error), rel=1e-12)
    assert last["win_odds"] == pytest.approx(1.25 / 0.75)


@pytest.mark.parametrize("threshold", [0.0, 7.0])
def test_any_pairs_are_judged_as_by_a_double_loop(threshold: float) -> None:
    rows = _random_rows(90, seed=3)
    table = _ratio(rows, [TimedOutcome("death", "death_day", "died", threshold), MI]).table
    expected = _by_hand(rows, max(threshold, 1))
    assert table.select("n_win", "n_loss").rows() == expected
    assert table["n_pairs"][1] == table["n_neutral"][0] + table["n_uninformative"][0]


def test_blocks_of_pairs_add_up_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _random_rows(120, seed=8)
    whole = _ratio(rows, [DEATH, MI]).table
    monkeypatch.setattr("analytics.survival.win_ratio_pairs.PAIRS_AT_ONCE", 100)
    assert _ratio(rows, [DEATH, MI]).table.equals(whole)


def test_exchanged_groups_give_the_inverse_ratio() -> None:
    rows = _random_rows(150, seed=5)
    forward = _ratio(rows, [DEATH, MI]).table.row(-1, named=True)
    backward = estimate_win_ratio(rows, [DEATH, MI], PairGroups("arm", "b", "a"))
    assert isinstance(backward, WinRatio)
    other = backward.table.row(-1, named=True)
    assert forward["win_ratio"] * other["win_ratio"] == pytest.approx(1.0, rel=1e-12)
    assert forward["win_ratio_std_error"] == pytest.approx(other["win_ratio_std_error"], rel=1e-12)
    assert forward["net_benefit"] == pytest.approx(-other["net_benefit"], rel=1e-12)


def test_row_order_and_time_unit_do_not_matter() -> None:
    rows = _random_rows(150, seed=6)
    moved = rows.reverse().with_columns(pl.col("death_day", "mi_day") * 24)
    first, second = (_ratio(frame, [DEATH, MI]).table for frame in (rows, moved))
    assert first.select("n_win", "n_loss").equals(second.select("n_win", "n_loss"))
    assert first["win_ratio_std_error"].to_list() == pytest.approx(second["win_ratio_std_error"].to_list())


def test_pairs_are_only_made_within_strata() -> None:
    rows = _random_rows(160, seed=7)
    table = _ratio(rows, [DEATH], strata=("site",)).table
    parts = [_ratio(rows.filter(pl.col("site") == site), [DEATH]).table for site in ("x", "y")]
    assert table["n_win"][0] == sum(part["n_win"][0] for part in parts)
    share = sum(
        part["win_share"][0] * rows.filter(pl.col("site") == site).height / rows.height
        for part, site in zip(parts, ("x", "y"), strict=True)
    )
    assert table["win_share"][0] == pytest.approx(share, rel=1e-12)


def test_a_missing_number_decides_nothing_and_less_may_be_better() -> None:
    rows = pl.DataFrame({"arm": ["a", "a", "b", "b"], "bleeding": [1.0, None, 2.0, 1.0]})
    outcome = MeasuredOutcome("bleeding", "bleeding", higher_is_better=False)
    found = estimate_win_ratio(rows, [outcome], PairGroups("arm", "a", "b"))
    assert isinstance(found, NotEstimable)
    assert found.code == "separation"
    more = _ratio(pl.concat([rows, rows.with_columns(bleeding=pl.Series([3.0, 1.0, 1.0, 1.0]))]), [outcome])
    assert more.table.select("n_uninformative").item() == 4


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"arm": "a"}, "no_patients"),
        ({"died": False, "had_mi": False}, "no_events"),
        ({"death_day": 0, "died": True}, "separation"),
    ],
)
def test_what_pairs_cannot_tell_is_refused(change: dict[str, object], code: str) -> None:
    rows = TOY.with_columns(**{name: pl.lit(value) for name, value in change.items()})
    if code == "separation":
        rows = rows.with_columns(death_day=pl.when(pl.col("arm") == "a").then(9).otherwise(3))
    found = estimate_win_ratio(rows, HIERARCHY, PairGroups("arm", "a", "b"))
    assert isinstance(found, NotEstimable)
    assert found.code == code
    assert found.reason.endswith(".")


def test_everybody_dead_on_day_0_is_a_tie_everywhere() -> None:
    rows = TOY.with_columns(death_day=0, mi_day=0, died=True, had_mi=False)
    found = estimate_win_ratio(rows, HIERARCHY, PairGroups("arm", "a", "b"))
    assert isinstance(found, NotEstimable)
    assert found.code == "no_events"


def test_strata_without_both_groups_leave_nothing_to_compare() -> None:
    rows = TOY.with_columns(site=pl.Series(["x", "x", "y", "y"]))
    found = estimate_win_ratio(rows, HIERARCHY, PairGroups("arm", "a", "b", ("site",)))
    assert isinstance(found, NotEstimable)
    assert found.code == "one_group"


# One row per event (cause 2) and one for the end (1 died, 0 left).
EVENTS = pl.DataFrame(
    [
        ("p", "a", 3, 2), ("p", "a", 10, 0),
        ("q", "a", 6, 1),
        ("r", "b", 2, 2), ("r", "b", 9, 0),
        ("s", "b", 1, 2), ("s", "b", 2, 2), ("s", "b", 6, 0),
    ],
    schema=["id", "arm", "time_days", "cause"],
    orient="row",
)  # fmt: skip


def test_recurrent_events_are_judged_as_by_hand() -> None:
    # p-r: one event each by day 9, p's on day 3 is later: won at the third step. p-s: 1 against 2: won.
    # q dies on day 6: lost to r; s left on day 6 alive: lost too.
    found = estimate_recurrent_win_ratio(EVENTS, PairGroups("arm", "a", "b"), unit="id")
    assert isinstance(found, WinRatio)
    assert found.table["n_win"].to_list() == [0, 1, 1]
    assert found.table["n_loss"].to_list() == [2, 0, 0]
    assert found.table["outcome"].to_list() == ["death", "number of events", "time of the last event"]
    assert found.table["win_ratio"][2] == pytest.approx(1.0)
    assert (found.basis.n, found.basis.n_events) == (4, 4)


def test_the_first_event_or_none_may_break_ties() -> None:
    rows = EVENTS.filter(pl.col("id") != "q")
    rows = pl.concat([rows, pl.DataFrame([("t", "a", 9, 0)], schema=rows.schema, orient="row")])
    plain = estimate_recurrent_win_ratio(rows, PairGroups("arm", "a", "b"), unit="id", tie_break="none")
    # p-r is equal without a tie break; p-s, t-r and t-s are won: all decided pairs go one way.
    assert isinstance(plain, NotEstimable)
    assert plain.code == "separation"
    turned = rows.with_columns(
        time_days=pl.when(pl.col("id") == "p").then(pl.col("time_days") - 2).otherwise("time_days")
    )
    first = estimate_recurrent_win_ratio(turned, PairGroups("arm", "a", "b"), unit="id", tie_break="first")
    assert isinstance(first, WinRatio)
    assert first.table.select("n_win", "n_loss").row(-1) == (0, 1)


def test_a_group_without_histories_is_refused() -> None:
    found = estimate_recurrent_win_ratio(EVENTS, PairGroups("arm", "a", "c"), unit="id")
    assert isinstance(found, NotEstimable)
    assert found.code == "no_patients"
