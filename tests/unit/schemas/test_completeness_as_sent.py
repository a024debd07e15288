"""Completeness of a required column: measured on the rows as sent, not on those that were accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.submission import SubmissionReport

    Rows = dict[str, list[dict[str, str | None]]]


def test_completeness_counts_rows_rejected_for_want_of_the_value(
    base: Rows, validate: Callable[..., SubmissionReport]
) -> None:
    sexes = ["female"] * 36 + [None, "z"]
    base["patients"] += [
        {"patient_id": f"A{n:03}", "site_id": "A", "sex": sex} for n, sex in enumerate(sexes)
    ]
    base["patients"].append({"patient_id": "A000", "site_id": "A", "sex": "female"})  # a key that comes twice
    found = validate(base).rule_results.filter(rule_id="M01", site_id="A", table="patients", column="sex")
    facts = found.select("status", "n_violating", "n_checked", "value").row(0)
    assert facts == ("failed", 2, 40, pytest.approx(0.95))  # of 38 accepted and 2 rejected for their sex
