"""Comparisons between devices that account for who was given which."""
