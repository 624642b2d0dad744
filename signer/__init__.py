"""Everything that holds or uses a key: suites, envelope, certificates, directory, proofs.

No network, no Kafka, no clock of its own: time and randomness enter by argument.
"""
