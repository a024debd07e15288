"""The options --waivers and --settings of the command that validates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from analytics.cli import main

if TYPE_CHECKING:
    from pathlib import Path

WAIVER = '[[waiver]]\nrule = "C04"\nsite = "A"\nreason = "r"\nuntil = 9999-12-31\nreviewer = "v"\n'
FILES = {
    "sites.csv": "site_id,date_policy,followup_source\nA,actual,none\n",
    "patients.csv": "patient_id,site_id,sex\nP001,A,male\n",
    "procedures.csv": (
        "procedure_id,patient_id,site_id,procedure_date,discharge_status,age_years,presentation,"
        "complications_recorded,bmi_kg_m2\nQ1,P001,A,2022-01-10,alive,70,nstemi,all,55\n"
    ),
}


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """Write a registry of one procedure with an unusual body-mass index, and return its folder."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_waived_finding_is_listed_as_waived_only(registry: Path, tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_text(WAIVER, encoding="utf-8")
    options = ["validate", str(registry), "--json", "--waivers", str(tmp_path / "w.toml")]
    shown = json.loads(CliRunner().invoke(main, options).stdout)
    assert [entry["rule_id"] for entry in shown["waived"]] == ["C04"]
    assert "C04" not in {entry["rule_id"] for entry in shown["findings"]}
    (result,) = [entry for entry in shown["rule_results"] if entry["rule_id"] == "C04"]
    assert (result["status"], result["n_violating"], result["is_waived"]) == ("failed", 1, True)
    plain = CliRunner().invoke(main, [option for option in options if option != "--json"])
    assert "waived: 1 (rules C04); they do not count in the gate" in plain.stdout


def test_limits_come_from_the_settings(registry: Path, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('[completeness]\n"procedures.lvef_pct" = 0\n', encoding="utf-8")
    options = ["validate", str(registry), "--json"]
    before = json.loads(CliRunner().invoke(main, options).stdout)["gate"]["yellow_columns"]
    options += ["--settings", str(tmp_path / "s.toml")]
    after = json.loads(CliRunner().invoke(main, options).stdout)["gate"]["yellow_columns"]
    assert set(before) - set(after) == {"procedures.lvef_pct"}


def test_an_expired_waiver_is_one_line_and_its_exit_code(registry: Path, tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text(WAIVER.replace("9999", "2020"), encoding="utf-8")
    done = CliRunner().invoke(main, ["validate", str(registry), "--waivers", str(path)])
    assert done.exit_code == 14
    assert "ended on 2020-12-31. Review it again or remove it" in done.stderr
