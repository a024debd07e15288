"""Strategies as a cardiologist would read the device list of one lesion."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.cohort.strategy import derive_lesion_strategy
from schemas.vocabulary import DEVICE_CLASSES, STRATEGIES

SHORT = {
    "RA": "rotational_atherectomy",
    "OA": "orbital_atherectomy",
    "IVL": "intravascular_lithotripsy",
    "ELCA": "elca",
    "CB": "cutting_balloon",
    "SB": "scoring_balloon",
    "NC": "nc_balloon",
    "OPN": "super_high_pressure_balloon",
    "SC": "sc_balloon",
    "DCB": "drug_coated_balloon",
    "stent": "stent",
    "other": "other",
}
ROLES = {
    "mod": "modification",
    "rescue": "rescue_modification",
    "pre": "pre_dilation",
    "post": "post_dilation",
    "def": "definitive",
    "bail": "bailout",
    "?": "unknown",
    "-": None,
}


def strategies(plan: str) -> tuple[str, str]:
    """Read ``RA:mod NC:pre stent:def`` in the order of use; return intended and as treated."""
    uses = [use.split(":") for use in plan.split()]
    frame = pl.DataFrame(
        {
            "lesion_id": ["L"] * len(uses),
            "sequence_no": list(range(1, len(uses) + 1)),
            "device_class": [SHORT[device] for device, _ in uses],
            "role": [ROLES[role] for _, role in uses],
        },
        schema={
            "lesion_id": pl.String,
            "sequence_no": pl.Int64,
            "device_class": pl.String,
            "role": pl.String,
        },
    )
    row = derive_lesion_strategy(pl.DataFrame({"lesion_id": ["L"]}), frame).row(0, named=True)
    return row["strategy_intended"], row["strategy_as_treated"]


@pytest.mark.parametrize(
    ("plan", "intended", "treated"),
    [
        # one modification device
        ("RA:mod stent:def", "rotational_atherectomy", "rotational_atherectomy"),
        ("IVL:mod stent:def", "intravascular_lithotripsy", "intravascular_lithotripsy"),
        ("CB:mod stent:def", "cutting_balloon", "cutting_balloon"),
        ("SB:mod stent:def", "cutting_balloon", "cutting_balloon"),
        ("ELCA:mod stent:def", "elca", "elca"),
        ("OA:mod stent:def", "orbital_atherectomy", "orbital_atherectomy"),
        ("NC:mod stent:def", "nc_balloon", "nc_balloon"),
        ("OPN:pre stent:def", "nc_balloon", "nc_balloon"),
        ("SC:pre stent:def", "plain_balloon", "plain_balloon"),
        # a small balloon that opens the way does not name the strategy
        ("SC:pre RA:mod NC:pre stent:def NC:post", "rotational_atherectomy", "rotational_atherectomy"),
        ("NC:pre IVL:mod stent:def", "intravascular_lithotripsy", "intravascular_lithotripsy"),
        ("SC:pre NC:pre stent:def", "nc_balloon", "nc_balloon"),
        # rescue stays with the first
        ("NC:mod IVL:rescue stent:def", "nc_balloon", "intravascular_lithotripsy"),
        ("SC:pre RA:rescue stent:def", "plain_balloon", "rotational_atherectomy"),
        ("RA:mod IVL:rescue stent:def", "rotational_atherectomy", "ra_ivl"),
        ("IVL:mod RA:bail stent:def", "intravascular_lithotripsy", "ra_ivl"),
        ("RA:rescue stent:def", "unknown", "rotational_atherectomy"),
        # planned combinations: the first names the intention, the set what was done
        ("RA:mod CB:mod stent:def", "rotational_atherectomy", "ra_cutting"),
        ("CB:mod RA:mod stent:def", "cutting_balloon", "ra_cutting"),
        ("RA:mod IVL:mod stent:def", "rotational_atherectomy", "ra_ivl"),
        ("ELCA:mod RA:mod stent:def", "elca", "elca_ra"),
        ("ELCA:mod IVL:mod stent:def", "elca", "other_combination"),
        ("RA:mod IVL:mod CB:mod stent:def", "rotational_atherectomy", "other_combination"),
        ("OA:mod IVL:mod stent:def", "orbital_atherectomy", "other_combination"),
        # an explicit plan with a non-compliant balloon first is taken at its word
        ("NC:mod IVL:mod stent:def", "nc_balloon", "intravascular_lithotripsy"),
        # a non-compliant balloon after the stent is no preparation
        ("stent:def NC:post", "no_preparation", "no_preparation"),
        ("SC:pre stent:def NC:post", "plain_balloon", "plain_balloon"),
        ("stent:def IVL:post", "no_preparation", "intravascular_lithotripsy"),
        ("stent:def", "no_preparation", "no_preparation"),
        ("DCB:def", "no_preparation", "no_preparation"),
        # without roles the order still tells, and a dedicated device outweighs a balloon
        ("SC:? RA:? stent:?", "rotational_atherectomy", "rotational_atherectomy"),
        ("NC:? IVL:? stent:?", "intravascular_lithotripsy", "intravascular_lithotripsy"),
        ("stent:- RA:-", "rotational_atherectomy", "rotational_atherectomy"),
        ("stent:? NC:?", "no_preparation", "no_preparation"),
        ("NC:? stent:?", "nc_balloon", "nc_balloon"),
        ("SC:? stent:? NC:?", "plain_balloon", "plain_balloon"),
        # a device that nobody named is not guessed
        ("other:mod stent:def", "unknown", "unknown"),
        ("other:post SC:pre", "plain_balloon", "plain_balloon"),
        # cutting balloon written down as pre-dilation is modification all the same
        ("CB:pre stent:def", "cutting_balloon", "cutting_balloon"),
    ],
)
def test_device_list_names_the_strategy(plan: str, intended: str, treated: str) -> None:
    assert strategies(plan) == (intended, treated)


def test_lesion_without_devices_is_unknown_and_uses_nothing() -> None:
    uses = pl.DataFrame(
        schema={"lesion_id": pl.String, "sequence_no": pl.Int64, "device_class": pl.String, "role": pl.String}
    )
    row = derive_lesion_strategy(pl.DataFrame({"lesion_id": ["L"]}), uses).row(0, named=True)
    assert (row["strategy_intended"], row["strategy_as_treated"]) == ("unknown", "unknown")
    assert not any(value for name, value in row.items() if name.startswith("used_"))
    assert row["devices_recorded"] is False


def test_used_flags_hold_in_any_role() -> None:
    uses = pl.DataFrame(
        {
            "lesion_id": ["L", "L"],
            "sequence_no": [1, 2],
            "device_class": ["stent", "intravascular_lithotripsy"],
            "role": ["definitive", "post_dilation"],
        }
    )
    row = derive_lesion_strategy(pl.DataFrame({"lesion_id": ["L"]}), uses).row(0, named=True)
    assert row["used_intravascular_lithotripsy"]
    assert row["used_balloon"]
    assert row["used_stent"]
    assert not row["used_rotational_atherectomy"]


@pytest.mark.parametrize("device", DEVICE_CLASSES)
def test_every_device_class_has_a_strategy_of_the_vocabulary(device: str) -> None:
    uses = pl.DataFrame(
        {"lesion_id": ["L"], "sequence_no": [1], "device_class": [device], "role": ["modification"]}
    )
    row = derive_lesion_strategy(pl.DataFrame({"lesion_id": ["L"]}), uses).row(0, named=True)
    assert row["strategy_intended"] in STRATEGIES
    assert row["strategy_as_treated"] in STRATEGIES
