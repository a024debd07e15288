"""Rules about hospitals give the same numbers to the last digit, however the rows are added up."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from schemas.rules.distributions import stability_index
from schemas.rules.site_comparison import intraclass_correlation
from schemas.rules.site_frames import variance_of_whole_numbers
from schemas.submission import TextTable
from schemas.validation import validate_submission
from synthetic.registry import generate_registry
from synthetic.scenario import load_scenario
from synthetic.writer import tables_as_text

Texts = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def texts() -> Texts:
    return tables_as_text(generate_registry(load_scenario("default"), procedures=3000, seed=7))


def _values(texts: Texts) -> pl.DataFrame:
    """Return what the rules about hospitals measure."""
    row = pl.int_range(pl.len(), dtype=pl.Int64)
    parts = [
        TextTable(name, table.with_columns(row=row, record=row + 1, line=row + 2), f"{name}.csv")
        for name, table in texts.items()
    ]
    results = validate_submission(parts, load_date=date(2026, 9, 30)).rule_results
    return results.drop_nulls("value")


def test_no_digit_of_a_measure_depends_on_the_order_of_the_rows(texts: Texts) -> None:
    # Threads add rows up in any order; rows in another order show by force what threads do by chance.
    first = _values(texts)
    assert {"M03", "M10", "M11", "S04", "S09"} <= set(first["rule_id"])
    for seed in (1, 2):
        shuffled = {name: table.sample(fraction=1, shuffle=True, seed=seed) for name, table in texts.items()}
        again = _values(shuffled)
        assert again.rows() == first.rows()


def test_the_agreement_of_many_graders_is_the_same_in_every_run() -> None:
    row = pl.int_range(60_000, eager=True)
    rows = pl.DataFrame({"by": row % 7, "grader": row % 301, "grade": (row * 2_654_435_761 // 977 % 4)})
    found = [
        intraclass_correlation(rows, by="by", grader="grader").sort("by")["value"].to_list()
        for _ in range(20)
    ]
    assert len(found[0]) == 7
    assert all(again == found[0] for again in found)


def test_the_stability_of_a_mix_is_the_same_in_every_run() -> None:
    row = pl.int_range(20_000, eager=True)
    kinds = (row * 2_654_435_761 // 977 % 10).cast(pl.String)
    now = pl.DataFrame({"site_id": (row % 7).cast(pl.String), "class": kinds})
    before = pl.DataFrame({"site_id": (row % 7).cast(pl.String), "class": kinds.shift(4, fill_value="0")})
    found = [stability_index(now, before[:9_000]).sort("site_id")["value"].to_list() for _ in range(20)]
    assert len(found[0]) == 7
    assert all(again == found[0] for again in found)


def test_variance_of_whole_numbers_is_the_sample_variance() -> None:
    frame = pl.DataFrame({"x": [2, 4, 4, None, 4, 5, 5, 7, 9]})
    # Mean 5, squares about it 9+1+1+1+0+0+4+16 = 32, over 7.
    assert frame.select(variance_of_whole_numbers(pl.col("x"))).item() == pytest.approx(32 / 7, rel=1e-15)
    one = pl.DataFrame({"x": [3]})
    assert one.select(variance_of_whole_numbers(pl.col("x"))).item() is None
    same = pl.DataFrame({"x": [3, 3, 3]})
    assert same.select(variance_of_whole_numbers(pl.col("x"))).item() == 0
