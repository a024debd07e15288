"""Damaged files and damaged mappings: a finding or an error in words, never a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.errors import MappingError
from analytics.intake.mapping import find_mapping, read_mapped
from schemas.submission import FINDING_SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

MAPPING = r"""
format = 1
[source]
name = "damaged"
site_id = "S1"
[read]
missing = ["", "-9"]
dates = ["%d.%m.%Y", "%m/%Y", "excel1900"]
[let]
who = { from = "Chart", pseudonym = true }
[[emit]]
table = "patients"
collapse = "agree"
[emit.set]
patient_id = { from = "@who" }
site_id = { const = "S1" }
sex = { from = "Sex", map = { "m" = "male", "f" = "female" }, else = "null", default = "unknown" }
[[emit]]
table = "events"
each = [{ split = "Events", sep = "[,;]", none = ["none"], as = "item" }]
[emit.set]
event_id = { fmt = "{@who}.{item}.{n}" }
patient_id = { from = "@who" }
event_type = { from = "item", match = "contains", map = { "infarct" = "mi" } }
event_date = { from = "When" }
event_date_precision = { from = "When", as = "precision" }
"""
TEXT = b"Chart,Sex,Events,When\n1,m,infarction;none,05.03.2024\n2,f,none,\n3,x,infarct,45356\n4,m,,07/2024\n"
PIECES = (
    b'"',
    b",",
    b"\r",
    b"\n",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"<",
    b"1e999",
    b"99999",
    b"%",
    b"{}",
    b"-9",
)
EDITS = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(0, 3), st.sampled_from(PIECES)), min_size=1, max_size=8
)


def damaged(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Return bytes with pieces put in the place of some of them."""
    for place, gone, piece in edits:
        at = place % (len(data) + 1)
        data = data[:at] + piece + data[at + gone :]
    return data


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_a_damaged_file_is_mapped_or_refused(tmp_path: Path, edits: list[tuple[int, int, bytes]]) -> None:
    (tmp_path / "m.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "f.csv").write_bytes(damaged(TEXT, edits))
    mapped = read_mapped([tmp_path / "f.csv"], find_mapping(tmp_path / "m.toml"), secret=b"s")
    assert mapped.findings.schema == FINDING_SCHEMA
    assert bool(mapped.tables) != ("FILE" in mapped.findings["level"])


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_a_damaged_mapping_is_read_or_refused_in_one_line(
    tmp_path: Path, edits: list[tuple[int, int, bytes]]
) -> None:
    (tmp_path / "m.toml").write_bytes(damaged(MAPPING.encode(), edits))
    (tmp_path / "f.csv").write_bytes(TEXT)
    try:
        mapping = find_mapping(tmp_path / "m.toml")
    except MappingError as error:
        assert str(error).startswith("m.toml")  # noqa: PT017 -- either outcome is right
    else:
        mapped = read_mapped([tmp_path / "f.csv"], mapping, secret=b"s")
        assert mapped.findings.schema == FINDING_SCHEMA
