"""The analyses that are studied, by what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthetic.study.analyses import (
    agreement,
    bands,
    competing,
    count_models,
    count_tests,
    counts,
    curves,
    group_tests,
    groups,
    models,
    parametric,
    prediction,
    rates,
    recurrent,
)

if TYPE_CHECKING:
    from synthetic.study.answers import StudyEstimator, StudyTest

_MODULES = (
    curves,
    bands,
    recurrent,
    groups,
    group_tests,
    models,
    competing,
    parametric,
    prediction,
    counts,
    rates,
    count_models,
    count_tests,
    agreement,
)

ESTIMATORS: dict[str, StudyEstimator] = {
    name: estimator for module in _MODULES for name, estimator in module.ESTIMATORS.items()
}
"""Estimators by name, in the order of the page."""

TESTS: dict[str, StudyTest] = {name: test for module in _MODULES for name, test in module.TESTS.items()}
"""Tests by name."""
