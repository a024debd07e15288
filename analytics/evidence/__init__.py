"""Published figures: what is known, what matches, what it comes to together."""
