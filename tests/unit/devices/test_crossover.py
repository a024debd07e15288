"""What followed the first device, counted by hand."""

from __future__ import annotations

import polars as pl

from analytics.devices.crossover import (
    Crossover,
    DeviceSuccess,
    count_plans,
    estimate_crossover,
    estimate_success,
)
from analytics.refusals import NotEstimable

RA, NC, IVL = "rotational_atherectomy", "nc_balloon", "intravascular_lithotripsy"


def uses() -> pl.DataFrame:
    """Tell of five lesions: rescue by role, plan kept, role unknown, bail-out stent, rescue by plan."""
    return pl.DataFrame(
        [
            ("a", NC, "modification", "planned", False, "severe"),
            ("a", IVL, "rescue_modification", None, True, "severe"),
            ("a", "stent", "definitive", "planned", True, "severe"),
            ("b", NC, "modification", "planned", True, "mild"),
            ("c", NC, "unknown", None, None, "mild"),
            ("d", NC, "modification", "planned", None, "severe"),
            ("d", "stent", "bailout", None, True, "severe"),
            ("e", NC, "modification", "planned", True, "severe"),
            ("e", RA, "unknown", "bailout", True, "severe"),
        ],
        schema=["lesion_id", "device_class", "role", "use_plan", "device_success", "severity"],
        orient="row",
    )


def lesions() -> pl.DataFrame:
    return pl.DataFrame({"lesion_id": ["a", "b", "c", "d", "e"], "strategy_intended": [NC] * 5})


def test_a_rescue_counts_and_an_unknown_role_may_hide_one() -> None:
    found, refused = estimate_crossover(lesions(), uses(), strategies=(NC, RA))
    assert isinstance(found, Crossover)
    assert (found.rescued.n_events, found.rescued.n_total, found.rescued.n_unknown) == (2, 4, 1)
    assert found.rescuers == {IVL: 1, RA: 1}
    assert isinstance(refused, NotEstimable)


def test_a_bail_out_stent_is_no_rescue_of_the_preparation() -> None:
    (found,) = estimate_crossover(lesions(), uses(), strategies=(NC,))
    assert isinstance(found, Crossover)
    assert (found.bailout_stent.n_events, found.bailout_stent.n_total) == (1, 5)


def test_success_that_is_not_recorded_is_neither_success_nor_failure() -> None:
    found = estimate_success(uses(), devices=(NC, "elca"), severities=("mild", "severe"))
    counts = {
        item.severity: (item.worked.n_events, item.worked.n_total, item.worked.n_unknown)
        for item in found
        if isinstance(item, DeviceSuccess)
    }
    assert counts == {"all": (2, 3, 2), "mild": (1, 1, 1), "severe": (1, 2, 1)}
    assert isinstance(found[-1], NotEstimable)


def test_a_device_whose_success_nobody_recorded_has_no_share() -> None:
    rows = uses().with_columns(device_success=pl.lit(None, dtype=pl.Boolean))
    found, *_ = estimate_success(rows, devices=(NC,), severities=())
    assert isinstance(found, DeviceSuccess)
    assert isinstance(found.worked.interval, NotEstimable)
    assert found.worked.n_unknown == 5


def test_plans_are_counted_with_zeros() -> None:
    assert count_plans(uses(), devices=(NC, RA, "elca")).rows() == [
        (NC, 4, 0, 1),
        (RA, 0, 1, 0),
        ("elca", 0, 0, 0),
    ]
