"""Verdicts on a synthetic registry whose truth is known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from analytics import pipeline
from analytics.claims.reading import read_bundled_claims
from analytics.claims.results import VERDICTS
from analytics.cli import main
from analytics.generation import generate_files

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the store of a registry in which devices change complications and nothing after the stay."""
    folder = tmp_path_factory.mktemp("claims")
    # Devices for calcium are as rare as published since the mix follows published shares. In 3,000 procedures
    # (enough before) the claim on late events after devices is refused for want of patients, and a true
    # effect is no longer told from none; in 6,000 fewer claims are refused.
    generate_files(folder / "csv", scenario="default", procedures=6000, seed=5)
    db = folder / "registry.duckdb"
    pipeline.load(pipeline.prepare_for_store((folder / "csv",), db=db), db=db)
    return db


@pytest.fixture(scope="module")
def results(store: Path) -> dict[str, dict[str, Any]]:
    """Return every claim by its id, as `calcpci claims --json` gives it."""
    found = CliRunner().invoke(main, ["claims", "--db", str(store), "--json"])
    assert found.exit_code == 0, found.output
    return {result["claim"]["id"]: result for result in json.loads(found.stdout)["results"]}


def test_every_claim_has_a_verdict_and_a_reason(results: dict[str, dict[str, Any]]) -> None:
    assert list(results) == [claim.id for claim in read_bundled_claims()]
    assert all(result["verdict"] in VERDICTS and result["why"] for result in results.values())


def test_calcium_raises_late_events_and_rotational_atherectomy_complications(
    results: dict[str, dict[str, Any]],
) -> None:
    # True: hazards rise with the grade (1.45 in severe), and slow flow and AV block with a burr.
    assert results["C01"]["verdict"] == "supported"
    assert results["C22"]["verdict"] == "supported"


def test_devices_without_effect_on_later_events_are_not_found_to_have_one(
    results: dict[str, dict[str, Any]],
) -> None:
    # True: every hazard ratio of a device, and of guidance, is 1.
    assert results["C12"]["verdict"] == "compatible with both"
    assert results["C15"]["verdict"] in {"compatible with both", "not estimable"}
    for name in ("C12", "C15"):
        for part in results[name]["components"]:
            adjusted = part["findings"]["adjusted"]
            if adjusted and "not_estimable" not in adjusted:
                assert adjusted["lower"] < 1 < adjusted["upper"], part["component"]["label"]


def test_age_diabetes_and_kidneys_track_calcium_and_blood_pressure_does_not(
    results: dict[str, dict[str, Any]],
) -> None:
    verdicts = {part["component"]["key"]: part["verdict"] for part in results["C07"]["components"]}
    assert verdicts["age"] == "supported"
    assert verdicts["hypertension"] == "compatible with both"


def test_oct_is_not_found_to_see_what_ivus_does_not(results: dict[str, dict[str, Any]]) -> None:
    # True: the arc is one, and OCT alone may miss it.
    assert results["C09"]["verdict"] in {"supported", "compatible with both", "not estimable"}


def test_entrapment_of_a_burr_never_has_a_ratio(results: dict[str, dict[str, Any]]) -> None:
    parts = {part["component"]["key"]: part for part in results["C22"]["components"]}
    for key in ("burr_entrapment", "wire_fracture"):
        found = parts[key]["findings"]
        assert (found["crude"]["measure"], found["adjusted"], found["beside"]) == ("share", None, [])
        assert parts[key]["verdict"] == "not estimable"


def test_one_claim_is_adjusted_over_its_whole_family(store: Path, results: dict[str, dict[str, Any]]) -> None:
    found = CliRunner().invoke(main, ["claims", "--db", str(store), "--claim", "C04", "--json"])
    run = json.loads(found.stdout)
    assert [result["claim"]["id"] for result in run["results"]] == ["C04"]
    assert run["n_run"] == 4
    assert run["results"][0]["p_adjusted"] == results["C04"]["p_adjusted"]


def test_a_claim_of_ones_own_runs_alone_and_is_written(store: Path, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        '[claim]\nid = "M01"\ntitle = "Women"\nsays = "Women bleed more."\nplace = "Protocol"\n'
        'population = "All"\ncomparison = "Women against men"\nfamily = "exploratory"\nunit = "procedure"\n'
        'horizon = "The stay"\noverall = "headline"\nneeds = ["patients.sex"]\n\n[[component]]\nkey = "any"\n'
        'label = "Any"\nkind = "risk_difference"\noutcome = "any_immediate"\nexposure = "sex"\n'
        'exposed = ["female"]\ncomparator = ["male"]\ndirection = "higher"\nheadline = true\n'
    )
    out = tmp_path / "out"
    asked = [
        "claims",
        "--db",
        str(store),
        "--file",
        str(tmp_path / "own.toml"),
        "--out",
        str(out),
        "--hide-small",
    ]
    found = CliRunner().invoke(main, asked)
    assert found.exit_code == 0, found.output
    assert found.stdout.startswith("M01 Women: ")
    assert "1 claims were run" in found.stdout
    assert sorted(path.name for path in out.iterdir()) == [
        "claims.csv",
        "claims.html",
        "claims.json",
        "claims.md",
    ]


def test_a_wrong_id_is_told_in_one_line(store: Path) -> None:
    found = CliRunner().invoke(main, ["claims", "--db", str(store), "--claim", "C99"])
    assert found.exit_code == 14
    assert found.stderr.startswith("error: claims: there is no claim C99. Use C01, C02")
