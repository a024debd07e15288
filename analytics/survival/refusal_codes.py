"""Every reason for which a number is refused or doubted: its short name, when it arises, what to do."""

from __future__ import annotations

from analytics.survival.refusals import Caution

REFUSALS = {
    "no_patients": (
        "nobody has an outcome under observation, or no row is complete",
        "Look at whom the population and the groups leave over.",
    ),
    "no_events": (
        "no event of the endpoint was seen",
        "Give the number followed; a longer follow-up may tell.",
    ),
    "too_few_events": (
        "fewer events than coefficients, or too few to show a shape over time",
        "Ask for fewer covariates, or for the risk alone.",
    ),
    "follow_up_too_short": ("nobody is under observation on the day asked for", "Ask for an earlier day."),
    "event_times_unknown": (
        "more than 5 % of the events are only known to have happened by the day of a visit",
        "Ask for a `proportion` on a day at which everybody's status is known.",
    ),
    "competing_events": (
        "another event takes patients out, so that one minus Kaplan-Meier would overstate the risk",
        "Ask for `aalen_johansen`, `cause_specific_cox` or `fine_gray`.",
    ),
    "separation": (
        "one group has no event, or a covariate tells the events apart: its ratio has no limit",
        'Ask for `penalty = "firth"`, or join the group with a neighbour.',
    ),
    "singular": (
        "covariates say the same thing twice, or a variance does not exist for these data",
        "Leave one of the covariates out.",
    ),
    "not_converged": (
        "the search for the estimate did not come to an end",
        "Centre the covariates, or use fewer.",
    ),
    "not_proportional": (
        "hazards of this model are not proportional, so that there is no hazard ratio",
        "Read the time ratios.",
    ),
    "one_group": ("there is nothing to compare with", "Name at least two groups with patients."),
    "zero_times": (
        "events fall on day 0, for which a model of log time has no place",
        "Set `landmark_days`, or ask for `piecewise_exponential`.",
    ),
    "no_person_time": ("an interval holds events without time at risk", "Move its limits."),
    "repeated_outcome": (
        "an event stands in a hierarchy twice, where probabilities stand in for what censoring hides",
        "Name each event once.",
    ),
    "effective_size_too_small": (
        "weights let the patients of a group tell as much as fewer than 10 would",
        "Look at which weights are extreme, and why.",
    ),
    "too_few_pairs": (
        "two methods are compared over fewer than 10 lesions, or over too few patients",
        "Look at how many lesions both methods have read.",
    ),
    "no_variation": (
        "two methods give every lesion the same grade, so that chance agreement cannot be told apart",
        "Show the table of grades instead.",
    ),
    "too_few_units": (
        "a spread over sites or operators would tell about single ones",
        "Look at all of them together.",
    ),
    "not_defined": (
        "a text says something that no record can be held against",
        "Read the note beside it: it names what the text leaves open.",
    ),
    "suppressed": (
        "an estimate rests on so few patients that others than the data holder might recognise them",
        "Ask the data holder, or take wider groups.",
    ),
}
"""Code of every refusal: when it is given, and what to do."""

CAUTIONS = {
    "few_events": (
        "a model has fewer than 10 events for each coefficient",
        "Ratios may be biased and intervals too narrow: use fewer covariates or Firth's penalty.",
    ),
    "short_follow_up": (
        "fewer than half of a group could have been followed to a horizon (reverse Kaplan-Meier)",
        "Lean on an earlier horizon.",
    ),
    "not_proportional": (
        "the test of proportional hazards over all terms gives p < 0.05",
        "Ask for `period_days`, or for event-free time (`rmst`).",
    ),
    "recurring_patients": (
        "patients count with more than one procedure",
        "Read the interval as the sentence says, or ask for first procedures only.",
    ),
    "small_effective_size": (
        "weighted patients tell as much as fewer than half of their number would",
        "Look at which weights are extreme, and why.",
    ),
}
"""Code of every caution that has one: when it is given, and what to do."""

EVENTS_PER_COEFFICIENT = 10
"""A model with fewer events for each coefficient carries a caution."""


def few_events_caution(n_events: int, n_coefficients: int) -> tuple[Caution, ...]:
    """Warn of a model with fewer than 10 events for each coefficient [1]_.

    Parameters
    ----------
    n_events, n_coefficients
        What the model rests on, and what it estimates.

    References
    ----------
    .. [1] Peduzzi, Concato, Feinstein & Holford (1995), J Clin Epidemiol 48:1503-1510.
       doi:10.1016/0895-4356(95)00048-8
    """
    if not n_coefficients or n_events >= EVENTS_PER_COEFFICIENT * n_coefficients:
        return ()
    each = n_events / n_coefficients
    sentence = (
        f"only {each:.1f} events per coefficient (fewer than {EVENTS_PER_COEFFICIENT}): ratios may be biased "
        "and intervals too narrow"
    )
    return (Caution("few_events", sentence),)


def render_refusals() -> str:
    """Return the tables of docs/methods/refusals.md."""
    parts = []
    for heading, codes in (("Refusals", REFUSALS), ("Cautions", CAUTIONS)):
        rows = [f"| `{code}` | {when} | {remedy} |" for code, (when, remedy) in codes.items()]
        parts.append("\n".join([f"## {heading}", "", "| code | when | what to do |", "|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"
