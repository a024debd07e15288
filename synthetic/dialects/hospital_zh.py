"""A Chinese hospital's sheet, one row per lesion, GB18030: read back by the mapping `hospital_zh`."""

from __future__ import annotations

import polars as pl

from synthetic.dialects.pieces import Sheet, Tables, date_text, joined, number, words

_YES_NO = {True: "有", False: "无"}
_VESSELS = {"LM": "左主干", "LAD": "前降支", "LCX": "回旋支", "RCA": "右冠", "RI": "中间支"}
_DEVICES = {
    "rotational_atherectomy": "旋磨",
    "orbital_atherectomy": "轨道旋磨",
    "intravascular_lithotripsy": "冲击波球囊",
    "elca": "ELCA",
    "cutting_balloon": "切割球囊",
    "scoring_balloon": "棘突球囊",
    "nc_balloon": "非顺应性球囊",
    "drug_coated_balloon": "药物球囊",
    "stent": "支架",
}
_KINDS = {
    "dissection": "夹层",
    "perforation": "穿孔",
    "tamponade": "心包填塞",
    "slow_flow_no_reflow": "慢血流",
    "av_block": "房室传导阻滞",
    "wire_fracture": "导丝断裂",
    "device_entrapment": "磨头嵌顿",
    "balloon_rupture": "球囊破裂",
}
_EVENTS = {
    "mi": "心肌梗死",
    "revasc_pci": "血运重建",
    "stent_thrombosis": "支架内血栓",
    "stroke_ischaemic": "脑梗死",
    "stroke_haemorrhagic": "脑出血",
}
_VITAL = {"alive": "存活", "dead": "死亡", "lost": "失访"}


def write_sheet(tables: Tables) -> Sheet:
    """Return the sheet of one site.

    It has one place for the last contact and one for an event of the patient, and names complications on the
    rows of the lesion they belong to (the first one where none is named).
    """
    people = tables["patients"].select("patient_id", "sex")
    visits = tables["procedures"].join(people, on="patient_id", how="left", maintain_order="left")
    for part in (_last_contacts(tables), _first_events(tables)):
        visits = visits.join(part, on="patient_id", how="left", maintain_order="left")
    rows = tables["lesions"].join(
        visits, on="procedure_id", how="left", maintain_order="left", suffix="_visit"
    )
    for name, part in {"devices": _devices(tables), "complications": _complications(tables)}.items():
        spelled = part.rename({"cell": name})
        rows = rows.join(spelled, on="lesion_id", how="left", maintain_order="left")
    return Sheet(rows.select(*_visit_cells(), *_lesion_cells(), *_later_cells()), encoding="gb18030")


def _visit_cells() -> list[pl.Expr]:
    """Return what stands on every row of a procedure."""
    return [
        pl.col("patient_id").alias("病案号"),
        pl.lit("示例").alias("姓名"),
        words("sex", {"male": "男", "female": "女"}).alias("性别"),
        pl.concat_str(number("age_years"), pl.lit("岁")).alias("年龄"),
        date_text("procedure_date", "%Y年%-m月%-d日").alias("手术日期"),
        words(
            "presentation",
            {
                "nstemi": "急性非ST段抬高型心肌梗死",
                "stemi": "急性ST段抬高型心肌梗死",
                "unstable_angina": "冠心病 不稳定型心绞痛",
                "stable_angina": "冠心病 稳定型心绞痛",
                "silent_ischaemia": "无症状心肌缺血",
            },
        ).alias("诊断"),
        words(
            "diabetes", dict.fromkeys(("non_insulin", "insulin", "yes_unspecified"), "有") | {"no": "无"}
        ).alias("糖尿病"),
        pl.col("dialysis").replace_strict({True: "是", False: "否"}, default=None).alias("透析"),
        number("creatinine_umol_l").alias("肌酐"),
        pl.concat_str(number("lvef_pct"), pl.lit("%")).alias("LVEF"),
        number("calcium_mmol_l").alias("血钙"),
        words("discharge_status", {"alive": "好转", "dead": "死亡"}).alias("出院情况"),
    ]


def _lesion_cells() -> list[pl.Expr]:
    """Return what belongs to the lesion."""
    told = pl.col("complications_recorded").cast(pl.String) == "all"
    return [
        pl.col("lesion_number").cast(pl.String).alias("病变序号"),
        words("vessel", _VESSELS).alias("病变血管"),
        words(
            "calcification_angio", {"none": "无", "mild": "轻度", "moderate": "中度", "severe": "重度"}
        ).alias("钙化程度"),
        number("lesion_length_mm").alias("病变长度"),
        number("reference_diameter_mm").alias("参考血管直径"),
        pl.col("devices").fill_null("无").alias("预处理器械"),
        pl.concat_str(number("residual_stenosis_pct"), pl.lit("%")).alias("残余狭窄"),
        pl.concat_str(pl.lit("TIMI "), pl.col("timi_post").cast(pl.String), pl.lit("级")).alias("术后TIMI"),
        pl.when(told).then(pl.col("complications").fill_null("无")).alias("并发症"),
    ]


def _later_cells() -> list[pl.Expr]:
    """Return what happened later."""
    return [
        date_text("contact_date", "%Y/%-m/%-d").alias("末次随访日期"),
        words("vital_status", _VITAL).alias("生存状态"),
        pl.when(pl.col("nonfatal_events_assessed")).then(pl.col("event").fill_null("无")).alias("不良事件"),
        pl.when(pl.col("nonfatal_events_assessed") & pl.col("event").is_not_null())
        .then(date_text("event_date", "%Y/%-m/%-d"))
        .alias("事件日期"),
    ]


def _devices(tables: Tables) -> pl.DataFrame:
    """Return the devices of a lesion in order of use, each with its size."""
    size = pl.when(pl.col("diameter_mm").is_not_null()).then(
        pl.concat_str(number("diameter_mm"), pl.lit("mm"))
    )
    word = pl.concat_str(words("device_class", _DEVICES), size.fill_null(""))
    return joined(tables["device_uses"], "lesion_id", word, "+")


def _complications(tables: Tables) -> pl.DataFrame:
    """Return the complications of a lesion, a dissection with its letter."""
    first = (
        tables["lesions"]
        .group_by("procedure_id", maintain_order=True)
        .agg(pl.col("lesion_id").first().alias("first_lesion"))
    )
    rows = tables["complications"].join(first, on="procedure_id", how="inner", maintain_order="left")
    lettered = (pl.col("complication_type").cast(pl.String) == "dissection") & pl.col("grade").is_not_null()
    letter = (
        pl.when(lettered)
        .then(pl.concat_str(pl.lit("("), pl.col("grade"), pl.lit("型)")))
        .otherwise(pl.lit(""))
    )
    word = pl.concat_str(words("complication_type", _KINDS), letter)
    placed = rows.with_columns(pl.coalesce("lesion_id", "first_lesion").alias("lesion_id"))
    return joined(placed, "lesion_id", word, "、")


def _last_contacts(tables: Tables) -> pl.DataFrame:
    """Return the last contact of each patient."""
    rows = tables["follow_up"].sort("contact_date", maintain_order=True)
    last = rows.unique("patient_id", keep="last", maintain_order=True)
    return last.select("patient_id", "contact_date", "vital_status", "nonfatal_events_assessed")


def _first_events(tables: Tables) -> pl.DataFrame:
    """Return the event that the sheet has room for: the death, else the first one."""
    kind = pl.col("event_type").cast(pl.String)
    cardiac = pl.col("death_cause").cast(pl.String)
    death = (
        pl.when(cardiac == "cardiac")
        .then(pl.lit("心源性死亡"))
        .when(cardiac == "noncardiovascular")
        .then(pl.lit("非心源性死亡"))
        .otherwise(pl.lit("死亡"))
    )
    relation = words("target_relation", {"target_lesion": "靶病变", "target_vessel": "靶血管"}).fill_null("")
    other = pl.concat_str(
        pl.when(kind == "revasc_pci").then(relation).otherwise(pl.lit("")), words("event_type", _EVENTS)
    )
    spelled = (
        tables["events"]
        .filter(~pl.col("planned_staged").fill_null(value=False))
        .select(
            "patient_id",
            "event_date",
            pl.when(kind == "death").then(death).otherwise(other).alias("event"),
            (kind == "death").alias("fatal"),
        )
    )
    known = spelled.drop_nulls("event").sort(
        "fatal", "event_date", descending=[True, False], maintain_order=True
    )
    return known.unique("patient_id", keep="first", maintain_order=True).drop("fatal")
