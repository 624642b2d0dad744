"""Admission at the hub, and renewal on both sides (R007-R010, R012-R016).

| file | question |
|---|---|
| service.py | what can the hub's operator do with an admission? |
| record.py | how does an admission move in the books? |
| papers.py | how do application files rest? |
| certifier.py | where do a participant's certificates come from? |
| certifying.py | who is given certificates, the first ones and the next? |
| authority.py | is the issuing authority at the hub? |
| hub_directory.py | how does the directory follow the books? |
| renewals.py | what does the hub make of a renewal that arrives? |
| renewing.py | how does a participant renew its own certificates? |
"""
