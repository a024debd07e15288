"""What the study asks about: days, a patient, and the two devices compared."""

from synthetic.codes import PLAIN, RA, STRATEGY_CODES

ONE_MONTH, ONE_YEAR, THREE_YEARS = 30, 365, 1095
"""Days."""

LATE_DAY = 700
"""Day on which a smoothed hazard is read: far from the jumps of the true one, which smoothing would blur."""

QUANTILE = 0.05
"""Share of deaths whose day is asked for: a median is never reached."""

ASKED_AGE_YEARS, ASKED_LVEF_PCT = 66, 55
"""Completed years and ejection fraction of the patient whose hazard and risk are asked for; no condition."""

TRUTH_SEEDS = range(1, 101)
"""Seeds of the hospitals over which the truth is averaged, since every replicate has its own.

Few patients of many hospitals tell more than many patients of few: with 25 sets of hospitals the truth of
`drift`, where one of them counts, was as uncertain as the mean of 500 replicates.
"""

GROUPS = (STRATEGY_CODES[PLAIN], STRATEGY_CODES[RA])
"""The two strategies that the study compares, the reference first."""
