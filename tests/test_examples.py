"""The examples run as their README says."""

import subprocess
import sys
from pathlib import Path

import pytest

from analytics.estimation.specification import read_specification
from analytics.report_plan import read_plan

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def _run(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_a_registry_runs_end_to_end(tmp_path: Path) -> None:
    text = _run("registry_end_to_end.py", str(tmp_path))
    assert "0 rejected" in text
    assert "Severe calcification \N{MULTIPLICATION SIGN} Rotational atherectomy" in text


def test_any_survival_data_gives_a_hazard_ratio() -> None:
    assert "0.71 (0.49\N{EN DASH}1.03)" in _run("any_survival_data.py")


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.toml")), ids=lambda path: path.stem)
def test_every_analysis_file_can_be_read(path: Path) -> None:
    if path.parent.name == "plans":
        assert read_plan(path).is_focused
    elif path.name == "lindner.toml":
        assert "format = 1" in path.read_text(encoding="utf-8")
    else:
        assert read_specification(path).name == path.stem
