"""The audit chain (审计链) as bytes: entries, and the signed heads over them.

`docs/spec/audit.md` is the format. Pure: who keeps the chain, and where, is `bus`' business.
"""
