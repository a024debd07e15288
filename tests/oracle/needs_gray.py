"""Reference cases of Gray's test: from a call to numbers."""

from __future__ import annotations

import polars as pl

from analytics.survival.event_counts import EventCounts, count_events
from analytics.survival.gray import compare_incidences
from analytics.survival.results import NotEstimable


def handle_gray(case: dict, frame: pl.DataFrame) -> dict:
    call = case["call"]
    strata = call.get("strata")
    strata = [strata] if isinstance(strata, str) else list(strata or [])
    answer = {
        "unstratified": describe(count(call, frame)),
        "rho1": describe(count(call, frame), rho=1.0),
    }
    if strata:
        answer["stratified"] = describe(count(call, frame, strata), strata=strata)
    return answer


def count(call: dict, frame: pl.DataFrame, strata: list[str] | None = None) -> EventCounts:
    """Count by group and stratum; rows with an absent value are left out."""
    columns = {"time_days": pl.col(call["time"]), "cause": pl.col(call["state"]).cast(pl.Int64)}
    columns |= {name: pl.col(name) for name in strata or []}
    ready = frame.select(**columns, group_compared=pl.col(call["group"])).drop_nulls()
    return count_events(ready, strata=["group_compared", *(strata or [])])


def describe(counts: EventCounts, *, strata: list[str] | None = None, rho: float = 0.0) -> dict:
    """Test every cause."""
    causes = sorted(set(counts.frame["cause"].to_list()) - {0})
    tests = [
        compare_incidences(counts, group="group_compared", strata=strata or [], rho=rho, cause=cause)
        for cause in causes
    ]
    # Where there is no test, the reference prints a statistic of -1 and a p-value of 1.
    none = [isinstance(test, NotEstimable) for test in tests]
    groups = counts.frame["group_compared"].n_unique()
    return {
        "cause": causes,
        "stat": [-1.0 if no else test.statistic for no, test in zip(none, tests, strict=True)],
        "p": [1.0 if no else test.p_value for no, test in zip(none, tests, strict=True)],
        "df": [groups - 1 if no else test.degrees_of_freedom for no, test in zip(none, tests, strict=True)],
    }


HANDLERS = {"gray_test": handle_gray}
