"""Pages that are chapters of the report: a long one shows a part at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest


def headings(app: AppTest) -> list[str]:
    """Return the headings below the title."""
    return [heading.value for heading in app.header]


def test_a_long_chapter_shows_the_first_part_until_another_is_chosen(
    open_app: Callable[..., AppTest],
) -> None:
    app = open_app("claims").run()
    assert headings(app) == ["C01 Calcification and recurrent events after revascularisation"]
    options = app.selectbox(key="pick-part").options
    assert len(options) == 27
    app.selectbox(key="pick-part").select("claim-c04").run()
    assert headings(app)[0].startswith("C04 ")
    assert not app.exception


def test_the_address_names_the_part(open_app: Callable[..., AppTest]) -> None:
    app = open_app("claims", part="all").run()
    assert len(headings(app)) == 26
    assert not app.exception


def test_a_part_that_does_not_exist_is_the_first(open_app: Callable[..., AppTest]) -> None:
    app = open_app("claims", part="nonsense").run()
    assert len(headings(app)) == 1
    assert headings(app)[0].startswith("C01 ")
