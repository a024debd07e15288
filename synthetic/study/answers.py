"""What an analysis of the study gives, and how analyses are listed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from synthetic.study.frames import Replicate

_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Answer:
    """Estimate, standard error and 95 % limits, on the scale of the truth.

    The standard error is NaN where a method gives limits only.
    """

    estimate: float
    std_error: float
    lower: float
    upper: float


@dataclass(frozen=True)
class StudyEstimator:
    """One analysis that estimates something.

    Parameters
    ----------
    target
        Key of the truth that it is held against.
    run
        The analysis; a refusal is an answer.
    says
        What is done, and what is expected of it.
    """

    target: str
    run: Callable[[Replicate], Answer | NotEstimable]
    says: str


@dataclass(frozen=True)
class StudyTest:
    """One test of a hypothesis.

    Parameters
    ----------
    null
        Key of a truth that is 1 where the hypothesis is true, so that 5 % of registries reject it, 0 where it
        is false, and NaN where neither is known.
    run
        The test: a p value; a refusal is an answer.
    says
        What is tested.
    """

    null: str
    run: Callable[[Replicate], float | NotEstimable]
    says: str


def symmetric(estimate: float, std_error: float) -> Answer:
    """Return an answer with normal 95 % limits."""
    return Answer(estimate, std_error, estimate - _Z * std_error, estimate + _Z * std_error)
