"""A search that begins, or steps, where nobody is left at risk still finds the maximum, without a warning."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analytics.survival import cox_maximum
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec
from analytics.survival.results import CoxFit


@pytest.mark.parametrize("far", [1e3, -1e5])
def test_a_start_far_out_leads_to_the_same_maximum(monkeypatch: pytest.MonkeyPatch, far: float) -> None:
    rng = np.random.default_rng(1)
    rows = pl.DataFrame(
        {"time": rng.integers(1, 50, 200), "event": rng.random(200) < 0.5, "x": rng.normal(size=200)}
    )
    near = fit_cox(rows, CoxSpec("time", "event", ("x",)))
    monkeypatch.setattr(cox_maximum, "_lifelines_start", lambda _kernel: np.array([far]))
    found = fit_cox(rows, CoxSpec("time", "event", ("x",)))
    assert isinstance(near, CoxFit)
    assert isinstance(found, CoxFit)
    assert found.table["coefficient"][0] == pytest.approx(near.table["coefficient"][0], abs=1e-10)
