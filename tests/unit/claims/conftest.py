"""Rows made by hand, in the place of those that a snapshot would give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl
import pytest

from analytics.claims.hypothesis import Claim, Component


@dataclass
class Rows:
    """What a statistic asks of a snapshot."""

    procedures: pl.DataFrame = field(default_factory=pl.DataFrame)
    lesions: pl.DataFrame = field(default_factory=pl.DataFrame)
    image_pairs: pl.DataFrame = field(default_factory=pl.DataFrame)
    filled: dict[str, tuple[int, int]] = field(default_factory=dict)

    def rows(self, name: str) -> pl.DataFrame:
        """Return the frame of that name."""
        frame: pl.DataFrame = getattr(self, name)
        return frame

    def events(self, endpoint: str) -> pl.DataFrame:
        """Return the procedures; they carry the times of one endpoint."""
        assert endpoint == "mace_d"
        return self.procedures


def two_groups(n_severe: int, with_severe: int, n_mild: int, with_mild: int) -> pl.DataFrame:
    """Procedures of two grades, of which so many had a complication; each patient comes once."""
    n = n_severe + n_mild
    flags = [*[True] * with_severe, *[False] * (n_severe - with_severe)]
    flags += [*[True] * with_mild, *[False] * (n_mild - with_mild)]
    return pl.DataFrame(
        {
            "patient_id": [f"p{i}" for i in range(n)],
            "severity_group": ["severe"] * n_severe + ["none_mild"] * n_mild,
            "any_immediate": flags,
            "age_years": [60 + i % 20 for i in range(n)],
        }
    )


@pytest.fixture
def rows() -> type[Rows]:
    return Rows


@pytest.fixture
def groups() -> Callable[..., pl.DataFrame]:
    return two_groups


@pytest.fixture
def part() -> Callable[..., Component]:
    """Return a maker of components: severe against none or mild, unless told otherwise."""

    def make(**changes: object) -> Component:
        known: dict[str, object] = {
            "key": "any", "label": "Any complication", "kind": "risk_difference", "direction": "higher",
            "outcome": "any_immediate", "exposure": "severity_group", "exposed": ("severe",),
            "comparator": ("none_mild",), "headline": True,
        }  # fmt: skip
        return Component(**{**known, **changes})

    return make


@pytest.fixture
def claim(part: Callable[..., Component]) -> Callable[..., Claim]:
    """Return a maker of claims."""

    def make(**changes: object) -> Claim:
        known: dict[str, object] = {
            "id": "T01", "title": "A claim", "says": "More of them.", "place": "Here", "population": "All",
            "comparison": "Severe against mild", "family": "primary", "unit": "procedure",
            "horizon": "The stay", "overall": "headline", "needs": (), "components": (part(),),
        }  # fmt: skip
        return Claim(**{**known, **changes})

    return make
