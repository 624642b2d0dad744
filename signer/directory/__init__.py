"""The directory: who takes part, with which keys, and what each offers.

`view` is what the rest of the product reads; `records` signs, verifies and adopts it.
"""
