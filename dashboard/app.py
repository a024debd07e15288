"""Entry of the dashboard: settings of the page, filters, pages in menu order. Run on every interaction."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from analytics.charts.labels import label_group
from analytics.errors import CalcpciError
from dashboard import data_access
from dashboard.components.footer import show_footer
from dashboard.components.states import guarded, show_no_snapshot
from dashboard.context import PageContext
from dashboard.filters import BASES, PRESENTATIONS, SOURCES, choose_cohort, describe, key_of, short_devices
from dashboard.link_audit import audit_link, audit_snapshot
from dashboard.roles import Role
from dashboard.views import chapter, complications, data_quality, methods, overview, survival

if TYPE_CHECKING:
    from analytics.store.filters import CohortFilter
    from dashboard.data_access import Choices, Population

HOME = Path(__file__).parent
SNAPSHOTS_VARIABLE = "CALCPCI_SNAPSHOTS"
PAGES = (
    ("overview", "Overview", overview.render),
    ("complications", "Complications", complications.render),
    ("evidence", "Published figures", partial(chapter.render, "evidence")),
    ("survival", "Survival", survival.render),
    ("imaging", "Imaging", partial(chapter.render, "imaging")),
    ("devices", "Devices", partial(chapter.render, "devices")),
    ("claims", "The review\u2019s claims", partial(chapter.render, "claims")),
    ("data-quality", "Data quality", data_quality.render),
    ("methods", "Methods", methods.render),
)
# Parameters of single pages; they choose no patients and are checked where they are used.
# No bare text may stand in this file: the server would print it on the page.
PAGE_PARAMETERS = frozenset({"comp", "ep", "by", "win", "unit", "use", "part"})


def main() -> None:
    """Run the page that the address asks for."""
    st.set_page_config(page_title="calcpci", page_icon=str(HOME / "static" / "icon.png"), layout="wide")
    try:
        snapshot = data_access.current_snapshot(snapshot_folder(sys.argv[1:]))
        information = data_access.read_information(snapshot)
        choices = data_access.read_choices(snapshot)
    except CalcpciError as error:
        show_no_snapshot(str(error))
        return
    asked = _asked_for()
    filters = choose_cohort(choices)
    context = PageContext(snapshot, filters, key_of(filters), Role.DATA_HOLDER)
    page = st.navigation([_page(name, title, render, context) for name, title, render in PAGES])
    if information.get("notice"):
        st.info(information["notice"])
    _show_link_remarks(asked, choices, information.get("snapshot_id", ""))
    _show_cohort_line(data_access.read_population(snapshot, context.key), filters)
    page.run()
    show_footer(information, context.role)


def snapshot_folder(arguments: list[str]) -> Path:
    """Return the folder of snapshots: from ``--snapshots``, else from the environment, else here."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--snapshots", default=os.environ.get(SNAPSHOTS_VARIABLE, "."))
    known, _ = parser.parse_known_args(arguments)
    return Path(known.snapshots)


def _page(name: str, title: str, render: Callable[[PageContext], None], context: PageContext) -> st.Page:
    """One page of the menu; the first is the default."""
    return st.Page(partial(guarded, render, context), title=title, url_path=name, default=name == PAGES[0][0])


def _asked_for() -> dict[str, list[str]]:
    """Query parameters of the first run of a session, before widgets have taken their part."""
    if "asked_for" not in st.session_state:
        st.session_state["asked_for"] = {name: st.query_params.get_all(name) for name in st.query_params}
    asked: dict[str, list[str]] = st.session_state["asked_for"]
    return asked


def _show_link_remarks(asked: dict[str, list[str]], choices: Choices, snapshot_id: str) -> None:
    """Warn where the link asked for more than exists, until the reader has seen it."""
    options = _link_options(choices)
    cohort = {name: values for name, values in asked.items() if name not in PAGE_PARAMETERS}
    remarks = (*audit_link(cohort, options), *audit_snapshot(asked, snapshot_id))
    if not remarks:
        return
    st.warning(" ".join((*remarks, "You may see a different cohort than the sender.")))
    st.button("Understood", on_click=_forget_link, key="understood")


def _forget_link() -> None:
    """Stop warning about the link of this session."""
    st.session_state["asked_for"] = {}


def _link_options(choices: Choices) -> dict[str, list[str]]:
    """Say what exists, by query parameter."""
    first, last = choices.years or (0, -1)
    return {
        "dev": short_devices(choices.strategies),
        "cal": list(choices.severities),
        "pres": list(PRESENTATIONS),
        "yr": [str(year) for year in range(first, last + 1)],
        "site": list(choices.sites),
        "basis": list(BASES),
        "src": list(SOURCES),
    }


def _show_cohort_line(population: Population, filters: CohortFilter) -> None:
    """Say on every page which cohort is shown."""
    codes = (*filters.severities, *filters.strategies)
    labels = {code: label_group(code) for code in codes}
    counts = (
        f"{population.n_procedures:,} index procedures \u00b7 {population.n_patients:,} patients \u00b7 "
        f"{population.n_lesions:,} lesions"
    )
    st.markdown(f"**Cohort: {counts}**  \n{describe(filters, labels)}")


if __name__ in {"__main__", "__page__"}:
    main()
