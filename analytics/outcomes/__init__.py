"""The outcome blocks of report and dashboard: what is estimated for a grouping, and how it is shown."""
