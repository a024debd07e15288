"""Devices: settings against advised ranges, volumes, and who was given which."""
