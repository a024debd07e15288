"""What became of the submissions of a store: list, compare, withdraw, check."""
