"""What a page shows when it has no numbers to show."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import CalcpciError

if TYPE_CHECKING:
    from dashboard.context import PageContext

LOGGER = logging.getLogger(__name__)


def show_no_snapshot(reason: str) -> None:
    """First visit: nothing was published yet."""
    st.title("No registry to show yet")
    st.info(
        "This dashboard reads a published snapshot, and there is none.\n\n"
        "Make demonstration data with `calcpci demo`, or load a registry with `calcpci load FOLDER --db "
        "FILE` and open this page again."
    )
    st.write(reason)


def show_empty_filter(description: str) -> None:
    """No procedure matches the filter: say what was asked for and offer the way back."""
    st.warning(f"No procedure matches: {description}.")
    st.button("Clear all filters", on_click=clear_filters, key="clear_filters")


def clear_filters() -> None:
    """Set every filter back to all."""
    from dashboard.filters import PARAMETERS  # noqa: PLC0415 - filters imports this package's neighbours

    for name in PARAMETERS:
        st.session_state.pop(name, None)


def guarded(render: Callable[[PageContext], None], context: PageContext) -> None:
    """Run a page; an error becomes one plain sentence with a number, and its details stay out of the browser.

    Parameters
    ----------
    render
        The page.
    context
        Its arguments.
    """
    try:
        render(context)
    except CalcpciError as error:
        st.error(f"This page cannot be shown. {error}")
    except Exception as error:  # noqa: BLE001 - last stop before the browser
        number = secrets.token_hex(3)
        # The message of a library may hold cell values, so only the kind and the place are written down.
        LOGGER.error("page failed id=%s kind=%s at=%s", number, type(error).__name__, _place(error))  # noqa: TRY400
        st.error(
            f"This page failed. Tell the person who runs the dashboard the number {number}, and try again."
        )


def _place(error: BaseException) -> str:
    """Name module and line where an error arose."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return (
        "unknown" if trace is None else f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
    )
