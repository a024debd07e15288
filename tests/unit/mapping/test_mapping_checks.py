"""Faults of a mapping that can be seen without data."""

from __future__ import annotations

import pytest

from schemas.errors import SchemaFileError
from schemas.mapping.checks import check_mapping, find_mapping_problems
from schemas.mapping.format import bundled_mapping_names, load_bundled_mapping, parse_mapping

PATIENT = """[[emit]]
table = "patients"
[emit.set]
patient_id = { from = "key", pseudonym = true }
site_id = { const = "S1" }
sex = { from = "sex" }
"""


def problems(text: str) -> list[tuple[str, str]]:
    head = 'format = 1\n[source]\nname = "x"\nsite_id = "S1"\n'
    if text.startswith("draft"):
        head, text = "draft = true\n" + head, text.partition("\n")[2]
    found = find_mapping_problems(parse_mapping((head + text).encode(), name="site.toml"))
    return [(problem.where.removeprefix("site.toml "), problem.what) for problem in found]


def test_a_sound_mapping_has_no_problem() -> None:
    assert problems(PATIENT) == []


@pytest.mark.parametrize("name", bundled_mapping_names())
def test_bundled_mappings_have_no_problem(name: str) -> None:
    assert [str(problem) for problem in find_mapping_problems(load_bundled_mapping(name))] == []


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        (PATIENT.replace('"patients"', '"people"'), "[emit 1]", "no canonical table 'people'"),
        (PATIENT + 'colour = { const = "x" }', "[emit 1] set.colour", "no column 'colour' in patients"),
        (PATIENT.replace('sex = { from = "sex" }', ""), "[emit 1]", "required column 'sex' is not set"),
        (
            PATIENT.replace('{ from = "sex" }', '{ const = "man" }'),
            "[emit 1] set.sex",
            "'man' is no value of sex",
        ),
        (
            PATIENT.replace('{ from = "sex" }', '{ from = "sex", map = { "1" = "male", "2" = "woman" } }'),
            "[emit 1] set.sex",
            "'woman' is no value of sex",
        ),
        (
            PATIENT + 'research_use_allowed = { from = "r", default = "maybe" }',
            "[emit 1] set.research_use_allowed",
            "'maybe' is no value of research_use_allowed",
        ),
        (
            PATIENT.replace(
                '{ from = "sex" }',
                '{ from = "sex", match = "contains", map = { "male" = "male", "female" = "female" } }',
            ),
            "[emit 1] set.sex",
            "map key 'female' is never reached, because 'male' before it fits the same cells",
        ),
        (
            PATIENT.replace('from = "key", pseudonym = true', 'from = "Patient ID"'),
            "[emit 1] set.patient_id",
            "'Patient ID' is named like a chart number and would be kept as it is",
        ),
        (
            '[let]\npid = { from = "病案号" }\n'
            + PATIENT.replace('from = "key", pseudonym = true', 'from = "@pid"'),
            "[let] pid",
            "'病案号' is named like a chart number and would be kept as it is",
        ),
        (
            PATIENT.replace('"key", pseudonym = true', '"@pid"'),
            "[emit 1] set.patient_id",
            "no let named '@pid'",
        ),
        (
            PATIENT.replace(
                '{ from = "sex" }',
                '{ from = "sex", map = { "m" = "male", "-9" = "unknown" }, missing = ["-9"] }',
            ),
            "[emit 1] set.sex",
            "map key '-9' is never reached, because it is a code for a missing value",
        ),
        (
            PATIENT.replace('{ from = "sex" }', '{ from = "sex", map = { "1" = "male", "1 " = "female" } }'),
            "[emit 1] set.sex",
            "map key '1' stands twice with different values",
        ),
        (
            PATIENT.replace('site_id = { const = "S1" }', 'site_id = { const = "S2" }'),
            "[emit 1] set.site_id",
            "'S2' is not the site code of [source], 'S1'",
        ),
        ("draft = true\n" + PATIENT, "site.toml", "this is a draft that nobody has reviewed"),
        (
            '[[emit]]\ntable = "device_uses"\neach = [{ checkbox = "d", '
            'codes = { "1" = "elca" }, as = "kind" }]\n'
            '[emit.set]\ndevice_use_id = { fmt = "{k}.{n}" }\nlesion_id = { from = "k" }\n'
            'device_class = { from = "kind" }\nsequence_no = { fmt = "{n}" }\n'
            'diameter_mm = { from = "burr", only_if = { kind = "rota" } }\n',
            "[emit 1] set.diameter_mm",
            "'kind' is never 'rota'",
        ),
        (
            '[let]\nday = { from = "d", as = "date", dates = ["%Y-%m"] }\n' + PATIENT,
            "[let] day.dates",
            "a format without a day stands where a whole date is needed",
        ),
        (
            '[read]\ndates = ["%d/%m/%Y", "%m/%d/%Y"]\n' + PATIENT,
            "[read].dates",
            "the formats mix day-first and month-first dates",
        ),
    ],
)
def test_each_fault_is_found_without_data(text: str, place: str, what: str) -> None:
    found = problems(text)
    assert [where for where, _ in found] == [place]
    assert found[0][1].startswith(what)


def test_a_unit_of_another_kind_is_found() -> None:
    text = PATIENT + '[[emit]]\ntable = "imaging"\n[emit.set]\nmla_mm2 = { from = "mla", unit = "mg/dL" }\n'
    assert ("[emit 2] set.mla_mm2", "'mg/dL' is no unit of mla_mm2") in problems(text)


def test_a_number_outside_the_possible_range_is_found() -> None:
    text = PATIENT + '[[emit]]\ntable = "imaging"\n[emit.set]\ncalcium_arc_deg = { const = 540 }\n'
    assert ("[emit 2] set.calcium_arc_deg", "'540' is no value of calcium_arc_deg") in problems(text)


def test_a_date_may_be_replaced_by_its_relative_day() -> None:
    follow_up = """[[emit]]
table = "follow_up"
[emit.set]
contact_id = { from = "c" }
patient_id = { from = "key", pseudonym = true }
vital_status = { from = "v" }
nonfatal_events_assessed = { const = false }
"""
    assert problems(follow_up) == [("[emit 1]", "neither 'contact_date' nor 'contact_day' is set")]
    assert problems(follow_up + "contact_day = { const = 183 }") == []


def test_the_error_names_the_first_problem_and_how_many_follow() -> None:
    text = (
        'format = 1\n[source]\nname = "x"\nsite_id = "S1"\n'
        + PATIENT
        + 'a = { const = "1" }\nb = { const = "1" }'
    )
    with pytest.raises(SchemaFileError, match=r"set\.a: no column 'a' in patients \(and 1 more problem\)"):
        check_mapping(parse_mapping(text.encode(), name="site.toml"))


def test_a_condition_on_a_variable_that_no_step_makes_is_found() -> None:
    text = PATIENT.replace('{ from = "sex" }', '{ from = "sex", only_if = { kind = "x" } }')
    assert problems(text) == [("[emit 1] set.sex", "no step makes the variable 'kind'")]


def test_a_chart_number_inside_a_composed_key_is_found() -> None:
    text = PATIENT + '[[emit]]\ntable = "complications"\n[emit.set]\ncomplication_id = { fmt = "{MRN}.1" }\n'
    text += 'procedure_id = { from = "p" }\ncomplication_type = { const = "other" }\n'
    what = "'MRN' is named like a chart number and would be kept as it is"
    assert problems(text) == [("[emit 2] set.complication_id", what)]


def test_pseudonyms_need_a_site_code() -> None:
    mapping = parse_mapping(('format = 1\n[source]\nname = "x"\n' + PATIENT).encode(), name="site.toml")
    assert [problem.what for problem in find_mapping_problems(mapping)] == ["pseudonyms need a site code"]
