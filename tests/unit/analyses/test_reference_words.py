"""Tables and forests of models name the level that a factor is compared with."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analytics.estimation.answer_blocks import answer_blocks
from analytics.estimation.outcome_data import OutcomeData
from analytics.estimation.running import estimate
from analytics.estimation.specification import parse_specification
from analytics.report.document import Figure, Table


def _rows(n: int = 300) -> pl.DataFrame:
    rng = np.random.default_rng(7)
    return pl.DataFrame(
        {
            "time_days": rng.integers(1, 400, n),
            "cause": rng.integers(0, 3, n).astype(np.int8),
            "arm": rng.choice(["a", "b", "c"], n),
            "age": rng.normal(70, 8, n).round(),
        }
    )


@pytest.mark.parametrize("estimator", ["cox", "fine_gray", "cause_specific_cox", "accelerated_failure_time"])
def test_a_level_is_named_with_its_reference(estimator: str) -> None:
    model = {"term": [{"column": "arm", "reference": "b"}, {"column": "age"}]}
    head = {"name": "t", "estimator": estimator}
    spec = parse_specification({"analysis": head, "model": model}, where="t")
    rows, causes = _rows(), ["MI", "death"]
    if estimator in {"cox", "accelerated_failure_time"}:
        rows, causes = rows.with_columns(pl.col("cause").clip(upper_bound=1)), ["MI"]
    data = OutcomeData(rows, tuple(causes), "MI", "", "t")
    blocks = answer_blocks(spec, data, estimate(rows, spec, causes=tuple(causes)))
    tables = [one for one in blocks if isinstance(one, Table) and one.header[0] == "Term"]
    terms = [[row[0] for row in one.rows] for one in tables if "ratio" in one.header[1]]
    assert len(terms) == (2 if estimator == "cause_specific_cox" else 1)
    assert all(found == ["a against b", "c against b", "age"] for found in terms)
    assert any("c against b" in one.spec["description"] for one in blocks if isinstance(one, Figure))


def test_the_model_of_a_cause_begins_its_name_with_a_capital_after_a_colon() -> None:
    head = {"name": "t", "estimator": "cause_specific_cox"}
    spec = parse_specification({"analysis": head, "model": {"term": [{"column": "age"}]}}, where="t")
    causes = ("Target vessel revascularisation", "death")
    data = OutcomeData(_rows(), causes, causes[0], "", "t")
    blocks = answer_blocks(spec, data, estimate(_rows(), spec, causes=causes))
    captions = [one.caption for one in blocks if isinstance(one, Table)]
    assert captions[:2] == [
        "Cause-specific Cox model: Target vessel revascularisation",
        "Cause-specific Cox model: Death",
    ]
