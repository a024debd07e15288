"""When an estimate supports a claim, contradicts it, or leaves it open."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from analytics.claims.results import ComponentResult, Estimate, Findings
from analytics.claims.verdicts import hypothesis_p_value, judge, judge_claim
from analytics.refusals import NotEstimable

Maker = Callable[..., object]
"""Makes rows, components or claims; see conftest."""


def estimate(
    value: float, lower: float, upper: float | None, measure: str = "risk_difference", **more: float
) -> Estimate:
    return Estimate(measure, value, lower, upper, "by hand", 100, 10, **more)


@pytest.mark.parametrize(
    ("direction", "found", "p_adjusted", "verdict"),
    [
        ("higher", estimate(0.05, 0.01, 0.09), 0.02, "supported"),
        ("lower", estimate(0.05, 0.01, 0.09), 0.02, "contradicted"),
        ("higher", estimate(0.05, 0.01, 0.09), 0.06, "compatible with both"),
        ("higher", estimate(0.05, -0.01, 0.11), 0.02, "compatible with both"),
        ("lower", estimate(-0.05, -0.09, -0.01), 0.02, "supported"),
        ("higher", estimate(1.6, 1.1, 2.3, "hazard_ratio"), 0.01, "supported"),
        ("higher", estimate(0.6, 0.4, 0.9, "odds_ratio"), 0.01, "contradicted"),
        ("higher", estimate(4.0, 1.2, None, "odds_ratio"), 0.01, "supported"),
        ("higher", estimate(0.6, 0.52, 0.68, "area_under_curve"), 0.01, "supported"),
        ("higher", estimate(0.05, 0.01, 0.09), None, "supported"),
    ],
)
def test_a_direction_is_judged_by_interval_and_adjusted_p(
    part: Maker, direction: str, found: Estimate, p_adjusted: float | None, verdict: str
) -> None:
    assert judge(part(direction=direction), found, p_adjusted)[0] == verdict


@pytest.mark.parametrize(
    ("found", "p_adjusted", "verdict"),
    [
        (estimate(1.0, -2.0, 4.0, "mean_difference"), 0.001, "supported"),
        (estimate(1.0, -8.0, 10.0, "mean_difference"), 0.2, "compatible with both"),
        (estimate(12.0, 6.0, 18.0, "mean_difference"), 0.99, "contradicted"),
        (estimate(12.0, 4.0, 20.0, "mean_difference"), 0.99, "compatible with both"),
    ],
)
def test_equality_within_five_needs_the_margin_ruled_out(
    part: Maker, found: Estimate, p_adjusted: float | None, verdict: str
) -> None:
    assert judge(part(direction="equal", margin=5.0), found, p_adjusted)[0] == verdict


def test_two_one_sided_tests_give_the_larger_tail(part: Maker) -> None:
    # (1 + 5) / 2 = 3 and (1 - 5) / 2 = -2: the larger tail is that of 2, 0.02275.
    found = estimate(1.0, -2.92, 4.92, "mean_difference", std_error=2.0, p_value=0.617)
    assert hypothesis_p_value(part(direction="equal", margin=5.0), found) == pytest.approx(0.0227501319)
    assert hypothesis_p_value(part(direction="higher"), found) == 0.617


def test_equality_of_ratios_is_tested_on_the_log_scale(part: Maker) -> None:
    # log 1.25 = 0.22314: both tails of 2.2314 for a ratio of 1 with a standard error of 0.1.
    found = estimate(1.0, 0.82, 1.22, "odds_ratio", std_error=0.1)
    assert hypothesis_p_value(part(direction="equal", margin=1.25), found) == pytest.approx(
        0.012825, abs=1e-5
    )


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        (0.70, 0.85, "supported"),
        (0.60, 0.85, "compatible with both"),
        (0.92, 0.99, "contradicted"),
        (0.10, 0.50, "contradicted"),
    ],
)
def test_a_range_is_judged_by_where_the_interval_lies(
    part: Maker, lower: float, upper: float, verdict: str
) -> None:
    asked = part(kind="share", direction="within", low=0.64, high=0.90)
    assert judge(asked, estimate((lower + upper) / 2, lower, upper, "share"), None)[0] == verdict


def test_what_only_one_group_can_have_is_never_judged(part: Maker) -> None:
    found = estimate(0.0, 0.0, 0.01, "share")
    verdict, why = judge(part(kind="share", is_structural=True), found, None)
    assert verdict == "not estimable"
    assert "nothing to compare" in why


def test_a_refusal_gives_its_reason(part: Maker) -> None:
    assert judge(part(), NotEstimable("any", "Nobody is left.", "no_patients"), None) == (
        "not estimable",
        "Nobody is left.",
    )


def judged(part: Maker, verdicts: list[str], *, p_adjusted: float = 0.001) -> list[ComponentResult]:
    refusal = NotEstimable("any", "Nobody is left.", "no_patients")
    findings = Findings((), refusal)
    return [
        ComponentResult(
            part(key=f"k{i}", headline=i == 0), findings, refusal, 0.001, p_adjusted, word, "Because."
        )
        for i, word in enumerate(verdicts)
    ]


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        (["supported", "supported"], "supported"),
        (["supported", "not estimable"], "compatible with both"),
        (["supported", "compatible with both"], "compatible with both"),
        (["supported", "contradicted"], "compatible with both"),
        (["contradicted", "compatible with both"], "contradicted"),
        (["not estimable", "not estimable"], "not estimable"),
    ],
)
def test_every_component_must_agree(part: Maker, claim: Maker, verdicts: list[str], verdict: str) -> None:
    assert judge_claim(claim(overall="every"), judged(part, verdicts))[0] == verdict


def test_a_contradiction_of_many_claims_pays_for_all_of_them(part: Maker, claim: Maker) -> None:
    parts = judged(part, ["contradicted", "compatible with both"], p_adjusted=0.01)
    assert judge_claim(claim(overall="every"), parts, n_family=4)[0] == "contradicted"
    assert judge_claim(claim(overall="every"), parts, n_family=5)[0] == "compatible with both"


def test_the_headline_decides_alone(part: Maker, claim: Maker) -> None:
    parts = judged(part, ["compatible with both", "supported", "supported"])
    assert judge_claim(claim(), parts)[0] == "compatible with both"
