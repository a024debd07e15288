"""Claims from TOML, and what is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from analytics.claims.kind_keys import KIND_KEYS
from analytics.claims.kinds import KINDS
from analytics.claims.reading import read_bundled_claims, read_claim, read_notes
from analytics.errors import SpecificationError
from analytics.evidence.published import read_effects, read_published

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
[claim]
id = "X01"
title = "More complications"
says = "They are more frequent."
place = "My protocol"
population = "All"
comparison = "Severe against none or mild"
family = "exploratory"
unit = "procedure"
horizon = "The stay"
overall = "headline"
needs = ["lesions.calcification_angio"]

[[component]]
key = "any"
label = "Any"
kind = "risk_difference"
where = { is_index = true, age_years = { low = 18, high = 80 } }
outcome = "any_immediate"
exposure = "severity_group"
exposed = ["severe"]
comparator = ["none_mild"]
direction = "higher"
headline = true

[[published]]
figure = "7.1 against 1.9 %"
study = "A study"
pmid = "24358229"
"""


def refusal(tmp_path: Path, old: str, new: str) -> str:
    """Return the words with which a changed file is refused."""
    assert old in GOOD
    (tmp_path / "own.toml").write_text(GOOD.replace(old, new))
    with pytest.raises(SpecificationError) as caught:
        read_claim(tmp_path / "own.toml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_review_makes_25_claims_of_which_four_are_primary() -> None:
    claims = read_bundled_claims()
    assert [claim.id for claim in claims] == [f"C{number:02d}" for number in range(1, 26)]
    assert [claim.id for claim in claims if claim.family == "primary"] == ["C01", "C03", "C04", "C22"]


def test_every_bundled_kind_can_be_run() -> None:
    assert set(KIND_KEYS) == set(KINDS)


def test_every_published_figure_can_be_found_and_has_a_number() -> None:
    for claim in read_bundled_claims():
        for anchor in claim.published:
            assert anchor.doi.startswith("10.") or re.fullmatch(r"\d{7,8}", anchor.pmid) or anchor.title
            assert re.search(r"\d|none of|independently", anchor.figure), claim.id


def test_every_published_figure_comes_from_a_study_of_the_projects_own_list() -> None:
    # Two more were read where they are cited: the OCT score, and the British registry of laser atherectomy.
    known = {"10.4244/EIJ-D-17-00962", "10.1002/ccd.29251"}
    for figures in (read_published(), read_effects()):
        known |= set(figures["doi"].drop_nulls()) | set(figures["pmid"].drop_nulls().cast(str))
    anchors = [anchor for claim in read_bundled_claims() for anchor in claim.published if not anchor.title]
    assert len(anchors) > 20
    assert [anchor.study for anchor in anchors if not {anchor.doi, anchor.pmid} & known] == []


def test_claims_that_compare_devices_are_judged_after_adjustment() -> None:
    exposures = {"strategy", "used_rotational_atherectomy", "imaging_guided"}
    for claim in read_bundled_claims():
        for part in claim.components:
            if part.exposure in exposures and part.exposed and part.kind != "product_of_odds":
                assert part.judged == "adjusted", (claim.id, part.key)


def test_events_that_need_a_burr_are_never_compared() -> None:
    parts = {
        part.key: part for claim in read_bundled_claims() for part in claim.components if claim.id == "C22"
    }
    assert all(
        parts[key].is_structural and parts[key].kind == "share"
        for key in ("wire_fracture", "burr_entrapment")
    )
    others = [part for claim in read_bundled_claims() for part in claim.components if not part.is_structural]
    assert not any(part.outcome in {"burr_entrapment", "wire_fracture"} for part in others)


def test_all_seven_notes_are_told() -> None:
    notes = read_notes()
    assert list(notes) == [f"N{number}" for number in range(1, 8)]
    assert "27998836" in notes["N1"]
    assert "doi:10.3389/fcvm.2022.854554" in notes["N3"]


def test_a_claim_of_ones_own_is_read(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(GOOD)
    claim = read_claim(tmp_path / "own.toml")
    assert claim.headline is not None
    assert claim.headline.where[0] == ("is_index", (True,))
    assert claim.headline.where[1][1].high == 80


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('horizon = "The stay"', 'horizon = "The stay"\nhorison = "x"', "unknown key 'horison'"),
        ('headline = true\n', 'headline = true\nstratum = "x"\n', "unknown key 'stratum'"),
        ('title = "More complications"\n', "", "'title' is missing"),
        ('family = "exploratory"', 'family = "secondary"', "unknown family 'secondary'"),
        ('kind = "risk_difference"', 'kind = "guess"', "unknown kind 'guess'"),
        ('direction = "higher"', 'direction = "equal"', "'margin' is missing"),
        ('outcome = "any_immediate"\n', "", "'outcome' is missing"),
        ("headline = true\n", 'headline = true\nendpoint = "mace_d"\n', "reads no 'endpoint'"),
        ("headline = true\n", "", "no single component decides"),
        ("lesions.calcification_angio", "lesions.colour", "unknown column 'lesions.colour' in needs"),
        ('pmid = "24358229"\n', "", "a published figure without a source"),
        ('title = "More complications"', "title = 5", "a value of the wrong type"),
        ('exposed = ["severe"]', 'exposed = "severe"', "a value of the wrong type"),
        ("high = 80", "top = 80", "unknown key 'top'"),
        ('overall = "headline"', 'overall = "headline"\nnotes = ["N9"]', "unknown note 'N9'"),
        ('direction = "higher"\n', 'direction = "higher"\njudged = "adjusted"\n', "'adjust' is missing"),
        ("[claim]\n", "[claim\n", "is not valid TOML"),
        ("high = 80", "high = 18", "'where' asks for nothing"),
        ("is_index = true", "is_index = []", "'where' asks for nothing"),
        ('direction = "higher"', 'direction = "equal"\nmargin = 0', "'margin' is not above 0"),
        ('direction = "higher"', 'direction = "within"\nlow = 3\nhigh = 1', "'low' is not below 'high'"),
        ("headline = true\n", 'headline = true\nadjust = ["any_immediate"]\n', "the outcome or the exposure"),
        ('pmid = "24358229"', 'pmid = "PMC1"', "a DOI or a PMID of another form"),
        ('pmid = "24358229"', 'doi = "doi.org/x"', "a DOI or a PMID of another form"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_in_one_line(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert words in refusal(tmp_path, old, new)


def test_an_endpoint_that_there_is_not_is_refused(tmp_path: Path) -> None:
    changed = 'kind = "hazard_ratio"\nendpoint = "happiness"'
    told = GOOD.replace('kind = "risk_difference"', changed).replace('outcome = "any_immediate"\n', "")
    (tmp_path / "own.toml").write_text(told)
    with pytest.raises(SpecificationError, match="unknown endpoint"):
        read_claim(tmp_path / "own.toml")


def test_two_components_of_one_key_are_refused(tmp_path: Path) -> None:
    second = GOOD[GOOD.index("[[component]]") : GOOD.index("[[published]]")].replace("headline = true\n", "")
    (tmp_path / "own.toml").write_text(GOOD + second)
    with pytest.raises(SpecificationError, match="two components have one key"):
        read_claim(tmp_path / "own.toml")


@pytest.mark.parametrize("per", ["0", "-1", "nan", "inf"])
def test_a_step_that_is_no_step_is_refused(tmp_path: Path, per: str) -> None:
    told = GOOD.replace('kind = "risk_difference"', f'kind = "odds_ratio"\nper = {per}')
    (tmp_path / "own.toml").write_text(told)
    with pytest.raises(SpecificationError, match="'per' is not above 0"):
        read_claim(tmp_path / "own.toml")
