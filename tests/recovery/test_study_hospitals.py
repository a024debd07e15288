"""Where one hospital counts, an estimate follows the truth at the hospitals of its own registry."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.refusals import NotEstimable
from synthetic.scenario import load_scenario
from synthetic.study.analyses import ESTIMATORS
from synthetic.study.frames import draw_replicate
from synthetic.study.truths import curves
from synthetic.study.truths.population import draw_population

REPLICATES = 24
NAMES = ("restricted_mean_mace", "aalen_johansen_tvr_1095")


@pytest.fixture(scope="module")
def found() -> dict[str, np.ndarray]:
    """Return estimate, standard error and own truth of each replicate."""
    scenario = load_scenario("drift")
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in NAMES}
    for seed in range(30_000, 30_000 + REPLICATES):
        replicate = draw_replicate(scenario, seed=seed, procedures=4_000)
        truths = curves.find_truths(draw_population(scenario, seed=seed))
        for name in NAMES:
            answer = ESTIMATORS[name].run(replicate)
            assert not isinstance(answer, NotEstimable)
            rows[name].append((answer.estimate, answer.std_error, truths[ESTIMATORS[name].target]))
    return {name: np.array(each) for name, each in rows.items()}


@pytest.mark.parametrize("name", NAMES)
def test_estimates_err_by_chance_only_around_what_is_true_at_their_hospitals(
    found: dict[str, np.ndarray], name: str
) -> None:
    estimate, error, own = found[name].T
    standardised = (estimate - own) / error
    assert abs(standardised.mean()) < 4 / np.sqrt(REPLICATES)
    assert 0.45 < np.mean(standardised**2) < 1.8


@pytest.mark.parametrize("name", NAMES)
def test_what_is_true_differs_from_registry_to_registry(found: dict[str, np.ndarray], name: str) -> None:
    estimate, error, own = found[name].T
    assert own.std(ddof=1) > 0.3 * error.mean()
    assert np.corrcoef(estimate, own)[0, 1] > 0.2
