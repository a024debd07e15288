"""Shared frailty of patients who come again in start-stop rows."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from analytics.survival.cox_design import CoxSpec
from analytics.survival.frailty import fit_frailty_cox
from analytics.survival.results_frailty import FrailtyFit

DATA = Path(__file__).resolve().parents[2] / "oracle" / "data" / "bladder2.csv"


def test_recurrences_of_one_patient_share_a_frailty() -> None:
    # survival 3.5-3: optimize() of c.loglik over theta of
    # coxph(Surv(start,stop,event)~rx+number+frailty(id,theta=), eps=1e-11)
    frame = pl.read_csv(DATA, null_values=["", "NA"])
    spec = CoxSpec("stop", "event", ("rx", "number"), entry="start", cluster="id")
    fit = fit_frailty_cox(frame, spec, hessian="diagonal")
    assert isinstance(fit, FrailtyFit)
    assert fit.theta == pytest.approx(1.08004204944, rel=1e-6)
    assert fit.log_likelihood == pytest.approx(-436.859477081, rel=1e-11)
    assert fit.table["coefficient"].to_list() == pytest.approx([-0.600917874336, 0.242202386169], rel=2e-6)
    assert fit.table["std_error"].to_list() == pytest.approx([0.330786711533, 0.0916366824517], rel=1e-6)
