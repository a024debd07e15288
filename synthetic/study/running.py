"""Run replicates of a scenario on several cores, and summarise them."""

from __future__ import annotations

import math
import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from analytics.refusals import NotEstimable
from synthetic.study.analyses import ESTIMATORS, TESTS
from synthetic.study.frames import draw_replicate
from synthetic.study.summary import Performance, RejectionRate, summarise, summarise_test
from synthetic.study.truths import find_truths
from synthetic.study.truths.horizons import TRUTH_SEEDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from synthetic.scenario import Scenario
    from synthetic.study.answers import Answer

T = TypeVar("T")

_THREADS = ("POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

PROCEDURES = 4_000
"""Size of the registry of a replicate."""

FIRST_SEED = 10_000
"""Seed of the first replicate; the others follow."""


@dataclass(frozen=True)
class Findings:
    """What one replicate gave.

    Parameters
    ----------
    answers
        By estimator; None where it refused.
    p_values
        By test; None where it refused.
    """

    answers: dict[str, Answer | None]
    p_values: dict[str, float | None]


@dataclass(frozen=True)
class Truth:
    """A true value (NaN where a scenario has no single one), and its Monte-Carlo error."""

    value: float
    error: float


@dataclass(frozen=True)
class Study:
    """How every analysis did in one scenario.

    Parameters
    ----------
    estimators
        By name; those without a single true value (effects that change over time), or that refused in all
        but one replicate, are left out.
    tests
        By name; likewise.
    """

    estimators: dict[str, Performance]
    tests: dict[str, RejectionRate]


def study_scenario(
    scenario: Scenario,
    *,
    replicates: int,
    procedures: int = PROCEDURES,
    workers: int = 1,
    truth_seeds: Sequence[int] = TRUTH_SEEDS,
) -> Study:
    """Study every analysis that has a truth in a scenario.

    Parameters
    ----------
    scenario
        The scenario.
    replicates
        How many registries; seeds `FIRST_SEED` onwards.
    procedures
        Size of each.
    workers
        Processes; the result does not depend on them.
    truth_seeds
        As in `average_truths`.
    """
    seeds = range(FIRST_SEED, FIRST_SEED + replicates)
    truths = average_truths(scenario, seeds=truth_seeds, workers=workers)
    found = _on_cores(partial(_replicate, scenario, procedures), seeds, workers=workers)
    return Study(_summarise_estimators(found, truths), _summarise_tests(found, truths))


def _on_cores(run: Callable[[int], T], seeds: Sequence[int], *, workers: int) -> list[T]:
    """Run something for each seed, in order."""
    if workers == 1:
        return [run(seed) for seed in seeds]
    # A forked child would inherit the locks of polars' threads, and wait for ever.
    with _one_thread_each(), ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(run, seeds, chunksize=5))


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that start meanwhile keep to one thread: they would wait for each other otherwise."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _summarise_estimators(found: list[Findings], truths: dict[str, Truth]) -> dict[str, Performance]:
    """Set the answers of each estimator against its truth."""
    performances = {}
    for name, estimator in ESTIMATORS.items():
        answers = [answer for each in found if (answer := each.answers[name]) is not None]
        truth = truths[estimator.target]
        if np.isfinite(truth.value) and len(answers) > 1:
            n_refused = len(found) - len(answers)
            performances[name] = summarise(answers, truth.value, n_refused=n_refused, truth_error=truth.error)
    return performances


def _summarise_tests(found: list[Findings], truths: dict[str, Truth]) -> dict[str, RejectionRate]:
    """Count how often each test rejects."""
    performances = {}
    for name, test in TESTS.items():
        p_values = [p_value for each in found if (p_value := each.p_values[name]) is not None]
        holds = truths[test.null].value
        if np.isfinite(holds) and len(p_values) > 1:
            n_refused = len(found) - len(p_values)
            performances[name] = summarise_test(p_values, null_holds=holds == 1, n_refused=n_refused)
    return performances


def average_truths(
    scenario: Scenario, *, seeds: Sequence[int] = TRUTH_SEEDS, workers: int = 1
) -> dict[str, Truth]:
    """Average the truth over several sets of hospitals, since every replicate has its own.

    Parameters
    ----------
    scenario
        The scenario.
    seeds
        One per set of hospitals, two or more.
    workers
        Processes.
    """
    found = _on_cores(partial(_find_truths, scenario), seeds, workers=workers)
    return {name: _average([each[name] for each in found]) for name in found[0]}


def _average(values: list[float]) -> Truth:
    """Average independent values of a truth."""
    spread = float(np.std(values, ddof=1))
    return Truth(float(np.mean(values)), spread / math.sqrt(len(values)))


def _find_truths(scenario: Scenario, seed: int) -> dict[str, float]:
    """Find the truth at the hospitals of a seed."""
    return find_truths(scenario, seed=seed)


def _replicate(scenario: Scenario, procedures: int, seed: int) -> Findings:
    """Draw one registry and run every analysis."""
    replicate = draw_replicate(scenario, seed=seed, procedures=procedures)
    answers = {name: _unless_refused(estimator.run(replicate)) for name, estimator in ESTIMATORS.items()}
    p_values = {name: _unless_refused(test.run(replicate)) for name, test in TESTS.items()}
    return Findings(answers, p_values)


def _unless_refused(found: T | NotEstimable) -> T | None:
    """Return an answer, None for a refusal."""
    return None if isinstance(found, NotEstimable) else found
