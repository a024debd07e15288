"""Statistics of proportions: intervals, differences, ratios, tests, multiplicity. Counts in, results out."""
