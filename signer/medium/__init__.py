"""Packages on a medium (docs/spec/medium.md): made, opened, and verified with no network (R066)."""
