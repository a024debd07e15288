"""The browser test runs where Chromium is; in CI its absence is a failure, elsewhere it is not collected."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def find_chromium() -> str | None:
    """Return the path of an installed Chromium; nothing is ever downloaded."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return found or next((path for path in ("/usr/bin/chromium",) if Path(path).exists()), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave browser tests out where there is no browser, except in CI, where they then fail."""
    if find_chromium() is not None or os.environ.get("CI", "").lower() in {"1", "true"}:
        return
    absent = [item for item in items if item.path.is_relative_to(HERE)]
    if absent:
        config.hook.pytest_deselected(items=absent)
        items[:] = [item for item in items if item not in absent]


@pytest.fixture(scope="session")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the snapshot that the page tests use, made by the same code."""
    path = HERE.parent / "app" / "conftest.py"
    spec = importlib.util.spec_from_file_location("page_fixtures", path)
    assert spec is not None
    assert spec.loader is not None
    fixtures = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = fixtures
    spec.loader.exec_module(fixtures)
    made: Path = fixtures.make_snapshot(tmp_path_factory.mktemp("browser")).folder
    return made


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    path = find_chromium()
    if path is None:
        pytest.fail("No Chromium found. Install it: apt-get install chromium fonts-dejavu-core")
    return path
