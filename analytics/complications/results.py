"""What the complication estimators return."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ComplicationRate:
    """One complication in one group.

    Parameters
    ----------
    complication
        Key of the complication, for example ``dissection_d_f``.
    strategy
        Device strategy of the group, or ``all``.
    severity
        Calcification severity of the group, or ``all``.
    unit
        What is counted: ``lesion``, ``procedure`` or ``patient``.
    n_events, n_total
        Numerator, and denominator after the denominator rule.
    n_unrecorded
        Rows of the group left out because their site did not state absence (`complications_recorded` is not
        ``all``).
    status
        ``observed``; ``zero`` (none seen, so `upper` is the figure to read); ``structural_zero`` (the device
        cannot cause it: rate and interval are None and ``n/a`` is shown); ``no_denominator`` (nothing
        recorded).
    rate, lower, upper
        Proportion and limits, 0 to 1; for ``zero`` the lower limit is 0 and the upper limit is the exact
        one-sided 97.5 % limit (Clopper and Pearson), of patients where they count more than once.
    note
        A sentence to show beside the number, or an empty text.
    method
        Name of the interval; empty where there is none.
    n_patients
        Patients in the denominator where some count more than once, and the interval is clustered by them;
        else None.
    n_effective
        Independent units that would tell as much, where the interval is clustered; else None.
    n_unclear
        Units of the denominator with a record that may mean the complication and cannot tell; not counted,
        so that a ``zero`` with such units is no proof that nothing was seen.
    """

    complication: str
    strategy: str
    severity: str
    unit: str
    n_events: int
    n_total: int
    n_unrecorded: int
    status: str
    rate: float | None
    lower: float | None
    upper: float | None
    note: str = ""
    method: str = ""
    n_patients: int | None = None
    n_effective: float | None = None
    n_unclear: int = 0
