"""The review's claims as pre-specified hypotheses, and what a registry says to each."""
