"""Contrasts of coefficients and their joint test, held to R."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec, Factor
from analytics.survival.model_contrasts import estimate_contrasts, test_contrasts
from analytics.survival.results import CoxFit

DATA = Path(__file__).resolve().parents[2] / "oracle" / "data" / "veteran.csv"
CONTRASTS = {
    "large - small cell": {"celltype=large": 1.0, "celltype=smallcell": -1.0},
    "small cell - squamous": {"celltype=smallcell": 1.0, "celltype=squamous": -1.0},
}


def fitted() -> CoxFit:
    fit = fit_cox(pl.read_csv(DATA), CoxSpec("time", "status", (Factor("celltype"), "karno")))
    assert isinstance(fit, CoxFit)
    return fit


def test_contrasts_have_the_sums_and_limits_of_r() -> None:
    # survival 3.5-3: L %*% coef(f), L %*% vcov(f) %*% t(L) of coxph(Surv(time,status)~celltype+karno)
    table = estimate_contrasts(fitted(), CONTRASTS).table
    assert table["coefficient"].to_list() == pytest.approx([-0.38968950069948, 0.71533440238005], rel=1e-9)
    assert table["std_error"].to_list() == pytest.approx([0.26095847052891, 0.25268596531487], rel=1e-9)
    assert table["lower"].to_list() == pytest.approx([0.40609883851224, 1.2461751882009], rel=1e-9)
    assert table["p_value"].to_list() == pytest.approx([0.13535845836406, 0.0046413955603727], rel=1e-8)


def test_the_joint_test_of_contrasts_is_that_of_r() -> None:
    joint = test_contrasts(fitted(), CONTRASTS)
    assert joint.statistic == pytest.approx(8.1264457753124, rel=1e-9)
    assert joint.degrees_of_freedom == 2
    assert joint.p_value == pytest.approx(0.01719351695122, rel=1e-9)


def test_a_joint_test_refuses_what_it_cannot_tell_apart() -> None:
    with pytest.raises(SpecificationError, match="follows"):
        test_contrasts(fitted(), {"one": {"karno": 1.0}, "twice": {"karno": 2.0}})
    with pytest.raises(SpecificationError, match="no contrast"):
        test_contrasts(fitted(), {})
