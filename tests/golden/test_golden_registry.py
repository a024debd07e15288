"""The bytes of a small registry: the same on every processor, and the same as those kept."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from analytics.generation import generate_files

KEPT = Path(__file__).parent / "kept" / "registry.sha256"
PROCEDURES, SEED = 300, 1
REMEDY = (
    "A seed gives another registry than before. If the generator or a scenario was changed on purpose,"
    f" or numpy or polars upgraded (here numpy {np.__version__}, polars {pl.__version__}; the kept digests"
    " belong to constraints.txt), renew them with"
    " 'UPDATE_GOLDEN=1 pytest tests/golden/test_golden_registry.py' and say so in the changelog under"
    " 'Changed results'. Otherwise find out what depends on the machine."
)


def _digests(folder: Path) -> str:
    """Return the digests of the files of a folder, in the lines that sha256sum reads."""
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
    return "".join(f"{digest}  {name}\n" for name, digest in digests.items())


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the digests of the registry as this process draws it."""
    folder = tmp_path_factory.mktemp("registry")
    generate_files(folder, scenario="default", procedures=PROCEDURES, seed=SEED)
    return _digests(folder)


def test_a_seed_gives_the_registry_that_it_gave_before(drawn: str) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        KEPT.write_text(drawn, encoding="utf-8")
    assert drawn == KEPT.read_text(encoding="utf-8"), REMEDY


def test_a_plainer_processor_draws_the_same_registry(drawn: str, tmp_path: Path) -> None:
    special = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    command = f"--scenario default --procedures {PROCEDURES} --seed {SEED} --out".split()
    subprocess.run(
        [sys.executable, "-m", "analytics.cli", "generate", *command, str(tmp_path)],
        check=True,
        capture_output=True,
        env={**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(special), "POLARS_MAX_THREADS": "1"},
    )
    assert _digests(tmp_path) == drawn
