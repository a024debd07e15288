"""Status, numerator and denominator of every rule for every site, and the findings about whole sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.registry import TABLES
from schemas.rule_counts import checked_counts
from schemas.rules.catalogue import RULES, SITE_CHECKS
from schemas.rules.completeness import loses_value
from schemas.rules.site_frames import LOST_SCHEMA, SiteCheck, SiteFrames, nothing_measured
from schemas.submission import FINDING_SCHEMA, RULE_RESULT_SCHEMA
from schemas.table_state import raised

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.rules.site_frames import Scene
    from schemas.submission import TextTable
    from schemas.table_state import TableState

    States = Mapping[str, TableState]

_PARENTS = {
    "lesions": ("procedure_id", "procedures"),
    "complications": ("procedure_id", "procedures"),
    "imaging": ("lesion_id", "lesions"),
    "device_uses": ("lesion_id", "lesions"),
    "follow_up": ("patient_id", "patients"),
    "events": ("patient_id", "patients"),
}
"""Column by which a row finds its site, and the table that knows it."""

_COUNT = ["rule_id", "site_id", "n_violating", "n_checked"]
_RESULT = [name for name in RULE_RESULT_SCHEMA if name != "is_waived"]
_FILE_RULES = "F"
_SITE_RULES = tuple(sorted({check.rule_id for check in SITE_CHECKS}))
_ASKED_WITH = {"K03": "previous_patients", "K13": "previous_keys", "F10": "registered_sites", "F11": "period"}
_NEVER_PASSED = ("F05",)  # the loader alone knows what it holds


def derive_results(
    states: States, texts: Sequence[TextTable], of_files: pl.DataFrame, scene: Scene
) -> pl.DataFrame:
    """Return the result of every rule for every site, columns of `RULE_RESULT_SCHEMA`.

    Parameters
    ----------
    states
        Tables after all checks.
    texts
        The parts as they came.
    of_files
        Findings that may be about whole files: those of earlier steps and those about columns.
    scene
        Day of loading, context and limits.
    """
    sites = row_sites(states)
    violations = _violations(states, sites)
    checked = checked_counts(states, sites, is_mapped=_is_mapped(texts))
    measures = _measures(_site_frames(states, sites, violations, scene))
    present = _present(sites)
    rows = pl.concat([_of_rows(violations, checked, present), _of_file(texts, of_files)])
    rows = _without_unasked(rows, scene)
    every = pl.concat([rows, _of_sites(measures, present)]).with_columns(is_waived=pl.lit(value=False))
    return every.sort("site_id", "rule_id", "table", "column", nulls_last=False, maintain_order=True)


def row_sites(states: States) -> dict[str, pl.Series]:
    """Return the site of every row of every table, in the order of ``at``; null where it is not known."""
    known = {
        site
        for name in ("patients", "procedures")
        for site in states[name].rows.columns(["site_id"])["site_id"].drop_nulls().unique().to_list()
    }
    only = next(iter(known)) if len(known) == 1 else None
    sites: dict[str, pl.Series] = {}
    for name in TABLES:
        state = states[name]
        if "site_id" in state.table.by_name:
            sites[name] = state.rows.columns(["site_id"])["site_id"]
        elif only is not None:
            sites[name] = pl.Series("site_id", [only], dtype=pl.String).new_from_index(0, state.origin.height)
        elif state.is_empty:
            sites[name] = pl.Series("site_id", [], dtype=pl.String)
        else:
            column, parent = _PARENTS[name]
            keys = state.rows.columns([column])[column]
            sites[name] = _sites_by_parent(keys, states[parent], sites[parent])
    return sites


def _sites_by_parent(keys: pl.Series, parent: TableState, parent_sites: pl.Series) -> pl.Series:
    """Look up the site of the parent of each row; accepted parents come first, as keys repeat in others."""
    rejected = parent.rejections["at"].implode()
    key = parent.table.primary_key
    owners = parent.rows.columns([key]).select("at", key=key, site_id=parent_sites)
    accepted = owners.filter(~pl.col("at").is_in(rejected)).select("key", "site_id")
    found = keys.to_frame("key").join(accepted, on="key", how="left", maintain_order="left")
    if parent.rejections.is_empty() or not found["site_id"].null_count():
        return found["site_id"]
    others = owners.filter(pl.col("at").is_in(rejected)).drop("at").drop_nulls().unique("key", keep="first")
    found = found.join(others.rename({"site_id": "other"}), on="key", how="left", maintain_order="left")
    return found.select(pl.coalesce("site_id", "other").alias("site_id"))["site_id"]


def _violations(states: States, sites: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Return the number of findings on rows, by site, rule, table and column."""
    keys = {"site_id": pl.String, "rule_id": pl.String, "table": pl.String, "column": pl.String}
    parts = [pl.DataFrame(schema={**keys, "n": pl.Int64})]
    for name, state in states.items():
        found = state.violations().filter(~pl.col("rule_id").str.starts_with(_FILE_RULES))
        placed = found.with_columns(sites[name].gather(found["at"]).alias("site_id"), table=pl.lit(name))
        parts.append(placed.group_by(list(keys)).len("n").cast({"n": pl.Int64}))
    return pl.concat(parts)


def _is_mapped(texts: Sequence[TextTable]) -> bool:
    """Tell whether a mapping made the tables, whose rules can then be said to have passed."""
    return any(column != header for text in texts for column, header in text.headers.items())


def _present(sites: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Return the sites that have any row of their own."""
    own = [sites[name] for name in ("sites", "patients", "procedures")]
    return pl.concat(own).drop_nulls().unique().sort().to_frame("site_id")


def _of_rows(violations: pl.DataFrame, checked: pl.DataFrame, present: pl.DataFrame) -> pl.DataFrame:
    """Return the results of the rules about rows, a row for each rule and site."""
    names = [name for name in RULES if name[0] != _FILE_RULES and name not in _SITE_RULES]
    every = present.join(pl.DataFrame({"rule_id": names}), how="cross")
    broken = violations.group_by("site_id", "rule_id").agg(pl.col("n").sum().alias("n_violating"))
    on = ["site_id", "rule_id"]
    rows = every.join(broken, on=on, how="left").join(checked, on=on, how="left")
    homeless = broken.join(every, on=on, how="anti", nulls_equal=True)
    homeless = homeless.filter(pl.col("rule_id").is_in(names)).with_columns(n_checked=pl.lit(0, pl.Int64))
    both = pl.concat([rows.select(_COUNT), homeless.select(_COUNT)])
    return _with_status(both.with_columns(pl.col("n_violating", "n_checked").fill_null(0)))


def _with_status(counts: pl.DataFrame) -> pl.DataFrame:
    """Turn counts into results: what was not looked at has not passed."""
    counts = counts.with_columns(n_checked=pl.max_horizontal("n_checked", "n_violating"))
    status = (
        pl.when(pl.col("n_violating") > 0)
        .then(pl.lit("failed"))
        .when(pl.col("n_checked") > 0)
        .then(pl.lit("passed"))
        .otherwise(pl.lit("not_applicable"))
    )
    nothing = [pl.lit(None, RULE_RESULT_SCHEMA[name]).alias(name) for name in ("table", "column", "value")]
    return counts.with_columns(status.alias("status"), *nothing).select(_RESULT)


def _of_file(texts: Sequence[TextTable], found: pl.DataFrame) -> pl.DataFrame:
    """Return the results of the rules about files: how many files break each."""
    broken = found.group_by("rule_id").agg(pl.col("file").n_unique().cast(pl.Int64).alias("n_violating"))
    names = [*(name for name in RULES if name[0] == _FILE_RULES), "K13"]
    rows = pl.DataFrame({"rule_id": names}).join(broken, on="rule_id", how="left")
    n_files = len({text.file for text in texts})
    rows = rows.with_columns(
        pl.col("n_violating").fill_null(0),
        site_id=pl.lit(None, pl.String),
        n_checked=pl.lit(n_files, pl.Int64),
    )
    return _with_status(rows.select(_COUNT))


def _without_unasked(rows: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """Say of rules that nobody could ask that they do not apply."""
    unasked = [rule for rule, name in _ASKED_WITH.items() if not _is_given(getattr(scene.context, name))]
    is_unasked = pl.col("rule_id").is_in([*unasked, *_NEVER_PASSED]) & (pl.col("status") == "passed")
    # K13 is a rule about the whole submission; its row for each site says nothing.
    rows = rows.filter((pl.col("rule_id") != "K13") | pl.col("site_id").is_null())
    return rows.with_columns(
        pl.when(is_unasked).then(pl.lit("not_applicable")).otherwise("status").alias("status"),
        pl.when(is_unasked).then(0).otherwise("n_checked").alias("n_checked"),
    )


def _is_given(fact: object) -> bool:
    """Tell whether a fact of the context is there."""
    return fact is not None and (not isinstance(fact, dict) or bool(fact))


def _site_frames(
    states: States, sites: Mapping[str, pl.Series], violations: pl.DataFrame, scene: Scene
) -> SiteFrames:
    """Return the accepted rows with their sites."""
    tables = {}
    for name, state in states.items():
        frame = state.accepted()
        if "site_id" not in frame.columns:
            frame = frame.with_columns(sites[name].gather(frame["at"]).alias("site_id"))
        tables[name] = frame
    unlisted = violations.filter(pl.col("rule_id") == "C02").drop("rule_id")
    return SiteFrames(tables=tables, unlisted=unlisted, scene=scene, lost=_lost_cells(states, sites))


def _lost_cells(states: States, sites: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Return how many cells cost their row because they hold no value that can be used, by site."""
    parts = [pl.DataFrame(schema=LOST_SCHEMA)]
    on = ["at", "column"]
    for name, state in states.items():
        prior = state.prior.select(pl.col("at").cast(pl.Int64), "column", "rule_id", "level")
        earlier = raised(prior, state.fatal_cells(), on=on)
        found = pl.concat([state.marks().select(earlier.columns), earlier])
        cells = found.filter((pl.col("level") == "ROW") & loses_value()).select(on).drop_nulls().unique()
        placed = cells.with_columns(sites[name].gather(cells["at"]).alias("site_id"), table=pl.lit(name))
        parts.append(placed.group_by("site_id", "table", "column").len("n").cast({"n": pl.Int64}))
    return pl.concat(parts)


def _measures(frames: SiteFrames) -> pl.DataFrame:
    """Run the rules about whole sites."""
    parts = [_measure(check, frames) for check in SITE_CHECKS]
    return pl.concat([nothing_measured().with_columns(rule_id=pl.lit("")), *parts])


def _measure(check: SiteCheck, frames: SiteFrames) -> pl.DataFrame:
    """Run one rule about whole sites."""
    return check.measure(frames).with_columns(rule_id=pl.lit(check.rule_id))


def _of_sites(measures: pl.DataFrame, present: pl.DataFrame) -> pl.DataFrame:
    """Return the results of the rules about whole sites; a rule that measured nothing does not apply."""
    status = (
        pl.when(pl.col("is_failed").is_null())
        .then(pl.lit("not_applicable"))
        .when("is_failed")
        .then(pl.lit("failed"))
        .otherwise(pl.lit("passed"))
    )
    told = measures.with_columns(status.alias("status")).select(_RESULT)
    every = present.join(
        pl.DataFrame({"rule_id": list(_SITE_RULES)}, schema={"rule_id": pl.String}), how="cross"
    )
    silent = every.join(told, on=["site_id", "rule_id"], how="anti").with_columns(
        table=pl.lit(None, pl.String),
        column=pl.lit(None, pl.String),
        status=pl.lit("not_applicable"),
        n_violating=pl.lit(0, pl.Int64),
        n_checked=pl.lit(0, pl.Int64),
        value=pl.lit(None, pl.Float64),
    )
    return pl.concat([told, silent.select(_RESULT)])


def failing_sites(results: pl.DataFrame, texts: Sequence[TextTable]) -> pl.DataFrame:
    """Return one finding for each rule about whole sites, table and column; ``n`` counts the sites."""
    failed = results.filter((pl.col("status") == "failed") & pl.col("rule_id").is_in(_SITE_RULES))
    files = {text.table: text.file for text in reversed(texts)}
    counts = failed.group_by("rule_id", "table", "column").len("n").sort("rule_id", "table", "column")
    rows = [
        {
            "rule_id": rule_id,
            "level": RULES[rule_id].level,
            "file": files.get(table, ""),
            "table": table,
            "column": column,
            "sentence": RULES[rule_id].sentence,
            "remedy": RULES[rule_id].remedy,
            "n": n,
        }
        for rule_id, table, column, n in counts.iter_rows()
    ]
    return pl.DataFrame(rows, schema=FINDING_SCHEMA)
