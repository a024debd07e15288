"""Mistakes in a mapping file are one line with their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schemas.errors import SchemaFileError
from schemas.mapping.format import load_bundled_mapping, load_mapping, parse_mapping

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.mapping.model import SiteMapping

EMIT = '[[emit]]\ntable = "patients"\n[emit.set]\npatient_id = { from = "id" }\n'


def parse(text: str, *, head: str = 'format = 1\n[source]\nname = "x"\n') -> SiteMapping:
    return parse_mapping((head + text).encode(), name="site.toml")


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("colour = 1\n" + EMIT, "site.toml [source]", "unknown key 'colour'"),
        ("[reading]\n" + EMIT, "site.toml", "unknown key 'reading'"),
        ('[read]\nencoding = "utf-9"\n' + EMIT, "site.toml [read].encoding", "unknown encoding"),
        ('[read]\nencoding = "rot13"\n' + EMIT, "site.toml [read].encoding", "unknown encoding"),
        ('[read]\ndelimiter = ";;"\n' + EMIT, "site.toml [read].delimiter", "one character"),
        ('[read]\ndecimal = ";"\n' + EMIT, "site.toml [read].decimal", "unknown value"),
        ('[read]\ndates = ["%d/%m"]\n' + EMIT, "site.toml [read].dates", "date format"),
        ("[read]\nheader_row = 0\n" + EMIT, "site.toml [read].header_row", "whole number from 1"),
        ("", "site.toml", "makes no rows"),
        ('[[emit]]\ntable = "patients"\n', "site.toml [emit 1]", "no column is set"),
        (EMIT + 'sex = { form = "s" }', "site.toml [emit 1] set.sex", "unknown key 'form'"),
        (EMIT + 'sex = "male"', "site.toml [emit 1] set.sex", "a table is needed"),
        (EMIT + 'sex = { from = "s", const = "male" }', "site.toml [emit 1] set.sex", "exactly one of"),
        (
            EMIT + 'sex = { const = "male", regex = "(x)" }',
            "site.toml [emit 1] set.sex",
            "'regex' needs 'from'",
        ),
        (EMIT + 'sex = { from = "s", regex = "(" }', "site.toml [emit 1] set.sex.regex", "not valid"),
        (EMIT + 'sex = { from = "s", regex = "x" }', "site.toml [emit 1] set.sex.regex", "no group"),
        (EMIT + 'sex = { from = "s", regex = "(?=x)(y)" }', "site.toml [emit 1] set.sex.regex", "not valid"),
        (EMIT + 'sex = { from = "s", map = "mf" }', "site.toml [emit 1] set.sex.map", "no map named 'mf'"),
        (EMIT + 'sex = { from = "s", map = {} }', "site.toml [emit 1] set.sex.map", "the map is empty"),
        (EMIT + 'sex = { from = "s", match = "exact" }', "site.toml [emit 1] set.sex", "need 'map'"),
        (EMIT + 'sex = { from = "s", soft = true }', "site.toml [emit 1] set.sex", "'soft' needs 'regex'"),
        (EMIT + 'sex = { from = "s", on = ["id"] }', "site.toml [emit 1] set.sex", "'at' and 'on'"),
        (EMIT + 'sex = { from = "s", unit = "cm", dates = ["%Y-%m-%d"] }', "[emit 1] set.sex", "exclude"),
        (
            '[let]\nx = { from = 3.5, pseudonym = "yes" }\n' + EMIT,
            "site.toml [let] x.pseudonym",
            "true or false",
        ),
        (
            '[[emit]]\ntable = "patients"\neach = [ { i = "8..1", exists = "L{i}" } ]\n',
            "[emit 1] each 1.i",
            "range",
        ),
        ('[[emit]]\ntable = "patients"\neach = [ { as = "x" } ]\n', "[emit 1] each 1", "kind of step"),
    ],
)
def test_each_mistake_is_one_line_with_its_place(text: str, place: str, what: str) -> None:
    text = text if "each" not in text else text + '[emit.set]\npatient_id = { from = "id" }\n'
    with pytest.raises(SchemaFileError) as caught:
        parse(text)
    assert place in caught.value.where
    assert what in caught.value.what
    assert str(caught.value) == f"{caught.value.where}: {caught.value.what}. {caught.value.fix}."
    assert "\n" not in str(caught.value)


def test_a_misspelt_key_is_suggested() -> None:
    with pytest.raises(SchemaFileError, match="Did you mean 'missing'"):
        parse(EMIT + 'sex = { from = "s", mising = ["x"] }')


def test_broken_toml_is_reported_with_its_line() -> None:
    with pytest.raises(SchemaFileError, match="line 4"):
        parse("[read\n")


def test_a_file_of_another_format_is_refused() -> None:
    with pytest.raises(SchemaFileError, match="format 1"):
        parse(EMIT, head='format = 2\n[source]\nname = "x"\n')


def test_a_mapping_that_is_not_there_names_the_bundled_ones(tmp_path: Path) -> None:
    with pytest.raises(SchemaFileError, match="cathpci_wide, hospital_zh, redcap"):
        load_mapping(tmp_path / "none.toml")


def test_an_unknown_bundled_name_is_refused() -> None:
    with pytest.raises(SchemaFileError, match="no bundled mapping"):
        load_bundled_mapping("nothing")


def test_toml_values_become_canonical_text() -> None:
    mapping = parse(EMIT + 'research_use_allowed = { from = "r", map = { "1" = true, "2" = false } }')
    value_map = mapping.emits[0].columns["research_use_allowed"].value_map
    assert value_map is not None
    assert value_map.values == ("true", "false")


def test_what_the_read_section_leaves_out_is_utf8_comma_point_and_iso() -> None:
    read = parse(EMIT).read
    assert (read.encoding, read.delimiter, read.decimal, read.dates) == ("utf-8", ",", ".", ("%Y-%m-%d",))
