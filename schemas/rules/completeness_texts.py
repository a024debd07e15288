"""Wording of the rules about completeness."""

from __future__ import annotations

from schemas.rules.rule import Rule

RULES = (
    Rule(
        id="M01",
        level="WARN",
        sentence="The column is filled less often than its limit asks for.",
        remedy="Fill in the missing values at the site, or tell why they cannot be known.",
        kahn="K",
        tables=("procedures", "patients", "lesions", "imaging", "device_uses"),
    ),
    Rule(
        id="M02",
        level="WARN",
        sentence="Too few procedures state every complication, so that no rate can be shown.",
        remedy="Ask the site to state presence or absence of each complication.",
        kahn="K",
        tables=("procedures",),
    ),
    Rule(
        id="M03",
        level="WARN",
        sentence="Values are missing more often where the patient died, or less often.",
        remedy="Complete the values of the group that lacks them; models may be biased otherwise.",
        kahn="K",
        tables=("procedures",),
    ),
    Rule(
        id="M04",
        level="WARN",
        sentence="Values are missing more often with one kind of device than with another.",
        remedy="Complete the values of the group that lacks them, or comparisons of devices are biased.",
        kahn="K",
        tables=("lesions", "device_uses"),
    ),
    Rule(
        id="M05",
        level="WARN",
        sentence="Too many lesions have no calcification grade of the four-level scale.",
        remedy="Grade on four levels, or accept that graded analyses leave these lesions out.",
        kahn="K",
        tables=("lesions",),
    ),
    Rule(
        id="M06",
        level="WARN",
        sentence="The detail that belongs to a class of device is too often missing.",
        remedy="Send burr size, number of pulses and laser fluence with their devices.",
        kahn="K",
        tables=("device_uses",),
    ),
    Rule(
        id="M07",
        level="WARN",
        sentence="The imaging run holds no measurement.",
        remedy="Send at least one measurement of the run, or leave the run out.",
        kahn="K",
        tables=("imaging",),
    ),
    Rule(
        id="M08",
        level="WARN",
        sentence="A gap in time that chance does not explain, or fewer procedures than declared.",
        remedy="Ask the site whether consecutive patients were sent.",
        kahn="K",
        tables=("procedures",),
    ),
    Rule(
        id="M09",
        level="WARN",
        sentence="The status at 30 days or at one year is known of too few patients.",
        remedy="Contact the patients, or ask for a linkage.",
        kahn="K",
        tables=("follow_up", "events", "procedures"),
    ),
    Rule(
        id="M10",
        level="WARN",
        sentence="Follow-up at one year is too incomplete, or unequal between kinds of device.",
        remedy="Complete the follow-up, first in the group that lacks it.",
        kahn="K",
        tables=("follow_up", "events", "procedures"),
    ),
    Rule(
        id="M11",
        level="INFO",
        sentence="Patients without known status at one year differ from the others.",
        remedy="Mind it when outcomes are read; the survivors may not speak for the lost.",
        kahn="K",
        tables=("follow_up", "procedures"),
    ),
)
