"""The proof (证明) of one query: one file, verified offline with the root certificate alone.

`docs/spec/proof.md` is the format; `verify.py` lists the checks.
"""
