"""Event curves, tests and regression models of time to event."""
