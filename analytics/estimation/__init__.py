"""One analysis from its specification to its tables and figures: read, choose, estimate, present."""
