"""A specification says everything, or is refused with its place and its remedy."""

from pathlib import Path

import pytest

from analytics.errors import InputFileError, SpecificationError
from analytics.estimation.estimators import ESTIMATORS
from analytics.estimation.specification import parse_specification, read_specification
from analytics.estimation.specification_checks import MODEL_KEYS

HEAD = {"name": "a", "estimator": "kaplan_meier"}
COX = {"name": "a", "estimator": "cox"}


def test_every_part_is_read() -> None:
    spec = parse_specification(
        {
            "analysis": {**COX, "horizons_days": [30, 365], "confidence": 0.9, "landmark_days": 30},
            "population": {"severities": ["severe"], "years": [2019, 2021]},
            "outcome": {"endpoint": "mace_d"},
            "groups": {"by": "severity", "levels": ["mild", "severe"]},
            "model": {"ties": "breslow", "term": [{"column": "age_years"}, {"interaction": ["a", "b"]}]},
        },
        where="x.toml",
    )
    assert spec.horizons_days == (30, 365)
    assert spec.confidence == 0.9
    assert spec.landmark_days == 30
    assert spec.population.severities == ("severe",)
    assert spec.population.years == (2019, 2021)
    assert spec.groups.levels == ("mild", "severe")
    assert spec.model.terms[1].interaction == ("a", "b")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"analysis": HEAD, "extra": {}}, "x.toml: unknown key 'extra'"),
        ({"analysis": {**HEAD, "horizon": [1]}}, "x.toml [analysis]: unknown key 'horizon'"),
        ({"analysis": {"name": "a"}}, "x.toml [analysis]: 'estimator' is missing"),
        ({"analysis": {"name": "a", "estimator": "magic"}}, "unknown estimator 'magic'"),
        ({"analysis": {**HEAD, "confidence": 95.0}}, "'confidence' is not between 0 and 1"),
        ({"analysis": {**HEAD, "horizons_days": [30.5]}}, "'horizons_days' is no list of whole days"),
        (
            {"analysis": HEAD, "groups": {"levels": [], "column": "x"}},
            "x.toml [groups]: unknown key 'column'",
        ),
        ({"analysis": COX, "model": {"term": [{"name": "x"}]}}, "x.toml [model] term 1: unknown key 'name'"),
        ({"analysis": COX, "model": {"term": [{}]}}, "a term has either 'column' or 'interaction'"),
        (
            {"analysis": COX, "model": {"term": [{"column": "x", "spline": 2}]}},
            "x.toml [model] term 1: 'spline' is not between 3 and 7 knots",
        ),
        ({"analysis": COX, "model": {"ties": "none"}}, "'ties' is none of efron, breslow, exact"),
        ({"analysis": COX, "model": {"distribution": "weibull"}}, "cox does not read 'distribution'"),
        ({"analysis": HEAD, "model": {"ties": "efron"}}, "kaplan_meier does not read 'ties'"),
        ({"analysis": {**HEAD, "band": "wide"}}, "unknown 'band'"),
        ({"analysis": {**HEAD, "bandwidth_days": 0}}, "'bandwidth_days' is no number above 0"),
        ({"analysis": HEAD, "outcome": "mace"}, "x.toml: 'outcome' is no table"),
    ],
)
def test_what_nothing_reads_is_refused_with_its_place(data: dict[str, object], words: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        parse_specification(data, where="x.toml")
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_file_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="no such file"):
        read_specification(tmp_path / "absent.toml")


def test_broken_toml_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("[analysis\nname = 1\n", encoding="utf-8")
    with pytest.raises(SpecificationError, match=r"broken\.toml: is not valid TOML") as caught:
        read_specification(path)
    assert len(str(caught.value).splitlines()) == 1


def test_the_document_lists_every_estimator_with_the_keys_it_reads() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "analyses.md").read_text(encoding="utf-8")
    for name, estimator in ESTIMATORS.items():
        keys = ", ".join(f"`{key}`" for key in MODEL_KEYS[name])
        assert f"| `{name}` | {estimator.answers} | {keys} |" in page
