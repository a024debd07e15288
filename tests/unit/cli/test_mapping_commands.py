"""The commands about mapping files, as a user calls them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from click.testing import CliRunner

from analytics.cli import main

if TYPE_CHECKING:
    from pathlib import Path

SOUND = """
format = 1
[source]
name = "x"
site_id = "S1"
[[emit]]
table = "patients"
[emit.set]
patient_id = { from = "key", pseudonym = true }
site_id = { const = "S1" }
sex = { from = "sex" }
"""


def call(*arguments: object) -> tuple[int, str]:
    """Return exit code and output of a call of calcpci."""
    done = CliRunner().invoke(main, ["mapping", *map(str, arguments)])
    return done.exit_code, done.output


def test_a_sound_mapping_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(SOUND, encoding="utf-8")
    assert call("check", tmp_path / "m.toml") == (
        0,
        "m.toml: no problem found. It makes rows of patients.\n",
    )
    assert call("check", "bcis")[0] == 0


def test_every_problem_is_one_line_and_the_exit_code_tells(tmp_path: Path) -> None:
    faulty = SOUND.replace('"sex" }', '"sex", map = { "1" = "man" } }') + 'age = { const = "1" }\n'
    (tmp_path / "m.toml").write_text(faulty, encoding="utf-8")
    code, out = call("check", tmp_path / "m.toml")
    assert code == 12
    assert [line.split(":")[0] for line in out.splitlines()] == [
        "m.toml [emit 1] set.sex",
        "m.toml [emit 1] set.age",
    ]
    code, out = call("check", tmp_path / "m.toml", "--json")
    answer = json.loads(out)
    assert (code, answer["ok"], len(answer["problems"])) == (12, False, 2)
    assert set(answer["problems"][0]) == {"where", "what", "fix"}


def test_a_file_that_is_no_mapping_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text("format = 2\n", encoding="utf-8")
    assert call("check", tmp_path / "m.toml") == (
        12,
        "m.toml: this is not a mapping of format 1. Begin the file with format = 1.\n",
    )
    assert call("check", tmp_path / "none.toml")[0] == 12


def test_a_draft_is_printed_or_written_and_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "site.csv").write_text("MRN,Sex\n1,F\n", encoding="utf-8")
    code, printed = call("draft", tmp_path / "site.csv")
    assert (code, "draft = true" in printed) == (0, True)
    out = tmp_path / "m.toml"
    code, said = call("draft", tmp_path / "site.csv", "--out", out)
    assert (code, out.read_text(encoding="utf-8")) == (0, printed)
    assert "then remove the line draft = true" in said
    code, said = call("draft", tmp_path / "site.csv", "--out", out)
    assert (code, "a draft never replaces a file" in said) == (11, True)
    assert call("check", out)[0] == 12


def test_a_file_that_cannot_be_read_is_an_error_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    code, said = call("draft", tmp_path / "empty.csv")
    assert code == 11
    assert said.startswith("error: empty.csv: The file has no data row")
