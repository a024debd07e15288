"""A run of claims as sections of a report and a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.numbers import format_count, format_p_value
from analytics.claims.column_words import in_words
from analytics.claims.figures import draw_claim
from analytics.claims.reading import read_notes
from analytics.claims.results import VERDICTS, Estimate
from analytics.claims.wording import (
    VERDICT_WORDS,
    say_anchor,
    say_basis,
    say_direction,
    say_estimate,
    say_group,
    say_interval,
    say_p_values,
    say_published,
)
from analytics.report.document import Bullets, Figure, Paragraph, Section, Table

if TYPE_CHECKING:
    from analytics.claims.results import ClaimResult, ClaimsRun, ComponentResult
    from analytics.report.document import Block

SOURCE = (
    "The review: Chen and Cheng, Progress in the Study of Coronary Artery Calcification, 12 April 2024 (in "
    "Chinese, with an English abstract). Its statements are given in our own words."
)
RULES = (
    "Supported: the whole 95 % interval lies on the side that is claimed, and the p value after adjustment "
    "is below 0.05. Contradicted: the whole interval lies on the other side, likewise. Compatible with both: "
    "neither. Not estimable: the data cannot say, for the reason given.",
    "Where equality is claimed, it is supported if a difference as large as the margin is ruled out in both "
    "directions; where a range is claimed, if the whole interval lies in it.",
    "Devices are compared after adjustment, since they are chosen for a reason; associations with the grade "
    "are judged as they are, with the adjusted number beside them.",
    "The primary claims C01, C03, C04 and C22 are adjusted together by Holm, all others together by "
    "Benjamini and Hochberg; further components of a claim by Holm within it.",
    "A verdict is on the sentence, in this registry. It says nothing about one patient, and an association "
    "between devices and outcomes is not what a device causes.",
)


def build_sections(run: ClaimsRun) -> tuple[Section, ...]:
    """Build the sections of a run: what it is, the overview, a part for each claim, the notes.

    Parameters
    ----------
    run
        The run, small cells hidden where the reader is not the data holder.
    """
    head = Section("claims", "The review\u2019s claims", (*_opening(run), overview_table(run)))
    return (head, *(_claim_section(result) for result in run.results), _notes_section())


def overview_table(run: ClaimsRun) -> Table:
    """Build the table of all claims."""
    header = ("Claim", "What the review says", "What the registry shows", "What is published", "Verdict")
    rows = tuple(
        (
            f"{result.claim.id} {result.claim.title}",
            result.claim.says,
            say_finding(result),
            say_published(result.claim),
            VERDICT_WORDS[result.verdict],
        )
        for result in run.results
    )
    return Table(f"The claims on {run.source}", header, rows)


def say_finding(result: ClaimResult) -> str:
    """Say in one cell what the registry shows of a claim."""
    if not result.components:
        return result.why
    shown = next((part for part in result.components if part.component.headline), None)
    if shown is None:
        return "; ".join(_shorter(part) for part in result.components) + "."
    pair = shown.findings.groups[:2] if len(shown.findings.groups) > 1 else ()
    groups = "; ".join(say_group(group) for group in pair)
    return f"{_short(shown)}. {groups}".strip()


def _short(part: ComponentResult) -> str:
    """One component: crude and adjusted, with what they rest on."""
    crude, adjusted = part.findings.crude, part.findings.adjusted
    if not isinstance(crude, Estimate):
        return f"{part.component.label}: {crude.reason.rstrip('.')}"
    words = f"{part.component.label}: {_decapitalise(say_estimate(crude))}"
    if isinstance(adjusted, Estimate):
        words += f", adjusted {say_interval(adjusted)}"
    return f"{words}, {say_basis(crude)}"


def _shorter(part: ComponentResult) -> str:
    """One of several components: the estimate that decides, and its verdict."""
    found = part.judged
    if not isinstance(found, Estimate):
        return f"{part.component.label}: {found.reason.rstrip('.')}"
    return f"{part.component.label}: {_decapitalise(say_estimate(found))}, {part.verdict}"


def _decapitalise(text: str) -> str:
    """Start a sentence within a sentence."""
    return text[:1].lower() + text[1:]


def _opening(run: ClaimsRun) -> tuple[Block, ...]:
    """Say what this is, how verdicts come about, and how many of each there are."""
    counts = {verdict: sum(one.verdict == verdict for one in run.results) for verdict in VERDICTS}
    said = ", ".join(f"{format_count(number)} {verdict}" for verdict, number in counts.items())
    first = f"{SOURCE} {len(run.results)} of {run.n_run} claims of this run are shown: {said}."
    return Paragraph(first), Bullets(RULES)


def _claim_section(result: ClaimResult) -> Section:
    """Everything about one claim."""
    claim = result.claim
    where = (
        f"In whom: {claim.population}. Compared: {claim.comparison}. Counted by {claim.unit}; "
        f"{claim.horizon[:1].lower()}{claim.horizon[1:]}."
    )
    blocks: list[Block] = [
        Paragraph(f"The review ({claim.place}): {claim.says}"),
        Paragraph(f"{VERDICT_WORDS[result.verdict]}. {result.why} {say_family(result)}".strip()),
        Paragraph(where),
    ]
    figure = draw_claim(result)
    if figure is not None:
        blocks.append(Figure(figure))
    if result.components:
        blocks.append(component_table(result))
    blocks.extend(_closing(result))
    return Section(f"claim-{claim.id.lower()}", f"{claim.id} {claim.title}", tuple(blocks), 3)


def say_family(result: ClaimResult) -> str:
    """Say what the p value was adjusted over."""
    if result.p_value is None or result.p_adjusted is None:
        return ""
    before, after = format_p_value(result.p_value), format_p_value(result.p_adjusted)
    return f"{before}, adjusted {after}: {result.adjusted_over}"


def component_table(result: ClaimResult) -> Table:
    """Build the table of a claim's components."""
    header = ("What", "Claimed", "Groups", "Crude", "Adjusted", "p value", "Verdict")
    rows = tuple(
        (
            part.component.label + (" (decides)" if part.component.headline else ""),
            say_direction(part.component),
            "; ".join(say_group(group) for group in part.findings.groups),
            say_estimate(part.findings.crude),
            say_estimate(part.findings.adjusted),
            say_p_values(part),
            VERDICT_WORDS[part.verdict],
        )
        for part in result.components
    )
    return Table(f"{result.claim.id}: estimates with 95 % intervals", header, rows)


def _closing(result: ClaimResult) -> list[Block]:
    """Remarks of the components, published figures and notes."""
    claim = result.claim
    said = (*claim.remarks, *(_say_component(part) for part in result.components))
    blocks: list[Block] = [Bullets(said)] if said else []
    if claim.published:
        rows = tuple((anchor.figure, say_anchor(anchor)) for anchor in claim.published)
        blocks.append(Table("What is published", ("Figure", "Source"), rows))
    notes = read_notes()
    if claim.notes:
        blocks.append(Bullets(tuple(f"{name}: {notes[name]}" for name in claim.notes)))
    return blocks


def _say_component(part: ComponentResult) -> str:
    """Say how the numbers of a component were made, and what belongs beside them."""
    found, asked = part.findings, part.component
    said = [asked.sentence]
    said += [f"Crude: {found.crude.method}."] if isinstance(found.crude, Estimate) else []
    said += [f"Adjusted: {found.adjusted.method}."] if isinstance(found.adjusted, Estimate) else []
    said += [f"Beside it: {_decapitalise(say_estimate(one))}." for one in found.beside]
    said += found.remarks
    if found.n_left_out:
        rows = asked.rows.replace("_", " ")
        said.append(f"{format_count(found.n_left_out)} {rows} without a known group or outcome are left out.")
    return in_words(f"{asked.label}. {' '.join(words for words in said if words)} {part.why}".strip())


def _notes_section() -> Section:
    """List the notes on the review's own slips."""
    items = tuple(f"{name}: {text}" for name, text in read_notes().items())
    opening = Paragraph(
        "Where the review contradicts itself, its sources or other work, and what was done about it."
    )
    return Section("claims-notes", "Notes on the review", (opening, Bullets(items)), 3)
