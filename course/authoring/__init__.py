"""Refresh, lint, release, verify."""
