"""A raw export of a longitudinal project with a repeating form: read back by the mapping `redcap`.

The project holds one index procedure per patient, its lesions, and the visits after one month and one year.
Later procedures and what lies beyond the year have no place in it.
"""

from __future__ import annotations

import polars as pl

from synthetic.dialects.pieces import Sheet, Tables, date_text, number, words

_DEVICES = ("rotational_atherectomy", "intravascular_lithotripsy", "cutting_balloon", "nc_balloon", "elca")
_KINDS = ("dissection", "perforation", "slow_flow_no_reflow", "device_entrapment", "av_block")
_FLAG = {True: "1", False: "0"}
_WINDOWS = {"d30": "month_1_arm_1", "m12": "month_12_arm_1"}
_WINDOW_DAYS = {"d30": 90, "m12": 425}
_HEADERS = (
    *("record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"),
    *("sex", "age", "pci_date", "dc_date", "dc_alive", "presentation", "dm", "dialysis", "creat"),
    *(f"comp___{number}" for number in range(6)),
    *("ellis", "complications_complete"),
    *(
        "vessel",
        "calc_grade",
        "rvd",
        "length_cm",
        "timi_final",
        "imaging",
        "oct_arc",
        "oct_thick_um",
        "oct_len",
    ),
    *(f"dev___{number}" for number in range(1, 6)),
    *("burr_mm", "ivl_pulses", "fu_date", "fu_status", "fu_mace_asked", "tlr", "tlr_date"),
)


def write_sheet(tables: Tables) -> Sheet:
    """Return the export of one site."""
    index = (
        tables["procedures"]
        .sort("procedure_date", maintain_order=True)
        .unique("patient_id", keep="first", maintain_order=True)
    )
    parts = [_index_rows(tables, index), _lesion_rows(tables, index), *_visit_rows(tables, index)]
    rows = pl.concat([_complete(part, place) for place, part in enumerate(parts)])
    order = {name: place for place, name in enumerate(index["patient_id"])}
    return Sheet(
        rows.with_columns(pl.col("record_id").replace_strict(order, default=None).alias("__patient"))
        .sort("__patient", "__part", maintain_order=True)
        .select(_HEADERS)
    )


def _complete(part: pl.DataFrame, place: int) -> pl.DataFrame:
    """Add the columns that a form does not fill."""
    empty = [pl.lit(None, dtype=pl.String).alias(name) for name in _HEADERS if name not in part.columns]
    return part.with_columns(*empty).select(*_HEADERS, pl.lit(place).alias("__part"))


def _flag(column: str) -> pl.Expr:
    """Return a flag as 1 or 0."""
    return pl.col(column).replace_strict(_FLAG, default=None, return_dtype=pl.String)


def _index_rows(tables: Tables, index: pl.DataFrame) -> pl.DataFrame:
    """Return the first row of each record."""
    people = tables["patients"].select("patient_id", "sex")
    records = tables["complications"].with_columns(pl.col("complication_type").cast(pl.String))
    ellis = (
        records.filter((pl.col("complication_type") == "perforation") & pl.col("grade").is_not_null())
        .group_by("procedure_id")
        .agg(pl.col("grade").first().alias("ellis_grade"))
    )
    rows = index.join(people, on="patient_id", how="left", maintain_order="left")
    rows = rows.join(ellis, on="procedure_id", how="left", maintain_order="left")
    ticked = [
        _tick(pl.col("procedure_id").is_in(_procedures_with(records, kind))).alias(f"comp___{place}")
        for place, kind in enumerate(_KINDS, 1)
    ]
    none = ~pl.col("procedure_id").is_in(records["procedure_id"].implode())
    return rows.select(
        pl.col("patient_id").alias("record_id"),
        pl.lit("index_arm_1").alias("redcap_event_name"),
        words("sex", {"male": "1", "female": "2"}).alias("sex"),
        number("age_years").alias("age"),
        date_text("procedure_date", "%Y-%m-%d").alias("pci_date"),
        date_text("discharge_date", "%Y-%m-%d").alias("dc_date"),
        words("discharge_status", {"alive": "1", "dead": "0"}).alias("dc_alive"),
        words(
            "presentation",
            {
                "stable_angina": "1",
                "unstable_angina": "2",
                "nstemi": "3",
                "stemi": "4",
                "silent_ischaemia": "5",
            },
            other="9",
        ).alias("presentation"),
        words("diabetes", {"no": "0", "non_insulin": "1", "insulin": "2"}).alias("dm"),
        _flag("dialysis").alias("dialysis"),
        number("creatinine_umol_l").fill_null("-999").alias("creat"),
        _tick(none).alias("comp___0"),
        *ticked,
        words("ellis_grade", {"I": "1", "II": "2", "III": "3", "III_CS": "4"}).alias("ellis"),
        words("complications_recorded", {"none": "0", "some": "1", "all": "2"}).alias(
            "complications_complete"
        ),
    )


def _tick(claim: pl.Expr) -> pl.Expr:
    """Return a check box."""
    return pl.when(claim).then(pl.lit("1")).otherwise(pl.lit("0"))


def _procedures_with(records: pl.DataFrame, kind: str) -> pl.Expr:
    """Return the procedures with a complication, as one list."""
    return pl.lit(records.filter(pl.col("complication_type") == kind)["procedure_id"]).implode()


def _lesion_rows(tables: Tables, index: pl.DataFrame) -> pl.DataFrame:
    """Return one row per lesion of an index procedure."""
    rows = tables["lesions"].join(index.select("procedure_id", "patient_id"), on="procedure_id", how="inner")
    for part in (_oct(tables), _settings(tables)):
        rows = rows.join(part, on="lesion_id", how="left", maintain_order="left")
    uses = tables["device_uses"].with_columns(pl.col("device_class").cast(pl.String))
    ticked = [
        _tick(pl.col("lesion_id").is_in(pl.lit(uses.filter(device_class=name)["lesion_id"]).implode())).alias(
            f"dev___{place}"
        )
        for place, name in enumerate(_DEVICES, 1)
    ]
    return rows.select(
        pl.col("patient_id").alias("record_id"),
        pl.lit("index_arm_1").alias("redcap_event_name"),
        pl.lit("lesion").alias("redcap_repeat_instrument"),
        pl.col("lesion_number").cast(pl.String).alias("redcap_repeat_instance"),
        words("vessel", {"LM": "1", "LAD": "2", "LCX": "3", "RCA": "4", "RI": "5"}).alias("vessel"),
        words(
            "calcification_angio", {"none": "0", "mild": "1", "moderate": "2", "severe": "3"}, other="9"
        ).alias("calc_grade"),
        number("reference_diameter_mm").alias("rvd"),
        number("lesion_length_mm", 0.1).alias("length_cm"),
        pl.col("timi_post").cast(pl.String).alias("timi_final"),
        pl.when(pl.col("calcium_arc_deg").is_not_null())
        .then(pl.lit("2"))
        .otherwise(pl.lit("0"))
        .alias("imaging"),
        number("calcium_arc_deg").alias("oct_arc"),
        number("calcium_thickness_mm", 1000, 0).alias("oct_thick_um"),
        number("calcium_length_mm").alias("oct_len"),
        *ticked,
        number("burr").alias("burr_mm"),
        number("pulses").alias("ivl_pulses"),
    )


def _oct(tables: Tables) -> pl.DataFrame:
    """Return the optical coherence tomography of each lesion before anything was done."""
    runs = tables["imaging"].filter(
        (pl.col("modality").cast(pl.String) == "oct") & (pl.col("stage").cast(pl.String) == "baseline")
    )
    columns = ("calcium_arc_deg", "calcium_thickness_mm", "calcium_length_mm")
    return runs.select("lesion_id", *columns).unique("lesion_id", maintain_order=True)


def _settings(tables: Tables) -> pl.DataFrame:
    """Return the largest burr and the pulses of each lesion."""
    uses = tables["device_uses"].with_columns(pl.col("device_class").cast(pl.String))
    burr = pl.col("diameter_mm").filter(pl.col("device_class") == "rotational_atherectomy").max()
    return uses.group_by("lesion_id", maintain_order=True).agg(
        burr.alias("burr"), pl.col("ivl_pulses").max().alias("pulses")
    )


def _visit_rows(tables: Tables, index: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the visits after a month and a year, with the revascularisation told at each."""
    rows = tables["follow_up"].with_columns(pl.col("planned_window").cast(pl.String))
    rows = rows.join(index.select("patient_id", "procedure_date"), on="patient_id", how="inner")
    parts, since = [], 0
    for window, event in _WINDOWS.items():
        visits = rows.filter(planned_window=window).unique("patient_id", maintain_order=True)
        told = _revascularisations(tables, index, since, _WINDOW_DAYS[window])
        joined = visits.join(told, on="patient_id", how="left", maintain_order="left")
        seen = pl.col("tlr_day").is_not_null() & (pl.col("tlr_day") <= pl.col("contact_date"))
        asked = pl.col("nonfatal_events_assessed")
        parts.append(
            joined.select(
                pl.col("patient_id").alias("record_id"),
                pl.lit(event).alias("redcap_event_name"),
                date_text("contact_date", "%Y-%m-%d").alias("fu_date"),
                words("vital_status", {"alive": "1", "dead": "2", "lost": "3"}).alias("fu_status"),
                _flag("nonfatal_events_assessed").alias("fu_mace_asked"),
                pl.when(asked).then(_tick(seen)).alias("tlr"),
                pl.when(asked & seen).then(date_text("tlr_day", "%Y-%m-%d")).alias("tlr_date"),
            )
        )
        since = _WINDOW_DAYS[window]
    return parts


def _revascularisations(tables: Tables, index: pl.DataFrame, after: int, until: int) -> pl.DataFrame:
    """Return the first unplanned revascularisation of the target lesion in a span of days."""
    events = tables["events"].filter(
        (pl.col("event_type").cast(pl.String) == "revasc_pci")
        & (pl.col("target_relation").cast(pl.String) == "target_lesion")
        & ~pl.col("planned_staged").fill_null(value=False)
    )
    dated = events.join(index.select("patient_id", "procedure_date"), on="patient_id", how="inner")
    days = (pl.col("event_date") - pl.col("procedure_date")).dt.total_days()
    return (
        dated.filter((days > after) & (days <= until))
        .group_by("patient_id", maintain_order=True)
        .agg(pl.col("event_date").min().alias("tlr_day"))
    )
