"""The default covariates of a comparison of devices, from four procedures with five lesions."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.comparison.covariates import DEFAULT_COVARIATES, choose_covariates, derive_covariates
from analytics.comparison.standardisation import standardise
from analytics.errors import SpecificationError
from analytics.refusals import NotEstimable

LESIONS = pl.DataFrame(
    {
        "lesion_id": ["L1", "L2", "L3", "L4", "L5"],
        "procedure_id": ["P1", "P1", "P2", "P3", "P4"],
        "vessel": ["LCX", "LM", "RI", "vein_graft", "unknown"],
        "lesion_length_mm": [12.0, 30.0, 19.9, None, 20.0],
        "cto": [False, True, False, None, False],
        "in_stent_restenosis": [False, None, False, False, True],
        "bifurcation": [True, False, False, False, False],
    }
)
PROCEDURES = pl.DataFrame(
    {
        "procedure_id": ["P2", "P1", "P3", "P4"],
        "severity": ["severe", "mild", "unknown", "none"],
        "presentation_group": ["acute", "chronic", "other_unknown", "acute"],
        "ckd": [True, True, None, False],
        "dialysis": [False, True, None, None],
        "lvef_pct": [40.0, 39.9, None, 50.0],
        "age_years": [70, 71, 72, 73],
        "sex": ["male", "female", "male", "male"],
        "procedure_year": [2020, 2021, 2022, 2023],
        "site_id": ["S1", "S1", "S2", "S2"],
    }
)


def test_a_procedure_takes_the_worst_of_its_lesions() -> None:
    rows = derive_covariates(PROCEDURES, lesions=LESIONS)
    assert rows["procedure_id"].to_list() == ["P2", "P1", "P3", "P4"]
    assert rows["length_class"].to_list() == ["under 20 mm", "30 mm or more", None, "20 to under 30 mm"]
    assert rows["vessel_group"].to_list() == ["circumflex or intermediate", "left main", "graft", None]
    assert rows["has_cto"].to_list() == [False, True, None, False]
    assert rows["has_bifurcation"].to_list() == [False, True, False, False]
    # One of two lesions is not on record and the other has none: not known.
    assert rows["has_in_stent_restenosis"].to_list() == [False, None, False, True]


def test_a_lesion_keeps_its_own_anatomy() -> None:
    lesions = PROCEDURES.join(LESIONS.select("procedure_id", "lesion_id"), on="procedure_id")
    rows = derive_covariates(lesions, lesions=LESIONS).sort("lesion_id")
    assert rows["length_class"].to_list()[:2] == ["under 20 mm", "30 mm or more"]
    assert rows["vessel_group"].to_list()[:2] == ["circumflex or intermediate", "left main"]


def test_kidney_ventricle_calcium_and_presentation_are_grouped() -> None:
    rows = derive_covariates(PROCEDURES, lesions=LESIONS)
    assert rows["kidney"].to_list() == ["kidney disease", "dialysis", None, "no kidney disease"]
    assert rows["lvef_class"].to_list() == ["40 to under 50 %", "under 40 %", None, "50 % or more"]
    assert rows["calcium_grade"].to_list() == ["severe", "none or mild", None, "none or mild"]
    assert rows["is_acute"].to_list() == [True, False, None, True]
    assert rows["lvef_class"].dtype == pl.Enum(["50 % or more", "under 40 %", "40 to under 50 %"])


def test_what_is_compared_is_not_adjusted_for() -> None:
    rows = derive_covariates(PROCEDURES, lesions=LESIONS)
    every = choose_covariates(rows, exposure="strategy_intended")
    assert every[:2] == ("calcium_grade", "age_years")
    assert "has_diabetes" not in every  # no such column in these rows
    assert "calcium_grade" not in choose_covariates(rows, exposure="severity")
    assert "site_id" not in choose_covariates(rows, exposure="strategy_intended", without=("site_id",))
    assert "length_class" not in choose_covariates(rows, exposure="lesion_length_mm")


def test_every_default_covariate_says_why() -> None:
    assert len({covariate.name for covariate in DEFAULT_COVARIATES}) == len(DEFAULT_COVARIATES) == 14
    assert all(len(covariate.reason) > 10 for covariate in DEFAULT_COVARIATES)


def test_a_frame_without_the_columns_is_refused() -> None:
    with pytest.raises(SpecificationError, match="no column severity"):
        derive_covariates(PROCEDURES.drop("severity"), lesions=LESIONS)


def test_the_derived_rows_are_ready_for_a_comparison() -> None:
    rows = derive_covariates(pl.concat([PROCEDURES] * 40), lesions=LESIONS).with_columns(
        device=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("burr")).otherwise(pl.lit("balloon")),
        outcome=pl.int_range(pl.len()) % 5 < 2,
    )
    found = standardise(
        rows,
        outcome="outcome",
        exposure="device",
        levels=("balloon", "burr"),
        covariates=choose_covariates(rows, exposure="device"),
        clusters="procedure_id",
    )
    assert not isinstance(found, NotEstimable)
    assert found.basis.n == 160
    # A quarter has no entry, which is a category; three columns repeat what others say of four procedures.
    assert "calcium_grade: not recorded" in found.coefficients["term"].to_list()
    assert "determined by the other covariates" in found.basis.not_adjusted_for.values()
