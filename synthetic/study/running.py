"""Run replicates of a scenario on several cores, and summarise them."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from analytics.refusals import NotEstimable
from synthetic.study.estimators import ESTIMATORS, Answer
from synthetic.study.frames import draw_replicate
from synthetic.study.summary import Performance, summarise
from synthetic.study.truths import find_truths

if TYPE_CHECKING:
    from synthetic.scenario import Scenario

PROCEDURES = 4_000
"""Size of the registry of a replicate."""

_TRUTH_SEEDS = (1, 2, 3, 4, 5)
FIRST_SEED = 10_000
"""Seed of the first replicate; the others follow."""

Answers = dict[str, Answer | None]


def study_scenario(
    scenario: Scenario, *, replicates: int, procedures: int = PROCEDURES, workers: int = 1
) -> dict[str, Performance]:
    """Study every estimator that has a truth in a scenario.

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

    Returns
    -------
    dict of str to Performance
        By estimator; those without a single true value (effects that change over time), or that refused in
        all but one replicate, are left out.
    """
    truths = average_truths(scenario)
    run = partial(_replicate, scenario, procedures)
    seeds = range(FIRST_SEED, FIRST_SEED + replicates)
    if workers == 1:
        found = [run(seed) for seed in seeds]
    else:
        # A forked child would inherit the locks of polars' threads, and wait for ever.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            found = list(pool.map(run, seeds, chunksize=5))
    performances = {}
    for name, estimator in ESTIMATORS.items():
        answers = [answer for each in found if (answer := each[name]) is not None]
        truth = truths[estimator.target]
        if np.isfinite(truth) and len(answers) > 1:
            performances[name] = summarise(answers, truth, n_refused=replicates - len(answers))
    return performances


def average_truths(scenario: Scenario) -> dict[str, float]:
    """Average the truth over several sets of hospitals, since every replicate has its own."""
    found = [find_truths(scenario, seed=seed) for seed in _TRUTH_SEEDS]
    return {name: float(np.mean([each[name] for each in found])) for name in found[0]}


def _replicate(scenario: Scenario, procedures: int, seed: int) -> Answers:
    """Draw one registry and run every analysis."""
    replicate = draw_replicate(scenario, seed=seed, procedures=procedures)
    answers = {name: estimator.run(replicate) for name, estimator in ESTIMATORS.items()}
    return {name: None if isinstance(found, NotEstimable) else found for name, found in answers.items()}
