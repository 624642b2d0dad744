"""Lists that people fill: what waits, handing it out, taking it back (R066, R117).

These are acts of people on an adapter's own store, beside its daemon and without a broker. Before a
list goes out, and again before one is taken back, the whole authority of its row is verified as
before any lookup; what came back waits in the store until the daemon looks the row up.
"""
