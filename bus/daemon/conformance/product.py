"""What this program is, as it says in test runs: its version, and the specifications it follows."""

from __future__ import annotations

from importlib.metadata import version

PRODUCT = f"hedui-bus {version('hedui-bus')}"

SPECS = ("envelope/1", "directory/1", "conformance/1")
