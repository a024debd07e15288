"""Published tables turned into rows: percentages, differences and p values must come back as printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analytics.analyses import describe_answer, render_answer, run_file
from analytics.errors import SpecificationError
from analytics.estimation.binary import BinaryContrast, BinaryShare
from analytics.proportions.results import Comparison, CountTest
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.analyses import Answer

SPEC = """
[analysis]
name = "published"
estimator = "binary_rates"
[outcome]
event = "happened"
[groups]
by = "arm"
levels = [{levels}]
{more}
"""


def run(folder: Path, counts: dict[str, tuple[int, int]], more: str = "", cluster: str = "") -> Answer:
    """Write one row a patient and run the analysis on it."""
    rows = [
        f"{arm},{int(number < events)},{number // 2}{arm}"
        for arm, (events, total) in counts.items()
        for number in range(total)
    ]
    (folder / "rows.csv").write_text("\n".join(["arm,happened,patient", *rows]) + "\n", encoding="utf-8")
    levels = ", ".join(f'"{arm}"' for arm in counts)
    text = SPEC.format(levels=levels, more=more) + (f'[model]\ncluster = "{cluster}"\n' if cluster else "")
    (folder / "spec.toml").write_text(text, encoding="utf-8")
    return run_file(folder / "spec.toml", data=folder / "rows.csv")


def part(answer: Answer, key: str) -> tuple[object, ...]:
    """Results of one kind."""
    return next(one.found for one in answer.results.parts if one.key == key)


def contrast(answer: Answer) -> BinaryContrast:
    """Take the first comparison."""
    found = part(answer, "proportion_contrasts")[0]
    assert isinstance(found, BinaryContrast)
    return found


# Counts are the only whole numbers that give the printed percentages of the printed group sizes.
PUBLISHED = [
    # ECLIPSE, doi:10.1016/S0140-6736(25)00450-7: orbital atherectomy against balloons; p = .14, .005, .05.
    ("perforation", {"balloon": (10, 997), "orbital": (18, 1008)}, (1.0, 1.8), 0.8, "0.14"),
    ("cardiac death to day 30", {"balloon": (0, 997), "orbital": (8, 1008)}, (0.0, 0.8), 0.8, "0.005"),
    ("death to day 30", {"balloon": (3, 997), "orbital": (10, 1008)}, (0.3, 1.0), 0.7, "0.05"),
    # Cutting balloon after rotational atherectomy, doi:10.1186/s12872-016-0273-8: MACE in a year, p = 0.046.
    ("MACE", {"plain": (8, 36), "cutting": (2, 35)}, (22.2, 5.7), -16.5, "0.046"),
    # Cutting against plain balloon, Global Randomized Trial (Mauri and others, 2002): infarction, p = 0.03.
    ("infarction", {"plain": (15, 621), "cutting": (29, 617)}, (2.4, 4.7), 2.3, "0.03"),
]


@pytest.mark.parametrize(("name", "counts", "percents", "points", "p_value"), PUBLISHED)
def test_published_trial_tables_come_back(
    tmp_path: Path,
    name: str,
    counts: dict[str, tuple[int, int]],
    percents: tuple[float, float],
    points: float,
    p_value: str,
) -> None:
    answer = run(tmp_path, counts)
    shares = [one.share for one in part(answer, "proportions") if isinstance(one, BinaryShare)]
    assert [round(100 * share.estimate, 1) for share in shares] == list(percents), name
    found = contrast(answer)
    assert isinstance(found.difference, Comparison)
    assert round(100 * found.difference.estimate, 1) == points
    assert isinstance(found.chi_square, CountTest)
    digits = len(p_value.partition(".")[2])
    assert f"{found.chi_square.p_value:.{digits}f}" == p_value


def test_success_of_two_strategies_comes_back(tmp_path: Path) -> None:
    # ROTAXUS, doi:10.1016/j.jcin.2012.07.017: strategy success 92.5 against 83.3 % of 120 each.
    answer = run(tmp_path, {"standard": (100, 120), "rotational": (111, 120)})
    found = contrast(answer)
    assert isinstance(found.difference, Comparison)
    assert round(100 * found.difference.estimate, 1) == 9.2
    # chisq.test(matrix(c(111, 9, 100, 20), 2, byrow = TRUE), correct = FALSE), R 4.2.2.
    assert isinstance(found.chi_square, CountTest)
    assert found.chi_square.p_value == pytest.approx(0.0293686400608450, rel=1e-11)


def test_three_vessels_come_back(tmp_path: Path) -> None:
    # Perforation by vessel in the US registry of rotational atherectomy, PMID 8874929: RCA 1.1 %, LCX 1.2 %,
    # LAD 0.06 % of 1,105, 761 and 1,727 lesions, p < 0.001.
    counts = {"LAD": (1, 1727), "RCA": (12, 1105), "LCX": (9, 761)}
    answer = run(tmp_path, counts, more="pairwise = true")
    pairs = [one for one in part(answer, "proportion_contrasts") if isinstance(one, BinaryContrast)]
    assert [(one.group, one.reference) for one in pairs] == [("RCA", "LAD"), ("LCX", "LAD"), ("LCX", "RCA")]
    assert all(one.p_adjusted is not None and one.p_adjusted < 0.001 for one in pairs[:2])
    assert pairs[2].p_adjusted == pytest.approx(pairs[2].mid_p.p_value)


def test_rows_of_a_cluster_count_as_one_patient(tmp_path: Path) -> None:
    # Two rows each: 10 of 20 patients with both, none with one. Effective rows: 19 for 40 rows.
    answer = run(tmp_path, {"a": (20, 40), "b": (4, 40)}, cluster="patient")
    share = part(answer, "proportions")[0]
    assert isinstance(share, BinaryShare)
    assert share.share.n_clusters == 20
    # v = 20/19 * sum of 20 times 1 / 40^2 = 0.0131579; 0.25 / v = 19.
    assert share.share.n_effective == pytest.approx(19.0)
    found = contrast(answer)
    assert isinstance(found.fisher, NotEstimable)
    assert isinstance(found.difference, Comparison)


def test_everything_is_said_and_written(tmp_path: Path) -> None:
    answer = run(tmp_path, {"plain": (8, 36), "cutting": (2, 35)})
    text = render_answer(answer)
    assert "22.2 % (11.7\u201338.1)" in text
    assert "p = 0.046" in text
    assert "Trend over plain, cutting" in text
    described = describe_answer(answer)
    assert described["parts"]["proportions"][0]["share"]["n_events"] == 8


def test_a_group_without_rows_is_refused(tmp_path: Path) -> None:
    answer = run(tmp_path, {"a": (3, 10), "b": (0, 0)})
    assert isinstance(part(answer, "proportions")[1], NotEstimable)
    assert [one.key for one in answer.results.parts] == ["proportions"]


def test_an_outcome_without_a_column_is_a_users_error(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("arm\na\n", encoding="utf-8")
    text = '[analysis]\nname = "x"\nestimator = "binary_rates"\n'
    (tmp_path / "spec.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecificationError, match="'event' is missing"):
        run_file(tmp_path / "spec.toml", data=tmp_path / "rows.csv")
