"""Protocols of what the core needs from outside, each with an in-memory twin.

| port | real | twin |
|---|---|---|
| Clock | ports/clock.py SystemClock | ports/clock.py MovedClock |
| Store | store/ | ports/memory_store.py |
| Broker | broker/ | ports/memory_broker.py |
| KeyRing | signer/keyfiles.py FileKeyRing | ports/memory_keyring.py |
"""
