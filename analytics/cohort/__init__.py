"""Who is counted from when, in which group, for which endpoint."""
