"""Faults of whole sites: how the values of one hospital are spread, recorded or followed."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from synthetic.faults.added_patients import sites_by_size
from synthetic.faults.patients import PatientFault
from synthetic.faults.places import Place

Texts = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class SiteFault:
    """Cells of a site that are overwritten.

    Parameters
    ----------
    rule_id, level, table, column
        Rule that is broken, what it does, and where.
    cells
        New cells by column.
    rows
        Which rows of the site's; every row where it is not given. Procedures come with ``is_dead``, lesions
        with ``operator_id``.
    every
        Of these rows, each so many-th.
    source, rank, fewest
        The site: follow-up source, which of them, the largest first, and the procedures without which it
        is too small.
    fewest_rows
        Rows to be changed without which the fault does not show.
    fewest_expected
        Rows to be changed that a hospital like the others would have, without which the fault does not show.
    of_cells
        Rule that every changed cell breaks, and its level.
    """

    rule_id: str
    level: str
    table: str
    column: str
    cells: dict[str, pl.Expr | str | None]
    rows: pl.Expr | None = None
    every: int = 1
    source: tuple[str, ...] = ("linkage",)
    rank: int = 0
    fewest: int = 100
    fewest_rows: int = 1
    fewest_expected: float = 0
    of_cells: tuple[str, str] | None = None


def _floored(column: str, step: int) -> pl.Expr:
    """Return numbers set down to a multiple, but only nought to nought."""
    number = pl.col(column).cast(pl.Float64)
    return pl.when(number > 0).then((number // step * step).clip(step)).otherwise(number).cast(pl.String)


_ACTIVE = ("active_contact",)

SITE_FAULTS = (
    # The largest hospital with linkage measures carelessly.
    SiteFault(
        "C11", "WARN", "imaging", "calcium_arc_deg", {"calcium_arc_deg": _floored("calcium_arc_deg", 90)}
    ),
    SiteFault(
        "S05",
        "INFO",
        "lesions",
        "lesion_length_mm",
        {"lesion_length_mm": _floored("lesion_length_mm", 5)},
    ),
    SiteFault("S06", "WARN", "procedures", "contrast_ml", {"contrast_ml": "150"}, every=2),
    SiteFault(
        "M03",
        "WARN",
        "procedures",
        "prior_pci",
        {"prior_pci": None},
        rows=pl.col("is_dead"),
        every=2,
        fewest=300,
        fewest_rows=11,
    ),
    # Another one leaves out a question, and has complications that the others do not have.
    SiteFault("M01", "WARN", "procedures", "prior_pci", {"prior_pci": None}, rank=2),
    # One records some complications only, others under another name, and writes what it likes.
    SiteFault(
        "M02",
        "WARN",
        "procedures",
        "complications_recorded",
        {"complications_recorded": "some"},
        rows=pl.col("complications_recorded") == "all",
        every=8,
        source=_ACTIVE,
        rank=1,
    ),
    SiteFault(
        "S03",
        "WARN",
        "complications",
        "complication_type",
        {"complication_type": "other", "grade_scale": None, "grade": None},
        rows=pl.col("complication_type") == "dissection",
        source=_ACTIVE,
        fewest=200,
        fewest_expected=7.2,
    ),
    SiteFault(
        "S11",
        "INFO",
        "procedures",
        "smoking",
        {"smoking": "sometimes"},
        every=20,
        source=_ACTIVE,
        rank=1,
        of_cells=("C02", "NULL"),
    ),
    # In one the grade depends on the operator, and a fourth of the lesions has none.
    SiteFault(
        "S09",
        "INFO",
        "lesions",
        "calcification_angio",
        {"calcification_angio": "severe"},
        rows=pl.col("operator_id").str.ends_with("OP1"),
        source=_ACTIVE,
        rank=2,
    ),
    SiteFault(
        "M05",
        "WARN",
        "lesions",
        "calcification_angio",
        {"calcification_angio": "unknown"},
        every=4,
        source=_ACTIVE,
        rank=2,
    ),
)
"""Cells that are overwritten; what stands at one site does not mask what else stands there."""

_QUARTER = tuple(f"+{day}" for day in range(5, 85))
_MONTHS_OF_31 = (1, 3, 5, 7, 8, 10, 12)
_MONTH_ENDS = tuple(f"{year}-{month:02d}-31" for year in (2020, 2021, 2022) for month in _MONTHS_OF_31)

CROWDS = (
    PatientFault(
        "S01",
        "WARN",
        "procedures - procedure_date",
        (
            ("lesions", 0, {"reference_diameter_mm": None}),
            ("device_uses", 0, {"diameter_mm": None}),
            ("follow_up", 1, {"contact_date": "@end", "planned_window": None}),
        ),
        also=(
            ("S02", "WARN", "procedures - presentation"),
            ("M04", "WARN", "lesions - reference_diameter_mm"),
            ("M06", "WARN", "device_uses - diameter_mm"),
        ),
        source=_ACTIVE,
        starts=_QUARTER,
        rank=0,
        fewest=250,
        per=300,
    ),
    PatientFault(
        "S08",
        "INFO",
        "procedures - procedure_date",
        (("patients", 0, {"sex": "male"}),),
        source=("mixed",),
        starts=_MONTH_ENDS,
        rank=-1,
        fewest=40,
        per=140,
    ),
    PatientFault(
        "M08",
        "WARN",
        "procedures - procedure_date",
        (("device_uses", 1, {"device_class": "scoring_balloon", "ivl_pulses": None}),),
        source=("mixed",),
        starts=("2008-06-15",),
        rank=1,
        fewest=60,
    ),
)
"""Patients in numbers: a quarter full of one kind, imprecisely recorded; ends of months; one long ago."""


def change_sites(texts: Texts) -> tuple[Texts, list[Place]]:
    """Overwrite cells of whole sites.

    Parameters
    ----------
    texts
        Canonical tables as text.

    Returns
    -------
    tuple
        The tables, and where each fault and its consequences are. A fault for which the registry has no
        site is left out.
    """
    tables, places = dict(texts), []
    for fault in SITE_FAULTS:
        sites = sites_by_size(texts, fault.source)
        if fault.rank < len(sites) and sites[fault.rank]["len"] >= fault.fewest:
            tables, found = _overwrite(tables, fault, sites[fault.rank]["site_id"])
            places += found
    return tables, places


def _overwrite(texts: Texts, fault: SiteFault, site: str) -> tuple[Texts, list[Place]]:
    """Overwrite the cells of one site."""
    hit = _rows_hit(texts, fault, site)
    if hit.sum() < fault.fewest_rows or _expected_rows(texts, fault, site) < fault.fewest_expected:
        return texts, []
    table = texts[fault.table]
    changed = table.with_columns(
        pl.when(hit)
        .then(pl.lit(new, pl.String) if new is None or isinstance(new, str) else new)
        .otherwise(pl.col(name))
        .alias(name)
        for name, new in fault.cells.items()
    )
    places = [Place(fault.rule_id, fault.level, "planted", fault.table, fault.column, site_id=site)]
    rows = [] if fault.of_cells is None else hit.arg_true().to_list()
    places += [
        Place(*(fault.of_cells or ("", "")), "consequence", fault.table, fault.column, row=row, site_id=site)
        for row in rows
    ]
    return texts | {fault.table: changed}, places


def _rows_hit(texts: Texts, fault: SiteFault, site: str) -> pl.Series:
    """Return which rows of the table are changed."""
    is_hit = _is_of(texts[fault.table], site) & _rows_asked(texts, fault)
    return is_hit & (is_hit.cum_sum() % fault.every == 0)


def _expected_rows(texts: Texts, fault: SiteFault, site: str) -> float:
    """Return how many rows a fault would change in a hospital of this size that is like the others."""
    elsewhere = (_rows_asked(texts, fault) & ~_is_of(texts[fault.table], site)).to_numpy().sum()
    is_own = _is_of(texts["procedures"], site).to_numpy()
    return float(elsewhere * is_own.sum() / max((~is_own).sum(), 1))


def _is_of(table: pl.DataFrame, site: str) -> pl.Series:
    """Return which rows of a table are of a site."""
    return table.to_series(0).str.starts_with(f"{site}-P")


def _rows_asked(texts: Texts, fault: SiteFault) -> pl.Series:
    """Return which rows of the table, at any site, the fault is about."""
    is_asked = pl.col(fault.column).is_not_null()
    if fault.rows is not None:
        is_asked &= fault.rows.fill_null(value=False)
    return _with_facts(texts, fault.table).select(is_asked).to_series()


def _with_facts(texts: Texts, name: str) -> pl.DataFrame:
    """Return a table with the facts of patient or operator that faults ask for."""
    table = texts[name]
    if name == "procedures":
        dead = texts["events"].filter(event_type="death")["patient_id"].implode()
        return table.with_columns(is_dead=pl.col("patient_id").is_in(dead))
    if name == "lesions":
        operators = texts["procedures"].select("procedure_id", "operator_id")
        return table.join(operators, on="procedure_id", how="left", maintain_order="left")
    return table
