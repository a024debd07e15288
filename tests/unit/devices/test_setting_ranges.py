"""Ranges of settings: the bundled file, and what a file of the user may not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analytics.devices.setting_ranges import BASES, read_settings
from analytics.errors import SpecificationError
from schemas.registry import TABLES
from schemas.vocabulary import DEVICE_CLASSES

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = """
[[setting]]
key = "burr_speed"
label = "Speed"
device_class = "rotational_atherectomy"
quantity = "rotation_speed_krpm"
unit = "1000 rpm"
decimals = 0
step = 5
centred = false
plausible = [100, 220]
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "ranges.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_judged_range_has_a_basis_and_a_source_that_can_be_opened() -> None:
    judged = [setting for setting in read_settings() if setting.judged]
    assert len(judged) >= 10
    for setting in judged:
        assert setting.basis in BASES
        assert all(source.doi or source.pmid or source.url for source in setting.sources)


def test_every_bundled_setting_reads_a_column_of_the_schema_and_stays_within_its_hard_range() -> None:
    columns = {item.name: item for item in TABLES["device_uses"].columns}
    for setting in read_settings():
        assert setting.device_class in DEVICE_CLASSES
        if setting.quantity in columns:
            low, high = columns[setting.quantity].hard
            assert low <= setting.plausible[0]
            assert setting.plausible[1] <= high


def test_range_is_put_in_words() -> None:
    words = {setting.key: setting.range_text for setting in read_settings()}
    assert words["burr_to_artery_ratio"] == "0.4 to 0.6"
    assert words["nc_pressure"] == "up to 30 atm"
    assert words["burr_size"] == "not judged"


@pytest.mark.parametrize(
    ("extra", "what"),
    [
        ("judged = [140, 180]", "without basis or source"),
        ('judged = [140, 180]\nbasis = "advice"', "without basis or source"),
        ('judged = [180, 140]\nbasis = "advice"', "does not ascend"),
        ("judged = [140]", "two numbers"),
        ('basis = "advice"', "without a judged range"),
        ("advised = [140, 180]", "unknown key advised"),
        (
            'judged = [140, 300]\nbasis = "limit"\nsources = [{ text = "A", doi = "10.1/x" }]',
            "leaves the plausible",
        ),
        ('judged = [140, 180]\nbasis = "limit"\nsources = [{ text = "A" }]', "source without an address"),
    ],
)
def test_a_range_without_ground_is_refused(tmp_path: Path, extra: str, what: str) -> None:
    with pytest.raises(SpecificationError, match=what):
        read_settings(written(tmp_path, ENTRY + extra))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (ENTRY + ENTRY, "two entries of one key"),
        (ENTRY.replace("rotational_atherectomy", "laser"), "unknown device_class"),
        (ENTRY.replace("rotation_speed_krpm", "rpm"), "unknown quantity"),
        (ENTRY.replace('unit = "1000 rpm"', ""), "missing key unit"),
        ("[[ranges]]\nkey = 1", "entries of 'setting'"),
        ("no toml", "cannot be read as TOML"),
    ],
)
def test_a_file_that_is_not_valid_is_refused(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(SpecificationError, match=what):
        read_settings(written(tmp_path, text))
