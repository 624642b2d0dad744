"""Envelopes with one thing wrong, made on purpose for the pre-connection test (R014).

workshop.py makes an envelope in which any field may differ, making.py what is wrong as it is
signed, altering.py what is changed afterwards; cases.py lists all of it, and how a participant must
judge it. They travel as test data inside a Probe and are judged offline.
"""
