"""Which site a row belongs to, through its parents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analytics.store.row_sites import derive_row_sites
from analytics.store.statements import insert_rows, quote_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.submission import SubmissionReport


def sites_of(
    report: SubmissionReport, table: str, site_ids: tuple[str, ...] = ("ALP", "BET")
) -> list[tuple[int, str | None]]:
    rows = derive_row_sites(report, site_ids)
    return rows.filter(rows["table"] == table).select("line", "site_id").rows()


def test_rows_find_their_site_through_procedure_lesion_or_patient(prepare: Callable[..., Any]) -> None:
    report = prepare().report
    assert sites_of(report, "lesions") == [(2, "ALP"), (3, "ALP"), (4, "BET"), (5, "BET")]
    assert sites_of(report, "device_uses") == [(2, "ALP"), (3, "ALP")]
    assert sites_of(report, "events") == [(2, "BET"), (3, "ALP")]


def test_child_of_a_rejected_parent_still_has_its_site(prepare: Callable[..., Any]) -> None:
    place = {"row": 0, "record": 8, "is_cascade": False}
    rejected = {
        "procedures": [{"procedure_id": "q9", "site_id": "BET", "line": 9, "rule_id": "C05", **place}],
        "lesions": [{"lesion_id": "q9-1", "procedure_id": "q9", "line": 9, "rule_id": "K02", **place}],
        "device_uses": [{"device_use_id": "d9", "lesion_id": "q9-1", "line": 12, "rule_id": "K02", **place}],
    }
    assert (12, "BET") in sites_of(prepare(rejected=rejected).report, "device_uses")


def test_row_of_a_parent_in_an_earlier_submission_has_the_only_site_or_none(
    prepare: Callable[..., Any],
) -> None:
    rows = {"events": [{"event_id": "e", "patient_id": "ALP:p1", "event_type": "mi"}]}
    report = prepare(rows).report
    assert sites_of(report, "events", ("ALP",)) == [(2, "ALP")]
    assert sites_of(report, "events", ("ALP", "BET")) == [(2, None)]


@pytest.mark.parametrize("name", ["", "Upper", "a b", 'a"b', "1a", "a;b", "a\n", "é"])
def test_name_that_could_break_out_of_its_quotes_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="characters other than"):
        quote_name(name)


def test_insert_names_its_columns_on_both_sides() -> None:
    assert insert_rows("events", ["event_id"], "incoming", submission_id=True) == (
        'insert into "events" ("submission_id", "event_id") select ?, "event_id" from "incoming"'
    )
