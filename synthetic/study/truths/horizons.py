"""What the study asks about: days, and the two devices compared."""

from synthetic.codes import PLAIN, RA, STRATEGY_CODES

ONE_YEAR, THREE_YEARS = 365, 1095
"""Days."""

GROUPS = (STRATEGY_CODES[PLAIN], STRATEGY_CODES[RA])
"""The two strategies that the study compares, the reference first."""
