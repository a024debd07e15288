"""The README's commands run as printed, and its links lead somewhere."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _commands() -> list[str]:
    block = re.search(r"<!-- runs -->\n```sh\n(.*?)```", README, flags=re.DOTALL)
    assert block is not None
    return block.group(1).strip().splitlines()


def test_readme_commands_run_as_printed(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    command = str(Path(sys.executable).with_name("calcpci"))
    for line in _commands():
        done = subprocess.run(
            [command, *shlex.split(line)[1:]], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
    assert (tmp_path / "work/report/report.html").stat().st_size > 10_000


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_readme_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_readme_says_that_it_gives_no_advice() -> None:
    assert "gives no advice on the care of one patient" in README
