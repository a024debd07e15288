"""Rules of the quality catalogue."""
