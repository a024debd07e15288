"""Chapters: from a snapshot to sections that the report prints and a page shows."""
