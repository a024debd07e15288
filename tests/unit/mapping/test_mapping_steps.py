"""How one source row becomes several, or several become one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.validation import validate_submission

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.mapping.conftest import Mapped


def test_numbered_columns_make_a_row_for_each_filled_number(map_csv: Callable[..., Mapped]) -> None:
    toml = """
[[emit]]
table = "lesions"
each = [ { i = "1..3", exists = "Les{i:02}" } ]
[emit.set]
lesion_id = { fmt = "{id}.L{Les{i:02}}.{i}.{n}" }
vessel = { from = "Ves{i:02}" }
"""
    mapped = map_csv(toml, "id,Les01,Ves01,Les02,Ves02\na,1,LAD,2,RCA\nb,,LM,7,LCX\n")
    assert mapped.column("lesions", "lesion_id") == ["a.L1.1.1", "a.L2.2.2", "b.L7.2.1"]
    assert mapped.column("lesions", "vessel") == ["LAD", "RCA", "LCX"]
    assert mapped.column("lesions", "line") == [2, 2, 3]


def test_a_cell_of_several_items_makes_a_row_for_each(map_csv: Callable[..., Mapped]) -> None:
    toml = """
[[emit]]
table = "complications"
each = [ { split = "c", sep = "[、,]", none = ["无"], as = "item" } ]
[emit.set]
complication_id = { fmt = "{id}.{n}" }
complication_type = { from = "item", match = "contains", map = { "夹" = "dissection", "穿" = "perforation" } }
grade = { from = "item", regex = '([A-F])型', soft = true }
"""
    mapped = map_csv(toml, 'id,c\na,夹层(C型)、 穿孔、\nb,无\nc,\nd,"无,穿孔"\n')
    assert mapped.column("complications", "complication_id") == ["a.1", "a.2", "d.1"]
    assert mapped.column("complications", "complication_type") == ["dissection", "perforation", "perforation"]
    assert mapped.column("complications", "grade") == ["C", None, None]
    assert mapped.rules() == [("C08", "WARN", None, 5)]


def test_steps_nest(map_csv: Callable[..., Mapped]) -> None:
    toml = """
[[emit]]
table = "device_uses"
each = [ { i = "1..2", exists = "Dev{i}" }, { split = "For{i}", sep = "[;]", as = "les" } ]
[emit.set]
device_use_id = { fmt = "{id}.L{les}.D{i}" }
"""
    mapped = map_csv(toml, "id,Dev1,For1,Dev2,For2\na,burr,1;2,balloon,1\n")
    assert mapped.column("device_uses", "device_use_id") == ["a.L1.D1", "a.L2.D1", "a.L1.D2"]


def test_check_boxes_make_a_row_for_each_tick_and_bind_other_columns(map_csv: Callable[..., Mapped]) -> None:
    toml = """
[read]
headers = "exact"
[[emit]]
table = "device_uses"
each = [ { checkbox = "dev", codes = { "1" = "rotational_atherectomy", "2" = "elca" }, as = "cls" } ]
[emit.set]
device_use_id = { fmt = "{id}.{cls}" }
diameter_mm = { from = "burr", only_if = { cls = "rotational_atherectomy" } }
"""
    mapped = map_csv(toml, "id,dev___1,dev___2,burr\na,1,1,1.5\nb,0,1,\n")
    assert mapped.column("device_uses", "device_use_id") == ["a.rotational_atherectomy", "a.elca", "b.elca"]
    assert mapped.column("device_uses", "diameter_mm") == ["1.5", None, None]


def test_flagged_columns_make_a_row_for_each_flag(map_csv: Callable[..., Mapped]) -> None:
    toml = """
[[emit]]
table = "complications"
each = [ { columns = { "Diss" = "dissection", "Perf" = "perforation" }, is = ["Yes"], as = "kind" } ]
[emit.set]
complication_type = { from = "kind" }
"""
    mapped = map_csv(toml, "Diss,Perf\nYes,No\nNo,Yes\nYes,Yes\n")
    assert mapped.column("complications", "complication_type") == [
        "dissection",
        "perforation",
        "dissection",
        "perforation",
    ]


def test_where_chooses_rows_and_an_empty_text_means_a_blank_cell(map_csv: Callable[..., Mapped]) -> None:
    toml = """
[[emit]]
table = "patients"
where = { form = "", arm = ["1", "2"] }
[emit.set]
patient_id = { from = "id" }
"""
    mapped = map_csv(toml, "id,form,arm\na,,1\nb,lesion,1\nc,,2\nd,,3\n")
    assert mapped.column("patients", "patient_id") == ["a", "c"]


LOOKUP = """
[let]
day = { from = "date", at = { form = "" }, on = ["id"], as = "date" }
[[emit]]
table = "lesions"
where = { form = "lesion" }
[emit.set]
lesion_id = { fmt = "{id}.{@day}" }
"""


def test_a_look_up_takes_the_value_of_the_one_fitting_row(map_csv: Callable[..., Mapped]) -> None:
    mapped = map_csv(LOOKUP, "id,form,date\na,,2024-03-05\na,lesion,\nb,lesion,\nb,,2024-03-06\n")
    assert mapped.column("lesions", "lesion_id") == ["a.2024-03-05", "b.2024-03-06"]


def test_a_look_up_with_no_or_several_fitting_rows_is_a_finding(map_csv: Callable[..., Mapped]) -> None:
    mapped = map_csv(LOOKUP, "id,form,date\na,,2024-03-05\na,,2024-03-06\na,lesion,\nb,lesion,\n")
    assert mapped.column("lesions", "lesion_id") == [None, None]
    assert mapped.rules() == [("C16", "ROW", "lesion_id", 4), ("C16", "ROW", "lesion_id", 5)]


def test_a_bad_cell_of_the_parent_is_reported_once_for_all_children(map_csv: Callable[..., Mapped]) -> None:
    mapped = map_csv(LOOKUP, "id,form,date\na,,31/31\na,lesion,\na,lesion,\n")
    assert mapped.rules() == [("C01", "ROW", "lesion_id", 2)]


AGREE = """
[[emit]]
table = "patients"
collapse = "agree"
[emit.set]
patient_id = { from = "id" }
sex = { from = "sex" }
research_use_allowed = { from = "ok" }
"""


def test_rows_of_one_key_fill_each_others_blanks(map_csv: Callable[..., Mapped]) -> None:
    mapped = map_csv(AGREE, "id,sex,ok\na,,true\nb,male,\na,female,\n")
    assert mapped.column("patients", "patient_id") == ["a", "b"]
    assert mapped.column("patients", "sex") == ["female", "male"]
    assert mapped.column("patients", "line") == [2, 3]
    assert mapped.rules() == []


def test_rows_of_one_key_that_disagree_are_reported_and_the_first_is_kept(
    map_csv: Callable[..., Mapped],
) -> None:
    mapped = map_csv(AGREE, "id,sex,ok\na,male,true\na,female,true\na,female,true\n")
    assert mapped.column("patients", "sex") == ["male"]
    assert mapped.rules() == [("C15", "WARN", "sex", 3)]


def test_rows_without_a_key_are_never_joined(map_csv: Callable[..., Mapped]) -> None:
    mapped = map_csv(AGREE, "id,sex,ok\n,male,true\n,female,true\n")
    assert mapped.column("patients", "sex") == ["male", "female"]


def test_two_emits_may_feed_one_table(map_csv: Callable[..., Mapped]) -> None:
    toml = """
[[emit]]
table = "patients"
[emit.set]
patient_id = { from = "a" }
[[emit]]
table = "patients"
[emit.set]
patient_id = { from = "b" }
sex = { const = "unknown" }
"""
    mapped = map_csv(toml, "a,b\n1,2\n3,4\n")
    assert mapped.column("patients", "patient_id") == ["1", "3", "2", "4"]
    assert mapped.column("patients", "row") == [0, 1, 2, 3]
    assert mapped.column("patients", "sex") == [None, None, "unknown", "unknown"]


def test_many_rows_pass_steps_whose_headers_are_absent(map_csv: Callable[..., Mapped]) -> None:
    toml = """
[[emit]]
table = "lesions"
each = [ { i = "1..4", exists = "Les{i}" } ]
[emit.set]
lesion_id = { fmt = "{id}.{i}" }
"""
    text = "id,Les1\n" + "".join(f"{number},1\n" for number in range(60_000))
    assert map_csv(toml, text).tables["lesions"].frame.height == 60_000


KINDS = """
[[emit]]
table = "sites"
[emit.set]
site_id = { const = "AA01" }
[[emit]]
table = "lesions"
where = { form = "lesion" }
[emit.set]
lesion_id = { from = "id" }
"""


def test_a_record_that_no_section_takes_is_named(map_csv: Callable[..., Mapped]) -> None:
    mapped = map_csv(KINDS, "id,form\na,lesion\nb,Lesion \nc,\n")
    assert mapped.column("lesions", "lesion_id") == ["a"]
    found = mapped.findings.filter(pl.col("rule_id") == "F17").select("header", "record", "line", "n")
    assert found.rows() == [("form", 2, 3, 1), ("form", 3, 4, 1)]


def test_many_records_that_no_section_takes_are_counted(map_csv: Callable[..., Mapped]) -> None:
    mapped = map_csv(KINDS, "id,form\n" + "x,other\n" * 101)
    found = mapped.findings.filter(pl.col("rule_id") == "F17").select("record", "line", "n")
    assert found.rows() == [(None, None, 101)]


def test_a_section_for_every_record_leaves_none_out(map_csv: Callable[..., Mapped]) -> None:
    mapped = map_csv(KINDS.replace('where = { form = "lesion" }\n', ""), "id,form\na,lesion\nb,x\n")
    assert "F17" not in mapped.findings["rule_id"].to_list()


FLAGGED = """
[[emit]]
table = "complications"
[[emit.each]]
columns = { "Diss" = "dissection", "Perf" = "perforation" }
is = ["Yes"]
no = ["No"]
as = "kind"
[emit.set]
complication_id = { fmt = "{id}.{kind}" }
procedure_id = { from = "id" }
complication_type = { from = "kind" }
timing = { const = "unknown" }
"""


def test_a_flag_that_says_neither_yes_nor_no_is_not_understood(map_csv: Callable[..., Mapped]) -> None:
    mapped = map_csv(FLAGGED, "id,Diss,Perf\nV1,Yes,No\nV2,Y,NA\nV3,,2\n")
    assert mapped.column("complications", "complication_id") == ["V1.dissection"]
    found = mapped.findings.filter(pl.col("rule_id") == "C02").select("header", "record", "line")
    assert sorted(found.rows()) == [("Diss", 2, 3), ("Perf", 2, 3), ("Perf", 3, 4)]


def test_a_box_that_is_neither_ticked_nor_unticked_is_not_understood(map_csv: Callable[..., Mapped]) -> None:
    toml = """
[[emit]]
table = "device_uses"
each = [ { checkbox = "dev", codes = { "1" = "elca", "2" = "stent" }, as = "cls" } ]
[emit.set]
device_use_id = { fmt = "{id}.{cls}" }
lesion_id = { from = "id" }
device_class = { from = "cls" }
"""
    mapped = map_csv(toml, "id,dev___1,dev___2\na,1,0\nb,,x\nc,Checked,1\n")
    found = mapped.findings.filter(pl.col("rule_id") == "C02").select("header", "line").rows()
    assert found == [("dev___1", 4), ("dev___2", 3)]
    assert validate_submission(mapped.mapped.tables, prior_findings=mapped.findings).n_input == 2


def test_a_parent_sent_twice_is_one_answer_and_two_answers_are_none(map_csv: Callable[..., Mapped]) -> None:
    toml = """
[let]
day = { from = "date", at = { form = "" }, on = ["id"], as = "date" }
[[emit]]
table = "lesions"
where = { form = "lesion" }
[emit.set]
lesion_id = { fmt = "{id}.{@day}" }
"""
    rows = "id,form,date\na,,2024-01-02\na,,2024-01-02\na,lesion,\nb,,2024-01-02\nb,,2024-01-03\nb,lesion,\n"
    mapped = map_csv('[read]\ndates = ["%Y-%m-%d"]\n' + toml, rows)
    assert mapped.column("lesions", "lesion_id") == ["a.2024-01-02", None]
    assert mapped.rules() == [("C16", "ROW", "lesion_id", 7)]
