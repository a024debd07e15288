"""Complication rates with their denominators."""
