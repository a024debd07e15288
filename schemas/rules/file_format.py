"""Rules about the incoming file; the intake checks them, the catalogue explains them."""

from __future__ import annotations

from schemas.rules.rule import Rule

FILE = ("file",)

RULES = (
    Rule(
        id="F01",
        level="FILE",
        sentence="The bytes of the file do not fit the declared encoding.",
        remedy="Export the file as UTF-8, or declare its real encoding in the mapping.",
        kahn="Cv",
        tables=FILE,
    ),
    Rule(
        id="F02",
        level="FILE",
        sentence="A required column is not in the file.",
        remedy="Add the column to the export, or name its header in the mapping.",
        kahn="Cv",
        tables=FILE,
    ),
    Rule(
        id="F03",
        level="FILE",
        sentence="Two headers of the file are the same.",
        remedy="Rename or remove one of the two columns.",
        kahn="Cv",
        tables=FILE,
    ),
    Rule(
        id="F04",
        level="ROW",
        sentence="The record has more or fewer cells than the header.",
        remedy="Put quotation marks round cells that hold the delimiter, and export again.",
        kahn="Cv",
        tables=FILE,
    ),
    Rule(
        id="F05",
        level="FILE",
        sentence="The same file was loaded before.",
        remedy="Nothing to do; to replace an earlier file of the same period ask for the replacement.",
        kahn="D",
        tables=FILE,
    ),
    Rule(
        id="F06",
        level="FILE",
        sentence="The file has no data row, or it ends in a row of totals.",
        remedy="Export the records themselves and leave out sums and notes.",
        kahn="Cv",
        tables=FILE,
    ),
    Rule(
        id="F07",
        level="FILE",
        sentence="The file holds a direct identifier that the mapping does not drop.",
        remedy="Remove the column at the site, or list it under drop in the mapping.",
        kahn="Cv",
        tables=FILE,
    ),
    Rule(
        id="F08",
        level="FILE",
        sentence="The declared order of day and month contradicts the dates of the file.",
        remedy="Correct the date format in the mapping.",
        kahn="Cv",
        tables=FILE,
    ),
    Rule(
        id="F09",
        level="FILE",
        sentence="The middle value of the column lies where another unit would put it.",
        remedy="State the unit of the column in the mapping, or confirm that the values are right.",
        kahn="Pa",
        tables=FILE,
    ),
    Rule(
        id="F10",
        level="FILE",
        sentence="The site code is not the one registered for this submission.",
        remedy="Correct the site code in the file or in the mapping.",
        kahn="Cr",
        tables=FILE,
    ),
    Rule(
        id="F11",
        level="WARN",
        sentence="Procedure dates lie outside the declared period.",
        remedy="Correct the period, or send these records with the period they belong to.",
        kahn="Pt",
        tables=FILE,
    ),
    Rule(
        id="F12",
        level="WARN",
        sentence="The column is not part of the table and was left out.",
        remedy="Map the column, or list it under ignore in the mapping.",
        kahn="Cv",
        tables=FILE,
    ),
    Rule(
        id="F13",
        level="INFO",
        sentence="The column is mapped but completely empty; rules about it do not apply.",
        remedy="Nothing to do if the site does not record it.",
        kahn="K",
        tables=FILE,
    ),
)
