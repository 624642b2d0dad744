"""The envelope, version 1 (docs/spec/envelope.md). Pure: no clock, no network, no files.

| file | answers |
|---|---|
| structures.py | what are an envelope, a header, a statement made of? |
| avro.py | what is the one encoding of a value? |
| format.py | which bytes are an envelope, a header, a statement? |
| labels.py | what exactly is hashed, signed and derived? |
| merkle.py | is a leaf in a signed tree? |
| padding.py | how long does a body look? |
| kinds.py | what may each kind of message do? |
| orders.py | does an order only narrow? |
| wrapping.py | how does a sender make secrets and wrap them? |
| caches.py | what does a receiver remember? |
| cloudevents.py | which Kafka headers go with an envelope? |
| seal.py | how is a message made, and how endorsed? |
| signing.py | how are many messages signed at once? |
| parse.py | are the bytes a message we know how to judge? (checks 1 to 3) |
| chain.py | is everything in clear in order? (checks 4 to 10, no key needed) |
| counts.py | do the clear counts agree with the payload? |
| open.py | can I open it? (checks 11 to 16) |
| verdict.py | how does opening end? |
"""
