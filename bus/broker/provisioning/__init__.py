"""What the brokers must hold for the directory's participants, and bringing them there.

Core (no I/O): what ought to be, what was found, what follows. Shell: one administrator's client.

| file | question |
|---|---|
| rights.py | what is a right (ACL), and which rights are this product's? |
| addresses.py | how does a broker write a registered address? |
| desired.py | which topics, settings and rights does the directory ask for? |
| drift.py | what was found that only a person can decide? |
| plan.py | what has to be changed to get from found to desired? |
| credentials.py | who is the administrator? |
| cluster.py | what do the brokers hold, and how is it changed? |
| run.py | what is one run, from looking to seeing it done? |
| failures.py | which of our errors is an administrative one of Kafka's? |
"""
