"""Links that ask too much, filters that leave nobody, and a dashboard without data."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.filters import allowed, checked_years

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_link_with_an_unknown_device_says_what_was_dropped(open_app: Callable[..., AppTest]) -> None:
    app = open_app("overview", dev=["IVL", "laser"])
    assert "This link asked for dev 'laser'. This registry has none." in app.warning[0].value
    assert app.metric[0].value == "120"


def test_link_with_an_unknown_filter_says_so(open_app: Callable[..., AppTest]) -> None:
    app = open_app("overview", hospital="7")
    assert "'hospital'" in app.warning[0].value


def test_link_from_another_snapshot_says_so(open_app: Callable[..., AppTest]) -> None:
    app = open_app("overview", snap="000009-abc")
    assert "made on snapshot 000009-abc" in app.warning[0].value


def test_warning_goes_when_it_was_understood(open_app: Callable[..., AppTest]) -> None:
    app = open_app("overview", dev="laser")
    app.button(key="understood").click().run()
    assert not app.warning


@pytest.mark.parametrize("page", ["overview", "complications", "survival"])
def test_filter_without_procedures_says_what_was_asked_for(
    open_app: Callable[..., AppTest], page: str
) -> None:
    # Rows 0, 9, 18... are this device and grade; no row of 2019 at site S2 among them has an even number.
    app = open_app(page, dev="RA", cal="mild", site="S2", yr=["2019", "2019"], pres="acute")
    assert not app.exception
    assert "No procedure matches" in app.warning[0].value


def test_forged_page_parameters_fall_back_to_the_first_choice(open_app: Callable[..., AppTest]) -> None:
    app = open_app("survival", ep="' or 1=1 --", by="patient_id", win="all")
    assert not app.exception
    assert not app.error
    assert app.selectbox[0].value == "mace_d"
    assert app.selectbox[1].value == "severity"


def test_forged_widget_values_are_dropped() -> None:
    assert allowed(["IVL", "x' or 1=1"], ["RA", "IVL"]) == ("IVL",)
    assert allowed("IVL", ["RA", "IVL"]) == ()
    assert checked_years((1900, 2030), (2019, 2023)) is None
    assert checked_years((2020, 2050), (2019, 2023)) == (2020, 2023)
    assert checked_years(("2020", None), (2019, 2023)) is None


def test_without_a_snapshot_the_page_says_how_to_get_one(
    app_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", "--snapshots", str(tmp_path)])
    app = AppTest.from_file(app_file, default_timeout=60).run()
    assert not app.exception
    assert app.title[0].value == "No registry to show yet"
    assert "calcpci demo" in app.info[0].value


def test_new_snapshot_is_read_at_once(open_app: Callable[..., AppTest]) -> None:
    first = open_app("overview", dev="IVL").metric[0].value
    second = open_app("overview", dev="RA", cal="severe").metric[0].value
    assert (first, second) == ("120", "40")
