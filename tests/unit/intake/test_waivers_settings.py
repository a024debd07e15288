"""Waivers and limits: what a reviewer may set aside, and what a registry may set."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.intake.gate import DEFAULT_GATE, decide_gate, decide_site_gates
from analytics.intake.settings import read_settings
from analytics.intake.waivers import apply_waivers, name_idle_waivers, read_waivers
from schemas.registry import TABLES
from schemas.rules.catalogue import RULES
from schemas.submission import FINDING_SCHEMA, RULE_RESULT_SCHEMA, SubmissionReport, TableReport

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 1, 31)
WAIVER = """
[[waiver]]
rule = "C04"
site = "A"
column = "bmi_kg_m2"
reason = "bariatric centre"
until = 2026-12-31
reviewer = "registry office"
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def finding(record: int | None, **facts: object) -> dict[str, object]:
    base = {
        "rule_id": "C04",
        "level": "WARN",
        "file": "f",
        "table": "procedures",
        "column": "bmi_kg_m2",
        "n": 1,
    }
    return base | {"row": record, "record": record} | facts


def report(
    findings: list[dict[str, object]], results: list[dict[str, object]] | None = None
) -> SubmissionReport:
    columns = TABLES["procedures"].dtypes
    data = {"procedure_id": ["a", "b"], "site_id": ["A", "B"]}
    rows = pl.DataFrame({name: data.get(name, [None, None]) for name in columns}, schema=columns)
    accepted = rows.with_columns(record=pl.Series([1, 2], dtype=pl.Int64))
    rejected = accepted.clear().with_columns(rule_id=pl.lit(""), is_cascade=pl.lit(value=False))
    tables = {"procedures": TableReport("procedures", accepted, rejected, 2)}
    frame = pl.DataFrame(findings, schema=FINDING_SCHEMA)
    return SubmissionReport(tables, frame, pl.DataFrame(results or [], schema=RULE_RESULT_SCHEMA))


def test_a_waiver_holds_for_its_rule_site_and_column_only(tmp_path: Path) -> None:
    waivers = read_waivers(write(tmp_path / "w.toml", WAIVER), today=TODAY)
    assert waivers[0].name == "C04 for A, bmi_kg_m2"
    findings = [
        finding(1),
        finding(2),
        finding(1, column="contrast_ml"),
        finding(1, rule_id="T03"),
        finding(1, level="ROW"),
    ]
    found = apply_waivers(report(findings), waivers)
    assert found.waived.select("record", "column", "rule_id", "level").rows() == [
        (1, "bmi_kg_m2", "C04", "WARN")
    ]
    assert found.findings.height == 4


def test_a_waiver_of_a_site_that_sent_no_row_is_named(tmp_path: Path) -> None:
    misspelt = WAIVER.replace('site = "A"', 'site = "a"')
    waivers = read_waivers(write(tmp_path / "w.toml", WAIVER + misspelt), today=TODAY)
    assert name_idle_waivers(report([]), waivers) == ("C04 for a, bmi_kg_m2",)


def test_nothing_is_said_of_waivers_where_no_row_names_a_site(tmp_path: Path) -> None:
    waivers = read_waivers(write(tmp_path / "w.toml", WAIVER), today=TODAY)
    assert name_idle_waivers(SubmissionReport({}, report([]).findings), waivers) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('"C04"', '"Z99"'), "there is no rule Z99"),
        (('"C04"', '"K01"'), "rule K01 cannot be waived"),
        (('"C04"', '"F07"'), "rule F07 cannot be waived"),
        (('"C04"', '"C02"'), "rule C02 cannot be waived"),
        (("2026-12-31", "2026-01-30"), "ended on 2026-01-30"),
        (("2026-12-31", '"soon"'), "of the wrong type"),
        (('reason = "bariatric centre"\n', ""), "keys are missing"),
        (('"bariatric centre"', '""'), "a value is empty"),
        (('"bmi_kg_m2"', '"colour"'), "there is no column colour"),
        (("[[waiver]]", "[waiver]"), "not a list of waivers"),
        (("[[waiver]]", "[["), "cannot be read as TOML"),
    ],
)
def test_a_waiver_that_cannot_count_is_one_clear_error(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    path = write(tmp_path / "w.toml", WAIVER.replace(*change))
    with pytest.raises(SpecificationError, match=words) as caught:
        read_waivers(path, today=TODAY)
    assert str(caught.value).startswith(str(path))


def test_what_rejects_or_refuses_is_never_waivable() -> None:
    hard = {rule.id for rule in RULES.values() if rule.level in {"FILE", "ROW"}}
    assert not {rule.id for rule in RULES.values() if rule.is_waivable} & hard
    assert RULES["M01"].is_waivable


def follow_up(share: float, site: str = "A") -> dict[str, object]:
    n = round(100 * (1 - share))
    return {
        "rule_id": "M09",
        "site_id": site,
        "table": "follow_up",
        "column": "m12",
        "status": "failed" if share < 0.85 else "passed",
        "n_violating": n,
        "n_checked": 100,
        "value": share,
        "is_waived": False,
    }


def test_too_little_known_follow_up_is_yellow_for_its_site() -> None:
    judged = report([], [follow_up(0.70), follow_up(0.90, "B")])
    gates = decide_site_gates(judged)
    reason = "status at one year known of 70% of patients; at least 85% must be"
    assert reason in gates["A"].reasons
    assert not [words for words in gates["B"].reasons if "one year" in words]
    both = "status at one year known of 80% of patients; at least 85% must be"
    assert both in decide_gate(judged).reasons


def test_waived_follow_up_does_not_count_in_the_gate(tmp_path: Path) -> None:
    text = WAIVER.replace('"C04"', '"M09"').replace('column = "bmi_kg_m2"\n', "")
    waivers = read_waivers(write(tmp_path / "w.toml", text), today=TODAY)
    found = [finding(None, rule_id="M09", table="follow_up", column="m12")]
    judged = apply_waivers(report(found, [follow_up(0.70)]), waivers)
    assert judged.findings.is_empty()
    assert judged.waived["rule_id"].to_list() == ["M09"]
    assert judged.rule_results["is_waived"].to_list() == [True]
    assert not [words for words in decide_gate(judged).reasons if "one year" in words]


def test_a_finding_of_two_sites_needs_both_waived(tmp_path: Path) -> None:
    text = WAIVER.replace('"C04"', '"M09"').replace('column = "bmi_kg_m2"\n', "")
    waivers = read_waivers(write(tmp_path / "w.toml", text), today=TODAY)
    found = [finding(None, rule_id="M09", table="follow_up", column="m12")]
    judged = apply_waivers(report(found, [follow_up(0.70), follow_up(0.5, "B")]), waivers)
    assert judged.findings.height == 1


def test_unequal_follow_up_of_devices_is_yellow() -> None:
    gap = follow_up(0.9) | {"rule_id": "M10", "column": "device_class", "status": "failed", "value": 0.15}
    low = follow_up(0.9) | {"rule_id": "M10", "column": "contact_date", "status": "failed", "value": 0.81}
    reasons = decide_gate(report([], [gap, low])).reasons
    assert "follow-up to one year is 81% complete; it must be 90%" in reasons
    assert "follow-up differs by more than 5% between kinds of device" in reasons


def test_settings_change_what_they_name_and_nothing_else(tmp_path: Path) -> None:
    text = """
    [gate]
    warned_rows = 0.5
    [rules]
    known_1_year = 0.6
    fewest = 30
    [completeness]
    "procedures.lvef_pct" = 0.7
    "lesions.calcification_angio" = 0
    """
    gate = read_settings(write(tmp_path / "s.toml", text))
    assert (gate.warned_rows, gate.rejected_procedures) == (0.5, DEFAULT_GATE.rejected_procedures)
    assert (gate.limits.known_1_year, gate.limits.fewest) == (0.6, 30)
    assert gate.limits.completeness["procedures.lvef_pct"] == 0.7
    assert "lesions.calcification_angio" not in gate.limits.completeness
    assert gate.limits.completeness["patients.sex"] == 0.98


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[gate]\nwarned = 0.5", "no such setting"),
        ("[gate]\nwarned_rows = -1", "not a number of 0 or more"),
        ("[rules]\nfewest = true", "not a number of 0 or more"),
        ('[completeness]\n"lesions.colour" = 0.5', "no such column"),
        ('[completeness]\n"lesions.vessel" = 5', "not a share from 0 to 1"),
        ("[limits]\nx = 1", "unknown table limits"),
        ("gate = 1", "gate is no table"),
        ("[", "cannot be read as TOML"),
    ],
)
def test_settings_that_do_not_exist_are_one_clear_error(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SpecificationError, match=words):
        read_settings(write(tmp_path / "s.toml", text))
