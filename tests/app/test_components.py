"""CSV files are safe in a spreadsheet; errors stay out of the browser."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from analytics.charts.labels import STRATEGY_SHORT, label_term
from analytics.report.document import Table
from analytics.survival.results import Basis, HorizonRisk, NotEstimable
from dashboard.components.states import guarded
from dashboard.components.tables import csv_text
from dashboard.components.tiles import risk_tile
from dashboard.link_audit import audit_link
from schemas.vocabulary import STRATEGIES

if TYPE_CHECKING:
    import pytest


def test_cells_that_look_like_formulas_become_text() -> None:
    table = Table("x", ("a", "b"), (("=1+1", "plain"), ("@x", "-5"), ("a,b", '"')))
    assert csv_text(table) == 'a,b\n\'=1+1,plain\n\'@x,\'-5\n"a,b",""""\n'


def test_a_failing_page_writes_kind_and_place_but_no_value(caplog: pytest.LogCaptureFixture) -> None:
    def render(_context: object) -> None:
        message = "secret-cell-value"
        raise ValueError(message)

    with caplog.at_level(logging.ERROR):
        guarded(render, None)  # type: ignore[arg-type]  # the page never looks at its context
    assert "kind=ValueError" in caplog.text
    assert "secret-cell-value" not in caplog.text


def test_every_strategy_has_a_short_name_of_its_own() -> None:
    assert set(STRATEGY_SHORT) == set(STRATEGIES)
    assert len(set(STRATEGY_SHORT.values())) == len(STRATEGIES)


def test_model_terms_are_said_in_words() -> None:
    assert label_term("severity=severe") == "Severe calcification"
    assert label_term("severity=severe x strategy=elca") == "Severe calcification \u00d7 Excimer laser"


def test_risk_tile_shows_interval_counts_and_unit() -> None:
    risk = HorizonRisk("all", 365, 0.12, 0.01, 0.10, 0.14, 300, 48, Basis("KM", "G", "log-log", 400, 60, 1.0))
    tile = risk_tile(risk, label="MACE within 1 year")
    assert (tile.value, tile.detail) == (
        "12.0 %",
        "95 % interval 10.0\u201314.0; 48/400 patients; 300 still at risk",
    )


def test_refused_risk_gives_its_reason_instead_of_a_number() -> None:
    tile = risk_tile(NotEstimable("all", "Nobody was followed that long.", "follow_up_too_short"), label="x")
    assert (tile.value, tile.detail) == ("not estimable", "Nobody was followed that long.")


def test_link_that_asks_for_what_exists_is_silent() -> None:
    assert audit_link({"dev": ["RA"], "snap": ["x"]}, {"dev": ["RA", "IVL"]}) == ()
