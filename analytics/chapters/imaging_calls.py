"""Part of the chapter on imaging that holds the calls of one method against those of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.chapters import imaging_words as words
from analytics.chapters.imaging_words import METHOD_NAMES
from analytics.charts.numbers import format_count
from analytics.charts.share_rows import ShareRow, count_text, share_rows_chart, share_text
from analytics.imaging.accuracy import estimate_accuracy
from analytics.imaging.calls import CALLS, method_pairs
from analytics.imaging.results import Accuracy
from analytics.report.document import Bullets, Figure, Paragraph, Section, Table
from analytics.report.serialise import serialise

if TYPE_CHECKING:
    import polars as pl

    from analytics.report.document import Block

QUESTIONS = {"any": "Calcium seen", "severe": "Severe calcium"}
MEANINGS = {"any": "any arc or grade", "severe": "a largest arc above 270 degrees, or a severe grade"}


def build_calls(called: pl.DataFrame) -> tuple[Section, dict[str, Any]]:
    """Hold the calls of each method against those of another.

    Parameters
    ----------
    called
        One row per lesion as of `analytics.imaging.calls.derive_calls`.
    """
    answers = {
        (question, test, truth): estimate_accuracy(
            called, test=f"{question}_{test}", reference=f"{question}_{truth}"
        )
        for question in CALLS
        for test, truth in method_pairs()
    }
    judged = {_name(*key): (key[0], one) for key, one in answers.items() if isinstance(one, Accuracy)}
    refused = {_name(*key): one.reason for key, one in answers.items() if not isinstance(one, Accuracy)}
    blocks: list[Block] = [Paragraph(words.NO_TRUTH)]
    for question in CALLS:
        marks = [
            mark for name, (asked, one) in judged.items() if asked == question for mark in _marks(one, name)
        ]
        if marks:
            blocks.append(_figure(marks, question))
    if judged:
        blocks += _tables({name: one for name, (_, one) in judged.items()})
    if refused:
        blocks.append(Bullets(words.refusal_words(refused)))
    blocks += [Paragraph(words.FRIEDRICH), Paragraph(words.OCT_LOOK)]
    title = "What does one method see of what another saw?"
    values = {
        "_".join((q, test, "against", truth)): serialise(one) for (q, test, truth), one in answers.items()
    }
    return Section("imaging-calls", title, tuple(blocks), level=3), values


def _name(question: str, test: str, truth: str) -> str:
    """Name a question and the two methods."""
    return f"{QUESTIONS[question]}: {METHOD_NAMES[test]} against {METHOD_NAMES[truth]}"


def _figure(marks: list[ShareRow], question: str) -> Figure:
    """Sensitivity and specificity of every pair of methods, for one question."""
    chart = share_rows_chart(
        marks,
        title=f"{QUESTIONS[question]}: one method held against another",
        subtitle=(
            f"Called: {MEANINGS[question]}. Sensitivity: of the lesions that the second calls, those that "
            "the first calls too. Specificity: of those it does not call, those that the first does not call "
            "either. Intervals by patient, where one gives several lesions."
        ),
        axis_title="Share of lesions, % (95 % interval)",
        full=True,
    )
    return Figure(chart)


def _marks(answer: Accuracy, name: str) -> list[ShareRow]:
    """Two rows of the figure, with intervals by patient where patients give several lesions."""
    methods = name.partition(": ")[2]
    heading = methods[:1].upper() + methods[1:]
    shares = answer.by_patient or (answer.sensitivity, answer.specificity)
    return [ShareRow(heading, "Sensitivity", shares[0]), ShareRow(heading, "Specificity", shares[1], kind=1)]


def _tables(answers: dict[str, Accuracy]) -> list[Block]:
    """Return counts with sensitivity and specificity, and predictive values with what they hold for."""
    first = Table(
        "Calls of the first method against the second, by lesion; exact 95 % intervals, as if lesions were "
        "independent",
        ("Question", "Both", "First only", "Second only", "Neither", "Sensitivity", "Specificity"),
        tuple(
            (
                name,
                *(
                    format_count(n)
                    for n in (one.n_both, one.n_test_only, one.n_reference_only, one.n_neither)
                ),
                share_text(one.sensitivity),
                share_text(one.specificity),
            )
            for name, one in answers.items()
        ),
    )
    second = Table(
        "Predictive values of the first method at the share that the second calls, and McNemar's test that "
        "both call equally often (not corrected for the number of tests)",
        ("Question", "Called by the second", "Predictive value of a call", "Of no call", "McNemar"),
        tuple(
            (
                name,
                f"{count_text(one.prevalence)}: {share_text(one.prevalence)}",
                share_text(one.positive_predictive_value),
                share_text(one.negative_predictive_value),
                words.test_words(one.mcnemar),
            )
            for name, one in answers.items()
        ),
    )
    return [first, second]
