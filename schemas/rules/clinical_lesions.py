"""Rules about what can be true together at one lesion and in its images."""

from __future__ import annotations

import polars as pl

from schemas.rules.frames import Frames, failing
from schemas.rules.rule import CrossCheck, RowCheck, Rule

RULES = (
    Rule(
        id="X01",
        level="WARN",
        sentence="A calcium-modifying device on a lesion graded without calcification.",
        remedy="Check the calcification grade and the device.",
        kahn="Pa",
        tables=("lesions", "device_uses"),
    ),
    Rule(
        id="X02",
        level="INFO",
        sentence="Angiography saw no or mild calcification, imaging an arc of 270 degrees or more.",
        remedy="Nothing to do; angiography is insensitive.",
        kahn="Pa",
        tables=("lesions", "imaging"),
    ),
    Rule(
        id="X10",
        level="WARN",
        sentence="The stent type of the lesion and its stent rows contradict each other.",
        remedy="Send the stent as a device, or correct the stent type.",
        kahn="Pa",
        tables=("lesions", "device_uses"),
    ),
    Rule(
        id="X11",
        level="WARN",
        sentence="The stenosis after treatment is not below the one before.",
        remedy="Check whether the two values were swapped.",
        kahn="Pa",
        tables=("lesions",),
    ),
    Rule(
        id="X12",
        level="WARN",
        sentence="A chronic total occlusion with a stenosis below 100 per cent.",
        remedy="Set the stenosis to 100, or the occlusion to false.",
        kahn="Pa",
        tables=("lesions",),
    ),
    Rule(
        id="X13",
        level="WARN",
        sentence="Normal flow through an occluded lesion.",
        remedy="Correct the final flow or the residual stenosis.",
        kahn="Pa",
        tables=("lesions",),
    ),
    Rule(
        id="X15",
        level="WARN",
        sentence="A stent in a lesion that no wire crossed.",
        remedy="Correct the crossability or the stent type.",
        kahn="Pa",
        tables=("lesions",),
    ),
    Rule(
        id="X16",
        level="INFO",
        sentence="The stents are much shorter than the lesion.",
        remedy="Check the two lengths.",
        kahn="Pa",
        tables=("lesions",),
    ),
    Rule(
        id="X17",
        level="WARN",
        sentence="The final stent area is smaller than the lumen before treatment.",
        remedy="Check the two areas and their stages.",
        kahn="Pa",
        tables=("imaging",),
    ),
    Rule(
        id="X18",
        level="WARN",
        sentence="The reported expansion is more than 5 points from stent area over reference area.",
        remedy="Check the three values and the basis of the expansion.",
        kahn="Cc",
        tables=("imaging",),
    ),
    Rule(
        id="X19",
        level="WARN",
        sentence="A measurement that this modality cannot make: thickness by IVUS, deep calcium by OCT.",
        remedy="Correct the modality or remove the measurement.",
        kahn="Pa",
        tables=("imaging",),
    ),
    Rule(
        id="X20",
        level="WARN",
        sentence="The run contradicts itself: calcium without depth, or a fracture before treatment.",
        remedy="Correct the depth, the measurement or the stage.",
        kahn="Pa",
        tables=("imaging",),
    ),
)

CALCIUM_MODIFIERS = ("rotational_atherectomy", "orbital_atherectomy", "intravascular_lithotripsy", "elca")
_HAS_CALCIUM = (pl.col("calcium_arc_deg") > 0) | (pl.col("calcium_length_mm") > 0)
_EXPANSION = 100 * pl.col("msa_mm2") / pl.col("reference_lumen_area_mm2")

ROW_CHECKS = (
    RowCheck(
        rule_id="X11",
        table="lesions",
        column="residual_stenosis_pct",
        passes=(pl.col("residual_stenosis_pct") < pl.col("stenosis_pre_pct"))
        | (pl.col("crossability") == "wire_failure").fill_null(value=False),
    ),
    RowCheck(
        rule_id="X12",
        table="lesions",
        column="cto",
        passes=~pl.col("cto") | (pl.col("stenosis_pre_pct") == 100),
    ),
    RowCheck(
        rule_id="X13",
        table="lesions",
        column="timi_post",
        passes=~((pl.col("timi_post") == 3) & (pl.col("residual_stenosis_pct") == 100)),
    ),
    RowCheck(
        rule_id="X15",
        table="lesions",
        column="crossability",
        passes=~(
            (pl.col("crossability") == "wire_failure") & pl.col("stent_type").is_in(["des", "bms", "brs"])
        ),
    ),
    RowCheck(
        rule_id="X16",
        table="lesions",
        column="stent_length_total_mm",
        passes=~(
            (pl.col("stent_type") == "des")
            & (pl.col("stent_length_total_mm") < 0.7 * pl.col("lesion_length_mm"))
        ),
    ),
    RowCheck(
        rule_id="X18",
        table="imaging",
        column="stent_expansion_pct",
        passes=(pl.col("expansion_basis") != "mean_reference")
        | ((pl.col("stent_expansion_pct") - _EXPANSION).abs() <= 5),
    ),
    RowCheck(
        rule_id="X19",
        table="imaging",
        column="calcium_thickness_mm",
        passes=~((pl.col("modality") == "ivus") & pl.col("calcium_thickness_mm").is_not_null()),
    ),
    RowCheck(
        rule_id="X19",
        table="imaging",
        column="calcium_depth",
        passes=~((pl.col("modality") == "oct") & (pl.col("calcium_depth") == "deep")),
    ),
    RowCheck(
        rule_id="X20",
        table="imaging",
        column="calcium_depth",
        passes=~((pl.col("calcium_depth") == "none") & _HAS_CALCIUM),
    ),
    RowCheck(
        rule_id="X20",
        table="imaging",
        column="calcium_fracture",
        passes=~((pl.col("stage") == "baseline") & pl.col("calcium_fracture")),
    ),
)


def modified_without_calcium(frames: Frames) -> pl.Series:
    """Return calcium-modifying devices on lesions graded none."""
    lesions = frames["lesions"].select("lesion_id", "calcification_angio")
    frame = frames["device_uses"].join(lesions, on="lesion_id", how="inner")
    is_modifier = pl.col("device_class").is_in(CALCIUM_MODIFIERS)
    return failing(frame, is_modifier & (pl.col("calcification_angio") == "none"))


def calcium_unseen(frames: Frames) -> pl.Series:
    """Return lesions graded none or mild whose baseline arc is 270 degrees or more."""
    is_large = (pl.col("stage") == "baseline") & (pl.col("calcium_arc_deg") >= 270)
    large = frames["imaging"].filter(is_large)["lesion_id"].implode()
    is_low = pl.col("calcification_angio").is_in(["none", "mild", "none_mild"])
    return failing(frames["lesions"], is_low & pl.col("lesion_id").is_in(large))


def contradicting_stents(frames: Frames) -> pl.Series:
    """Return lesions with a stent type but no stent row, or the reverse, where devices are known."""
    devices = frames["device_uses"]
    stented = devices.filter(pl.col("device_class") == "stent")["lesion_id"].implode()
    frame = frames["lesions"].filter(pl.col("lesion_id").is_in(devices["lesion_id"].implode()))
    has_row = pl.col("lesion_id").is_in(stented)
    needs_row = pl.col("stent_type").is_in(["des", "bms", "brs"])
    forbids_row = pl.col("stent_type").is_in(["none", "dcb_only"])
    lacks_row = ~has_row & ~frames.lost("device_uses", "lesion_id")
    return failing(frame, (needs_row & lacks_row) | (forbids_row & has_row))


def shrunken_lumens(frames: Frames) -> pl.Series:
    """Return final runs whose stent area is below the baseline lumen of the same lesion and modality."""
    before = frames["imaging"].filter(pl.col("stage") == "baseline")
    before = before.select("lesion_id", "modality", mla_before="mla_mm2")
    after = frames["imaging"].filter(pl.col("stage").is_in(["after_stent", "final"]))
    frame = after.join(before, on=["lesion_id", "modality"], how="inner")
    return failing(frame, pl.col("msa_mm2") < pl.col("mla_before"))


CROSS_CHECKS = (
    CrossCheck(rule_id="X01", table="device_uses", column="device_class", failing=modified_without_calcium),
    CrossCheck(rule_id="X02", table="lesions", column="calcification_angio", failing=calcium_unseen),
    CrossCheck(rule_id="X10", table="lesions", column="stent_type", failing=contradicting_stents),
    CrossCheck(rule_id="X17", table="imaging", column="msa_mm2", failing=shrunken_lumens),
)
