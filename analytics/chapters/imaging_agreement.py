"""Parts of the chapter on imaging that hold angiography, IVUS and OCT against one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from analytics.chapters import imaging_words as words
from analytics.chapters.imaging_words import METHOD_NAMES, estimate_words
from analytics.charts.bland_altman import MeasurementWords, bland_altman_chart
from analytics.charts.grade_table import grade_table_chart
from analytics.charts.numbers import format_count
from analytics.charts.share_rows import share_text
from analytics.imaging.accuracy import estimate_shortfall
from analytics.imaging.agreement import estimate_grade_agreement
from analytics.imaging.bland_altman import estimate_limits_of_agreement
from analytics.imaging.results import CalciumShortfall, GradeAgreement, LimitsOfAgreement
from analytics.report.document import Bullets, Figure, Paragraph, Section, Table
from analytics.report.serialise import serialise

if TYPE_CHECKING:
    from analytics.refusals import NotEstimable
    from analytics.report.document import Block

PAIRS = (("angiography", "ivus"), ("angiography", "oct"), ("ivus", "oct"))
QUESTIONS = {"any": "Calcium seen", "severe": "Severe calcium"}
MEASURES = {
    "arc": MeasurementWords("IVUS", "OCT", "calcium arc", "degrees"),
    "length": MeasurementWords("IVUS", "OCT", "calcium length", "mm"),
}


def build_grades(readings: pl.DataFrame) -> tuple[Section, dict[str, Any]]:
    """Compare the grades of each pair of methods, by who read the angiogram.

    Parameters
    ----------
    readings
        One row per lesion with ``grade_angiography``, ``grade_ivus``, ``grade_oct``, the modalities,
        ``calcification_assessor`` and ``patient_id``.
    """
    blocks: list[Block] = [Paragraph(words.GRADE_RULE)]
    rows: list[tuple[str, ...]] = []
    refused: dict[str, str] = {}
    values: dict[str, Any] = {}
    for first, second in PAIRS:
        imaged = readings.filter(
            pl.col(f"{name}_modality").is_not_null() for name in (first, second) if name != "angiography"
        )
        for assessor, part in _by_assessor(imaged, first):
            answer = estimate_grade_agreement(
                part, first=f"grade_{first}", second=f"grade_{second}", levels=words.GRADES
            )
            values[f"{first}_{second}_{assessor}"] = serialise(answer)
            reader = f" ({words.ASSESSOR_NAMES[assessor]})" if assessor != "all" else ""
            compared = f"{words.capital(first)}{reader} and {METHOD_NAMES[second]}"
            if not isinstance(answer, GradeAgreement):
                refused[compared] = answer.reason
                continue
            rows.append((compared, *_agreement_cells(answer)))
            if assessor == "all":
                chart = grade_table_chart(answer, rows=METHOD_NAMES[first], columns=METHOD_NAMES[second])
                blocks.append(Figure(chart))
    title = "Do angiography, IVUS and OCT give the same grade?"
    return Section("imaging-grades", title, (*blocks, *_agreement_blocks(rows, refused)), level=3), values


def _agreement_blocks(rows: list[tuple[str, ...]], refused: dict[str, str]) -> list[Block]:
    """Table of agreement, what could not be had, and how to read it."""
    header = (
        "Compared",
        "Lesions (patients)",
        "Same grade",
        "Kappa",
        "Linear weights",
        "Quadratic weights",
        "No grade",
    )
    caption = (
        "Agreement of grades of calcium, by lesion, with 95 % intervals; no grade: imaged, but one of the "
        "two grades is missing or coarse"
    )
    blocks: list[Block] = [Table(caption, header, tuple(rows))] if rows else []
    if refused:
        blocks.append(Bullets(words.refusal_words(refused)))
    return [*blocks, Paragraph(f"{words.KAPPA_WORDS} {words.ASSESSOR_WORDS}")]


def _by_assessor(readings: pl.DataFrame, first: str) -> list[tuple[str, pl.DataFrame]]:
    """All lesions, then those of each reader of the angiogram where it takes part."""
    parts = [("all", readings)]
    if first != "angiography":
        return parts
    named = readings.with_columns(pl.col("calcification_assessor").fill_null("unknown"))
    seen = set(named["calcification_assessor"])
    known = [code for code in words.ASSESSOR_NAMES if code in seen]
    if len(known) < 2:
        return parts
    return [*parts, *((code, named.filter(calcification_assessor=code)) for code in known)]


def _agreement_cells(answer: GradeAgreement) -> tuple[str, ...]:
    """Numbers of one row of the table of agreement."""
    return (
        f"{format_count(answer.n_lesions)} ({format_count(answer.n_patients)})",
        share_text(answer.same),
        *(estimate_words(one) for one in (answer.unweighted, answer.linear, answer.quadratic)),
        format_count(answer.n_left_out),
    )


def build_measurements(readings: pl.DataFrame) -> tuple[Section, dict[str, Any]]:
    """Compare arc and length of calcium on IVUS and OCT, and what each does not see.

    Parameters
    ----------
    readings
        One row per lesion with ``ivus_arc``, ``oct_arc`` (degrees), ``ivus_length``, ``oct_length`` (mm) and
        ``patient_id``.
    """
    title = "Do OCT and IVUS measure the same calcium?"
    if readings.drop_nulls(["ivus_modality", "oct_modality"]).is_empty():
        nobody = "No lesion of this cohort was read by both OCT and IVUS before treatment."
        return Section("imaging-arc", title, (Paragraph(nobody), Paragraph(words.WANG)), level=3), {}
    blocks: list[Block] = []
    values: dict[str, Any] = {}
    rows: list[tuple[str, ...]] = []
    arcs = readings.drop_nulls(["ivus_arc", "oct_arc"])
    calcified = arcs.filter((pl.col("ivus_arc") > 0) | (pl.col("oct_arc") > 0))
    blocks.append(Paragraph(words.neither_words(arcs.height - calcified.height, arcs.height)))
    for measure, named in MEASURES.items():
        columns = (f"ivus_{measure}", f"oct_{measure}")
        answer = estimate_limits_of_agreement(calcified, first=columns[0], second=columns[1])
        values[measure] = serialise(answer)
        if not isinstance(answer, LimitsOfAgreement):
            blocks.append(Paragraph(f"{named.quantity.capitalize()} of OCT against IVUS: {answer.reason}"))
            continue
        blocks.append(Figure(bland_altman_chart(answer, calcified, words=named)))
        rows.append(_limits_row(answer, named))
    if rows:
        header = (
            "OCT minus IVUS",
            "Lesions (patients)",
            "Mean difference",
            "SD",
            "Lower limit",
            "Upper limit",
            "Change per unit of the mean",
        )
        caption = "Calcium on OCT against IVUS before treatment, with 95 % intervals"
        blocks.append(Table(caption, header, tuple(rows)))
    for method, reference in (("oct", "ivus"), ("ivus", "oct")):
        short = estimate_shortfall(readings, method=f"{method}_arc", reference=f"{reference}_arc")
        values[f"missed_by_{method}"] = serialise(short)
        blocks.append(Paragraph(_shortfall_words(short, METHOD_NAMES[method], METHOD_NAMES[reference])))
    blocks.append(Paragraph(words.WANG))
    return Section("imaging-arc", title, tuple(blocks), level=3), values


def _limits_row(answer: LimitsOfAgreement, named: MeasurementWords) -> tuple[str, ...]:
    """One row of the table of limits of agreement."""
    digits = 0 if named.unit == "degrees" else 1
    parts = (answer.bias, answer.lower_limit, answer.upper_limit)
    bias, lower, upper = (estimate_words(part, digits=digits) for part in parts)
    return (
        f"{named.quantity.capitalize()}, {named.unit}",
        f"{format_count(answer.n_lesions)} ({format_count(answer.n_patients)})",
        bias,
        words.measured(answer.standard_deviation, digits=digits),
        lower,
        upper,
        "" if answer.slope is None else estimate_words(answer.slope),
    )


def _shortfall_words(short: CalciumShortfall | NotEstimable, method: str, reference: str) -> str:
    """Say how often one method fell short of the other."""
    if not isinstance(short, CalciumShortfall):
        return f"Calcium on {reference} that {method} misses: {short.reason}"
    return (
        f"Of {format_count(short.n_lesions)} lesions with calcium on {reference}, {method} did not see it in "
        f"{format_count(short.n_not_seen)} and measured an arc smaller by more than 90 degrees in "
        f"{format_count(short.n_smaller)}: together {share_text(short.share)}."
    )
