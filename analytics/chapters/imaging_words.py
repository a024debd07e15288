"""Words of the chapter on imaging; every published number stands here with where it can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.numbers import format_count, format_p_value, format_percent
from analytics.imaging.results import Estimate
from analytics.proportions.results import Comparison, CountTest

if TYPE_CHECKING:
    from analytics.refusals import NotEstimable

METHOD_NAMES = {"angiography": "angiography", "ivus": "IVUS", "oct": "OCT"}
ASSESSOR_NAMES = {
    "operator": "operator",
    "core_lab": "core laboratory",
    "algorithm": "algorithm",
    "unknown": "reader not stated",
}
GRADES = ("none", "mild", "moderate", "severe")
NOT_ESTIMABLE = "not estimable"

SELECTION = (
    "IVUS and OCT are chosen by the operator, as a rule for harder lesions, and OCT not for the same "
    "lesions as IVUS. What follows holds for lesions that somebody chose to image, not for all; lesions "
    "read by both are a choice within that choice."
)
GRADE_RULE = (
    "Grades from IVUS and OCT follow the largest arc of calcium before treatment: none 0, mild up to 180, "
    "moderate up to 270, severe above 270 degrees. That is a working rule of this program; no publication "
    "known to it translates arcs into the four angiographic grades."
)
KAPPA_WORDS = (
    "Kappa is agreement beyond chance: 0 is chance, 1 is perfect. The weighted ones count a near miss as "
    "part agreement, quadratic weights more so. Kappa falls where nearly all lesions have one grade, so "
    "read it beside the table of grades, and do not compare it between populations with another mix."
)
ASSESSOR_WORDS = (
    "A lesion carries one angiographic grade by one reader, so operators and core laboratories cannot be "
    "compared on the same lesion here. Published: weighted kappa 0.23 between them (doi: "
    "10.1161/JAHA.120.019815)."
)
WANG = (
    "Published, in 440 lesions read by all three methods: calcium seen by angiography in 40.2 %, IVUS in "
    "82.7 %, OCT in 76.8 %; of lesions with calcium on IVUS, OCT did not see it or measured an arc "
    "smaller by more than 90 degrees in 13.2 %; of lesions above 180 degrees on IVUS, angiography saw no "
    "calcium in 21.6 % (Wang et al, JACC Cardiovasc Imaging 2017; abstract: "
    "cbsmd.cn/CBS2017CMS/scientificresearch.php?cid=112&page=3)."
)
NO_TRUTH = (
    "A registry has no histology: neither IVUS nor OCT is the truth. Each is held against the other, and "
    "angiography against both. If the method taken for the truth errs, a better method looks worse. "
    "Predictive values hold only at the share of calcified lesions printed beside them."
)
FRIEDRICH = (
    "Against histology IVUS found calcium in 21 of 33 segments (64 %); in those with dense calcium, 19 of "
    "21 (90 %); in those with microcalcification alone, 2 of 12 (17 %); in none of 17 without calcium. "
    "The review that these pages put to the test gives 64 % for microcalcification: that is the figure "
    "for all calcium together. Source: Friedrich et al 1994, abstract: "
    "https://discovery.researcher.life/article/detection-of-intralesional-calcium-by-intracoronary-ultrasound-depends-on-the-histologic-pattern/c0fc80971c413e3286320b39e2a4139b."
)
OCT_LOOK = (
    "How calcium looks on OCT is not described here: the description of that review could not be "
    "confirmed at a source."
)
OCT_SCORE_WORDS = (
    "OCT score, recomputed from the measurements: 2 points for a largest angle above 180 degrees, 1 for a "
    "thickness above 0.5 mm, 1 for a length above 5 mm. Published: stent expansion 96 % at scores 0 to 3, "
    "78 % at score 4 (Fujino et al 2018, doi: 10.4244/EIJ-D-17-00962). Where a measurement is missing the "
    "score is a range, and is used only as far as the range decides."
)
IVUS_SCORE_WORDS = (
    "IVUS score (Zhang 2021): the criteria could not be verified at their source. They are used here as "
    "commonly quoted: one point each for superficial calcium above 270 degrees over more than 5 mm, "
    "superficial calcium all around, a calcified nodule, and a vessel narrower than 3.5 mm. Take this "
    "score as a working count of four features, not as the published one."
)
EXPANSION_WORDS = (
    "Expansion is recomputed: minimum stent area over the mean of the reference lumen areas, from the "
    "last IVUS or OCT run after stenting. Under-expanded is below 80 % (doi: 10.3389/fcvm.2025.1524390; "
    "there 144 of 416 lesions, 34.6 %, with IVUS-guided stenting)."
)
CRUDE_WORDS = (
    "All shares are crude. Devices are chosen by the calcium they meet, so no difference between devices "
    "is given here; differences between the other groups describe lesions and do not say what caused "
    "them."
)


def measured(value: float, *, digits: int = 2) -> str:
    """Return a number with a true minus sign."""
    text = f"{abs(value):.{digits}f}"
    return f"\u2212{text}" if value < 0 and float(text) else text


def estimate_words(estimate: Estimate, *, digits: int = 2) -> str:
    """Return an estimate with its limits, where it has some."""
    text = measured(estimate.estimate, digits=digits)
    if estimate.lower is None or estimate.upper is None:
        return text
    return f"{text} ({measured(estimate.lower, digits=digits)} to {measured(estimate.upper, digits=digits)})"


def difference_words(difference: Comparison | NotEstimable | None) -> str:
    """Return a difference of shares in percentage points."""
    if difference is None:
        return "reference"
    if not isinstance(difference, Comparison):
        return NOT_ESTIMABLE
    upper = difference.upper if difference.upper is not None else difference.estimate
    low, high = (measured(100 * end, digits=1) for end in (difference.lower, upper))
    return f"{measured(100 * difference.estimate, digits=1)} ({low} to {high})"


def test_words(test: CountTest | NotEstimable) -> str:
    """Return the p value of a test, or that there is none."""
    return format_p_value(test.p_value) if isinstance(test, CountTest) else NOT_ESTIMABLE


def neither_words(n_neither: int, n_both: int) -> str:
    """Say how many lesions read by both have no calcium at all, and why they are left out."""
    return (
        f"In {counted(n_neither, n_both)} of {format_count(n_both)} lesions with an arc from both, neither "
        "method saw calcium. They agree, but would make the limits below look narrower than they are for "
        "calcium, and are left out of them."
    )


def capital(method: str) -> str:
    """Return the name of a method at the beginning of a line."""
    return "Angiography" if method == "angiography" else METHOD_NAMES[method]


def refusal_words(refused: dict[str, str]) -> tuple[str, ...]:
    """Say what could not be estimated, once for each reason.

    Parameters
    ----------
    refused
        What was asked for, and the reason.
    """
    reasons = dict.fromkeys(refused.values())
    return tuple(
        f"Not estimable: {'; '.join(name for name, found in refused.items() if found == reason)}. {reason}"
        for reason in reasons
    )


def counted(n: int, total: int) -> str:
    """Return a count with its percent of a total."""
    return f"{format_count(n)} ({format_percent(n / total)})" if total else format_count(n)
