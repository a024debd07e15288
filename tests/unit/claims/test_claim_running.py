"""From rows made by hand to verdicts."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from analytics.claims import running
from analytics.claims.kinds import KINDS
from analytics.claims.results import ClaimResult
from analytics.claims.running import conclude
from analytics.errors import SpecificationError

Maker = Callable[..., object]
"""Makes rows, components or claims; see conftest."""


def ask(claim: object, frames: object) -> ClaimResult:
    return conclude([running._find(claim, frames)])[0]


def test_many_more_complications_in_severe_calcium_support_the_claim(
    rows: Maker, groups: Maker, claim: Maker
) -> None:
    result = ask(claim(), rows(procedures=groups(200, 40, 400, 10)))
    assert result.verdict == "supported"
    estimate = result.components[0].findings.crude
    # 40/200 - 10/400 = 0.175
    assert estimate.value == pytest.approx(0.175)
    assert estimate.lower > 0
    assert result.p_value < 1e-9


def test_many_fewer_contradict_it(rows: Maker, groups: Maker, claim: Maker) -> None:
    assert ask(claim(), rows(procedures=groups(200, 2, 400, 80))).verdict == "contradicted"


def test_alike_groups_are_compatible_with_both(rows: Maker, groups: Maker, claim: Maker) -> None:
    assert ask(claim(), rows(procedures=groups(200, 10, 400, 20))).verdict == "compatible with both"


def test_nine_rows_are_too_few_to_compare(rows: Maker, groups: Maker, claim: Maker) -> None:
    result = ask(claim(), rows(procedures=groups(9, 5, 400, 20)))
    assert result.verdict == "not estimable"
    assert result.why == "Fewer than 10 procedures in the group \u2018Severe\u2019."
    assert result.p_value is None


def test_two_zeros_are_shown_with_their_limits_and_not_compared(
    rows: Maker, groups: Maker, claim: Maker
) -> None:
    result = ask(claim(), rows(procedures=groups(50, 0, 100, 0)))
    assert result.verdict == "not estimable"
    assert result.why == "No event in either group."
    severe, mild = result.components[0].findings.groups
    # One-sided 97.5 % limit of no event in 50: 1 - 0.025^(1/50) = 0.0711.
    assert severe.upper == pytest.approx(0.0711218, abs=1e-6)
    assert mild.n_events == 0


def test_one_zero_has_a_difference_and_no_ratio(rows: Maker, groups: Maker, claim: Maker) -> None:
    findings = ask(claim(), rows(procedures=groups(50, 0, 100, 20))).components[0].findings
    assert findings.crude.value == pytest.approx(-0.2)
    assert findings.beside == ()


def test_a_needed_column_that_is_empty_everywhere_is_named(rows: Maker, groups: Maker, claim: Maker) -> None:
    needy = claim(needs=("procedures.complications_recorded", "lesions.calcification_angio"))
    frames = rows(procedures=groups(200, 40, 400, 10), filled={"lesions.calcification_angio": (600, 600)})
    result = ask(needy, frames)
    assert result.verdict == "not estimable"
    assert result.why == "procedures.complications_recorded is empty at all sites."


def test_a_table_of_events_without_a_row_is_not_an_empty_column(
    rows: Maker, groups: Maker, claim: Maker
) -> None:
    needy = claim(needs=("complications.complication_type", "lesions.calcification_angio"))
    filled = {"lesions.calcification_angio": (100, 100)}
    result = ask(needy, rows(procedures=groups(50, 0, 50, 0), filled=filled))
    assert result.why == "No event in either group."
    assert result.components[0].findings.groups[0].upper == pytest.approx(0.0711218, abs=1e-6)


def test_what_covariates_explain_does_not_support_a_claim_on_devices(
    rows: Maker, claim: Maker, part: Maker
) -> None:
    # Old: 40 of 100 severe, 8 of 20 mild (40 % each). Young: 2 of 20, 10 of 100 (10 % each).
    blocks = [
        ("severe", 80, 100, 40),
        ("none_mild", 80, 20, 8),
        ("severe", 60, 20, 2),
        ("none_mild", 60, 100, 10),
    ]
    made = [
        {"severity_group": grade, "age_years": age, "any_immediate": i < events}
        for grade, age, n, events in blocks
        for i in range(n)
    ]
    frame = pl.DataFrame(made).with_row_index("patient_id").cast({"patient_id": pl.String})
    crude = ask(claim(), rows(procedures=frame))
    held = ask(claim(components=(part(judged="adjusted", adjust=("age_years",)),)), rows(procedures=frame))
    assert crude.verdict == "supported"
    assert held.verdict == "compatible with both"
    findings = held.components[0].findings
    assert findings.crude.value == pytest.approx(42 / 120 - 18 / 120)
    assert findings.adjusted.value == pytest.approx(0.0, abs=1e-9)


def test_primary_claims_are_adjusted_together_by_holm(rows: Maker, groups: Maker, claim: Maker) -> None:
    strong = running._find(claim(id="A"), rows(procedures=groups(200, 40, 400, 10)))
    weak = running._find(claim(id="B"), rows(procedures=groups(200, 18, 400, 17)))
    first, second = conclude([strong, weak])
    assert first.p_adjusted == pytest.approx(2 * first.p_value)
    assert second.p_adjusted == pytest.approx(second.p_value)
    assert (
        "Holm over the 2 primary claims of this run (A, B), of which 2 have a p value." in first.adjusted_over
    )


def test_components_are_adjusted_within_their_claim(
    rows: Maker, groups: Maker, claim: Maker, part: Maker
) -> None:
    asked = claim(components=(part(), part(key="again", headline=False)))
    result = ask(asked, rows(procedures=groups(200, 18, 400, 17)))
    first, second = result.components
    assert second.p_adjusted == pytest.approx(2 * second.p_value)
    assert first.p_adjusted == pytest.approx(first.p_value)


def test_a_column_that_there_is_not_is_the_users_error(
    rows: Maker, groups: Maker, claim: Maker, part: Maker
) -> None:
    with pytest.raises(SpecificationError, match="procedures have no column 'colour'"):
        ask(claim(components=(part(exposure="colour"),)), rows(procedures=groups(20, 1, 20, 1)))


def test_unknown_ids_are_refused(claim: Maker) -> None:
    with pytest.raises(SpecificationError, match="there is no claim C99"):
        running._require_known([claim()], ["C99"])
    with pytest.raises(SpecificationError, match="two claims are named T01"):
        running._require_known([claim(), claim()], [])


def test_every_kind_has_a_runner_with_its_name() -> None:
    assert all(run.__name__ == f"run_{kind}" for kind, run in KINDS.items())
