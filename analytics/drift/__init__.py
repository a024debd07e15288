"""How completeness, volume and mix of each site change from month to month."""
