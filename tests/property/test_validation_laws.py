"""Laws of the validation that hold for any text whatever."""

from __future__ import annotations

import copy
from datetime import date

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.registry import TABLES, Column
from schemas.submission import SubmissionReport, TextTable
from schemas.validation import validate_submission

Rows = dict[str, list[dict[str, str | None]]]

LOAD_DATE = date(2025, 1, 31)
MARKER = "ZZSECRETZZ"
POSITION = dict.fromkeys(("row", "record", "line"), pl.Int64)

GOOD: Rows = {
    "sites": [{"site_id": "A", "date_policy": "actual", "followup_source": "passive"}],
    "patients": [{"patient_id": f"P00{n}", "site_id": "A", "sex": "male"} for n in range(3)],
    "procedures": [
        {
            "procedure_id": f"Q{n}",
            "patient_id": f"P00{n}",
            "site_id": "A",
            "procedure_date": f"2022-0{n + 1}-10",
        }
        | {"discharge_date": f"2022-0{n + 1}-12", "discharge_status": "alive", "age_years": "70"}
        | {"presentation": "stemi", "complications_recorded": "all", "lvef_pct": "55", "ckd": "true"}
        for n in range(3)
    ],
    "lesions": [
        {"lesion_id": f"L{n}", "procedure_id": f"Q{n // 2}", "lesion_number": str(1 + n % 2), "vessel": "LAD"}
        | {"calcification_angio": "severe", "lesion_length_mm": "22.5"}
        for n in range(4)
    ],
    "imaging": [
        {"imaging_id": "I1", "lesion_id": "L1", "modality": "oct", "stage": "final", "msa_mm2": "6.5"}
    ],
    "device_uses": [
        {"device_use_id": f"U{n}", "lesion_id": f"L{n}", "sequence_no": "1", "device_class": "stent"}
        for n in range(4)
    ],
    "complications": [
        {"complication_id": "C1", "procedure_id": "Q0", "lesion_id": "L0", "complication_type": "dissection"}
        | {"grade_scale": "nhlbi", "grade": "B"}
    ],
    "follow_up": [
        {
            "contact_id": f"F{n}",
            "patient_id": f"P00{n}",
            "contact_date": "2023-05-01",
            "vital_status": "alive",
        }
        | {"nonfatal_events_assessed": "true"}
        for n in range(3)
    ],
    "events": [
        {"event_id": f"E{n}", "patient_id": f"P00{n}", "procedure_id": f"Q{n}", "event_type": "mi"}
        | {"event_date": "2023-01-01", "event_date_precision": "day"}
        for n in range(3)
    ],
}
"""A registry that is accepted as a whole."""

garbage = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.sampled_from(
        ["", MARKER, "nan", "inf", "1e3", "-1", "2022-02-30", "9" * 25, "true", "None", "²", "\uff11"]
    ),
)


def cells(column: Column) -> st.SearchStrategy[str | None]:
    """Return cells of one column: half of them garbage, half of them of its kind."""
    kinds = {
        "string": st.sampled_from(["A", "P001", "Q1", "L1", "GB"]),
        "int": st.integers(-2, 40).map(str),
        "float": st.floats(0, 200).map(lambda value: f"{value:.2f}"),
        "bool": st.sampled_from(["true", "false"]),
        "date": st.dates(date(2021, 1, 1), date(2026, 12, 31)).map(date.isoformat),
    }
    return st.one_of(st.sampled_from(column.codes) if column.codes else kinds[column.kind], garbage)


@st.composite
def spoiled_registries(draw: st.DrawFn) -> list[TextTable]:
    """Draw the good registry with some cells changed, some rows doubled and some tables gone."""
    rows = copy.deepcopy(GOOD)
    for _ in range(draw(st.integers(0, 8))):
        table = TABLES[draw(st.sampled_from(list(TABLES)))]
        column = draw(st.sampled_from(table.columns))
        draw(st.sampled_from(rows[table.name]))[column.name] = draw(cells(column))
    for name in draw(st.lists(st.sampled_from(list(TABLES)), max_size=3)):
        rows[name].append(dict(rows[name][0]))
    for name in draw(st.lists(st.sampled_from(list(TABLES)), max_size=1)):
        rows.pop(name)
    return [text_table(name, rows[name]) for name in draw(st.permutations(list(rows)))]


@st.composite
def garbage_tables(draw: st.DrawFn) -> list[TextTable]:
    """Draw a table, in two parts, of some columns that hold anything."""
    table = TABLES[draw(st.sampled_from(list(TABLES)))]
    chosen = draw(st.lists(st.sampled_from(table.columns), unique_by=lambda column: column.name, min_size=1))
    parts = st.lists(st.fixed_dictionaries({column.name: cells(column) for column in chosen}), max_size=4)
    return [text_table(table.name, draw(parts), f"part-{number}.csv") for number in range(2)]


def text_table(name: str, rows: list[dict[str, str | None]], file: str | None = None) -> TextTable:
    """Return rows as text, numbered like a file with one header line."""
    names = list(dict.fromkeys(column for row in rows for column in row))
    n = len(rows)
    frame = pl.DataFrame(
        {column: [row.get(column) for row in rows] for column in names}
        | {"row": range(n), "record": range(1, n + 1), "line": range(2, n + 2)},
        schema=dict.fromkeys(names, pl.String) | POSITION,
    )
    return TextTable(name, frame, file or f"{name}.csv")


def validated(texts: list[TextTable]) -> SubmissionReport:
    """Validate on a fixed day."""
    return validate_submission(texts, load_date=LOAD_DATE)


submissions = st.one_of(spoiled_registries(), spoiled_registries(), garbage_tables())
thorough = settings(
    deadline=None, max_examples=15, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def test_the_good_registry_is_accepted_as_a_whole() -> None:
    report = validated([text_table(name, rows) for name, rows in GOOD.items()])
    assert (report.n_accepted, report.n_rejected) == (23, 0)


@thorough
@given(submissions)
def test_accepted_and_rejected_rows_are_the_input(texts: list[TextTable]) -> None:
    report = validated(texts)
    for name, table in report.tables.items():
        sent = [key for text in texts if text.table == name for key in sent_keys(text)]
        kept = [*table.accepted[TABLES[name].primary_key], *table.rejected[TABLES[name].primary_key]]
        assert table.n_input == len(sent) == table.accepted.height + table.rejected.height
        assert sorted(sent) == sorted(key or "" for key in kept)
        assert table.rejected["rule_id"].null_count() == 0
        own = table.accepted.drop("source_row", "record", "file").schema
        assert dict(own) == TABLES[name].dtypes


@thorough
@given(submissions)
def test_a_rejected_row_has_a_finding_of_its_cause_or_a_rejected_parent(texts: list[TextTable]) -> None:
    report = validated(texts)
    said = set(report.findings.select("table", "row", "rule_id").iter_rows())
    absent = set(report.findings.filter(pl.col("level") == "FILE")["table"])
    for name, table in report.tables.items():
        for row, rule_id, is_cascade in table.rejected.select("row", "rule_id", "is_cascade").iter_rows():
            assert is_cascade or (name, row, rule_id) in said or (rule_id == "F02" and name in absent)


@thorough
@given(submissions)
def test_accepted_rows_are_accepted_when_they_are_sent_again(texts: list[TextTable]) -> None:
    first = validated(texts)
    again = validated([as_text(name, table.accepted) for name, table in first.tables.items()])
    assert again.n_accepted == first.n_accepted
    assert not again.findings["level"].is_in(["ROW", "FILE", "NULL"]).any()


@thorough
@given(submissions)
def test_no_finding_tells_a_cell_value(texts: list[TextTable]) -> None:
    assert MARKER not in validated(texts).findings.write_csv()


def sent_keys(text: TextTable) -> list[str]:
    """Return the primary keys of a text table, an empty text where there is none."""
    key = TABLES[text.table].primary_key
    keys = text.frame[key].to_list() if key in text.frame.columns else [None] * text.frame.height
    return [value or "" for value in keys]


def as_text(name: str, accepted: pl.DataFrame) -> TextTable:
    """Write typed rows as canonical text."""
    flags = {True: "true", False: "false", None: None}
    frame = accepted.select(
        pl.col(column.name).replace_strict(flags, return_dtype=pl.String)
        if column.kind == "bool"
        else pl.col(column.name).cast(pl.String)
        for column in TABLES[name].columns
    )
    return text_table(name, frame.to_dicts())
