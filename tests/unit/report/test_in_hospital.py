"""The share within the index stay stands before the other risks of its group."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.outcomes.in_hospital import add_in_hospital
from analytics.report.content import SurvivalBlock
from analytics.report.survival_tables import risk_rows
from analytics.survival.results import Basis, HorizonRisk

BASIS = Basis("Kaplan-Meier", "Greenwood", "log-log, 95 %", 20, 3, 900.0)


def _block() -> SurvivalBlock:
    risks = tuple(HorizonRisk(group, 30, 0.1, 0.01, 0.05, 0.2, 15, 2, BASIS) for group in ("mild", "severe"))
    return SurvivalBlock("k", "t", "MACE", "c", (), risks)


def test_the_stay_comes_first_with_its_own_denominator() -> None:
    counts = pl.DataFrame({"severity": ["mild", "severe"], "n": [263, 20], "n_event": [81, 0]})
    rows = risk_rows(add_in_hospital(_block(), counts, by="severity").risks)
    assert [(row[0], row[1]) for row in rows] == [
        ("Mild", "In hospital"),
        ("Mild", "30 days"),
        ("Severe", "In hospital"),
        ("Severe", "30 days"),
    ]
    assert (rows[0][3], rows[0][4]) == ("81/263", "")


def test_the_interval_is_wilson_s() -> None:
    counts = pl.DataFrame({"severity": ["mild"], "n": [263], "n_event": [81]})
    risk = add_in_hospital(_block(), counts, by="severity").risks[0]
    assert isinstance(risk, HorizonRisk)
    # Newcombe (1998), Stat Med 17:857-872, table I: 81/263 gives 0.2553 to 0.3662.
    assert (risk.lower, risk.upper) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_a_group_without_a_known_end_of_stay_has_none() -> None:
    counts = pl.DataFrame({"severity": ["mild"], "n": [20], "n_event": [1]})
    rows = risk_rows(add_in_hospital(_block(), counts, by="severity").risks)
    assert [row[1] for row in rows] == ["In hospital", "30 days", "30 days"]
