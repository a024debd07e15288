"""What a reader gets: tables, files, and what is hidden from others."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.claims import running
from analytics.claims.figures import draw_claim
from analytics.claims.hiding import HIDDEN, hide_small_cells
from analytics.claims.hypothesis import Anchor
from analytics.claims.results import ClaimsRun
from analytics.claims.running import conclude
from analytics.claims.sections import build_sections
from analytics.claims.wording import say_group
from analytics.claims.writing import COLUMNS, render_csv, render_run, write_claims

if TYPE_CHECKING:
    from pathlib import Path

Maker = Callable[..., object]
"""Makes rows, components or claims; see conftest."""


@pytest.fixture
def run(rows: Maker, groups: Maker, claim: Maker) -> Callable[..., ClaimsRun]:
    """Return a maker of runs of one claim on two groups."""

    def make(*counts: int, **changes: object) -> ClaimsRun:
        raw = running._find(claim(**changes), rows(procedures=groups(*counts)))
        return ClaimsRun(conclude([raw]), "snapshot 000001-abc", 1)

    return make


def test_the_overview_has_a_row_for_the_claim(run: Maker) -> None:
    figure = Anchor("7.1 against 1.9 %", "A study", pmid="24358229")
    table = build_sections(run(200, 40, 400, 10, published=(figure,)))[0].blocks[-1]
    assert table.header[-1] == "Verdict"
    claim, says, shows, published, verdict = table.rows[0]
    assert (claim, says, verdict) == ("T01 A claim", "More of them.", "Supported")
    assert "difference 17.5 percentage points" in shows
    assert "Severe: 20.0 %" in shows
    assert published == "7.1 against 1.9 % (A study, PMID 24358229)"


def test_the_notes_on_the_review_close_the_chapter(run: Maker) -> None:
    last = build_sections(run(200, 40, 400, 10))[-1]
    assert last.title == "Notes on the review"
    assert len(last.blocks[1].items) == 7


def test_a_zero_is_shown_with_its_limit(run: Maker) -> None:
    group = run(50, 0, 100, 20).results[0].components[0].findings.groups[0]
    assert say_group(group) == "Severe: 0 %, up to 7.1 % (0/50)"


def test_the_figure_names_every_number_for_those_who_cannot_see_it(run: Maker) -> None:
    spec = draw_claim(run(200, 40, 400, 10).results[0])
    assert "Any complication, crude: 17.5 (" in spec["description"]


def test_nothing_is_drawn_where_nothing_can_be_estimated(run: Maker) -> None:
    assert draw_claim(run(5, 0, 400, 10).results[0]) is None


def test_small_cells_are_hidden_from_others_everywhere(run: Maker, tmp_path: Path) -> None:
    whole = run(200, 3, 400, 40)
    hidden = hide_small_cells(whole)
    result = hidden.results[0]
    assert result.verdict == whole.results[0].verdict
    assert (result.p_value, result.p_adjusted) == (None, None)
    assert result.components[0].why == HIDDEN
    texts = [path.read_text() for path in write_claims(hidden, tmp_path)]
    assert not any("3/200" in text or '"n_events": 3' in text for text in texts)
    assert any("3/200" in path.read_text() for path in write_claims(whole, tmp_path / "whole"))


def test_larger_cells_stay(run: Maker) -> None:
    hidden = hide_small_cells(run(200, 40, 400, 10))
    assert hidden.results[0].components[0].findings.groups[0].n_events == 40
    assert hidden.results[0].p_value is not None


def test_readings_that_differ_in_few_rows_are_hidden(rows: Maker, claim: Maker, part: Maker) -> None:
    pairs = [(True, False)] * 3 + [(True, True)] * 30 + [(False, False)] * 30
    frame = pl.DataFrame(pairs, schema=["ivus", "oct"], orient="row")
    nothing = {"outcome": "", "exposure": "", "exposed": (), "comparator": ()}
    asked = part(kind="paired_difference", rows="image_pairs", first="ivus", second="oct", **nothing)
    raw = running._find(claim(components=(asked,)), rows(image_pairs=frame))
    whole = ClaimsRun(conclude([raw]), "snapshot", 1)
    assert whole.results[0].components[0].findings.groups[0].n_events == 30
    assert hide_small_cells(whole).results[0].components[0].why == HIDDEN


def test_few_rows_left_out_lose_their_number(rows: Maker, groups: Maker, claim: Maker) -> None:
    frame = groups(200, 40, 400, 10)
    ungraded = frame.head(3).with_columns(severity_group=None)
    raw = running._find(claim(), rows(procedures=frame.vstack(ungraded.cast(frame.schema))))
    whole = ClaimsRun(conclude([raw]), "snapshot", 1)
    assert whole.results[0].components[0].findings.n_left_out == 3
    assert hide_small_cells(whole).results[0].components[0].findings.n_left_out is None


def test_the_files_hold_the_same_run(run: Maker, tmp_path: Path) -> None:
    paths = write_claims(run(200, 40, 400, 10), tmp_path / "out")
    assert [path.name for path in paths] == ["claims.html", "claims.md", "claims.json", "claims.csv"]
    html = paths[0].read_text()
    assert "<script" not in html
    assert html.count("<h3") == 2
    found = json.loads(paths[2].read_text())
    assert found["results"][0]["verdict"] == "supported"
    assert found["results"][0]["components"][0]["findings"]["crude"]["value"] == pytest.approx(0.175)


def test_csv_has_a_row_for_each_component_and_for_a_claim_without_any(run: Maker) -> None:
    text = render_csv(run(200, 40, 400, 10))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 1
    assert (rows[0]["component"], rows[0]["verdict"], rows[0]["n_events"]) == ("any", "supported", "50")
    refused = run(200, 40, 400, 10, needs=("lesions.calcification_angio",))
    bare = next(csv.reader(io.StringIO(render_csv(refused).split("\n", 1)[1])))
    assert len(bare) == len(COLUMNS)
    assert bare[-2] == "lesions.calcification_angio is empty at all sites."


def test_the_terminal_gives_a_reason_once(run: Maker) -> None:
    text = render_run(run(200, 40, 400, 10, needs=("lesions.calcification_angio",)))
    assert text.count("lesions.calcification_angio is empty at all sites.") == 1


def test_the_terminal_says_claim_verdict_and_family(run: Maker) -> None:
    text = render_run(run(200, 40, 400, 10))
    assert text.startswith("T01 A claim: SUPPORTED\n")
    assert "Holm over the 1 primary claims of this run (T01)" in text
    assert text.endswith("Data: snapshot 000001-abc. 1 claims were run.")
