"""Definitions, denominators and formulas in the words of the report and of the methods page."""

from __future__ import annotations

from dataclasses import dataclass

NO_ADVICE = "This describes registries. It gives no advice on one patient's care."
"""Shown on every page and in every report."""

METHODS_VERSION = "1.1"
"""Goes up whenever a published number would move."""


@dataclass(frozen=True)
class Definition:
    """One term, what it means here, and where it comes from.

    Parameters
    ----------
    term
        The word, as shown on a page.
    meaning
        One to three sentences.
    source
        Citation, or an empty text where the choice is this project's own.
    """

    term: str
    meaning: str
    source: str = ""


POPULATION = (
    Definition(
        "Time zero",
        "The day of the procedure. An event on that day counts and is placed at day 0; no half day is "
        "invented.",
    ),
    Definition(
        "Index procedure",
        "The first eligible PCI of a patient. A planned staged PCI is never an event.",
    ),
    Definition(
        "Device strategy",
        "Intended: the first device used to modify the calcium, so that a rescue device after a failure "
        "stays with the device that was tried first. As treated: the set of devices used. For a procedure "
        "with several lesions the most heavily calcified lesion counts.",
    ),
    Definition(
        "Calcification severity",
        "One grade from angiography, IVUS and OCT by a documented order of preference. Grades that a site "
        "reports only in two levels stay as they are and are never split.",
        "Mintz et al. (1995), Circulation 91:1959-1965; Fujino et al. (2018), EuroIntervention "
        "13:e2182-e2189",
    ),
)

DENOMINATORS = (
    Definition(
        "Complication rate",
        "Lesions, procedures or patients with the complication (each has its usual unit), divided by those "
        "whose site states whether complications occurred. Where absence is not stated, they are left out "
        "and counted beside the rate. A complication that needs a device is counted among those in which it "
        "was used. Where patients count more than once, the interval is clustered by patient.",
        "Wilson (1927), J Am Stat Assoc 22:209-212; Rao and Scott (1992), Biometrics 48:577-585",
    ),
    Definition(
        "None seen",
        "When nothing was seen in n, the figure to read is how high the true rate may still be: the exact "
        "one-sided 97.5 % limit, shown as 'up to'.",
        "Clopper and Pearson (1934), Biometrika 26:404-413",
    ),
    Definition(
        "Complications compared",
        "Crude difference (Newcombe) and ratio (Koopman) with an exact mid-P test, and beside them the same "
        "standardised to the same patients by logistic regression. p values by Holm within the family fixed "
        "beforehand, by the false discovery rate outside it.",
        "Newcombe (1998), Stat Med 17:873-890; Koopman (1984), Biometrics 40:513-517; Holm (1979), Scand J "
        "Stat 6:65-70; Benjamini and Hochberg (1995), J R Stat Soc B 57:289-300",
    ),
    Definition(
        "Not applicable",
        "A burr cannot be trapped where no burr was used. Such cells show n/a and never a zero.",
    ),
)

SURVIVAL = (
    Definition(
        "Two clocks",
        "Death is followed to the last day on which vital status is known. Infarction, revascularisation "
        "and other non-fatal events are followed to the last contact at which they were asked about. "
        "Silence is not freedom from events, except at sites that link to national registers.",
    ),
    Definition(
        "Freedom from a composite that includes every death",
        "Kaplan-Meier with Greenwood's variance; the interval is made on the log-log scale.",
        "Kaplan and Meier (1958), J Am Stat Assoc 53:457-481; Kalbfleisch and Prentice (2002), section 1.4",
    ),
    Definition(
        "Risk of an endpoint where another death competes",
        "Aalen-Johansen cumulative incidence. One minus Kaplan-Meier is not offered there: it would "
        "overstate the risk.",
        "Aalen and Johansen (1978), Scand J Stat 5:141-150",
    ),
    Definition(
        "At risk",
        "Patients under observation just before the day, that is whose time is that day or later. In "
        "brackets: events up to and on that day. A curve stops where fewer than one in ten of its patients "
        "is still at risk.",
        "Pocock, Clayton and Altman (2002), Lancet 359:1686-1689; Morris et al. (2019), BMJ Open 9:e030215",
    ),
    Definition(
        "Early and late",
        "Early: from the procedure to day 30. Late: from day 31 on, among patients who were free of the "
        "endpoint and still followed on day 30 (a landmark analysis).",
        "Anderson, Cain and Gelber (1983), J Clin Oncol 1:710-719",
    ),
    Definition(
        "Comparison of curves",
        "Log-rank test, always shown with observed and expected events, never as a p value alone. It does "
        "not adjust for anything: groups of a registry differ in more than the device.",
        "Mantel (1966), Cancer Chemother Rep 50:163-170",
    ),
    Definition(
        "Hazard ratio",
        "Cox model with Efron's handling of ties. Where a patient may appear more than once the variance is "
        "clustered by patient. A ratio from a registry describes; it does not show that the device caused "
        "the difference.",
        "Cox (1972), J R Stat Soc B 34:187-220; Efron (1977), J Am Stat Assoc 72:557-565; Lin and Wei "
        "(1989), J Am Stat Assoc 84:1074-1078",
    ),
    Definition(
        "Not estimable",
        "An answer, not an error: no patients, no events, too short a follow-up, or a model without a "
        "finite solution.",
    ),
)

IMAGING = (
    Definition(
        "Reading",
        "What a method says of a lesion before treatment: runs after modification or stenting see treated "
        "calcium. Of several runs of one method the largest measurements count.",
    ),
    Definition(
        "Kappa",
        "Agreement of two gradings beyond chance, unweighted and with linear and quadratic weights; patients "
        "with several lesions are resampled whole.",
        "Cohen (1968), Psychol Bull 70:213-220; Fleiss, Cohen and Everitt (1969), Psychol Bull 72:323-327",
    ),
    Definition(
        "Limits of agreement",
        "Mean difference and 1.96 standard deviations to both sides, with exact intervals where each patient "
        "gives one lesion.",
        "Bland and Altman (1986), Lancet 327:307-310; Carkeet (2015), Optom Vis Sci 92:e71-e80",
    ),
    Definition(
        "Sensitivity and specificity",
        "Of one method's calls, another being taken for the truth. A registry has no histology, so both "
        "directions are shown. Exact intervals.",
        "Clopper and Pearson (1934), Biometrika 26:404-413; McNemar (1947), Psychometrika 12:153-157",
    ),
    Definition(
        "Stent expansion",
        "Minimum stent area over the mean reference lumen area, recomputed; under-expanded below 80 %.",
        "doi:10.3389/fcvm.2025.1524390",
    ),
)

LIMITS = (
    "Devices are chosen by calcium, anatomy and operator. A difference between devices mixes their effect "
    "with the reasons they were chosen for.",
    "Endpoints of the same name are composed differently in different studies. Compare only where "
    "composition and horizon agree.",
    "Complications are those that sites report. Sites differ in how hard they look, for periprocedural "
    "infarction above all.",
    "Small groups give wide intervals. Read the interval before the point.",
    NO_ADVICE,
)

ALL_DEFINITIONS = (
    ("Population", POPULATION),
    ("Denominators", DENOMINATORS),
    ("Survival", SURVIVAL),
    ("Imaging", IMAGING),
)
"""Headings and their definitions, in the order to show."""
