"""How stages draw."""

from __future__ import annotations

import numpy as np
import pytest

from synthetic.streams import draw_between, draw_category, open_streams, scale_odds


def test_streams_of_two_stages_differ_and_one_seed_repeats() -> None:
    first, again = open_streams(3), open_streams(3)
    assert first["sites"].random() == again["sites"].random()
    assert open_streams(3)["sites"].random() != open_streams(3)["patients"].random()


def test_weight_zero_is_never_drawn() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    drawn = draw_category(rng, np.tile([0.0, 2.0, 0.0, 1.0, 0.0], (10_000, 1)))
    assert set(drawn.tolist()) == {1, 3}
    assert np.mean(drawn == 1) == pytest.approx(2 / 3, abs=4 * np.sqrt(2 / 9 / 10_000))


def test_truncated_draws_leave_no_heap_at_the_bounds() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    values = draw_between(rng, 55.0, sd=10.0, low=15.0, high=75.0, size=20_000)
    assert values.min() > 15.0
    assert values.max() < 75.0


def test_odds_scale_as_by_hand_and_zero_stays_zero() -> None:
    assert scale_odds(np.array([0.2, 0.0]), 2.0).tolist() == pytest.approx([1 / 3, 0.0])
    assert scale_odds(np.array([0.0]), 5.0)[0] == 0.0
