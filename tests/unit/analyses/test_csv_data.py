"""`calcpci estimate --data`: any CSV with one row per patient, here one that lifelines ships."""

from pathlib import Path

import lifelines
import pytest

from analytics.analyses import describe_answer, render_answer, run_on_csv, write_answer
from analytics.errors import InputFileError, SpecificationError
from analytics.estimation.specification import parse_specification
from analytics.survival.results import CoxFit, HorizonRisk

ROSSI = Path(lifelines.__file__).parent / "datasets" / "rossi.csv"
OUTCOME = {"time": "week", "event": "arrest", "time_unit": "weeks"}


def test_a_real_data_set_gives_the_published_cox_model() -> None:
    terms = [{"column": name} for name in ("fin", "age", "race", "wexp", "mar", "paro", "prio")]
    spec = parse_specification(
        {"analysis": {"name": "rossi", "estimator": "cox"}, "outcome": OUTCOME, "model": {"term": terms}},
        where="t",
    )
    fit = run_on_csv(spec, ROSSI).results.fit
    assert isinstance(fit, CoxFit)
    # Fox & Weisberg (2002), Cox regression appendix: coxph on the Rossi data, coefficients to three digits.
    published = [-0.379, -0.057, 0.314, -0.150, -0.434, -0.085, 0.091]
    assert [round(value, 3) for value in fit.table["coefficient"]] == published
    assert (fit.basis.n, fit.basis.n_events) == (432, 114)


def test_risks_equal_a_count_by_hand_before_any_censoring() -> None:
    spec = parse_specification(
        {
            "analysis": {"name": "rossi_km", "estimator": "kaplan_meier", "horizons_days": [20]},
            "outcome": OUTCOME,
            "groups": {"by": "fin"},
        },
        where="t",
    )
    lines = [line.split(",") for line in ROSSI.read_text(encoding="utf-8").splitlines()[1:]]
    risks = [risk for risk in run_on_csv(spec, ROSSI).results.risks if isinstance(risk, HorizonRisk)]
    for risk in risks:
        own = [line for line in lines if line[2] == risk.group]
        arrested = sum(int(line[0]) <= 20 and line[1] == "1" for line in own)
        assert risk.risk == pytest.approx(arrested / len(own), rel=1e-12)


def test_an_answer_is_written_as_json_and_figure(tmp_path: Path) -> None:
    spec = parse_specification(
        {
            "analysis": {"name": "rossi_km", "estimator": "kaplan_meier", "horizons_days": [20, 52]},
            "outcome": OUTCOME,
            "groups": {"by": "fin"},
        },
        where="t",
    )
    answer = run_on_csv(spec, ROSSI)
    written = write_answer(answer, tmp_path / "out")
    assert [path.name for path in written] == ["rossi_km.json", "rossi_km.svg", "rossi_km.png"]
    assert written[2].read_bytes().startswith(b"\x89PNG")
    assert "PCI" not in written[1].read_text(encoding="utf-8")
    assert describe_answer(answer)["n_rows"] == 432
    assert "48/216" in render_answer(answer)
    assert "52 weeks" in render_answer(answer)


def test_competing_codes_become_causes(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("t,status\n1,1\n2,2\n3,0\n4,1\n", encoding="utf-8")
    spec = parse_specification(
        {
            "analysis": {"name": "c", "estimator": "aalen_johansen", "horizons_days": [4]},
            "outcome": {"time": "t", "event": "status", "competing_codes": {"2": "death"}},
        },
        where="t",
    )
    (risk,) = run_on_csv(spec, path).results.risks
    assert isinstance(risk, HorizonRisk)
    # 1/4 on day 1; survival 3/4, then 1/2 after the death; one left on day 4 has the event: 1/4 + 1/2.
    assert risk.risk == pytest.approx(0.75)


def test_a_broken_file_is_answered_without_its_contents(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_bytes(b"t,status\nZZSECRETZZ\xff,1\n")
    spec = parse_specification(
        {"analysis": {"name": "c", "estimator": "kaplan_meier"}, "outcome": {"time": "t", "event": "status"}},
        where="t",
    )
    with pytest.raises((InputFileError, SpecificationError)) as caught:
        run_on_csv(spec, path)
    assert "ZZSECRETZZ" not in str(caught.value)
    with pytest.raises(InputFileError, match="no such file"):
        run_on_csv(spec, tmp_path / "absent.csv")


def test_times_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_text("t,status\n-1,1\n2,0\n", encoding="utf-8")
    spec = parse_specification(
        {"analysis": {"name": "c", "estimator": "kaplan_meier"}, "outcome": {"time": "t", "event": "status"}},
        where="t",
    )
    with pytest.raises(SpecificationError, match="numbers from 0 on"):
        run_on_csv(spec, path)


KM = {"analysis": {"name": "c", "estimator": "kaplan_meier"}, "outcome": {"time": "t", "event": "status"}}


def test_two_columns_of_one_name_are_refused_by_position(tmp_path: Path) -> None:
    path = tmp_path / "twice.csv"
    path.write_text("t,status,t\n1,1,5\n2,0,6\n", encoding="utf-8")
    with pytest.raises(InputFileError) as caught:
        run_on_csv(parse_specification(KM, where="t"), path)
    assert str(caught.value) == (
        "twice.csv: columns 1 and 3 have the same name. Give every column a name of its own."
    )


def test_a_file_with_only_a_header_has_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "header.csv"
    path.write_text("t,status\n", encoding="utf-8")
    with pytest.raises(InputFileError, match="no rows below the header"):
        run_on_csv(parse_specification(KM, where="t"), path)
