"""What is less exact than its column: partial dates, numbers beyond a limit, missing codes with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from schemas.errors import SchemaFileError
from schemas.mapping.format import parse_mapping

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.mapping.conftest import Mapped

EVENTS = """
[read]
dates = ["%Y-%m-%d", "%Y-%m", "%m/%Y", "%Y"]
[[emit]]
table = "events"
[emit.set]
event_id = { from = "id" }
patient_id = { from = "who" }
event_type = { const = "mi" }
event_date = { from = "when" }
event_date_precision = """


def noted(mapped: Mapped, rule_id: str) -> list[tuple[str, str | None, int | None, int | None]]:
    """Return level, column, record and line of the findings of one rule."""
    rows = mapped.findings.filter(pl.col("rule_id") == rule_id)
    return rows.select("level", "column", "record", "line").rows()


def test_a_partial_event_date_is_its_first_day_with_its_precision(map_csv: Callable[..., Mapped]) -> None:
    mapped = map_csv(
        EVENTS + '{ from = "when", as = "precision" }',
        "id,who,when\n1,p,2024-05-17\n2,p,2024-05\n3,p,05/2024\n4,p,2023\n5,p,2024-13\n",
    )
    assert mapped.column("events", "event_date") == [
        "2024-05-17",
        "2024-05-01",
        "2024-05-01",
        "2023-01-01",
        None,
    ]
    assert mapped.column("events", "event_date_precision") == ["day", "month", "month", "year", None]
    assert noted(mapped, "C12") == [
        ("INFO", "event_date", 2, 3),
        ("INFO", "event_date", 3, 4),
        ("INFO", "event_date", 4, 5),
    ]
    sentences = mapped.findings.filter(pl.col("rule_id") == "C12")["sentence"].to_list()
    assert [text.split()[-1] for text in sentences] == ["month.", "month.", "year."]


def test_a_partial_date_that_claims_its_day_rejects_the_row(map_csv: Callable[..., Mapped]) -> None:
    mapped = map_csv(EVENTS + '{ const = "day" }', "id,who,when\n1,p,2024-05-17\n2,p,2024-05\n")
    assert noted(mapped, "C12") == [("ROW", "event_date", 2, 3)]


def test_a_partial_date_stands_nowhere_but_in_events_and_contacts(map_csv: Callable[..., Mapped]) -> None:
    mapped = map_csv(
        '[read]\ndates = ["%Y-%m-%d", "%Y-%m"]\n'
        '[[emit]]\ntable = "procedures"\n[emit.set]\nprocedure_date = { from = "d" }\n'
        '[[emit]]\ntable = "follow_up"\n[emit.set]\ncontact_date = { from = "d" }\n',
        "d\n2024-05\n",
    )
    assert mapped.column("procedures", "procedure_date") == [None]
    assert mapped.column("follow_up", "contact_date") == ["2024-05-01"]
    assert noted(mapped, "C01") == [("ROW", "procedure_date", 1, 2)]
    assert noted(mapped, "C12") == [("INFO", "contact_date", 1, 2)]


@pytest.mark.parametrize(
    ("text", "number"),
    [("<0.5", "0.5"), ("> 400", "400"), ("<=0.5", "0.5"), ("≥12", "12"), ("＜0.5", "0.5")],  # noqa: RUF001
)
def test_a_number_beyond_a_limit_is_the_limit_and_is_noted(
    set_one: Callable[..., Mapped], text: str, number: str
) -> None:
    mapped = set_one("hs_crp_mg_l", '{ from = "crp" }', f"crp\n3.1\n{text}\n")
    assert mapped.column("procedures", "hs_crp_mg_l") == ["3.1", number]
    assert noted(mapped, "C10") == [("INFO", "hs_crp_mg_l", 2, 3)]


def test_a_limit_is_converted_like_a_number(set_one: Callable[..., Mapped]) -> None:
    mapped = set_one("hs_crp_mg_l", '{ from = "crp", unit = "mg/dL" }', "crp\n<0.5\n")
    assert mapped.column("procedures", "hs_crp_mg_l") == ["5.0"]
    assert len(noted(mapped, "C10")) == 1


def test_a_pattern_does_not_hide_a_limit(set_one: Callable[..., Mapped]) -> None:
    mapped = set_one("lvef_pct", """{ from = "ef", regex = '([0-9.]+)' }""", "ef\n55%\n<20%\n")
    assert mapped.column("procedures", "lvef_pct") == ["55", "20"]
    assert noted(mapped, "C10") == [("INFO", "lvef_pct", 2, 3)]


def test_a_limit_without_a_number_is_no_number(set_one: Callable[..., Mapped]) -> None:
    mapped = set_one("hs_crp_mg_l", '{ from = "crp" }', "crp\n<low\n<\n")
    assert mapped.rules() == [("C01", "NULL", "hs_crp_mg_l", 2), ("C01", "NULL", "hs_crp_mg_l", 3)]
    assert noted(mapped, "C10") == []


def test_missing_codes_keep_their_reason(set_one: Callable[..., Mapped]) -> None:
    read = 'missing = { "未查" = "not_done", "-9" = "unknown", "NA" = "not_applicable" }'
    mapped = set_one("lvef_pct", '{ from = "ef" }', "ef\n55\n未查\n-9\n未查\n", read=read)
    assert mapped.column("procedures", "lvef_pct") == ["55", None, None, None]
    found = mapped.findings.filter(pl.col("rule_id") == "C14").select("sentence", "n").rows()
    assert [(sentence.split()[7], n) for sentence, n in found] == [("unknown", 1), ("not_done", 2)]


def test_a_column_has_reasons_of_its_own(set_one: Callable[..., Mapped]) -> None:
    mapped = set_one("contrast_ml", '{ from = "c", missing = { "999" = "not_done" } }', "c\n999\n120\n")
    assert mapped.column("procedures", "contrast_ml") == [None, "120"]
    assert "not_done" in mapped.findings.filter(pl.col("rule_id") == "C14")["sentence"].item()


def test_an_unknown_reason_is_refused() -> None:
    text = (
        'format = 1\n[source]\nname = "x"\n[read]\nmissing = { "-9" = "lost" }\n'
        '[[emit]]\ntable = "patients"\n[emit.set]\npatient_id = { from = "k" }\n'
    )
    with pytest.raises(SchemaFileError, match=r"\[read\]\.missing: a reason is not known\. Use one of unk"):
        parse_mapping(text.encode(), name="site.toml")


def test_a_composed_key_of_foreign_letters_is_shortened_the_same_way_everywhere(
    map_csv: Callable[..., Mapped],
) -> None:
    mapped = map_csv(
        '[let]\nlesion = { fmt = "S1.{病变}" }\n'
        '[[emit]]\ntable = "lesions"\n[emit.set]\nlesion_id = { from = "@lesion" }\n'
        '[[emit]]\ntable = "device_uses"\n[emit.set]\nlesion_id = { fmt = "S1.{病变}" }\n'
        'device_use_id = { fmt = "{@lesion}.{long}" }\n',
        f"病变,long\n前降支,{'x' * 80}\n2,short\n",
    )
    key, plain = mapped.column("lesions", "lesion_id")
    assert (plain, mapped.column("device_uses", "device_use_id")[1]) == ("S1.2", "S1.2.short")
    assert mapped.column("device_uses", "lesion_id") == [key, plain]
    assert key is not None
    assert key.startswith("S1._.")
    assert [len(text or "") <= 64 for text in mapped.column("device_uses", "device_use_id")] == [True, True]


def test_a_key_that_the_site_sends_is_checked_and_not_changed(map_csv: Callable[..., Mapped]) -> None:
    mapped = map_csv(
        '[[emit]]\ntable = "lesions"\n[emit.set]\nlesion_id = { from = "key" }\n', "key\nnot a key\n"
    )
    assert mapped.column("lesions", "lesion_id") == ["not a key"]
