"""One file a version. A released one never changes; a change of the tables is a new file.

Each names what `downgrade` takes away (`TAKEN_BACK`, Chinese and English), which an operator reads
before it happens.
"""
