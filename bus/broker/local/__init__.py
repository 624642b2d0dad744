"""A real Kafka cluster on this machine: for tests, benchmarks, the demo, and small sites.

| file | question |
|---|---|
| jars.py | where do Java and Kafka come from? |
| layout.py | which nodes, on which ports, in which folders? |
| properties.py | how is a node set up? |
| node.py | how does one node live and die? |
| cluster.py | how do the nodes come up together, with their certificates? |
| ending.py | how does a child end with its parent? |
| __main__.py | a cluster as a process of its own |

KRaft, one node or three; mutual TLS on every listener, the controllers' too; `StandardAuthorizer`;
the principal is a certificate's common name and nothing else.
"""
