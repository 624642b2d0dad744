"""Joining and renewing: keys made at home, what is asked of the hub, and what comes back.

| step | where | file |
|---|---|---|
| keys and certificate requests of one generation | participant | pending.py, request.py |
| the written application (书面申请), signed | participant | answers.py, application.py |
| the request for the next generation | participant | renewal.py |
| certificates from verified requests | hub | signer/ca/certify_requests.py |
| the grant: what was issued, imported into a key directory | participant | grant.py, importing.py |

Private keys are made where they are used and never leave: only requests and certificates travel.
Everything is pure but `pending` and `importing`, which write directories.
"""
