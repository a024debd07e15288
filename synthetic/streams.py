"""Random streams, one per stage, and the few ways in which stages draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

# New stages go at the end: a child's stream depends on its place only, so that earlier stages keep theirs.
STAGES = (
    "sites",
    "patients",
    "index_lesions",
    "index_treatment",
    "outcomes",
    "follow_up",
    "later_visits",
    "later_lesions",
    "later_treatment",
    "grading",
    "devices",
    "imaging",
    "complications",
    "laboratory",
    "events",
    "missingness",
    "unmeasured",
    "truth",
    "second_imaging",
    "operators",
    "operator_choice",
)

_OF_HOSPITALS = ("sites", "operators")
_LATER_BLOCKS = 1_000_000  # far from the places of the stages


def open_streams(seed: int, block: int = 0) -> dict[str, np.random.Generator]:
    """Return one independent PCG64 generator per stage.

    Parameters
    ----------
    seed
        Any non-negative integer; the same seed gives the same streams.
    block
        Place of a part of a large registry. Every block draws the same hospitals and operators, and
        everything else anew.
    """
    keys = {
        stage: (place,) if block == 0 or stage in _OF_HOSPITALS else (_LATER_BLOCKS + block, place)
        for place, stage in enumerate(STAGES)
    }
    return {
        stage: np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
        for stage, key in keys.items()
    }


def draw_category(rng: np.random.Generator, weights: Floats) -> Ints:
    """Draw one category per row of weights (any positive scale; a weight of zero is never drawn).

    Parameters
    ----------
    rng
        Stream of the stage.
    weights
        One row per draw, one column per category.
    """
    cumulative = np.cumsum(weights, axis=1)
    target = rng.random(len(weights)) * cumulative[:, -1]
    return np.asarray(np.sum(target[:, None] >= cumulative[:, :-1], axis=1), dtype=np.int64)


def draw_from_mix(rng: np.random.Generator, mix: tuple[float, ...], *, size: int) -> Ints:
    """Draw categories from one mix for everybody."""
    return draw_category(rng, np.broadcast_to(np.asarray(mix, dtype=np.float64), (size, len(mix))))


def draw_yes(rng: np.random.Generator, probability: Floats | float, *, size: int) -> Bools:
    """Draw yes or no; probability zero is never yes, one always."""
    return rng.random(size) < probability


def draw_between(
    rng: np.random.Generator, mean: Floats | float, *, sd: Floats | float, low: float, high: float, size: int
) -> Floats:
    """Draw from a normal distribution truncated to [low, high].

    Values outside are drawn again (at most 20 times, then clipped), so that no mass piles up at the bounds.
    """
    means = np.broadcast_to(np.asarray(mean, dtype=np.float64), (size,))
    spread = np.broadcast_to(np.asarray(sd, dtype=np.float64), (size,))
    values = means + spread * rng.standard_normal(size)
    for _ in range(20):
        outside = np.flatnonzero((values < low) | (values > high))
        if outside.size == 0:
            break
        values[outside] = means[outside] + spread[outside] * rng.standard_normal(outside.size)
    return np.clip(values, low, high)


def scale_odds(probability: Floats, odds: Floats | float) -> Floats:
    """Multiply the odds of a probability; zero stays exactly zero."""
    scaled = probability * odds
    return np.asarray(scaled / (1 - probability + scaled), dtype=np.float64)
