"""The only room that names Kafka clients.

| file | question |
|---|---|
| settings.py | what does a connection need to know? |
| kafka.py | the `Broker` port on Kafka |
| publisher.py | how do records get there, in order, within a deadline? |
| subscription.py | how do records come, when topics refuse, go and come back? |
| placing.py | from which position is a partition read? |
| topics.py | does the topic exist? |
| client.py | how are aiokafka's clients set up? |
| tls.py | how do the cluster and we trust each other? |
| failures.py | which of our errors is a client exception? |
| embedded.py | the in-process cluster of the demo |
| provisioning/ | which topics and rights does the directory ask for, and are they there? |
| local/ | a real cluster on this machine |
"""
