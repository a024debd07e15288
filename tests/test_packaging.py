"""The four top-level names belong to calcpci alone, and what is installed is what is tested."""

import importlib.util
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest

OURS = ("analytics", "dashboard", "schemas", "synthetic")


@pytest.mark.parametrize("name", OURS)
def test_each_top_level_name_has_one_owner(name: str) -> None:
    owners = packages_distributions().get(name, [])
    assert sorted(set(owners)) in ([], ["calcpci"])
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    assert len(list(spec.submodule_search_locations)) == 1


def test_the_distribution_is_installed_with_its_command() -> None:
    installed = distribution("calcpci")
    assert [(point.name, point.value) for point in installed.entry_points] == [
        ("calcpci", "analytics.cli:main")
    ]


@pytest.mark.parametrize(
    "path",
    [
        "analytics/py.typed",
        "analytics/store/tables.sql",
        "analytics/claims/hypotheses/C01.toml",
        "analytics/cohort/endpoints",
        "analytics/evidence/data/published_outcomes.csv",
        "synthetic/scenarios/default.toml",
        "schemas/mappings",
        "dashboard/app.py",
        "dashboard/server.toml",
    ],
)
def test_data_files_travel_with_the_packages(path: str) -> None:
    package, _, rest = path.partition("/")
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    assert (Path(next(iter(spec.submodule_search_locations))) / rest).exists()


def test_constraints_pin_versions_and_name_no_address() -> None:
    root = Path(__file__).resolve().parents[1]
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert len(pins) > 50
    assert all(line.count("==") == 1 for line in pins)
    assert not any("://" in line or "@" in line for line in pins)
