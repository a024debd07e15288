"""Intake, store, cohorts, estimators, charts and reports of calcpci."""
