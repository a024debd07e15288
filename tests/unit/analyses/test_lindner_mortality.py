"""Six-month mortality of the real file, where a copy is present, against a count by hand and Wilson."""

import csv
import math
import runpy
from pathlib import Path

import pytest

from analytics.survival.results import HorizonRisk

ROOT = Path(__file__).parents[3]
COPIES = [path for path in [ROOT.parent / "shared" / "real" / "lindner.csv"] if path.is_file()]


def _wilson(events: int, n: int) -> tuple[float, float]:
    z = 1.959963984540054
    centre = (events + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(events * (n - events) / n + z * z / 4)
    return centre - half, centre + half


@pytest.mark.parametrize("path", COPIES)
def test_mortality_by_stent_and_diabetes_equals_a_count_by_hand(path: Path, tmp_path: Path) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    example = runpy.run_path(str(ROOT / "examples" / "lindner" / "run.py"))
    answers = example["run"](path, tmp_path)
    assert len(answers) == 2
    for answer, header in zip(answers, ("Stent", "Diabetic"), strict=True):
        for risk, code in zip(answer.results.risks, ("0", "1"), strict=True):
            own = [row for row in rows if row[header] == code]
            died = sum(row["Died"] == "1" for row in own)
            assert isinstance(risk, HorizonRisk)
            assert (risk.n_event, risk.basis.n, risk.horizon_days) == (died, len(own), 183)
            assert (risk.lower, risk.upper) == pytest.approx(_wilson(died, len(own)), rel=1e-12)


@pytest.mark.parametrize("path", COPIES)
def test_a_curve_over_days_that_nobody_knows_is_refused(path: Path, tmp_path: Path) -> None:
    from analytics.analyses import run_on_store
    from analytics.estimation.specification import parse_specification

    example = runpy.run_path(str(ROOT / "examples" / "lindner" / "run.py"))
    example["run"](path, tmp_path)
    spec = parse_specification(
        {"analysis": {"name": "km", "estimator": "kaplan_meier"}, "outcome": {"endpoint": "all_cause_death"}},
        where="t",
    )
    (curve,) = run_on_store(spec, tmp_path / "lindner.duckdb").results.curves
    assert getattr(curve, "code", "") == "event_times_unknown"


def test_the_example_says_how_to_point_at_a_copy() -> None:
    text = (ROOT / "examples" / "lindner" / "README.md").read_text(encoding="utf-8")
    assert "python examples/lindner/run.py PATH/TO/lindner.csv" in text
