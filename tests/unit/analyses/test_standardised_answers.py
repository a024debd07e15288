"""`standardised_risk` as a file: a table by hand, a registry, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analytics.analyses import describe_answer, render_answer, run_on_csv, run_on_store
from analytics.comparison.results import StandardisedComparison
from analytics.errors import SpecificationError
from analytics.estimation.specification import parse_specification

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.estimation.specification import Specification

HEAD = {"name": "t", "estimator": "standardised_risk"}
GROUPS = {"by": "device", "levels": ["burr", "balloon"], "labels": ["Burr", "Balloon"]}


def specify(**parts: Any) -> Specification:  # noqa: ANN401 - tables of a specification
    given = {
        "analysis": HEAD,
        "outcome": {"event": "torn", "event_codes": ["yes"]},
        "groups": GROUPS,
        "model": {"term": [{"column": "severe"}, {"interaction": ["device", "severe"]}]},
    }
    return parse_specification({**given, **parts}, where="t")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Crude risks 19/50 and 8/50; within strata 0.2 and 0.1, 0.5 and 0.4."""
    cells = [
        ("no", "burr", 20, 4),
        ("no", "balloon", 40, 4),
        ("yes", "burr", 30, 15),
        ("yes", "balloon", 10, 4),
    ]
    lines = ["severe,device,torn,patient"]
    for severe, device, n, events in cells:
        lines += [f"{severe},{device},{'yes' if k < events else 'no'},{severe}{device}{k}" for k in range(n)]
    path = tmp_path / "lesions.csv"
    path.write_text("\n".join([*lines, "no,laser,no,x", "no,burr,,y"]) + "\n", encoding="utf-8")
    return path


def test_a_csv_file_gives_the_standardised_risks_by_hand(table: Path) -> None:
    answer = run_on_csv(specify(), table)
    ((part,),) = (part.found for part in answer.results.parts)
    assert isinstance(part, StandardisedComparison)
    assert part.estimates["level"].to_list() == ["Burr", "Balloon"]
    assert part.estimates["estimate"].to_list() == pytest.approx([0.32, 0.22])
    text = render_answer(answer)
    assert "19/50" in text
    assert "-10.0 (" in text
    assert "An association" in text
    assert answer.results.n_incomplete == 1
    assert describe_answer(answer)["parts"]["standardised_risk"][0]["estimates"][0]["crude"] == pytest.approx(
        0.38
    )


def test_the_bootstrap_is_seeded_by_the_file(table: Path) -> None:
    model = {
        "term": [{"column": "severe"}],
        "limits": "bootstrap",
        "resamples": 40,
        "seed": 3,
        "cluster": "patient",
    }
    first, second = (run_on_csv(specify(model=model), table).results.parts[0].found[0] for _ in range(2))
    assert isinstance(first, StandardisedComparison)
    assert isinstance(second, StandardisedComparison)
    assert first.estimates.equals(second.estimates)
    assert first.basis.interval.startswith("percentiles of 40 bootstrap resamples of clusters")


def test_a_registry_answers_with_the_default_covariates(store: Path) -> None:
    spec = specify(
        outcome={"complication": "periprocedural_mi", "rows": "procedure"},
        groups={"by": "strategy", "levels": ["plain_balloon", "nc_balloon"]},
        model={"cluster": "patient_id"},
    )
    answer = run_on_store(spec, store)
    found = answer.results.parts[0].found[0]
    assert isinstance(found, StandardisedComparison)
    assert found.basis.adjusted_for[0] == "calcium_grade"
    assert found.estimates["n"].sum() == answer.results.n_rows
    assert "adjusted for calcium grade, age (years)" in render_answer(answer)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"groups": {}}, "there are no groups"),
        ({"analysis": {**HEAD, "until_days": 30}}, "neither days nor weights"),
        ({"model": {}}, "nothing to adjust for"),
        (
            {"model": {"term": [{"column": "severe"}, {"interaction": ["patient", "severe"]}]}},
            "an interaction has",
        ),
        ({"outcome": {}}, "'event' is missing"),
    ],
)
def test_a_question_without_sense_is_refused(table: Path, parts: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecificationError, match=words):
        run_on_csv(specify(**parts), table)


def test_an_unknown_complication_names_the_known_ones(store: Path) -> None:
    with pytest.raises(SpecificationError, match="dissection_any"):
        run_on_store(specify(outcome={"complication": "hiccup"}, groups={"by": "strategy"}), store)


def test_keys_of_other_estimators_are_refused() -> None:
    with pytest.raises(SpecificationError, match="standardised_risk does not read 'penalty'"):
        specify(model={"penalty": "firth"})
    with pytest.raises(SpecificationError, match="'rows' is none of"):
        specify(outcome={"rows": "patient"})
