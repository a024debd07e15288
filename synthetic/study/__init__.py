"""Do the estimators recover the truth? Replicates of a scenario, analysed, and set against what is true."""
