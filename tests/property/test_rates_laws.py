"""Laws of complication rates and of suppression."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.complications.flags import derive_complication_flags
from analytics.complications.rates import estimate_complication_rates
from analytics.disclosure import DisclosureRule, shown_count, shown_rate
from analytics.proportions.intervals import wilson_interval, zero_event_upper_limit
from schemas.registry import TABLES
from schemas.vocabulary import SEVERITY_GRADES, STRATEGIES

LAW = settings(deadline=None, max_examples=40, derandomize=True)

UNITS = st.lists(
    st.tuples(
        st.sampled_from(STRATEGIES),
        st.sampled_from(SEVERITY_GRADES),
        st.sampled_from(["all", "some", "none"]),
        st.booleans(),
        st.sets(st.sampled_from(["dissection", "tamponade", "device_entrapment"])),
    ),
    max_size=20,
)


def frames_of(units: list[tuple[str, str, str, bool, set[str]]]) -> SimpleNamespace:
    """Cohort and tables of drawn procedures."""
    names = [f"P{number}" for number in range(len(units))]
    procedures = pl.DataFrame(
        {
            "procedure_id": names,
            "strategy_intended": [unit[0] for unit in units],
            "severity": [unit[1] for unit in units],
            "complications_recorded": [unit[2] for unit in units],
            "used_rotational_atherectomy": [unit[3] for unit in units],
        },
        schema={
            "procedure_id": pl.String,
            "strategy_intended": pl.String,
            "severity": pl.String,
            "complications_recorded": pl.String,
            "used_rotational_atherectomy": pl.Boolean,
        },
    ).with_columns(
        used_orbital_atherectomy=pl.lit(value=False),
        used_elca=pl.lit(value=False),
        used_balloon=pl.lit(value=True),
        devices_recorded=pl.lit(value=True),
    )
    records = [(name, kind) for name, unit in zip(names, units, strict=True) for kind in sorted(unit[4])]
    types = TABLES["complications"].dtypes
    given_columns = {
        "procedure_id": [name for name, _ in records],
        "complication_type": [kind for _, kind in records],
    }
    blank = [None] * len(records)
    table = pl.DataFrame({name: given_columns.get(name, blank) for name in types}, schema=types)
    others = {name: pl.DataFrame(schema=TABLES[name].dtypes) for name in ("lesions", "device_uses")}
    return SimpleNamespace(procedures=procedures, complications=table, **others)


@LAW
@given(UNITS)
def test_groups_add_up_to_their_margin(units: list[tuple[str, str, str, bool, set[str]]]) -> None:
    frames = frames_of(units)
    rates = estimate_complication_rates(derive_complication_flags(frames, frames))
    for key in {rate.complication for rate in rates}:
        of_key = [rate for rate in rates if rate.complication == key]
        whole = next(rate for rate in of_key if (rate.strategy, rate.severity) == ("all", "all"))
        cells = [rate for rate in of_key if "all" not in (rate.strategy, rate.severity)]
        assert sum(rate.n_events for rate in cells) == whole.n_events
        assert sum(rate.n_total for rate in cells) == whole.n_total
        assert sum(rate.n_unrecorded for rate in cells) == whole.n_unrecorded


@LAW
@given(UNITS)
def test_rates_do_not_depend_on_row_order(units: list[tuple[str, str, str, bool, set[str]]]) -> None:
    frames = frames_of(units)
    flags = derive_complication_flags(frames, frames)
    assert estimate_complication_rates(flags) == estimate_complication_rates(flags.reverse())


@LAW
@given(UNITS)
def test_estimate_lies_within_its_limits_or_is_absent(
    units: list[tuple[str, str, str, bool, set[str]]],
) -> None:
    frames = frames_of(units)
    for rate in estimate_complication_rates(derive_complication_flags(frames, frames)):
        if rate.status in {"structural_zero", "no_denominator"}:
            assert rate.rate is rate.lower is rate.upper is None
        else:
            assert rate.lower is not None
            assert rate.rate is not None
            assert rate.upper is not None
            assert 0.0 <= rate.lower <= rate.rate <= rate.upper <= 1.0


@LAW
@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_mirrors_itself(counts: tuple[int, int]) -> None:
    n_events, n_total = counts
    lower, upper = wilson_interval(n_events, n_total)
    mirrored = wilson_interval(n_total - n_events, n_total)
    assert abs(lower - (1.0 - mirrored[1])) < 1e-12
    assert abs(upper - (1.0 - mirrored[0])) < 1e-12


@LAW
@given(st.integers(1, 100_000))
def test_unseen_event_bound_falls_with_every_further_unit(n_total: int) -> None:
    assert 0.0 < zero_event_upper_limit(n_total + 1) < zero_event_upper_limit(n_total) < 1.0


@LAW
@given(st.integers(0, 10_000))
def test_suppression_never_shows_a_small_count(count: int) -> None:
    shown = shown_count(count, DisclosureRule())
    assert shown is None or shown == 0 or (shown >= 10 and shown % 5 == 0 and abs(shown - count) <= 2)


@LAW
@given(st.integers(0, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_shown_rate_never_reveals_a_small_cell_by_subtraction(counts: tuple[int, int]) -> None:
    n_events, n_total = counts
    shown = shown_rate(n_events, n_total, DisclosureRule())
    if min(n_events, n_total - n_events) in range(1, 8):
        assert shown.n_events is None
        assert shown.rate is None
