"""The chapter shows hand counts of a small snapshot, names its sources, and stands without imaging."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from analytics.chapters import imaging_words
from analytics.chapters.imaging import build_imaging
from analytics.chapters.register import CHAPTERS
from analytics.report.document import Bullets, Figure, Paragraph, Table
from analytics.store.connection import open_for_loading
from analytics.store.engine import registered, run
from analytics.store.filters import CohortFilter
from analytics.store.publishing import publish_snapshot
from analytics.store.statements import quote_names

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.report.content import Chapter

N = 40
GRADES = ("none", "mild", "moderate", "severe")
ARCS = (0.0, 90.0, 200.0, 300.0)


def lesion(i: int) -> dict[str, Any]:
    return {
        "lesion_id": f"L{i}",
        "procedure_id": f"P{i}",
        "patient_id": f"pat{i}",
        "site_id": "S1",
        "is_index": i % 2 == 0,
        "procedure_year": 2020,
        "severity": GRADES[i % 4],
        "strategy_intended": "nc_balloon" if i % 2 else "rotational_atherectomy",
        "strategy_as_treated": "nc_balloon",
    }


def runs(i: int) -> list[dict[str, Any]]:
    """IVUS of every lesion sees the grade; OCT misses the calcium of lesions 1 and 5."""
    arc = ARCS[i % 4]
    measured = {"calcium_length_mm": 6.0, "calcium_depth": "superficial", "calcified_nodule": "none"}
    before = [
        {"modality": "ivus", "stage": "baseline", "calcium_arc_deg": arc, **measured},
        {
            "modality": "oct",
            "stage": "baseline",
            "calcium_arc_deg": 0.0 if i in {1, 5} else arc,
            "calcium_thickness_mm": 0.6,
            **measured,
        },
    ]
    # Every severe lesion is under-expanded: 10 of 40.
    area = 7.0 if i % 4 == 3 else 9.0
    after = {"modality": "oct", "stage": "final", "msa_mm2": area, "reference_lumen_area_mm2": 10.0}
    entered = {"stent_expansion_pct": 90.0, "expansion_basis": "mean_reference"}
    every = [*before, {**after, **entered}]
    return [{"imaging_id": f"I{i}-{k}", "lesion_id": f"L{i}", **one} for k, one in enumerate(every)]


def publish(folder: Path, *, with_imaging: bool) -> Path:
    rows = [lesion(i) for i in range(N)]
    canonical = {
        "lesions": pl.DataFrame(
            [
                {
                    "lesion_id": row["lesion_id"],
                    "procedure_id": row["procedure_id"],
                    "calcification_angio": "not_severe" if i == 0 else GRADES[i % 4],
                    "calcification_assessor": "core_lab" if i >= 20 else "operator",
                }
                for i, row in enumerate(rows)
            ]
        ),
    }
    if with_imaging:
        every = [one for i in range(N) for one in runs(i)]
        canonical["imaging"] = pl.DataFrame(every, infer_schema_length=None)
    store = folder / "registry.duckdb"
    with open_for_loading(store) as connection:
        for name, table in canonical.items():
            with registered(connection, table) as source:
                columns = quote_names(table.columns)
                run(connection, f"insert into {name} ({columns}) select {columns} from {source}")  # noqa: S608
    frame = pl.DataFrame(rows)
    derived = {"cohort_lesions": frame, "cohort_procedures": frame.drop("lesion_id")}
    return publish_snapshot(store, folder / "snapshots", derived=derived, info={})


@pytest.fixture(scope="module")
def chapter(tmp_path_factory: pytest.TempPathFactory) -> Chapter:
    return build_imaging(publish(tmp_path_factory.mktemp("s"), with_imaging=True), CohortFilter())


def blocks(chapter: Chapter, kind: type) -> list[Any]:
    return [block for section in chapter.sections for block in section.blocks if isinstance(block, kind)]


def table(chapter: Chapter, caption: str) -> dict[str, tuple[str, ...]]:
    found = next(one for one in blocks(chapter, Table) if one.caption.startswith(caption))
    return {row[0]: row for row in found.rows}


def test_every_procedure_counts_and_not_only_index_ones(chapter: Chapter) -> None:
    assert chapter.values["readings"]["n_lesions"] == N
    assert chapter.values["readings"]["n_both_arcs"] == N
    assert table(chapter, "Lesions read")["Both"][1] == "40 (100.0 %)"


def test_grades_are_compared_by_reader_and_coarse_ones_are_counted(chapter: Chapter) -> None:
    rows = table(chapter, "Agreement")
    assert rows["Angiography and IVUS"][1:3] == ("39 (39)", "100.0 % (91.0\u2013100.0)")
    assert rows["Angiography and IVUS"][-1] == "1"
    assert rows["Angiography (core laboratory) and IVUS"][1] == "20 (20)"
    # OCT grades two mild lesions as none: 38 of 40.
    assert rows["IVUS and OCT"][2].startswith("95.0 %")


def test_calcium_that_oct_misses_is_counted(chapter: Chapter) -> None:
    words = " ".join(block.text for block in blocks(chapter, Paragraph))
    assert "Of 30 lesions with calcium on IVUS, OCT did not see it in 2" in words
    rows = table(chapter, "Calls")
    assert rows["Calcium seen: OCT against IVUS"][1:6] == ("28", "0", "2", "10", "93.3 % (77.9\u201399.2)")


def test_limits_of_agreement_are_shown(chapter: Chapter) -> None:
    # Neither saw calcium in 10 of 40; of the others two differ by -90 degrees: mean -6.
    assert chapter.values["measurements"]["arc"]["bias"]["estimate"] == pytest.approx(-6.0)
    assert table(chapter, "Calcium on OCT")["Calcium arc, degrees"][1] == "30 (30)"
    words = " ".join(block.text for block in blocks(chapter, Paragraph))
    assert "In 10 (25.0 %) of 40 lesions with an arc from both, neither method saw calcium" in words


def test_scores_and_expansion_are_recomputed(chapter: Chapter) -> None:
    # No calcium 0; thickness and length 2 points; an arc above 180 degrees 2 more.
    counts = chapter.values["scores"]["oct"]["counts"]
    assert counts == {0: 12, 1: 0, 2: 8, 3: 0, 4: 20}
    rows = table(chapter, "Stent expansion")
    assert rows["All lesions"][2].startswith("25.0 %")
    assert rows["OCT score: 4"][2].startswith("50.0 %")
    assert rows["OCT score: 0 to 3"][3] == "reference"
    # The entered 90 differs from the recomputed 70 in ten lesions.
    assert chapter.values["expansion"]["counts"]["n_entered_differs"] == 10


def test_devices_are_not_compared_crudely(chapter: Chapter) -> None:
    rows = table(chapter, "Stent expansion")
    assert rows["Device strategy: Rotational atherectomy"][3] == ""
    assert rows["Device strategy: Non-compliant balloon"][3] == ""


def test_the_unverified_score_says_so_wherever_it_stands(chapter: Chapter) -> None:
    words = " ".join(block.text for block in blocks(chapter, Paragraph))
    assert "could not be verified at their source" in words
    named = [row[0] for found in blocks(chapter, Table) for row in found.rows if "IVUS score" in row[0]]
    assert named
    assert all("not verified" in name for name in named)


def test_every_published_number_has_a_source_to_open() -> None:
    assert "JACC Cardiovasc Imaging 2017" in imaging_words.WANG
    assert "cbsmd.cn/" in imaging_words.WANG
    assert "https://" in imaging_words.FRIEDRICH
    for text in (imaging_words.ASSESSOR_WORDS, imaging_words.OCT_SCORE_WORDS, imaging_words.EXPANSION_WORDS):
        assert "doi: 10." in text


def test_selection_and_lack_of_histology_are_told(chapter: Chapter) -> None:
    words = " ".join(block.text for block in blocks(chapter, Paragraph))
    assert "somebody chose to image" in words
    assert "no histology" in words
    assert "one angiographic grade by one reader" in words


def test_figures_have_a_text_and_values_are_json(chapter: Chapter) -> None:
    figures = blocks(chapter, Figure)
    assert len(figures) == 8
    assert all(figure.spec["description"] for figure in figures)
    assert json.loads(json.dumps(chapter.values))["readings"]["n_oct"] == N


def test_sections_have_their_own_anchor_below_one_heading(chapter: Chapter) -> None:
    keys = [section.key for section in chapter.sections]
    assert len(set(keys)) == len(keys)
    assert [section.level for section in chapter.sections] == [2, 3, 3, 3, 3, 3]
    assert CHAPTERS["imaging"] is build_imaging


def test_a_registry_without_imaging_says_so(tmp_path: Path) -> None:
    bare = build_imaging(publish(tmp_path, with_imaging=False), CohortFilter())
    assert len(bare.sections) == 1
    assert "No lesion of this cohort has an IVUS or OCT run" in blocks(bare, Paragraph)[0].text
    assert bare.values["readings"]["n_ivus"] == 0


def test_a_filter_that_leaves_too_few_lesions_refuses_in_words(tmp_path: Path) -> None:
    snapshot = publish(tmp_path, with_imaging=True)
    few = build_imaging(snapshot, CohortFilter(severities=("none",), strategies=("nc_balloon",)))
    assert few.values["readings"]["n_lesions"] == 0
    some = build_imaging(snapshot, CohortFilter(severities=("severe",)))
    said = [item for block in blocks(some, Bullets) for item in block.items]
    assert any("same grade" in item for item in said)
