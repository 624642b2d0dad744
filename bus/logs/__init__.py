"""Structured logs that hold no personal data."""
