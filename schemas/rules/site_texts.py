"""Wording of the rules about whole sites and their drift."""

from __future__ import annotations

from schemas.rules.rule import Rule

RULES = (
    Rule(
        id="S01",
        level="WARN",
        sentence="The newest quarter holds more or fewer procedures than the four before it explain.",
        remedy="Ask the site whether the export is complete, or what changed.",
        kahn="S",
        tables=("procedures",),
    ),
    Rule(
        id="S02",
        level="WARN",
        sentence="The mix of grades, devices, presentations or ages has changed.",
        remedy="Ask the site whether patients, coding or the export changed.",
        kahn="S",
        tables=("procedures", "lesions", "device_uses"),
    ),
    Rule(
        id="S03",
        level="WARN",
        sentence="The site has none of a complication that others see; it is probably not recorded.",
        remedy="Ask the site how it records this complication.",
        kahn="S",
        tables=("complications", "procedures"),
    ),
    Rule(
        id="S04",
        level="WARN",
        sentence="The site lies outside the limits of the funnel after adjustment for case mix.",
        remedy="Talk with the site about data and care; never leave it out for this reason.",
        kahn="S",
        tables=("complications", "procedures", "events"),
    ),
    Rule(
        id="S05",
        level="INFO",
        sentence="Too many numbers end in 0 or 5.",
        remedy="Ask whether the values were measured or estimated.",
        kahn="S",
        tables=("procedures", "lesions"),
    ),
    Rule(
        id="S06",
        level="WARN",
        sentence="One value fills too much of a column of measurements.",
        remedy="Ask whether a default or a copied value was sent.",
        kahn="S",
        tables=("procedures", "lesions"),
    ),
    Rule(
        id="S07",
        level="WARN",
        sentence="Five or more records in a row agree in every measurement.",
        remedy="Check whether cells were copied down.",
        kahn="S",
        tables=("procedures",),
    ),
    Rule(
        id="S08",
        level="INFO",
        sentence="Procedure dates heap on one kind of day.",
        remedy="Ask whether dates were estimated or filled in.",
        kahn="S",
        tables=("procedures",),
    ),
    Rule(
        id="S09",
        level="INFO",
        sentence="Calcification grades depend on who graded.",
        remedy="Agree on the grading; compare graders on a common set of angiograms.",
        kahn="S",
        tables=("lesions", "procedures"),
    ),
    Rule(
        id="S10",
        level="WARN",
        sentence="Deaths are known of contacted patients only.",
        remedy="Ask for the vital status of the patients without a contact.",
        kahn="S",
        tables=("events", "follow_up"),
    ),
    Rule(
        id="S11",
        level="INFO",
        sentence="Many values of the column are not in its code list.",
        remedy="Add the new values to the mapping.",
        kahn="S",
        tables=("all",),
    ),
)
