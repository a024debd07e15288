"""A synthetic registry for the tests of analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analytics import pipeline
from analytics.generation import generate_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the store of 2,000 synthetic procedures."""
    folder = tmp_path_factory.mktemp("registry")
    generate_files(folder / "csv", scenario="default", procedures=2000, seed=11)
    db = folder / "registry.duckdb"
    pipeline.load(pipeline.prepare_for_store((folder / "csv",), db=db), db=db)
    return db
