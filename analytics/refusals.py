"""Not estimable is an answer: the typed refusal that every estimator may return."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NotEstimable:
    """A number that the data cannot give, and why.

    Parameters
    ----------
    group
        Label of the group or model asked for.
    reason
        One sentence for a clinician, without any cell value.
    code
        Stable short name of the reason: ``no_patients``, ``no_events``, ``follow_up_too_short``,
        ``separation``, ``not_converged``, ``one_group``, ``event_times_unknown``, ``singular``,
        ``too_few_events``, ``competing_events``.
    """

    group: str
    reason: str
    code: str
