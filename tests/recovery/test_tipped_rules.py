"""A fault of one patient can make it look like a stranger elsewhere: the list of faults says so."""

from __future__ import annotations

import polars as pl
import pytest

from synthetic.faults.cells import STRANGER
from synthetic.faults.places import Place
from synthetic.faults.tipped import tipped_rules
from synthetic.registry import generate_registry
from synthetic.scenario import load_scenario
from synthetic.writer import tables_as_text

Texts = dict[str, pl.DataFrame]
COPY = "P9000001"
"""Number of the patient who would look like another one but for a second lesion."""


def _plain(texts: Texts) -> dict[str, str]:
    """Return a first procedure with one lesion in the left anterior descending artery, and devices."""
    lesions = texts["lesions"].filter(pl.len().over("procedure_id") == 1, pl.col("vessel") == "LAD")
    treated = lesions.join(texts["device_uses"], on="lesion_id", how="semi")
    found = texts["procedures"].filter(pl.len().over("patient_id") == 1, pl.col("age_years").is_not_null())
    found = found.join(treated.select("procedure_id", "lesion_id"), on="procedure_id", how="inner")
    return {name: str(found[name][0]) for name in ("site_id", "patient_id", "procedure_id", "lesion_id")}


def _copied(texts: Texts, plain: dict[str, str], site: str) -> Texts:
    """Add a copy of a patient at another hospital, with a second lesion in another vessel."""
    keys = {"patients": "patient_id", "procedures": "patient_id", "lesions": "procedure_id"}
    renamed = pl.col(pl.String).str.replace(plain["patient_id"], f"{site}-{COPY}", literal=True)
    tables = dict(texts)
    for name, key in {**keys, "device_uses": "lesion_id"}.items():
        rows = texts[name].filter(pl.col(key) == plain[key]).with_columns(renamed)
        if "site_id" in rows.columns:
            rows = rows.with_columns(site_id=pl.lit(site))
        tables[name] = pl.concat([texts[name], rows])
    second = tables["lesions"][-1].with_columns(
        pl.col("lesion_id").str.replace("-L1$", "-L2"), lesion_number=pl.lit("2"), vessel=pl.lit("RCA")
    )
    tables["lesions"] = pl.concat([tables["lesions"], second.with_columns(segment_code=pl.lit("1"))])
    return tables


def _without_the_second(texts: Texts) -> Texts:
    """Send the last lesion under a procedure that nobody has."""
    is_last = pl.int_range(pl.len()) == pl.len() - 1
    lost = pl.when(is_last).then(pl.lit(f"{STRANGER}-1")).otherwise("procedure_id")
    return texts | {"lesions": texts["lesions"].with_columns(procedure_id=lost)}


@pytest.fixture(scope="module")
def alike() -> tuple[Texts, Texts, list[int]]:
    """Return a registry without and with a fault that makes two patients alike, and their rows."""
    texts = tables_as_text(generate_registry(load_scenario("default"), procedures=150, seed=6))
    plain = _plain(texts)
    other = texts["sites"].filter(pl.col("site_id") != plain["site_id"])["site_id"][0]
    clean = _copied(texts, plain, other)
    row = clean["procedures"]["procedure_id"].to_list().index(plain["procedure_id"])
    return clean, _without_the_second(clean), [row, clean["procedures"].height - 1]


def _twins(clean: Texts, faulty: Texts, listed: list[Place]) -> list[tuple[str, str | None, int | None]]:
    found = [place for place in tipped_rules(clean, faulty, listed) if place.rule_id == "D04"]
    assert {place.table for place in found} <= {"procedures"}
    return [(place.cause, place.column, place.row) for place in found]


def test_two_patients_whom_a_rejected_lesion_makes_alike_are_consequences(
    alike: tuple[Texts, Texts, list[int]],
) -> None:
    clean, faulty, rows = alike
    assert _twins(clean, faulty, []) == [("consequence", "procedure_id", row) for row in rows]


def test_patients_who_are_alike_without_faults_or_on_purpose_are_not_listed_again(
    alike: tuple[Texts, Texts, list[int]],
) -> None:
    clean, faulty, (first, second) = alike
    assert _twins(faulty, faulty, []) == []
    known = Place("D04", "WARN", "planted", "procedures", "procedure_id", row=first)
    assert _twins(clean, faulty, [known]) == [("consequence", "procedure_id", second)]


def test_stopped_flow_is_a_consequence_where_its_reason_goes_by_another_name() -> None:
    clean = tables_as_text(generate_registry(load_scenario("default"), procedures=1_500, seed=2))
    stopped = clean["lesions"].with_row_index("at").filter(pl.col("timi_post").is_in(["0", "1"]))
    is_slow = pl.col("complication_type") == "slow_flow_no_reflow"
    alone = clean["complications"].filter(pl.len().over("procedure_id") == 1)
    told = alone.filter(is_slow).join(stopped, on="procedure_id", how="semi")
    lost = pl.col("complication_id") == told["complication_id"][0]
    strange = pl.when(lost).then(pl.lit("other")).otherwise("complication_type").alias("complication_type")
    faulty = clean | {"complications": clean["complications"].with_columns(strange)}
    rows = stopped.filter(procedure_id=told["procedure_id"][0])["at"].to_list()
    found = [place for place in tipped_rules(clean, faulty, []) if place.rule_id == "X14"]
    assert [(place.cause, place.table, place.column) for place in found] == [
        ("consequence", "lesions", "timi_post")
    ]
    assert found[0].row in rows
