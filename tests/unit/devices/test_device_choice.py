"""Choice of device: conditions, shares, agreement with sentences and odds ratios, counted by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.devices.advice import Agreement, estimate_agreement, read_advice
from analytics.devices.choice import ChoiceCell, estimate_choice
from analytics.devices.choice_associations import OddsRatio, estimate_choice_odds, read_choice_claims
from analytics.devices.lesion_conditions import read_condition
from analytics.devices.lesion_features import Feature, derive_lesion_features, read_features
from analytics.errors import SpecificationError
from analytics.proportions.results import Proportion
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from pathlib import Path

RA, NC, IVL = "rotational_atherectomy", "nc_balloon", "intravascular_lithotripsy"


def answer(raw: object, frame: pl.DataFrame) -> list[bool | None]:
    return frame.select(x=read_condition(raw, "here").claim)["x"].to_list()


def test_a_coarse_grade_meets_a_condition_only_where_all_it_may_be_does() -> None:
    grades = pl.DataFrame(
        {"severity": ["none", "mild", "none_mild", "not_severe", "severe", "unknown", None]}
    )
    severe = {"column": "severity", "is": ["severe"]}
    assert answer(severe, grades) == [False, False, False, False, True, None, None]
    low = {"column": "severity", "is": ["mild", "moderate"]}
    assert answer(low, grades) == [False, True, None, None, False, None, None]
    any_grade = {"column": "severity", "is": ["none", "mild", "moderate"]}
    assert answer(any_grade, grades) == [True, True, True, True, False, None, None]


def test_an_unknown_part_leaves_a_condition_open_unless_another_settles_it() -> None:
    frame = pl.DataFrame(
        {
            "crossability": ["balloon_uncrossable", "crossable", "unknown"],
            "lesion_length_mm": [None, 25.0, 10.0],
        }
    )
    parts = [
        {"column": "crossability", "is": ["balloon_uncrossable"]},
        {"column": "lesion_length_mm", "above": 20},
    ]
    assert answer({"any": parts}, frame) == [True, True, None]
    assert answer({"all": parts}, frame) == [None, False, False]


def test_limits_of_numbers_and_flags() -> None:
    frame = pl.DataFrame({"lesion_length_mm": [20.0, 20.5], "cto": [True, None]})
    assert answer({"column": "lesion_length_mm", "above": 20}, frame) == [False, True]
    assert answer({"column": "lesion_length_mm", "at_least": 20}, frame) == [True, True]
    assert answer({"column": "lesion_length_mm", "at_most": 20}, frame) == [True, False]
    assert answer({"column": "lesion_length_mm", "below": 20}, frame) == [False, False]
    assert answer({"column": "cto", "is": [True]}, frame) == [True, None]


@pytest.mark.parametrize(
    "raw",
    [
        {"column": "operator_id", "is": ["x"]},
        {"column": "severity"},
        {"column": "severity", "is": []},
        {"column": "severity", "like": ["x"]},
        {"any": []},
        "severe",
    ],
)
def test_what_is_no_condition_is_refused(raw: object) -> None:
    with pytest.raises(SpecificationError):
        read_condition(raw, "here")


def test_imaging_of_both_depths_is_mixed_and_later_runs_do_not_count() -> None:
    lesions = pl.DataFrame({"lesion_id": ["a", "b", "c", "d"]})
    imaging = pl.DataFrame(
        {
            "lesion_id": ["a", "a", "b", "b", "c"],
            "stage": ["baseline", "baseline", "baseline", "final", "final"],
            "calcium_arc_deg": [90.0, 200.0, None, 300.0, 300.0],
            "calcium_length_mm": [5.0, 7.0, None, 9.0, 9.0],
            "calcium_depth": ["superficial", "deep", "none", "deep", "deep"],
            "calcified_nodule": ["none", "eruptive", "none", "present", "present"],
        }
    )
    found = derive_lesion_features(lesions, imaging)
    assert found.rows() == [
        ("a", 200.0, 7.0, "mixed", True, True),
        ("b", None, None, "none", False, True),
        ("c", None, None, None, None, False),
        ("d", None, None, None, None, False),
    ]


def test_bands_of_a_number_take_their_upper_end_in() -> None:
    length = Feature("length", "Length", "lesion_length_mm", {}, (10.0, 20.0), "mm")
    frame = pl.DataFrame({"lesion_length_mm": [10.0, 10.5, 20.0, 20.5, None]})
    assert frame.select(x=length.level())["x"].to_list() == [
        "up to 10 mm",
        "above 10 to 20 mm",
        "above 10 to 20 mm",
        "above 20 mm",
        None,
    ]


def lesions() -> pl.DataFrame:
    """Eight lesions; the last has no device on record, the seventh no known crossing."""
    return pl.DataFrame(
        {
            "patient_id": ["a", "b", "c", "d", "e", "f", "g", "h"],
            "crossability": [
                *["balloon_uncrossable"] * 3,
                *["crossable"] * 3,
                "unknown",
                "balloon_uncrossable",
            ],
            "strategy_intended": [RA, RA, NC, RA, NC, NC, RA, "unknown"],
            "strategy_as_treated": [RA, "ra_ivl", NC, RA, NC, NC, RA, "unknown"],
        }
    )


def uncrossable(tmp_path: Path, kind: str = "suits") -> Path:
    path = tmp_path / "advice.toml"
    path.write_text(
        f"""
[[rule]]
key = "r"
label = "Burr"
claim = "C23"
place = "section 5"
text = "A burr where a balloon cannot cross."
kind = "{kind}"
devices = ["rotational_atherectomy"]
basis = "intended"
when = {{ column = "crossability", is = ["balloon_uncrossable"] }}
""",
        encoding="utf-8",
    )
    return path


def test_agreement_is_counted_both_ways(tmp_path: Path) -> None:
    (found,) = estimate_agreement(lesions(), read_advice(uncrossable(tmp_path)))
    assert isinstance(found, Agreement)
    assert (found.n_lesions, found.n_undecided) == (7, 1)
    assert (found.given.n_events, found.given.n_total) == (2, 3)
    assert (found.given_otherwise.n_events, found.given_otherwise.n_total) == (1, 3)
    assert (found.outside.n_events, found.outside.n_total, found.outside.n_unknown) == (1, 3, 1)
    assert found.instead == {NC: 1}
    assert isinstance(found.given.interval, Proportion)
    assert found.given.interval.method == "Wilson"


def test_a_sentence_about_no_lesion_and_an_untestable_one_are_refused(tmp_path: Path) -> None:
    rules = read_advice(uncrossable(tmp_path))
    (found,) = estimate_agreement(lesions().filter(pl.col("crossability") == "crossable"), rules)
    assert isinstance(found, NotEstimable)
    assert found.code == "no_patients"
    untestable = [rule for rule in read_advice() if rule.kind == "untestable"]
    (refused,) = estimate_agreement(lesions(), untestable)
    assert isinstance(refused, NotEstimable)
    assert refused.code == "not_defined"


def test_the_bundled_sentences_name_their_place_and_every_device_of_the_review() -> None:
    rules = read_advice()
    assert all(rule.place.startswith("section 5") and rule.claim.startswith("C") for rule in rules)
    named = {device for rule in rules for device in rule.devices}
    assert {RA, NC, IVL, "cutting_balloon", "elca", "elca_ra"} <= named


def test_a_sentence_without_condition_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="condition"):
        read_advice(uncrossable(tmp_path, kind="untestable"))
    with pytest.raises(SpecificationError, match="unknown code"):
        read_advice(uncrossable(tmp_path, kind="orders"))


def test_shares_of_a_level_leave_lesions_without_devices_out() -> None:
    crossing = next(feature for feature in read_features() if feature.key == "crossability")
    cells = estimate_choice(lesions(), [crossing], strategies=(RA, NC))
    found = {
        (cell.level, cell.strategy): (cell.share.n_events, cell.share.n_total, cell.share.n_unknown)
        for cell in cells
        if isinstance(cell, ChoiceCell)
    }
    assert found == {
        ("Crossable", RA): (1, 3, 0),
        ("Crossable", NC): (2, 3, 0),
        ("Balloon uncrossable", RA): (2, 3, 1),
        ("Balloon uncrossable", NC): (1, 3, 1),
    }


def test_a_feature_that_nobody_recorded_is_refused() -> None:
    crossing = next(feature for feature in read_features() if feature.key == "crossability")
    rows = lesions().with_columns(crossability=pl.lit("unknown"))
    (found,) = estimate_choice(rows, [crossing], strategies=(RA,))
    assert isinstance(found, NotEstimable)


def many() -> pl.DataFrame:
    """2 x 2 by crossing and burr: 30 of 50 uncrossable lesions, 10 of 60 crossable ones."""
    cells = [
        ("balloon_uncrossable", RA, 30),
        ("balloon_uncrossable", NC, 20),
        ("crossable", RA, 10),
        ("crossable", NC, 50),
    ]
    rows = [(crossing, strategy) for crossing, strategy, n in cells for _ in range(n)]
    return pl.DataFrame(rows, schema=["crossability", "strategy_intended"], orient="row").with_columns(
        severity=pl.lit("severe"),
        patient_id=pl.int_range(pl.len()),
    )


def test_odds_ratio_alone_is_that_of_the_two_by_two_table() -> None:
    claims = [claim for claim in read_choice_claims() if claim.key == "uncrossable"]
    (found,) = estimate_choice_odds(many(), claims, strategy=RA)
    assert isinstance(found.alone, OddsRatio)
    assert found.alone.ratio == pytest.approx(30 * 50 / (20 * 10))
    # Woolf: standard error of the log is the root of 1/30 + 1/20 + 1/10 + 1/50.
    assert found.alone.lower == pytest.approx(
        7.5 / 2.718281828459045 ** (1.959963984540054 * 0.2033333**0.5), rel=1e-5
    )
    assert (found.alone.n, found.alone.n_events) == (110, 40)
    assert isinstance(found.together, OddsRatio)


def test_a_claim_that_holds_for_all_and_a_device_nobody_got_are_refused_in_words() -> None:
    claims = [claim for claim in read_choice_claims() if claim.key == "severe"]
    (constant,) = estimate_choice_odds(many(), claims, strategy=RA)
    assert isinstance(constant.alone, NotEstimable)
    assert "Severe calcium" in constant.alone.reason
    (nobody,) = estimate_choice_odds(many(), claims, strategy=IVL)
    assert isinstance(nobody.alone, NotEstimable)
    assert nobody.alone.code == "no_events"


def test_imaging_claims_stay_out_of_the_joint_model() -> None:
    assert {claim.key for claim in read_choice_claims() if not claim.together} == {
        "wide_arc",
        "deep",
        "nodule",
    }
