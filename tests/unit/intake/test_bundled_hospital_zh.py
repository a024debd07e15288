"""The bundled mapping of a Chinese hospital sheet: repeats collapse, every planted fault is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.intake.submission import PreparedSubmission


def accepted(done: PreparedSubmission) -> dict[str, int]:
    """Return the accepted rows of each table that has any."""
    return {
        name: table.accepted.height for name, table in done.report.tables.items() if table.accepted.height
    }


def found(done: PreparedSubmission, *levels: str) -> list[tuple[str, str, str | None, int | None]]:
    """Return rule, table, column and line of the findings of some levels."""
    rows = done.findings.filter(pl.col("level").is_in(levels))
    return rows.select("rule_id", "table", "column", "line").rows()


ROW = {
    "病案号": "Z1",
    "姓名": "SECRETMARKER",
    "性别": "男",
    "年龄": "66岁",
    "手术日期": "2024年1月9日",
    "诊断": "不稳定型心绞痛",
    "糖尿病": "有",
    "透析": "无",
    "肌酐": "90",
    "LVEF": "55%",
    "血钙": "2.3",
    "病变序号": "1",
    "病变血管": "前降支近段",
    "钙化程度": "重度",
    "病变长度": "30",
    "参考血管直径": "3.0",
    "预处理器械": "旋磨1.5mm\uff0b切割球囊2.5mm",
    "残余狭窄": "10%",
    "术后TIMI": "TIMI 3级",
    "并发症": "夹层(C型)、慢血流",
    "出院情况": "好转",
    "末次随访日期": "2025/1/5",
    "生存状态": "存活",
    "不良事件": "靶病变血运重建",
    "事件日期": "2024/8/8",
}
ROW_2 = {
    **ROW,
    "病变序号": "2",
    "病变血管": "右冠中段",
    "钙化程度": "中度",
    "血钙": "",
    "并发症": "无",
    "预处理器械": "非顺应性球囊3.0mm",
}
SECOND = {
    **ROW,
    "病案号": "Z2",
    "手术日期": "45356",
    "诊断": "急性非ST段抬高型心肌梗死",
    "钙化程度": "重",
    "预处理器械": "冲击波球囊3.5mm",
    "术后TIMI": "Ⅳ",
    "并发症": "无",
    "生存状态": "死亡",
    "末次随访日期": "2024-09-30",
    "不良事件": "非心源性死亡",
    "事件日期": "2024-09-12",
}
IMPOSSIBLE = {
    **ROW,
    "病案号": "Z3",
    "手术日期": "2024年4月31日",
    "预处理器械": "ELCA 0.9mm",
    "并发症": "穿孔",
    "末次随访日期": "",
    "生存状态": "失访",
    "不良事件": "",
    "事件日期": "",
}


def test_a_chinese_sheet_collapses_repeats_and_reports_each_fault_once(
    prepare_rows: Callable[..., PreparedSubmission],
) -> None:
    done = prepare_rows("hospital_zh", [ROW, ROW_2, SECOND, IMPOSSIBLE], encoding="gb18030")
    assert accepted(done) == {
        "sites": 1,
        "patients": 3,
        "procedures": 2,
        "lesions": 2,
        "device_uses": 3,
        "complications": 2,
        "follow_up": 2,
        "events": 2,
    }
    assert found(done, "ROW", "NULL", "FILE") == [
        ("C02", "lesions", "calcification_angio", 4),
        ("C07", "lesions", "timi_post", 4),
        ("T00", "follow_up", "contact_date", 5),
        ("C01", "procedures", "procedure_date", 5),
    ]
    assert done.report.tables["procedures"].rejected["rule_id"].to_list() == ["C01"]
    assert done.report.tables["procedures"].accepted["presentation"].to_list() == [
        "unstable_angina",
        "nstemi",
    ]
    assert done.report.tables["events"].accepted.select("event_type", "death_cause").rows() == [
        ("revasc_pci", None),
        ("death", "noncardiovascular"),
    ]
    first = done.report.tables["complications"].accepted.row(0, named=True)
    assert (first["complication_type"], first["grade_scale"], first["grade"]) == ("dissection", "nhlbi", "C")
    assert "SECRETMARKER" not in done.findings.write_csv()
    assert found(done, "FILE") == []
