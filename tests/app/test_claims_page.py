"""The page of the review's claims on a registry that holds too little for any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest


def test_the_page_names_the_column_that_is_missing(open_app: Callable[..., AppTest]) -> None:
    app = open_app("claims").run()
    assert not app.exception
    assert app.title[0].value == "The review\u2019s claims"
    said = " ".join(block.value for block in app.markdown)
    assert "25 not estimable" in said
    assert "lesions.calcification_angio" in said
    assert "empty at all sites" in said
