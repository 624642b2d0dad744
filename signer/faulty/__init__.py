"""Envelopes with one thing wrong, made on purpose for the pre-connection test (R014).

workshop.py makes an envelope in which any field may differ; cases.py lists what is made wrong and
how a participant must judge it. They travel as test data inside a Probe and are judged offline.
"""
