"""Frozen dataclasses of the exchange: persons, requests, messages, cases."""
