"""One table on its way through validation: its text, its types, and what was found so far."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from schemas.rules.catalogue import RULES
from schemas.split_rows import SplitRows
from schemas.submission import TableReport

if TYPE_CHECKING:
    from schemas.registry import Table
    from schemas.sent_rows import SentRows

MARK_SCHEMA: dict[str, type[pl.DataType]] = {
    "table": pl.String,
    "at": pl.Int64,
    "column": pl.String,
    "rule_id": pl.String,
    "level": pl.String,
}
"""A finding before it is worded: cell, rule and effect."""

REJECTION_SCHEMA: dict[str, type[pl.DataType]] = {
    "at": pl.Int64,
    "rule_id": pl.String,
    "is_cascade": pl.Boolean,
}

_AS_SENT = ("site_id", "event_date_precision")

_CELL_SCHEMA = ("at", "column", "rule_id", "is_consequence")

FOLLOWS_RULE = "C17"
"""Rule of a value that depends on a cell which is reported elsewhere."""

ABSENCES = ("C05", "C06", "T00")
"""Rules about a value that is not there: said only where nothing else was said about the cell."""


@dataclass(eq=False)
class TableState:
    """Progress of one table.

    Parameters
    ----------
    sent
        The rows as they came.
    origin
        ``at`` with ``file``, ``row``, ``record`` and ``line`` of each row.
    prior
        Findings of earlier steps on these rows: ``at``, ``column`` (null for the row), ``rule_id`` (the root
        cause), ``level``, ``is_consequence`` (whether the cell that is to blame is reported elsewhere).
    offered
        Columns that the submission has, be they empty.
    """

    sent: SentRows
    origin: pl.DataFrame
    prior: pl.DataFrame
    offered: frozenset[str]
    table: Table = field(init=False)
    rows: SplitRows = field(init=False)
    rejections: pl.DataFrame = field(init=False)
    fatal: list[pl.DataFrame] = field(init=False, default_factory=list)
    _marks: list[pl.DataFrame] = field(init=False, default_factory=list)
    _cells: pl.DataFrame = field(init=False)
    _void: pl.Series = field(init=False)  # rows of which no cell can be trusted
    _excused: list[pl.DataFrame] = field(init=False, default_factory=list)  # cells that a parent answers for

    def __post_init__(self) -> None:
        """Start with what earlier steps found."""
        self.table = self.sent.table
        links = {reference.column for reference in self.table.references}
        self.rows = SplitRows(self.sent.typed, {self.table.primary_key, *_AS_SENT, *links})
        self.sent = replace(self.sent, typed=self.sent.typed.clear())  # else emptied columns would stay
        self.rejections = pl.DataFrame(schema=REJECTION_SCHEMA)
        is_void = pl.col("column").is_null() & (pl.col("level") == "ROW")
        self._void = self.prior.filter(is_void)["at"]
        self._cells = self.prior.filter(pl.col("column").is_not_null()).select(list(_CELL_SCHEMA))
        self.reject(self.prior.filter(pl.col("level") == "ROW"), is_cascade=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was sent."""
        return self.origin.is_empty()

    def accepted(self) -> pl.DataFrame:
        """Return the typed rows that nothing has rejected so far."""
        return self.rows.kept()

    def rejected(self) -> pl.DataFrame:
        """Return the typed rows that were rejected so far."""
        return self.rows.lost()

    def reject(self, rows: pl.DataFrame, *, is_cascade: bool) -> None:
        """Reject rows (``at``, ``rule_id``); the first cause of a row stands."""
        if rows.is_empty():
            return
        new = rows.filter(~pl.col("at").is_in(self.rejections["at"].implode()))
        new = new.unique("at", keep="first", maintain_order=True)
        new = new.select("at", "rule_id", is_cascade=pl.lit(is_cascade))
        self.rejections = pl.concat([self.rejections, new])
        self.rows.lose(new["at"])

    def apply(self, failures: pl.DataFrame) -> None:
        """Act on failing cells (``at``, ``column``, ``rule_id``, ``level``) and note them as findings.

        A rule of level NULL empties the cell, or rejects the row where the column is required. A value that
        is missing because of an earlier finding is not reported again, but the row is rejected for that
        earlier reason.
        """
        if failures.is_empty():
            return
        if not self._void.is_empty():
            failures = failures.filter(~pl.col("at").is_in(self._void.implode()))
        for excused in self._excused:
            failures = failures.join(excused, on=["at", "column"], how="anti", maintain_order="left")
        failures = self._escalated(_without_mild(_distinct(failures)))
        causes = self._with_causes(failures)
        is_absence = pl.col("rule_id").is_in(ABSENCES)
        root = pl.when(is_absence).then(pl.coalesce("cause", "rule_id")).otherwise("rule_id")
        is_fatal = pl.col("level") == "ROW"
        follows = is_absence & pl.col("is_consequence").fill_null(value=False)
        for is_cascade in (False, True):  # a fault of the row's own comes before one that it inherits
            fatal = causes.filter(is_fatal & (follows == is_cascade)).select("at", root.alias("rule_id"))
            self.reject(fatal, is_cascade=is_cascade)
        self.empty(failures.filter(pl.col("level") == "NULL"))
        explained = is_absence & pl.col("cause").is_not_null()
        self.fatal.append(causes.filter(explained & (pl.col("level") == "ROW")).select("at", "column"))
        is_repeated = (pl.col("cause") == pl.col("rule_id")).fill_null(value=False)
        self.note(causes.filter(~(explained | is_repeated)))

    def _with_causes(self, failures: pl.DataFrame) -> pl.DataFrame:
        """Add the rule that took the value of a cell before, and whether that was another's fault."""
        taken = self._cells.filter(pl.col("column").is_in(failures["column"].unique().implode()))
        if taken.is_empty():
            none = {"cause": pl.lit(None, pl.String), "is_consequence": pl.lit(None, pl.Boolean)}
            return failures.with_columns(**none)
        taken = taken.unique(["at", "column"], keep="first", maintain_order=True).rename({"rule_id": "cause"})
        return failures.join(taken, on=["at", "column"], how="left", maintain_order="left")

    def excuse(self, cells: pl.DataFrame) -> None:
        """Report nothing about cells (``at``, ``column``) that only repeat a fault of their parent."""
        self._excused.append(cells.select("at", "column"))

    def violations(self) -> pl.DataFrame:
        """Return ``at``, ``column`` and ``rule_id`` of every finding on a row, earlier steps' included."""
        found = [marks.select("at", "column", "rule_id") for marks in self._marks]
        earlier = self.prior.filter(~pl.col("is_consequence")).select("at", "column", "rule_id")
        return pl.concat([*found, earlier.select(pl.col("at").cast(pl.Int64), "column", "rule_id")])

    def marks(self) -> pl.DataFrame:
        """Return the findings so far, columns of `MARK_SCHEMA`; a cell that cost its row has level ROW."""
        # Batch by batch: only those that emptied a cell can have cost a row.
        fatal, on = self.fatal_cells(), ["at", "column"]
        marks = [raised(m, fatal, on=on) if "NULL" in m["level"] else m for m in self._marks]
        return pl.concat([pl.DataFrame(schema=MARK_SCHEMA), *marks])

    def fatal_cells(self) -> pl.DataFrame:
        """Return the cells (``at``, ``column``) that an earlier finding emptied and that cost their row."""
        cells = pl.DataFrame(schema={"at": pl.Int64, "column": pl.String})
        return pl.concat([cells, *self.fatal]).unique()

    def report(self) -> TableReport:
        """Return accepted and rejected rows; together they are the rows that came in."""
        columns = [column.name for column in self.table.columns]
        accepted = self.accepted()
        # A row's number is its place in the table: looking its origin up by place copies no other column.
        accepted = accepted.hstack(self.origin.select("line", "record", "file")[accepted["at"]])
        rejected = self.sent.texts(self.rejections["at"])
        rejected = rejected.join(self.rejections, on="at", how="inner", maintain_order="left")
        rejected = rejected.join(self.origin, on="at", how="left", maintain_order="left")
        return TableReport(
            table=self.table.name,
            accepted=accepted.select(*columns, pl.col("line").alias("source_row"), "record", "file"),
            rejected=rejected.select(*columns, "row", "record", "line", "rule_id", "is_cascade", "file"),
            n_input=self.origin.height,
        )

    def _escalated(self, failures: pl.DataFrame) -> pl.DataFrame:
        """Turn NULL into ROW on required columns, where an empty cell would only reject the row next."""
        required = [column.name for column in self.table.columns if column.required == "yes"]
        escalates = (pl.col("level") == "NULL") & pl.col("column").is_in(required)
        return failures.with_columns(pl.when(escalates).then(pl.lit("ROW")).otherwise("level").alias("level"))

    def empty(self, cells: pl.DataFrame) -> None:
        """Set cells (``at``, ``column``) to null."""
        self.rows.empty(cells)

    def fill(self, cells: pl.DataFrame) -> None:
        """Set decimals (``at``, ``column``, ``value``) that were read by a rule of their own."""
        self.rows.fill(cells)

    def note(self, failures: pl.DataFrame) -> None:
        """Keep the findings, and remember the cells whose value they took."""
        self._marks.append(failures.select(pl.lit(self.table.name).alias("table"), *list(MARK_SCHEMA)[1:]))
        removed = failures.filter(pl.col("level").is_in(["NULL", "ROW"]))
        cells = removed.select("at", "column", "rule_id", is_consequence=pl.lit(value=False))
        self._cells = pl.concat([self._cells, cells])


def _distinct(failures: pl.DataFrame) -> pl.DataFrame:
    """Return each failing cell once for each rule; one rule of one column is told apart by the row alone."""
    names = ["at", "column", "rule_id"]
    is_one = failures["column"].n_unique() == failures["rule_id"].n_unique() == 1
    return failures.unique(["at"] if is_one else names, maintain_order=True)


def _without_mild(failures: pl.DataFrame) -> pl.DataFrame:
    """Leave out remarks on cells that the same round empties."""
    emptied = (
        failures.filter(pl.col("level") == "NULL")
        .select("at", "column", is_emptied=pl.lit(value=True))
        .unique()
    )
    if emptied.is_empty():
        return failures
    joined = failures.join(emptied, on=["at", "column"], how="left", maintain_order="left")
    is_mild = pl.col("level").is_in(["WARN", "INFO"]) & pl.col("is_emptied").fill_null(value=False)
    return joined.filter(~is_mild).drop("is_emptied")


def raised(findings: pl.DataFrame, cells: pl.DataFrame, *, on: list[str]) -> pl.DataFrame:
    """Raise the level of findings about some cells from NULL to ROW."""
    if cells.is_empty():
        return findings
    fatal = cells.with_columns(is_fatal=pl.lit(value=True))
    joined = findings.join(fatal, on=on, how="left", maintain_order="left")
    level = pl.when(pl.col("is_fatal") & (pl.col("level") == "NULL")).then(pl.lit("ROW")).otherwise("level")
    return joined.with_columns(level.alias("level")).drop("is_fatal")


def with_level(cells: pl.DataFrame, level: str | None = None) -> pl.DataFrame:
    """Add to failing cells the level of their rule, or one level for all."""
    levels = pl.col("rule_id").replace_strict({rule.id: rule.level for rule in RULES.values()})
    return cells.with_columns((levels if level is None else pl.lit(level)).alias("level"))
