"""A whole country in one process: real certificates, real cryptography, real steps and services.

Only what is outside the product is replaced: Kafka and the database by their in-memory twins
(`bus.ports`), the machine's clock by one that is moved. So days pass in milliseconds, and nothing
happens by chance. Nothing is left when the process ends.

| file | what it is |
|---|---|
| desk.py | one participant at work: office, store, step, outbox, timers |
| issuing.py | authorities, the keys of each participant, and their renewal |
| country.py | all of them on one cluster and one clock: started, pumped until quiet, moved on |
| source.py | the table an agency answers from |
| people.py | invented households and their applications |

`hedui demo --story` plays on it, `make simulate` runs a year on it, and the tests of the daemons
take it from here.
"""
