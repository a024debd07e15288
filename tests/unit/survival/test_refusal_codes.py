"""Every refusal has a code that the documents explain, and cautions are worded for a clinician."""

import ast
import copy
import pickle
from pathlib import Path

import pytest

import analytics
from analytics.survival.refusal_codes import CAUTIONS, REFUSALS, few_events_caution, render_refusals
from analytics.survival.refusals import Caution

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = Path(str(analytics.__file__)).parent


def _calls(name: str) -> list[ast.Call]:
    return [
        node
        for path in sorted(PROGRAM.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def _texts(nodes: list[ast.expr]) -> set[str]:
    return {str(node.value) for node in nodes if isinstance(node, ast.Constant)}


def test_every_refusal_in_the_program_is_explained_and_none_is_invented() -> None:
    calls = _calls("NotEstimable")
    given = [*(call.args[2] for call in calls if len(call.args) > 2)]
    given += [key.value for call in calls for key in call.keywords if key.arg == "code"]
    assert len(given) > 50
    assert _texts(given) == set(REFUSALS)


def test_every_caution_in_the_program_is_explained_and_none_is_invented() -> None:
    assert _texts([call.args[0] for call in _calls("Caution")]) == set(CAUTIONS)


def test_the_document_is_what_the_program_says() -> None:
    page = (ROOT / "docs" / "methods" / "refusals.md").read_text(encoding="utf-8")
    assert page.endswith(render_refusals())


def test_few_events_are_said_and_enough_are_not() -> None:
    (caution,) = few_events_caution(19, 2)
    assert isinstance(caution, Caution)
    assert caution.code == "few_events"
    assert caution == (
        "only 9.5 events per coefficient (fewer than 10): ratios may be biased and intervals too narrow"
    )
    assert few_events_caution(20, 2) == ()
    assert few_events_caution(0, 0) == ()


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])  # noqa: S301 - of this test
def test_a_copied_caution_keeps_its_code(again) -> None:  # noqa: ANN001 - any copier
    caution = Caution("few_events", "a sentence")
    assert (again(caution), again(caution).code) == ("a sentence", "few_events")
